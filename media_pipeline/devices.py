"""Which device models run on, how many threads they get there, and how to tell that a GPU is lost to this process."""

import os
from collections.abc import Iterator
from pathlib import Path

from media_pipeline.errors import EngineUnavailable
from media_pipeline.wording import say

_NVIDIA_GPUS = Path("/proc/driver/nvidia/gpus")
_CPU_QUOTA = Path("/sys/fs/cgroup/cpu.max")
# After an error of CUDA's own, nothing works on the GPU any more in the process that saw it. CTranslate2 words it in
# its own way; an error of the libraries above CUDA may be all that is seen of it.
_LOST_SIGNS = ("CUDA error:", "CUDA failed with error", "_STATUS_EXECUTION_FAILED", "_STATUS_INTERNAL_ERROR")
_ONLY_FULL = ("out of memory", "_STATUS_ALLOC_FAILED")
# Threads that wait turn round and round at first. Where others want their core, 300,000 turns (libgomp's default)
# make two threads five to forty times slower than one; with few turns they lose a tenth on a quiet machine.
_WAITING_TURNS = 1000


def choose(wanted: str) -> str:
    """The device for `wanted` ("auto", "cpu" or "cuda").

    Raises:
        EngineUnavailable: CUDA was asked for by name and is not there: nothing falls back in silence.
    """
    import torch

    return decide(wanted, has_cuda=torch.cuda.is_available())


def decide(wanted: str, *, has_cuda: bool) -> str:
    """As `choose`, for a library that finds GPUs by itself."""
    if wanted == "cuda" and not has_cuda:
        raise EngineUnavailable(
            "no_cuda", say("DEVICE is “cuda”, but no CUDA device can be used here. Set DEVICE=auto.")
        )
    return "cuda" if wanted != "cpu" and has_cuda else "cpu"


def expected(wanted: str) -> str:
    """The device that `choose` will most likely give, found without loading a library: the driver's files tell."""
    return "cuda" if wanted == "cuda" or (wanted == "auto" and any(_NVIDIA_GPUS.glob("*"))) else "cpu"


def describe(wanted: str) -> str:
    """One line for people, such as "cuda: NVIDIA L4, 22.0 GB" or "cpu"; several GPUs are told one after the other."""
    import torch

    if choose(wanted) == "cpu":
        return "cpu"
    gpus = [torch.cuda.get_device_properties(number) for number in range(torch.cuda.device_count())]
    return "cuda: " + "; ".join(f"{gpu.name}, {gpu.total_memory / 1024**3:.1f} GB" for gpu in gpus)


def cores() -> int:
    """Processors this process may keep busy: those it is allowed on, and no more than its container's quota."""
    allowed = len(os.sched_getaffinity(0))
    try:
        quota, period = _CPU_QUOTA.read_text(encoding="ascii").split()
    except (OSError, ValueError):  # no container, or one of another kind
        return allowed
    return allowed if quota == "max" else max(1, min(allowed, int(quota) // int(period)))


def threads_each(workers: int) -> int:
    """CPU threads for each of `workers` processes that compute on this machine at once, so that none is in the way."""
    return max(1, cores() // max(1, workers))


def thread_limits(threads: int) -> dict[str, str]:
    """Environment variables that keep every numeric library of a process to `threads`.

    They are read when a library is loaded, so they must be there when the process starts.
    """
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")
    return dict.fromkeys(names, str(threads)) | {"GOMP_SPINCOUNT": str(_WAITING_TURNS)}


def spread(workers: int, chosen: str | None) -> list[dict[str, str]]:
    """Environment variables for each of `workers` processes, so that every GPU of several is used.

    Untested on real GPUs. The driver is asked, not CUDA: whoever asks CUDA takes a place on the device.

    Args:
        chosen: CUDA_VISIBLE_DEVICES as it is now; None when it is not set.
    """
    if chosen is not None:
        names, order = [name.strip() for name in chosen.split(",") if name.strip()], {}
    else:
        count = len(list(_NVIDIA_GPUS.glob("*")))
        names, order = [str(number) for number in range(count)], {"CUDA_DEVICE_ORDER": "PCI_BUS_ID"}
    if len(names) < 2:
        return [{} for _ in range(workers)]
    return [order | {"CUDA_VISIBLE_DEVICES": names[number % len(names)]} for number in range(workers)]


def loss(error: BaseException) -> str | None:
    """What CUDA said, when `error` means that this process can never use its GPU again; else None.

    A memory that ran full is no loss: it can be emptied.
    """
    for one in _with_causes(error):
        sentence = str(one).partition("\n")[0]
        if any(sign in sentence for sign in _LOST_SIGNS) and not any(sign in sentence for sign in _ONLY_FULL):
            return sentence
    return None


def _with_causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__

"""What a process may take of its machine, and when its GPU is lost to it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from media_pipeline import devices
from media_pipeline.errors import EngineCrashed


@pytest.mark.parametrize(
    ("cores", "workers", "threads"), [(8, 1, 8), (8, 2, 4), (8, 3, 2), (2, 2, 1), (2, 3, 1), (1, 4, 1), (4, 0, 4)]
)
def test_workers_share_the_cores_and_each_has_one(
    cores: int, workers: int, threads: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(devices, "cores", lambda: cores)

    assert devices.threads_each(workers) == threads


@pytest.mark.parametrize(
    ("quota", "cores"), [("max 100000", 8), ("200000 100000", 2), ("50000 100000", 1), ("1600000 100000", 8), ("?", 8)]
)
def test_a_container_counts_no_more_than_its_quota(
    quota: str, cores: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(8)))
    monkeypatch.setattr(devices, "_CPU_QUOTA", tmp_path / "cpu.max")
    (tmp_path / "cpu.max").write_text(f"{quota}\n")

    assert devices.cores() == cores


def test_libraries_keep_to_the_threads_of_their_environment() -> None:
    ask = "import torch, numpy, numba; print(torch.get_num_threads(), numba.config.NUMBA_NUM_THREADS)"
    variables = os.environ | devices.thread_limits(1)

    told = subprocess.run([sys.executable, "-c", ask], env=variables, capture_output=True, text=True, check=True)

    assert told.stdout.split() == ["1", "1"]


# Several GPUs: made up here, as no machine with more than one was at hand. --------------------------------------------


def gpus(folder: Path, monkeypatch: pytest.MonkeyPatch, count: int) -> None:
    monkeypatch.setattr(devices, "_NVIDIA_GPUS", folder)
    for number in range(count):
        (folder / f"0000:0{number}:00.0").mkdir()


def test_workers_take_turns_on_several_gpus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gpus(tmp_path, monkeypatch, 2)

    found = devices.spread(3, None)

    assert [variables["CUDA_VISIBLE_DEVICES"] for variables in found] == ["0", "1", "0"]
    assert {variables["CUDA_DEVICE_ORDER"] for variables in found} == {"PCI_BUS_ID"}


@pytest.mark.parametrize("count", [0, 1])
def test_with_one_gpu_or_none_nothing_is_spread(count: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gpus(tmp_path, monkeypatch, count)

    assert devices.spread(2, None) == [{}, {}]


@pytest.mark.parametrize(
    ("chosen", "found"), [("2,GPU-5ad", ["2", "GPU-5ad", "2"]), ("1", [None] * 3), ("", [None] * 3)]
)
def test_gpus_chosen_by_hand_are_the_only_ones_taken(
    chosen: str, found: list[str | None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gpus(tmp_path, monkeypatch, 4)

    assert [variables.get("CUDA_VISIBLE_DEVICES") for variables in devices.spread(3, chosen)] == found


# A GPU that is lost ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "message",
    [
        "CUDA error: an illegal memory access was encountered\nCompile with `TORCH_USE_CUDA_DSA`.",
        "CUDA error: device-side assert triggered",
        "CUDA error: CUBLAS_STATUS_EXECUTION_FAILED when calling `cublasSgemm( handle )`",
        "cuDNN error: CUDNN_STATUS_EXECUTION_FAILED",
        "CUDA failed with error unspecified launch failure",
    ],
)
def test_knows_the_errors_after_which_nothing_works_on_a_gpu(message: str) -> None:
    wrapped = EngineCrashed("odd", "The model failed.")
    wrapped.__cause__ = RuntimeError(message)

    assert devices.loss(RuntimeError(message)) == message.partition("\n")[0]
    assert devices.loss(wrapped) is not None


@pytest.mark.parametrize(
    "message",
    [
        "CUDA error: out of memory",
        "CUDA out of memory. Tried to allocate 20.00 MiB.",
        "CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`",
        "CUDA failed with error out of memory",
        "mat1 and mat2 shapes cannot be multiplied",
    ],
)
def test_a_full_memory_and_a_mistake_of_ours_are_no_loss(message: str) -> None:
    assert devices.loss(RuntimeError(message)) is None

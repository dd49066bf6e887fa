"""Running out of memory: told apart from all other errors, and answered by doing less at once.

Nothing here imports torch: an engine that runs without it need not load it to know that memory is full.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from media_pipeline.engines import pool
from media_pipeline.errors import EngineCrashed
from media_pipeline.run import Run
from media_pipeline.wording import say

T = TypeVar("T")

# torch has a class of its own for its own allocator on CUDA only. For a CPU's, for that of CUDA's libraries and for
# CTranslate2's, nothing but the text of a plain RuntimeError says what it is.
_SIGNS = ("DefaultCPUAllocator", "CUDA error: out of memory", "STATUS_ALLOC_FAILED", "CUDA failed with error out of")

_MOVED = say("The GPU's memory was too small, so the work went on on the CPU; that is much slower.")


@contextmanager
def crash_when_full() -> Iterator[None]:
    """Raise `EngineCrashed("out_of_memory")` where memory ran full. The pool then unloads what is loaded."""
    try:
        yield
    except (MemoryError, RuntimeError) as error:  # torch.OutOfMemoryError is a RuntimeError
        if not _is_full(error):
            raise
        raise EngineCrashed(
            "out_of_memory",
            say("The model does not fit into memory. Choose a smaller model, or free memory and try again."),
        ) from error


def _is_full(error: MemoryError | RuntimeError) -> bool:
    torch = sys.modules.get("torch")  # where it is not loaded, it has raised nothing
    if isinstance(error, MemoryError) or (torch is not None and isinstance(error, torch.OutOfMemoryError)):
        return True
    return any(sign in str(error) for sign in _SIGNS)


class Room:
    """How much an engine does at once, and on which device. It shrinks when memory runs full, and stays so.

    Other engines that are loaded beside it go first, which costs the user nothing but their loading later.

    Args:
        batch: What to begin with.
        device: "cuda" or "cpu".
        to_cpu: Moves the model to the CPU; called at most once, and only when one at a time is too much for CUDA.
    """

    def __init__(self, batch: int, device: str, to_cpu: Callable[[], None]) -> None:
        self.batch = batch
        self.device = device
        self._has_moved = False
        self._to_cpu = to_cpu

    def fit(self, work: Callable[[int], T], run: Run) -> T:
        """`work(batch)`, called again with half the batch, at last on the CPU, while memory runs full.

        Raises:
            EngineCrashed: `out_of_memory`, when one at a time on the CPU is too much.
        """
        if self._has_moved:  # for an earlier job perhaps; nobody should wonder at this one
            run.warn(_MOVED)
        while True:
            try:
                with crash_when_full():
                    return work(self.batch)
            except EngineCrashed:
                if self.batch == 1 and self.device == "cpu":
                    raise
            # Outside the block above: the error's frames hold what filled the memory.
            if not pool.unload_oldest():
                self._shrink(run)

    def _shrink(self, run: Run) -> None:
        if self.batch > 1:
            self.batch //= 2
            run.warn(
                say("Memory was short, so the model heard less at once; that is slower, but the text is the same.")
            )
        else:
            self._to_cpu()
            self.device, self._has_moved = "cpu", True
            run.warn(_MOVED)
        _give_back()


def _give_back() -> None:
    gc.collect()
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_initialized():
        torch.cuda.empty_cache()

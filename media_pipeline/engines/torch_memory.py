"""Running out of memory, told apart from all other errors of torch."""

from collections.abc import Iterator
from contextlib import contextmanager

from media_pipeline.errors import EngineCrashed

# torch has a class of its own for its own allocator on CUDA only. For a CPU's, and for that of CUDA's libraries,
# nothing but the text of a plain RuntimeError says what it is.
_SIGNS = ("DefaultCPUAllocator", "CUDA error: out of memory", "STATUS_ALLOC_FAILED")


@contextmanager
def crash_when_full() -> Iterator[None]:
    """Raise `EngineCrashed("out_of_memory")` where memory ran full. The pool then unloads what is loaded."""
    import torch

    try:
        yield
    except (torch.OutOfMemoryError, MemoryError, RuntimeError) as error:
        is_class_of_its_own = isinstance(error, (torch.OutOfMemoryError, MemoryError))
        if not is_class_of_its_own and not any(sign in str(error) for sign in _SIGNS):
            raise
        raise EngineCrashed(
            "out_of_memory", "The model does not fit into memory. Choose a smaller model, or free memory and try again."
        ) from error

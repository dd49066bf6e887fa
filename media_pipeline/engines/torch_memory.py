"""Running out of memory, told apart from all other errors of torch."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

from media_pipeline.errors import EngineCrashed

# On a CPU torch raises a plain RuntimeError; nothing but its text says what it is.
_CPU_ALLOCATOR = "DefaultCPUAllocator"


@contextmanager
def crash_when_full() -> Iterator[None]:
    """Give back what memory can be given back and raise `EngineCrashed("out_of_memory")`."""
    import torch

    try:
        yield
    except (torch.OutOfMemoryError, MemoryError, RuntimeError) as error:
        is_memory = isinstance(error, (torch.OutOfMemoryError, MemoryError)) or _CPU_ALLOCATOR in str(error)
        if not is_memory:
            raise
        gc.collect()
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        raise EngineCrashed(
            "out_of_memory", "The model does not fit into memory. Choose a smaller model, or free memory and try again."
        ) from error

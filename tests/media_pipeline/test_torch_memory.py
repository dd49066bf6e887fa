import pytest
import torch

from media_pipeline.engines.torch_memory import crash_when_full
from media_pipeline.errors import EngineCrashed


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 MiB."),
        RuntimeError("CUDA error: out of memory"),
        RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
        RuntimeError("cuDNN error: CUDNN_STATUS_ALLOC_FAILED"),
        RuntimeError("[enforce fail at alloc_cpu.cpp:117] DefaultCPUAllocator: can't allocate memory"),
        MemoryError(),
    ],
)
def test_knows_a_full_memory_by_any_of_its_names(error: Exception) -> None:
    with pytest.raises(EngineCrashed) as caught, crash_when_full():
        raise error

    assert caught.value.code == "out_of_memory"
    assert caught.value.retryable
    assert caught.value.__cause__ is error


@pytest.mark.parametrize("error", [RuntimeError("CUDA error: device-side assert triggered"), ValueError("no")])
def test_leaves_other_errors_alone(error: Exception) -> None:
    with pytest.raises(type(error)) as caught, crash_when_full():
        raise error

    assert caught.value is error

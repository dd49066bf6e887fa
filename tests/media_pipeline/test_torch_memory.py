import weakref
from collections.abc import Iterator
from pathlib import Path
from unittest.mock import Mock

import pytest
import torch

from media_pipeline.engines import pool
from media_pipeline.engines.torch_memory import Room, crash_when_full
from media_pipeline.errors import EngineCrashed
from media_pipeline.run import Run
from tests.media_pipeline.spoken import MACHINE

FULL = "CUDA out of memory. Tried to allocate 2.00 GiB."


@pytest.fixture(autouse=True)
def empty_pool() -> Iterator[None]:
    pool.unload_all()
    yield
    pool.unload_all()


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return Run(tmp_path, MACHINE)


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


class Small:
    """Work that fills the memory when it is asked for more than `fits` at once on its device."""

    def __init__(self, **fits: int) -> None:
        self.fits = fits
        self.tried: list[tuple[str, int]] = []
        self.room = Room(8, "cuda", Mock())

    def __call__(self, batch: int) -> str:
        self.tried.append((self.room.device, batch))
        if batch > self.fits[self.room.device]:
            raise torch.OutOfMemoryError(FULL)
        return f"done by {batch}"


def test_what_fits_is_done_at_once_and_nothing_is_said(run: Run) -> None:
    work = Small(cuda=8)

    assert work.room.fit(work, run) == "done by 8"
    assert (work.tried, run.warnings) == ([("cuda", 8)], [])


def test_the_batch_is_halved_until_it_fits_and_stays_so(run: Run) -> None:
    work = Small(cuda=2)

    assert [work.room.fit(work, run) for _ in range(2)] == ["done by 2"] * 2
    assert work.tried == [("cuda", 8), ("cuda", 4), ("cuda", 2), ("cuda", 2)]
    assert len(run.warnings) == 1
    assert "heard less at once" in run.warnings[0]
    assert not work.room._to_cpu.called  # type: ignore[attr-defined]


def test_when_one_at_a_time_is_too_much_the_model_moves_to_the_cpu_once(run: Run) -> None:
    work = Small(cuda=0, cpu=8)

    assert [work.room.fit(work, run) for _ in range(2)] == ["done by 1"] * 2
    assert work.tried == [("cuda", 8), ("cuda", 4), ("cuda", 2), ("cuda", 1), ("cpu", 1), ("cpu", 1)]
    assert work.room._to_cpu.call_count == 1  # type: ignore[attr-defined]
    assert "went on on the CPU" in run.warnings[-1]


def test_a_job_whose_model_was_moved_to_the_cpu_for_an_earlier_one_says_so_too(run: Run, tmp_path: Path) -> None:
    work = Small(cuda=0, cpu=8)
    work.room.fit(work, run)
    later = Run(tmp_path, MACHINE)

    work.room.fit(work, later)

    assert len(later.warnings) == 1
    assert "on the CPU" in later.warnings[0]


def test_when_that_is_too_much_for_the_cpu_as_well_it_is_a_crash(run: Run) -> None:
    work = Small(cuda=0, cpu=0)

    with pytest.raises(EngineCrashed) as caught:
        work.room.fit(work, run)

    assert caught.value.code == "out_of_memory"
    assert work.tried[-1] == ("cpu", 1)


def test_a_move_to_the_cpu_that_fails_leaves_the_room_where_it_was(run: Run) -> None:
    work = Small(cuda=0)
    work.room._to_cpu = Mock(side_effect=MemoryError)

    with pytest.raises(MemoryError):
        work.room.fit(work, run)

    assert work.room.device == "cuda"


def test_other_errors_go_on_at_once(run: Run) -> None:
    room = Room(8, "cuda", Mock())
    work = Mock(side_effect=RuntimeError("CUDA error: device-side assert triggered"))

    with pytest.raises(RuntimeError, match="assert"):
        room.fit(work, run)

    assert work.call_count == 1
    assert room.batch == 8


def test_engines_beside_it_go_before_anything_shrinks(run: Run) -> None:
    idle = weakref.ref(pool.get("vad", "silero", "", MACHINE))
    pool.get("diarization", "embedded", "", MACHINE)
    pool.get("stt", "pocketsphinx", "", MACHINE)
    work = Small(cuda=4)

    assert work.room.fit(work, run) == "done by 4"
    assert [batch for _, batch in work.tried] == [8, 8, 8, 4]
    assert idle() is None
    assert list(pool._loaded) == ["stt"]


def test_nothing_of_a_failed_attempt_is_held_at_the_next(run: Run) -> None:
    held: list[weakref.ref[torch.Tensor]] = []
    were_there: list[bool] = []

    def work(batch: int) -> None:
        were_there.extend(reference() is not None for reference in held)
        tensor = torch.zeros(batch)
        held.append(weakref.ref(tensor))
        if batch > 4:
            raise torch.OutOfMemoryError(FULL)

    Room(8, "cuda", Mock()).fit(work, run)

    assert were_there == [False]

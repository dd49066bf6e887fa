import os
import threading
import weakref
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from unittest.mock import Mock

import pytest
import torch

from media_pipeline.engines import pool, registry
from media_pipeline.engines.base import EngineInfo
from media_pipeline.engines.diarization.embedded import EmbeddedDiarizer
from media_pipeline.engines.stt.whisper import OpenAIWhisper
from media_pipeline.engines.torch_memory import crash_when_full
from media_pipeline.errors import EngineCrashed, EngineUnavailable
from media_pipeline.recipes.transcribe import TRANSCRIBE
from media_pipeline.run import Machine, Run
from tests.media_pipeline.spoken import CHECKPOINT, MACHINE, options


@pytest.fixture(autouse=True)
def empty_pool() -> Iterator[None]:
    pool.unload_all()
    yield
    pool.unload_all()


def test_keeps_a_loaded_engine() -> None:
    first = pool.get("stt", "whisper", CHECKPOINT, MACHINE)

    assert pool.get("stt", "whisper", CHECKPOINT, MACHINE) is first


def test_an_empty_model_is_the_default() -> None:
    assert pool.get("diarization", "embedded", "", MACHINE) is pool.get(
        "diarization", "embedded", "statistics", MACHINE
    )


def test_another_machine_gets_its_own_engine() -> None:
    first = pool.get("diarization", "embedded", "", MACHINE)

    assert pool.get("diarization", "embedded", "", replace(MACHINE, device="auto")) is not first


def test_threads_that_ask_at_once_share_one_engine() -> None:
    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(lambda _: pool.get("stt", "pocketsphinx", "", MACHINE), range(8)))

    assert len({id(engine) for engine in found}) == 1


def test_unloading_forgets_all() -> None:
    first = pool.get("diarization", "embedded", "", MACHINE)

    pool.unload_all()

    assert pool.get("diarization", "embedded", "", MACHINE) is not first


def test_says_what_to_do_when_the_weights_are_missing() -> None:
    with pytest.raises(EngineUnavailable, match=r"manage.py download_models base") as caught:
        pool.get("stt", "whisper", "base", MACHINE)

    assert caught.value.code == "engine_unavailable"


def test_keeps_one_engine_of_a_kind_and_lets_it_go_before_the_next_is_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    first = weakref.ref(pool.get("diarization", "embedded", "", MACHINE))
    detector = pool.get("vad", "silero", "", MACHINE)
    was_there: list[bool] = []
    monkeypatch.setattr(EmbeddedDiarizer, "__init__", lambda *args: was_there.append(first() is not None))

    pool.get("diarization", "embedded", "", replace(MACHINE, device="auto"))

    assert was_there == [False]
    assert pool.get("vad", "silero", "", MACHINE) is detector


def test_an_engine_that_cannot_be_loaded_costs_the_one_in_use_nothing() -> None:
    first = pool.get("stt", "whisper", CHECKPOINT, MACHINE)

    with pytest.raises(EngineUnavailable):
        pool.get("stt", "whisper", "base", MACHINE)

    assert pool.get("stt", "whisper", CHECKPOINT, MACHINE) is first


def test_a_crash_unloads_all_engines_before_its_error_goes_on() -> None:
    models: list[weakref.ref[object]] = []

    @pool.emptied_by_crash
    def work() -> None:
        engine = pool.get("stt", "whisper", CHECKPOINT, MACHINE)
        assert isinstance(engine, OpenAIWhisper)
        models.append(weakref.ref(engine._network))
        with crash_when_full():
            raise torch.OutOfMemoryError("CUDA out of memory")

    pool.get("diarization", "embedded", "", MACHINE)
    with pytest.raises(EngineCrashed) as caught:  # holds the error, and what its frames hold, as a worker does
        work()

    assert caught.value.code == "out_of_memory"
    assert models[0]() is None
    assert pool.is_empty()


def test_other_errors_leave_engines_loaded() -> None:
    @pool.emptied_by_crash
    def work() -> None:
        pool.get("stt", "whisper", CHECKPOINT, MACHINE)
        raise EngineUnavailable("language_unknown", "No such language.")

    with pytest.raises(EngineUnavailable):
        work()

    assert not pool.is_empty()


class Tight:
    """An engine that fits only beside at most `allowed` others."""

    info = EngineInfo("tight", "Tight", ("one",), "one")
    allowed = 0

    @classmethod
    def missing(cls, model: str, machine: Machine) -> None: ...

    def __init__(self, model: str, machine: Machine) -> None:
        if len(pool._loaded) > self.allowed:
            with crash_when_full():
                raise MemoryError


@pytest.fixture
def tight(monkeypatch: pytest.MonkeyPatch) -> type[Tight]:
    """Stands in for every diarizer."""
    known = registry.engine_class
    monkeypatch.setattr(registry, "engine_class", lambda kind, name: Tight if name == "tight" else known(kind, name))
    monkeypatch.setattr(Tight, "allowed", 0)
    return Tight


def test_what_was_used_longest_ago_makes_room_for_what_does_not_fit(
    tight: type[Tight], caplog: pytest.LogCaptureFixture
) -> None:
    tight.allowed = 1
    detector = weakref.ref(pool.get("vad", "silero", "", MACHINE))
    speech = pool.get("stt", "whisper", CHECKPOINT, MACHINE)
    pool.get("vad", "silero", "", MACHINE)  # used again, so whisper is the older one
    held = weakref.ref(speech)

    engine = pool.get("diarization", "tight", "", MACHINE)

    assert isinstance(engine, Tight)
    assert detector() is not None
    assert held() is speech  # its holder keeps it
    assert set(pool._loaded) == {"vad", "diarization"}
    assert "memory is short: stt engine whisper" in caplog.text
    assert caplog.text.count("unloaded") == 1


def test_all_others_go_before_loading_fails_for_want_of_memory(tight: type[Tight]) -> None:
    tight.allowed = -1
    pool.get("vad", "silero", "", MACHINE)
    pool.get("stt", "pocketsphinx", "", MACHINE)

    with pytest.raises(EngineCrashed) as caught:
        pool.get("diarization", "tight", "", MACHINE)

    assert caught.value.code == "out_of_memory"
    assert pool.is_empty()


def test_other_reasons_not_to_load_cost_nobody_a_place(tight: type[Tight], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Tight, "__init__", Mock(side_effect=EngineCrashed("worker_died", "No.")))
    pool.get("vad", "silero", "", MACHINE)

    with pytest.raises(EngineCrashed):
        pool.get("diarization", "tight", "", MACHINE)

    assert not pool.is_empty()


def test_the_engine_asked_for_last_is_never_let_go() -> None:
    pool.get("vad", "silero", "", MACHINE)
    last = pool.get("stt", "pocketsphinx", "", MACHINE)

    assert [pool.unload_oldest(), pool.unload_oldest()] == [True, False]
    assert pool.get("stt", "pocketsphinx", "", MACHINE) is last


def test_an_engine_may_ask_for_room_while_it_is_loaded(tight: type[Tight], monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[bool] = []
    monkeypatch.setattr(Tight, "__init__", lambda *args: made.append(pool.unload_oldest()))
    pool.get("vad", "silero", "", MACHINE)
    pool.get("stt", "pocketsphinx", "", MACHINE)

    pool.get("diarization", "tight", "", MACHINE)

    assert made == [True]
    assert set(pool._loaded) == {"stt", "diarization"}


def test_unloading_takes_nothing_from_a_step_that_begins_at_that_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    # Collecting garbage takes a second in the process of all tests, and this unloads very often.
    monkeypatch.setattr(pool, "_give_memory_back", lambda: None)
    ended = threading.Event()

    def unload() -> None:
        while not ended.is_set():
            pool.unload_all()

    with ThreadPoolExecutor(4) as threads:
        unloading = threads.submit(unload)
        engines = list(threads.map(lambda _: pool.get("diarization", "embedded", "", MACHINE), range(300)))
        ended.set()
        unloading.result()

    assert all(isinstance(engine, EmbeddedDiarizer) for engine in engines)


def test_memory_of_what_is_unloaded_leaves_the_process(tight: type[Tight], monkeypatch: pytest.MonkeyPatch) -> None:
    size, pieces = 100_000, 1000  # each too small for glibc to give it back by itself

    def fill(self: Tight, model: str, machine: Machine) -> None:
        self.pieces = [b"x" * size for _ in range(pieces)]  # type: ignore[attr-defined]

    monkeypatch.setattr(Tight, "__init__", fill)
    pool.get("diarization", "tight", "", MACHINE)
    held_by_others = b"y" * size  # behind them, so that the heap cannot just become shorter
    loaded = resident_bytes()

    pool.unload_all()

    assert loaded - resident_bytes() > 0.8 * size * pieces
    assert held_by_others


def resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def test_a_lost_gpu_is_told_and_the_process_knows_that_it_is_spent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "_gpu_is_lost", threading.Event())

    @pool.emptied_by_crash
    def work() -> None:
        raise RuntimeError("CUDA error: an illegal memory access was encountered\nCUDA kernel errors might be …")

    assert not pool.is_spent()
    with pytest.raises(EngineCrashed, match=r"\(CUDA error: an illegal memory access was encountered\)") as caught:
        work()

    assert caught.value.code == "gpu_lost"
    assert caught.value.retryable
    assert pool.is_spent()


@pytest.mark.parametrize("name", ["detect_speech", "detect_language", "transcribe", "diarize"])
def test_every_step_that_uses_an_engine_is_emptied_by_a_crash(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    pool.get("diarization", "embedded", "", MACHINE)
    full = EngineCrashed("out_of_memory", "Full.")
    monkeypatch.setattr(pool, "get", Mock(side_effect=full))

    with pytest.raises(EngineCrashed):
        TRANSCRIBE.step(name).function(Mock(), options(), Run(Path(), MACHINE), 0)

    assert pool.is_empty()

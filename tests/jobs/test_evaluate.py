"""Each engine is measured in a process of its own, which leaves nothing behind."""

import multiprocessing
import os
import signal
import time
from pathlib import Path

import pytest

from jobs.services import evaluate
from media_pipeline.errors import EngineCrashed, EngineUnavailable, PipelineError
from media_pipeline.evaluation.trial import Task
from media_pipeline.options import TranscribeOptions
from media_pipeline.run import Machine


def a_task(folder: Path, engine: str) -> Task:
    return Task("stt", TranscribeOptions(engine, "en-us"), Machine(folder, "cpu", 1), folder)


def test_an_engines_error_comes_through(tmp_path: Path) -> None:
    with evaluate._engine_process() as ask, pytest.raises(PipelineError, match="There is no stt engine 'nope'"):
        ask(a_task(tmp_path, "nope"))

    assert multiprocessing.active_children() == []


def test_a_process_that_was_killed_is_an_engine_that_failed(tmp_path: Path) -> None:
    with evaluate._engine_process() as ask:
        [child] = multiprocessing.active_children()
        os.kill(child.pid or 0, signal.SIGKILL)

        with pytest.raises(EngineCrashed, match="ended unexpectedly"):
            ask(a_task(tmp_path, "pocketsphinx"))


def test_stopping_does_not_wait_for_the_engine(tmp_path: Path) -> None:
    started = time.monotonic()

    with pytest.raises(KeyboardInterrupt), evaluate._engine_process():
        [child] = multiprocessing.active_children()
        os.kill(child.pid or 0, signal.SIGSTOP)
        raise KeyboardInterrupt

    assert time.monotonic() - started < evaluate.END_SECONDS / 2
    assert multiprocessing.active_children() == []


def test_an_engine_nobody_named_is_left_out_with_its_reason() -> None:
    found = evaluate.candidates([], model="", language="ru", wants_words=True, wants_speakers=False)

    [pocketsphinx] = [candidate.entry for candidate in found if candidate.entry.engine == "pocketsphinx"]
    assert pocketsphinx.is_left_out
    assert "does not know this language" in pocketsphinx.problem
    assert {candidate.entry.kind for candidate in found} == {"stt"}


def test_an_engine_somebody_named_is_refused_with_its_reason() -> None:
    with pytest.raises(EngineUnavailable, match="does not know this language"):
        evaluate.candidates(["pocketsphinx"], model="", language="ru", wants_words=True, wants_speakers=False)

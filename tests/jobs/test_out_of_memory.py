"""Memory that runs full in a step of a real job: less at once, then the CPU, and the job says so."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from jobs import queue
from jobs.models import Job
from jobs.services import work
from jobs.services.submit import submit
from media_pipeline.engines import pool, registry
from media_pipeline.options import TranscribeOptions
from tests.jobs.cramped_engine import CrampedEngine
from tests.speech import Line, render

SAID_OF_BATCH = "Memory was short, so the model heard less at once"
SAID_OF_CPU = "so the work went on on the CPU"


@pytest.fixture(autouse=True)
def cramped(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    path = f"{CrampedEngine.__module__}.{CrampedEngine.__name__}"
    monkeypatch.setitem(registry._PATHS["stt"], "cramped", path)
    monkeypatch.setattr(CrampedEngine, "tried", [])
    pool.unload_all()
    yield
    pool.unload_all()


def transcribed(owner: User, folder: Path) -> Job:
    """A job of the real recipe on a real recording, done to its end."""
    speech = render([Line("slt", "We will discuss the budget today."), Line("rms", "Thank you, Peter.", 1.0)])
    copy = folder / "speech.wav"
    shutil.copyfile(speech.path, copy)
    with queue.silenced():
        job = submit(path=copy, original_name=copy.name, options=TranscribeOptions("cramped", "large"), owner=owner)
        work.run_here(job.pk, worker="test")
    job.refresh_from_db()
    return job


@pytest.mark.django_db
def test_a_full_gpu_halves_the_batch_then_leaves_for_the_cpu_and_the_page_says_so(
    owner: User, browser: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(CrampedEngine, "fits", 0)

    job = transcribed(owner, tmp_path)

    assert (job.status, job.error_message) == ("completed", "")
    # At the second attempt what another step left loaded, the network that finds speech, is gone.
    assert CrampedEngine.tried == [(batch, "cuda") for batch in (8, 8, 4, 2, 1)] + [(1, "cpu")]
    assert job.steps.get(name="transcribe").attempt == 1
    assert "Heard." in job.transcript.segments.get().text
    page = browser.get(reverse("recording", args=[job.recording_id])).content.decode()
    for sentence in (SAID_OF_BATCH, SAID_OF_CPU):
        assert sum(sentence in warning for warning in job.warnings) == 1
        assert sentence in page


@pytest.mark.django_db
def test_a_smaller_batch_that_fits_stays_on_the_gpu(
    owner: User, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(CrampedEngine, "fits", 4)

    first, second = transcribed(owner, tmp_path), transcribed(owner, tmp_path)

    assert CrampedEngine.tried == [(8, "cuda"), (8, "cuda"), (4, "cuda"), (4, "cuda")]  # what it learned stays with it
    assert [SAID_OF_BATCH in warning for warning in first.warnings] == [True]
    assert (second.status, second.warnings) == ("completed", [])

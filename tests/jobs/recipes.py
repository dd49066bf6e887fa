"""A recipe of instant steps, so that the moving of jobs can be tested without media."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

import msgspec
from django.contrib.auth.models import User
from django.db import transaction

from jobs.models import Job, Recording
from jobs.services import conduct
from media_pipeline.media import AudioFacts
from media_pipeline.options import SpeakerOptions, TranscribeOptions
from media_pipeline.recipe import Binding, Files, Lane, Recipe, Step
from media_pipeline.recipes import RECIPES
from media_pipeline.run import Run
from media_pipeline.transcript import Segment, Transcript, Word

PARTS = 3


def normalize(files: Files, options: TranscribeOptions, run: Run, part: int) -> None:
    files.dump("audio.wav", "sound")
    files.dump("facts.json", AudioFacts(duration=12.0, gain=1.0, loudness_db=-23.0, peak=0.5))


def transcribe(files: Files, options: TranscribeOptions, run: Run, part: int) -> None:
    run.emit([spoken(part)])
    run.report(0.5)
    files.dump("chunk.json", spoken(part))


def diarize(files: Files, options: TranscribeOptions, run: Run, part: int) -> None:
    files.dump("turns.json", ["SPEAKER_00"])


def assemble(files: Files, options: TranscribeOptions, run: Run, part: int) -> None:
    segments = tuple(files.load("transcribe", "chunk.json", Segment, index) for index in range(PARTS))
    files.dump("transcript.json", Transcript("en", segments, 12.0, options.engine, options.model))


def spoken(part: int) -> Segment:
    words = (Word("Part", part * 4.0, part * 4.0 + 1), Word(f"{part}.", part * 4.0 + 1, part * 4.0 + 2))
    return Segment(part * 4.0, part * 4.0 + 2, f"Part {part}.", words, "SPEAKER_00")


def instant_recipe(**changed: Binding) -> Recipe:
    """The shape of the real recipe with instant steps, some of them exchanged by name."""
    functions: dict[str, Callable[..., None]] = {
        "normalize": normalize,
        "transcribe": transcribe,
        "diarize": diarize,
        "assemble": assemble,
    } | changed
    return Recipe(
        "transcribe",
        (
            Step("normalize", "Preparing", functions["normalize"], Lane.CPU, 10),
            Step(
                "transcribe",
                "Transcribing",
                functions["transcribe"],
                Lane.GPU,
                60,
                ("normalize",),
                lambda files: PARTS,
                lambda options: options.carry_context,
            ),
            Step(
                "diarize",
                "Finding speakers",
                functions["diarize"],
                Lane.GPU,
                20,
                ("normalize",),
                when=lambda options: options.speakers is not None,
                is_required=False,
            ),
            Step("assemble", "Assembling", functions["assemble"], Lane.CPU, 10, ("transcribe", "diarize")),
        ),
    )


@contextmanager
def recipe_of(**changed: Binding) -> Iterator[None]:
    with mock.patch.dict(RECIPES, {"transcribe": instant_recipe(**changed)}):
        yield


def make_recording(owner: User | None, **values: Any) -> Recording:
    defaults: dict[str, Any] = {"title": "Meeting", "original_name": "meeting.wav", "size_bytes": 10, "duration": 12.0}
    return Recording.objects.create(owner=owner, **(defaults | values))


def make_job(owner: User | None, *, speakers: bool = True, recording: Recording | None = None, **asked: Any) -> Job:
    """A job whose steps are written down and whose first step is ready. `asked` are more of its options."""
    options = TranscribeOptions(
        engine="pocketsphinx", model="en-us", speakers=SpeakerOptions() if speakers else None, **asked
    )
    with transaction.atomic():
        job = Job.objects.create(
            recording=recording or make_recording(owner), kind="transcribe", options=msgspec.to_builtins(options)
        )
        conduct.start(job)
    return job

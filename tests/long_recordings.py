"""How much memory a recording takes through all steps, by its length.

    python -m tests.long_recordings                                    # 10 minutes and 10 hours, an instant engine
    python -m tests.long_recordings --minutes 10 180 --engine whisper  # the tiny test checkpoint

Each length runs in a process of its own, as a job on SQLite and local files: submitted, then every step, one after the
other. So its peak is that of one worker which does everything. The recording is a minute of conversation with
pauses, looped.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from unittest import mock

from benchmarks.measuring import peak_rss_mb
from tests.environment import FOLDER
from tests.speech import conversation, render

INSTANT = "benchmarks.instant_engine.InstantEngine"
CHECKPOINT = Path(__file__).parent / "checkpoints" / "tiny-test.pt"
ENGINES = {"instant": "none", "whisper": str(CHECKPOINT), "pocketsphinx": "en-us"}


@dataclass(frozen=True, slots=True)
class Measured:
    """`peak_mib` is of the process with all steps, `ffmpeg_mib` of the largest program it started."""

    minutes: float
    peak_mib: float
    ffmpeg_mib: float
    seconds: float
    words: int
    chunks: int
    step_seconds: dict[str, float]


def measured(minutes: float, engine: str = "instant", *, speakers: bool = False) -> Measured:
    """One recording through all steps, in a process of its own.

    Raises:
        AssertionError: The job did not end well; what it printed is in the message.
    """
    command = [sys.executable, "-m", "tests.long_recordings", "--one", str(minutes), "--engine", engine]
    command += ["--speakers"] if speakers else []
    ended = subprocess.run(command, check=False, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stdout[-2000:] + ended.stderr[-4000:]
    return Measured(**json.loads(ended.stdout.splitlines()[-1]))


def looped(minutes: float, folder: Path) -> Path:
    """A recording of this length, as MP3."""
    minute, whole = folder / "minute.mp3", folder / "whole.mp3"
    speech = render(conversation(16, seed=60))
    ffmpeg = ["ffmpeg", "-nostdin", "-y", "-v", "error"]
    subprocess.run([*ffmpeg, "-i", speech.path, "-b:a", "64k", minute], check=True)
    loop = ["-stream_loop", "-1", "-i", minute, "-t", str(60 * minutes), "-c", "copy", whole]
    subprocess.run([*ffmpeg, *loop], check=True)
    return whole


def run_here(minutes: float, engine: str, *, speakers: bool) -> Measured:
    """The job in this process, which must be a fresh one: its peak counts from its start."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "transcriber.settings"
    os.environ["MAX_DURATION_SECONDS"] = str(60 * minutes + 3600)
    recording = looped(minutes, FOLDER)
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    from media_pipeline.engines.registry import _PATHS

    started = time.monotonic()
    with mock.patch.dict(_PATHS["stt"], instant=INSTANT):
        _run_job(recording, engine, speakers=speakers)
    return _result(minutes, time.monotonic() - started)


def _run_job(recording: Path, engine: str, *, speakers: bool) -> None:
    from jobs import pipeline_gateway, queue
    from jobs.services import work
    from jobs.services.submit import submit
    from media_pipeline.options import SpeakerOptions

    options = pipeline_gateway.transcribe_options(
        engine=engine, model=ENGINES[engine], speakers=SpeakerOptions() if speakers else None
    )
    with queue.silenced():
        job = submit(path=recording, original_name="long.mp3", options=options, owner=None)
        work.run_here(job.pk, worker="measurement")


def _result(minutes: float, seconds: float) -> Measured:
    from jobs.models import Job

    job = Job.objects.get()
    steps: dict[str, float] = {}
    for row in job.steps.all():
        steps[row.name] = round(steps.get(row.name, 0.0) + row.seconds, 1)
    assert job.status == "completed", (job.status, job.error_message, steps)
    assert not job.warnings, job.warnings
    # Not `getrusage` for this process: it counts what the one that started it held.
    peaks = [peak_rss_mb(), resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024]
    return Measured(
        minutes=minutes,
        peak_mib=round(peaks[0]),
        ffmpeg_mib=round(peaks[1]),
        seconds=round(seconds, 1),
        words=sum(len(segment.words) for segment in job.transcript.segments.iterator()),
        chunks=job.steps.filter(name="transcribe").count(),
        step_seconds=steps,
    )


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, nargs="+", default=[10.0, 600.0])
    parser.add_argument("--engine", choices=ENGINES, default="instant")
    parser.add_argument("--speakers", action="store_true", help="tell speakers apart too")
    parser.add_argument("--one", type=float, help=argparse.SUPPRESS)
    given = parser.parse_args(arguments)
    if given.one is not None:
        print(json.dumps(asdict(run_here(given.one, given.engine, speakers=given.speakers))))
        return
    for minutes in given.minutes:
        found = measured(minutes, given.engine, speakers=given.speakers)
        print(
            f"{found.minutes:6g} min: {found.peak_mib:.0f} MiB (FFmpeg {found.ffmpeg_mib:.0f} MiB),"
            f" {found.seconds:.0f} s; {found.words} words in {found.chunks} chunks; seconds of {found.step_seconds}",
            flush=True,
        )


if __name__ == "__main__":
    main(sys.argv[1:])

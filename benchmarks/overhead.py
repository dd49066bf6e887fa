"""One hour of speech with an engine that costs nothing: what all the rest costs, beside FFmpeg's own decoding.

The peer is the plain way: cut the recording into WAV files of five minutes on disk, hear each in windows of
30 s, write a row after each window, join, write the same files. It neither looks for speech, nor measures
loudness, nor survives a crash.
"""

import shutil
import statistics
import subprocess
import tempfile
import wave
from pathlib import Path
from typing import Any
from unittest import mock

from benchmarks.measuring import conclude, cpu_timed, peak_rss_mb, say, site
from tests.speech import conversation, render

HOUR = 3600
CHUNK, WINDOW = 300, 30
REPEATS = 3
GOAL_SECONDS = 5.0
ENGINE = "benchmarks.instant_engine.InstantEngine"


def run() -> None:
    print("overhead: an hour of speech, an instant engine, one process")
    with tempfile.TemporaryDirectory() as name, site():
        folder = Path(name)
        recording = hour_of_speech(folder)
        from media_pipeline.engines.registry import _PATHS

        with mock.patch.dict(_PATHS["stt"], instant=ENGINE):
            ours(recording, folder)  # loads what stays loaded in a worker
            laps = [
                (
                    *cpu_timed(lambda: decode(recording, folder)),
                    *cpu_timed(lambda: ours(recording, folder)),
                    *cpu_timed(lambda: peer(recording, folder)),
                )
                for _ in range(REPEATS)
            ]
    decoding, decoding_cpu, total, total_cpu, plain, plain_cpu = map(statistics.median, zip(*laps, strict=True))
    say(f"FFmpeg alone    {decoding:6.2f} s, processor {decoding_cpu:.2f} s")
    say(f"ours            {total:6.2f} s, processor {total_cpu:.2f} s; beyond decoding {total - decoding:.2f} s")
    say(f"the plain way   {plain:6.2f} s, processor {plain_cpu:.2f} s; beyond decoding {plain - decoding:.2f} s")
    say(f"ours, by step   {step_seconds()}")
    say(f"ours, made      {made()}")
    say(f"peak memory     {peak_rss_mb():.0f} MiB")
    conclude("C7/overhead", total - decoding, max(plain - decoding, 0.001), "s", f"ours<={GOAL_SECONDS:g}s")


def hour_of_speech(folder: Path) -> Path:
    """A minute of conversation, again and again, as MP3."""
    minute, hour = folder / "minute.mp3", folder / "hour.mp3"
    speech = render(conversation(16, seed=60))
    ffmpeg("-i", speech.path, "-b:a", "64k", minute)
    ffmpeg("-stream_loop", "-1", "-i", minute, "-t", HOUR, "-c", "copy", hour)
    return hour


def ffmpeg(*arguments: object) -> None:
    subprocess.run(["ffmpeg", "-nostdin", "-y", "-v", "error", *map(str, arguments)], check=True)


def decode(recording: Path, folder: Path) -> None:
    ffmpeg("-i", recording, "-ac", "1", "-ar", "16000", "-c:a", "pcm_s16le", folder / "decoded.wav")


def ours(recording: Path, folder: Path) -> None:
    """A submitted job, all its steps, its events through Redis, its rows and its files."""
    from jobs import pipeline_gateway
    from jobs.models import Job
    from jobs.services import work
    from jobs.services.submit import submit

    copy = folder / "upload.mp3"
    shutil.copyfile(recording, copy)
    options = pipeline_gateway.transcribe_options(engine="instant")
    job = submit(path=copy, original_name="hour.mp3", options=options, owner=None)
    work.run_here(job.pk, worker="benchmark")
    ended = Job.objects.get(pk=job.pk)
    assert ended.status == "completed", ended.error_message
    assert ended.transcript.segments.count() > 100, ended.warnings


def step_seconds() -> str:
    """Wall time of each step of our last job, as its rows say."""
    seconds: dict[str, float] = {}
    for step in our_last_job().steps.all():
        seconds[step.name] = seconds.get(step.name, 0.0) + step.seconds
    return ", ".join(f"{name} {spent:.2f}" for name, spent in seconds.items() if spent)


def made() -> str:
    job = our_last_job()
    segments = list(job.transcript.segments.all())
    words = sum(len(segment.words) for segment in segments)
    return f"{len(segments)} segments, {words} words, in {job.steps.filter(name='transcribe').count()} chunks"


def our_last_job() -> Any:
    from jobs.models import Job

    return Job.objects.filter(options__engine="instant").latest("created_at")


def peer(recording: Path, folder: Path) -> None:
    from benchmarks.instant_engine import sentences
    from jobs.models import Job, Segment
    from jobs.models import Transcript as TranscriptRow
    from media_pipeline.exports import files as exports
    from media_pipeline.transcript import Transcript
    from tests.jobs.recipes import make_recording

    job = Job.objects.create(recording=make_recording(None), kind="transcribe", options={})
    found = []
    for start in range(0, HOUR, CHUNK):
        chunk = folder / f"chunk-{start}.wav"
        ffmpeg("-ss", start, "-t", CHUNK, "-i", recording, "-ac", "1", "-ar", "16000", chunk)
        with wave.open(str(chunk)) as sound:
            for offset in range(0, CHUNK, WINDOW):
                sound.readframes(WINDOW * 16_000)
                found += list(sentences(start + offset, start + offset + WINDOW))
                job.percent = 100 * (start + offset) / HOUR
                job.save()
        chunk.unlink()
    row = TranscriptRow.objects.create(recording=job.recording, job=job, language="en", engine="instant", model="")
    Segment.objects.bulk_create(
        Segment(transcript=row, start=item.start, end=item.end, text=item.text) for item in found
    )
    transcript = Transcript("en", tuple(found), HOUR, "instant", "")
    list(exports.write(transcript, {}, ("txt", "srt", "vtt", "json"), folder))

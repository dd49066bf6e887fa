"""One long recording shared by two workers with one thread each, beside one worker with one thread.

An hour of speech (sentences of the office grammar by three voices, over and over in another order) goes through the
real recipe: a worker process for the CPU lane, one or two for the lane of the models, a real Redis, the batched
Whisper on the small checkpoint of the tests. Models are loaded before the clock starts, as in a site that runs.
"""

import contextlib
import random
import subprocess
import sys
import tempfile
import time
import wave
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.measuring import conclude, say, site
from tests.services import DIE_WITH_TESTS, ROOT, wait_until
from tests.speech import RATE_HZ, conversation, render

MINUTES = 60.0
CHUNK_SECONDS = 600.0
SENTENCES = 60
VOICES = ("slt", "rms", "awb")
GAPS = (0.4, 1.2)
CHECKPOINT = ROOT / "tests" / "checkpoints" / "tiny-test.pt"
LIMIT_SECONDS = 600.0


@dataclass(frozen=True, slots=True)
class Result:
    """Seconds from the first chunk's start to the last one's end, and of the whole job; MiB of the largest process."""

    transcribing: float
    whole: float
    text: str
    chunks_by_worker: tuple[int, ...]
    rss_mib: float


def run() -> None:
    print(f"sharing: {MINUTES:.0f} minutes in chunks of {CHUNK_SECONDS:.0f} s, one thread a worker")
    import os

    os.environ["THREADS"] = "1"
    with tempfile.TemporaryDirectory() as name, site():
        folder = Path(name)
        hour, short = recording(folder / "hour.wav", MINUTES * 60), recording(folder / "short.wav", 60.0)
        with worker("cpu", 1), worker("gpu", 1):
            warm(short, 1)
            one = measure(hour)
            with worker("gpu", 2):
                warm(short, 2)
                two = measure(hour)
    for title, result in (("one worker", one), ("two workers", two)):
        say(
            f"{title:<12} {result.transcribing:6.1f} s for the chunks, {result.whole:6.1f} s for the whole job;"
            f" chunks by worker {result.chunks_by_worker}, {result.rss_mib:.0f} MiB the largest"
        )
    if one.text != two.text:
        raise AssertionError("two workers found other words than one")
    conclude("C15/two_workers", two.transcribing, one.transcribing, "s", ">=1.67", two.rss_mib)
    conclude("C15/two_workers_whole_job", two.whole, one.whole, "s", ">=1.67", two.rss_mib)


def recording(path: Path, seconds: float) -> Path:
    """A WAV of about `seconds` of speech, the same at every call."""
    speech = render(conversation(SENTENCES, seed=60, voices=VOICES))
    with wave.open(str(speech.path), "rb") as wav:
        pcm = np.frombuffer(wav.readframes(wav.getnframes()), np.int16)
    spoken = [pcm[round(one.start * RATE_HZ) : round(one.end * RATE_HZ)] for one in speech.utterances]
    chance = random.Random(path.name)
    with wave.open(str(path), "wb") as wav:
        wav.setparams((1, 2, RATE_HZ, 0, "NONE", ""))
        while wav.tell() < seconds * RATE_HZ:
            for voice in chance.sample(spoken, len(spoken)):
                wav.writeframes(np.zeros(round(chance.uniform(*GAPS) * RATE_HZ), np.int16).tobytes())
                wav.writeframes(voice.tobytes())
                if wav.tell() >= seconds * RATE_HZ:
                    break
    return path


@contextlib.contextmanager
def worker(lane: str, number: int) -> Iterator[None]:
    """The `number`th worker process of a lane, until the block ends."""
    from jobs import queue

    argv = [*DIE_WITH_TESTS, sys.executable, "manage.py", "work", "--lane", lane]
    process = subprocess.Popen(argv, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_until(lambda: queue.workers()[lane] == number, f"the start of worker {number} of {lane}")
        yield
    finally:
        process.terminate()
        process.wait()


def warm(path: Path, workers: int) -> None:
    """Have every worker of the models load what it needs."""
    while len({worker for worker, _ in chunks(transcribe(path, chunk_seconds=8.0))}) < workers:
        say("once more, until every worker has had a chunk")


def measure(path: Path) -> Result:
    started = time.perf_counter()
    job = transcribe(path, chunk_seconds=CHUNK_SECONDS)
    whole = time.perf_counter() - started
    rows = list(job.steps.filter(name="transcribe"))
    if again := [row.part for row in rows if row.attempt != 1]:
        raise AssertionError(f"chunks {again} were begun more than once")
    seconds = (max(row.ended_at for row in rows) - min(row.started_at for row in rows)).total_seconds()
    workers = [name for name, _ in chunks(job)]
    counts = tuple(workers.count(name) for name in sorted(set(workers)))
    pids = {int(name.rpartition("-")[2]) for name in workers}
    text = " ".join(job.transcript.segments.values_list("text", flat=True))
    return Result(seconds, whole, text, counts, max(peak_rss_mib(pid) for pid in pids))


def chunks(job: Any) -> list[tuple[str, int]]:
    """(worker, part) of every chunk."""
    return list(job.steps.filter(name="transcribe").values_list("worker", "part"))


def peak_rss_mib(pid: int) -> float:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024


def transcribe(path: Path, *, chunk_seconds: float) -> Any:
    """A job on a copy of the recording, done to its end by the workers."""
    import shutil

    from jobs.services.submit import submit
    from media_pipeline.options import TranscribeOptions

    copy = path.with_suffix(".copy")
    shutil.copyfile(path, copy)
    options = TranscribeOptions("whisper", str(CHECKPOINT), language="en", chunk_seconds=chunk_seconds)
    job = submit(path=copy, original_name=path.name, options=options, owner=None)
    deadline = time.monotonic() + LIMIT_SECONDS
    while job.is_active:
        assert time.monotonic() < deadline, f"not done: {list(job.steps.values_list('name', 'part', 'status'))}"
        time.sleep(0.1)
        job.refresh_from_db()
    assert job.status == "completed", job.error_message
    return job

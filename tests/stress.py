"""Kill parts of the running product again and again, and see that no work is lost or done twice.

    python -m tests.stress                      # 20 rounds of each kind
    python -m tests.stress --rounds 3 --only worker child

Kinds: `worker` (the parent process of the lane that transcribes), `child` (the process under it), `ffmpeg`, and
`flushall` (Redis emptied with jobs waiting). A round ends well when every job is COMPLETED within two minutes, its
words are those of an undisturbed run, and no finished chunk was transcribed again.
"""

import argparse
import contextlib
import os
import random
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

from tests.services import Product, running_product
from tests.speech import Speech, conversation, render

if TYPE_CHECKING:
    from jobs.models import Job

LIMIT_SECONDS = 120.0
CHUNK_SECONDS = 8.0
SETTINGS = {"CHUNK_SECONDS": str(CHUNK_SECONDS), "DEFAULT_ENGINE": "pocketsphinx", "THREADS": "1"}
KINDS = ("worker", "child", "ffmpeg", "flushall")


class StressError(AssertionError):
    """A promise was broken."""


@dataclass(frozen=True, slots=True)
class Setting:
    """The running product, what to transcribe, and the words an undisturbed run finds in it."""

    product: Product
    speech: Speech
    words: str


@contextlib.contextmanager
def setting(folder: Path, **variables: str) -> Iterator[Setting]:
    """Start the product and transcribe once undisturbed."""
    speech = render(conversation(7, seed=11, voices=("slt", "rms"), gap=(0.4, 0.9)))
    with running_product(folder, **SETTINGS, **variables) as product:
        os.environ.update(product.variables, DJANGO_SETTINGS_MODULE="transcriber.settings", LOG_LEVEL="ERROR")
        import django

        django.setup()
        calm = submit(speech)
        wait_for_end([calm])
        yield Setting(product, speech, words_of(calm))


def submit(speech: Speech) -> UUID:
    """Start a job on a copy of the recording. Returns its id."""
    import shutil

    from jobs import pipeline_gateway
    from jobs.services.submit import submit as start

    copy = Path(os.environ["DATA_DIR"]) / f"copy-{random.random()}.wav"
    shutil.copyfile(speech.path, copy)
    return start(path=copy, original_name="talk.wav", options=pipeline_gateway.transcribe_options(), owner=None).pk


def job_of(pk: UUID) -> "Job":
    from jobs.models import Job

    return Job.objects.get(pk=pk)


def words_of(pk: UUID) -> str:
    return " ".join(job_of(pk).transcript.segments.values_list("text", flat=True))


def wait_for_end(jobs: list[UUID]) -> float:
    """Wait until all jobs have ended. Returns the seconds it took; StressError after two minutes."""
    started = time.monotonic()
    while any(job_of(pk).is_active for pk in jobs):
        if time.monotonic() - started > LIMIT_SECONDS:
            states = [(job_of(pk).status, list(job_of(pk).steps.values_list("name", "part", "status"))) for pk in jobs]
            raise StressError(f"not done after {LIMIT_SECONDS:.0f} s: {states}")
        time.sleep(0.1)
    return time.monotonic() - started


def check(job: UUID, words: str, finished_before: dict[int, int]) -> None:
    """COMPLETED, the same words, and chunks that were finished kept their attempt."""
    row = job_of(job)
    if row.status != "completed":
        raise StressError(f"{row.status}: {row.error_message}")
    if words_of(job) != words:
        raise StressError("the words differ from an undisturbed run")
    if again := {part for part, attempt in chunks_done(job).items() if finished_before.get(part, attempt) != attempt}:
        raise StressError(f"finished chunks {again} were transcribed again")


def chunks_done(job: UUID) -> dict[int, int]:
    """Attempt by part of the chunks that are finished now."""
    return dict(job_of(job).steps.filter(name="transcribe", status="done").values_list("part", "attempt"))


# Ways to disturb ------------------------------------------------------------------------------------------------------


def kill_while_transcribing(find: Callable[[Product], list[int]]) -> Callable[[Setting], float]:
    """A round that kills what `find` names at a random moment of the transcription."""

    def round_(at: Setting) -> float:
        job = submit(at.speech)
        while not job_of(job).steps.filter(name="transcribe", status="running").exists():
            time.sleep(0.02)
        time.sleep(random.uniform(0.0, 2.5))
        before = chunks_done(job)
        kill(find(at.product))
        seconds = wait_for_end([job])
        check(job, at.words, before)
        return seconds

    return round_


def workers(product: Product) -> list[int]:
    return product.pids_of("work --lane gpu")


def children(product: Product) -> list[int]:
    """The child that has most to do: that of the worker that transcribes."""
    parents = set(workers(product))
    return [pid for pid in product.pids_of("work_child") if parent_of(pid) in parents]


def parent_of(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def kill(pids: list[int]) -> None:
    if not pids:
        raise StressError("there was nothing to kill")
    for pid in pids:
        os.kill(pid, signal.SIGKILL)


def kill_ffmpeg(at: Setting) -> float:
    """A round that kills FFmpeg as soon as it appears."""
    job = submit(at.speech)
    deadline = time.monotonic() + 20
    while not (found := processes_called("ffmpeg", at.product.data_dir)):
        if time.monotonic() > deadline:
            raise StressError("FFmpeg was never seen")
    for pid in found:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    seconds = wait_for_end([job])
    check(job, at.words, {})
    return seconds


def processes_called(name: str, data_dir: Path) -> list[int]:
    """Processes of that name that work on files of the product under test."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            is_called = (folder / "comm").read_text().strip() == name
            if is_called and str(data_dir) in (folder / "cmdline").read_text():
                found.append(int(folder.name))
    return found


def flush_redis(at: Setting) -> float:
    """A round that empties Redis while several jobs wait."""
    import django_rq

    jobs = [submit(at.speech) for _ in range(3)]
    time.sleep(random.uniform(0.2, 3.0))
    django_rq.get_connection("cpu").flushall()
    seconds = wait_for_end(jobs)
    for job in jobs:
        check(job, at.words, {})
    return seconds


ROUNDS: dict[str, Callable[[Setting], float]] = {
    "worker": kill_while_transcribing(workers),
    "child": kill_while_transcribing(children),
    "ffmpeg": kill_ffmpeg,
    "flushall": flush_redis,
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--only", nargs="*", choices=KINDS, default=KINDS)
    chosen = parser.parse_args()
    broken = 0
    with tempfile.TemporaryDirectory() as folder, setting(Path(folder)) as at:
        for kind in chosen.only:
            times = []
            for number in range(1, chosen.rounds + 1):
                try:
                    times.append(ROUNDS[kind](at))
                    print(f"{kind} {number}: ok, {times[-1]:.1f} s after the blow", flush=True)
                except StressError as error:
                    broken += 1
                    print(f"{kind} {number}: BROKEN: {error}", flush=True)
            slowest = max(times, default=0.0)
            print(f"{kind}: {len(times)} of {chosen.rounds} rounds ok, slowest {slowest:.1f} s", flush=True)
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())

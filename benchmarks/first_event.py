"""From asking for work to the first sign of it: a job's rows are written, the queue is told, a worker process takes
the first step, and an open page hears that the job runs.

The peer is RQ's own worker, which forks a process for each job, on the same queue and the same step.
"""

import asyncio
import contextlib
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

from benchmarks.measuring import conclude, describe, say, site
from tests.services import DIE_WITH_TESTS, ROOT, wait_until
from tests.speech import Line, render

REPEATS = 20
GOAL_MS = 300
OURS = ["work", "--lane", "cpu"]
PEER = ["rqworker", "cpu", "--serializer", "rq.serializers.JSONSerializer"]


def run() -> None:
    print("first_event: from the enqueue to the first event, a real worker process, a real Redis")
    with tempfile.TemporaryDirectory() as name, site():
        warm = measure(OURS, Path(name))
        forking = measure(PEER, Path(name))
    say(f"ours              {describe(warm)}")
    say(f"RQ's own worker   {describe(forking)}")
    ours, peer = (1000 * statistics.median(seconds) for seconds in (warm, forking))
    conclude("C7/first_event", ours, peer, "ms", f"ours<={GOAL_MS}ms")


def measure(worker: list[str], folder: Path) -> list[float]:
    """Seconds of each of `REPEATS` jobs after a first one that does not count."""
    with worker_process(worker):
        return [asyncio.run(first_event(folder)) for _ in range(REPEATS + 1)][1:]


@contextlib.contextmanager
def worker_process(arguments: list[str]) -> Iterator[None]:
    import django_rq
    from rq import Worker

    connection = django_rq.get_connection("cpu")
    argv = [*DIE_WITH_TESTS, sys.executable, "manage.py", *arguments]
    process = subprocess.Popen(argv, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_until(lambda: Worker.count(connection=connection) == 1, "the worker's start")
        yield
    finally:
        process.terminate()
        process.wait()
        wait_until(lambda: Worker.count(connection=connection) == 0, "the worker's end")


async def first_event(folder: Path) -> float:
    from asgiref.sync import sync_to_async
    from channels.layers import get_channel_layer

    from jobs import events

    layer: Any = get_channel_layer()
    channel = await layer.new_channel()
    recording = await sync_to_async(a_recording)(folder)
    job_id = uuid4()
    await layer.group_add(events.group_name(job_id), channel)
    started = time.perf_counter()
    await sync_to_async(ask)(recording, job_id)
    while (await layer.receive(channel))["snapshot"]["status"] != "running":
        pass
    seconds = time.perf_counter() - started
    await layer.group_discard(events.group_name(job_id), channel)
    await sync_to_async(end)(recording, job_id)
    return seconds


def a_recording(folder: Path) -> Any:
    from jobs import storage
    from tests.jobs.recipes import make_recording

    copy = folder / "speech.wav"
    copy.write_bytes(render([Line("slt", "We will discuss the budget today.")]).path.read_bytes())
    recording = make_recording(None)
    recording.media_key = f"recordings/{recording.pk}/media"
    recording.save()
    storage.save(recording.media_key, copy)
    return recording


def ask(recording: Any, job_id: object) -> None:
    import msgspec
    from django.db import transaction

    from jobs.models import Job
    from jobs.services import conduct
    from media_pipeline.options import TranscribeOptions

    options = msgspec.to_builtins(TranscribeOptions("pocketsphinx", "en-us"))
    with transaction.atomic():
        conduct.start(Job.objects.create(pk=job_id, recording=recording, kind="transcribe", options=options))


def end(recording: Any, job_id: object) -> None:
    """Let the worker come to rest before the next one."""
    from jobs.models import StepRun
    from jobs.services import lifecycle

    def at_rest() -> bool:
        return not StepRun.objects.filter(job=job_id, lane="cpu", status__in=["ready", "running"]).exists()

    wait_until(at_rest, "the end of the job's steps on this lane")
    lifecycle.delete_recording(recording)

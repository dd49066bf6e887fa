"""The warm worker with a real Redis and a real child process."""

import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import django_rq
import pytest

from jobs.queue import RUN_STEP, DoorbellJob, ForbiddenFunctionError
from jobs.workers import WarmWorker

CHILD = """
import os, sys, time
sys.path.insert(0, {root!r})
from jobs.workers import die_with_parent, serve_child
seen = []
def step(what, path):
    seen.append(what)
    with open(path, "a") as log:
        log.write(f"{{os.getpid()}} {{what}} {{len(seen)}}\\n")
    if what == "die":
        os._exit(3)
    if what == "sleep":
        time.sleep(60)
die_with_parent()
serve_child(int(sys.argv[-1]), {{"jobs.tasks.run_step": step}})
"""


class Losses(list[tuple[list[Any], int, str]]):
    def __call__(self, args: list[Any], pid: int, reason: str) -> None:
        self.append((args, pid, reason))


@pytest.fixture
def losses() -> Losses:
    return Losses()


@pytest.fixture
def worker(losses: Losses) -> Iterator[WarmWorker]:
    queue = django_rq.get_queue("cpu")
    root = str(Path(__file__).parents[2])
    made = WarmWorker(
        [queue],
        child_arguments=[sys.executable, "-c", CHILD.format(root=root)],
        on_loss=losses,
        connection=queue.connection,
        serializer=queue.serializer,
        queue_class=type(queue),
    )
    yield made
    made.teardown()


def put(what: str, path: Path, timeout: int = 30) -> None:
    django_rq.get_queue("cpu").enqueue_call(RUN_STEP, args=(what, str(path)), timeout=timeout, result_ttl=0)


def lines(path: Path) -> list[list[str]]:
    return [line.split() for line in path.read_text().splitlines()]


def test_one_child_does_all_steps_and_keeps_what_it_loaded(worker: WarmWorker, tmp_path: Path) -> None:
    log = tmp_path / "log"
    for what in ("a", "b", "c"):
        put(what, log)

    worker.work(burst=True)

    assert [(what, count) for _, what, count in lines(log)] == [("a", "1"), ("b", "2"), ("c", "3")]
    assert len({pid for pid, *_ in lines(log)}) == 1


def test_a_dead_child_costs_one_step_and_is_replaced(worker: WarmWorker, losses: Losses, tmp_path: Path) -> None:
    log = tmp_path / "log"
    for what in ("a", "die", "b"):
        put(what, log)

    worker.work(burst=True)

    assert [what for _, what, _ in lines(log)] == ["a", "die", "b"]
    assert len({pid for pid, *_ in lines(log)}) == 2
    assert [(args[0], reason) for args, _, reason in losses] == [("die", "died")]


def test_a_step_over_its_time_limit_is_killed(worker: WarmWorker, losses: Losses, tmp_path: Path) -> None:
    log = tmp_path / "log"
    put("sleep", log, timeout=2)
    put("b", log)
    started = time.monotonic()

    worker.work(burst=True)

    assert time.monotonic() - started < 20
    assert [reason for *_, reason in losses] == ["time_limit"]
    assert [what for _, what, _ in lines(log)] == ["sleep", "b"]


def test_a_hung_child_is_killed(
    worker: WarmWorker, losses: Losses, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("jobs.workers.HANG_SECONDS", 3.0)
    log = tmp_path / "log"
    put("sleep", log)

    def freeze() -> None:
        while not log.exists():
            time.sleep(0.05)
        time.sleep(2.5)  # let a beat through, so that the wait for the start is over
        os.kill(int(lines(log)[0][0]), signal.SIGSTOP)

    threading.Thread(target=freeze, daemon=True).start()
    worker.work(burst=True)

    assert [reason for *_, reason in losses] == ["died"]


def test_functions_that_are_not_ours_are_refused(worker: WarmWorker) -> None:
    queue = django_rq.get_queue("cpu")
    job = queue.enqueue_call("os.system", args=("true",), result_ttl=0)

    worker.work(burst=True)

    fetched = DoorbellJob.fetch(job.id, connection=queue.connection, serializer=queue.serializer)
    assert fetched.get_status() == "failed"
    assert ForbiddenFunctionError.__name__ in str(fetched.latest_result().exc_string)


def test_a_worker_listens_to_one_queue_only(losses: Losses) -> None:
    queues = [django_rq.get_queue("cpu"), django_rq.get_queue("gpu")]

    with pytest.raises(ValueError, match="exactly one queue"):
        WarmWorker(queues, child_arguments=[], on_loss=losses)


def test_the_child_dies_with_its_parent(tmp_path: Path) -> None:
    import subprocess

    root = str(Path(__file__).parents[2])
    code = (
        f"import sys, time; sys.path.insert(0, {root!r})\n"
        "from jobs.workers import Child\n"
        f"child = Child([sys.executable, '-c', {CHILD.format(root=root)!r}])\n"
        "child.start('jobs.tasks.run_step', ['sleep', sys.argv[1]])\n"
        "time.sleep(60)"
    )
    log = tmp_path / "log"
    environment = os.environ | {"DJANGO_SETTINGS_MODULE": "transcriber.settings"}
    parent = subprocess.Popen([sys.executable, "-c", code, str(log)], env=environment)
    while not log.exists() or not log.read_text():
        time.sleep(0.05)
    child = int(lines(log)[0][0])

    parent.kill()
    parent.wait()

    deadline = time.monotonic() + 5
    while Path(f"/proc/{child}").exists() and "Z" not in Path(f"/proc/{child}/stat").read_text().split()[2]:
        assert time.monotonic() < deadline, "the child outlived its parent"
        time.sleep(0.05)

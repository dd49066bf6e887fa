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

from jobs.management.commands import work, work_child
from jobs.queue import RUN_STEP, DoorbellJob, ForbiddenFunctionError
from jobs.workers import Child, WarmWorker
from media_pipeline import devices
from media_pipeline.engines import pool
from tests.media_pipeline.spoken import MACHINE
from tests.services import ROOT, wait_until
from transcriber.env import Env

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
def rest():
    with open(os.environ["REST_LOG"], "a") as log:
        log.write(f"{{len(seen)}}\\n")
die_with_parent()
serve_child(
    int(sys.argv[-1]),
    {{"jobs.tasks.run_step": step}},
    idle_seconds=float(os.environ.get("IDLE_SECONDS", 0)),
    on_idle=rest,
    is_spent=lambda: "spoil" in seen,
)
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
    made = WarmWorker(
        [queue],
        child_arguments=[sys.executable, "-c", CHILD.format(root=str(ROOT))],
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


def test_a_child_that_can_do_no_more_steps_is_replaced_and_nothing_is_lost(
    worker: WarmWorker, losses: Losses, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    for what in ("a", "spoil", "b", "c"):
        put(what, log)

    worker.work(burst=True)

    first, second = dict.fromkeys(pid for pid, *_ in lines(log))
    assert lines(log) == [[first, "a", "1"], [first, "spoil", "2"], [second, "b", "1"], [second, "c", "2"]]
    assert losses == []


def test_a_child_rests_once_when_no_step_comes_and_wakes_for_the_next(tmp_path: Path) -> None:
    log, rest = tmp_path / "log", tmp_path / "rest"
    variables = {"IDLE_SECONDS": "0.2", "REST_LOG": str(rest), "DJANGO_SETTINGS_MODULE": "transcriber.settings"}
    child = Child([sys.executable, "-c", CHILD.format(root=str(ROOT))], variables)
    try:
        for number, what in enumerate(("a", "b"), start=1):
            child.start(RUN_STEP, [what, str(log)])
            while not child.wait(5.0):
                pass
            wait_until(lambda: rest.exists() and [str(number)] in lines(rest), "a rest")  # noqa: B023
        time.sleep(0.6)  # three times as long as it takes to rest: once is enough
    finally:
        child.kill()

    assert [what for _, what, _ in lines(log)] == ["a", "b"]
    assert [after for (after,) in lines(rest) if after != "0"] == ["1", "2"]


def test_the_child_gets_the_variables_meant_for_it(losses: Losses) -> None:
    sleep = [sys.executable, "-c", "import time; time.sleep(60)"]
    variables = {"CUDA_VISIBLE_DEVICES": "", "OMP_NUM_THREADS": "1"}
    queue = django_rq.get_queue("cpu")
    worker = WarmWorker(
        [queue], child_arguments=sleep, child_environment=variables, on_loss=losses, connection=queue.connection
    )

    worker.warm_up()

    assert worker._child is not None
    found = Path(f"/proc/{worker._child.pid}/environ").read_bytes().split(b"\0")
    worker._child.kill()
    assert {b"CUDA_VISIBLE_DEVICES=", b"OMP_NUM_THREADS=1"} <= set(found)


@pytest.mark.parametrize("lane", ["io", "cpu"])
def test_only_the_lane_of_the_models_may_touch_a_gpu(lane: str) -> None:
    assert work.child_environment(lane)["CUDA_VISIBLE_DEVICES"] == ""
    assert work.child_environment(lane)["OMP_NUM_THREADS"] == "1"
    assert "CUDA_VISIBLE_DEVICES" not in work.child_environment("gpu")


def test_the_workers_of_the_models_share_the_cores(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "cores", lambda: 8)

    for variables, threads in (
        (Env(WORKERS_GPU=1), "8"),
        (Env(WORKERS_GPU=3), "2"),
        (Env(WORKERS_GPU=20), "1"),
        (Env(WORKERS_GPU=0), "8"),
        (Env(WORKERS_GPU=3, THREADS=5), "5"),
    ):
        settings.ENV = variables
        found = work.child_environment("gpu")
        assert {found[name] for name in found if name.endswith("_NUM_THREADS")} == {threads}


def test_what_is_loaded_is_let_go_when_there_is_nothing_to_do() -> None:
    pool.get("diarization", "embedded", "", MACHINE)

    work_child._unload()

    assert pool.is_empty()


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

    root = str(ROOT)
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

import socket
import time
from collections.abc import Iterator
from uuid import uuid4

import django_rq
import django_rq.settings
import pytest
from rq import Callback, SimpleWorker, Webhook
from rq.queue import Queue

from jobs import queue
from jobs.queue import DoorbellJob

calls: list[object] = []


def remember(*args: object) -> None:
    calls.append(args)


@pytest.fixture
def cpu() -> Queue:
    calls.clear()
    found: Queue = django_rq.get_queue("cpu")
    return found


@pytest.fixture
def black_hole(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A Redis that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = f"redis://127.0.0.1:{listener.getsockname()[1]}/0"
        monkeypatch.setitem(django_rq.settings.QUEUES["cpu"], "URL", address)
        yield


def ring(step: object) -> bool:
    return queue.ring(lane="cpu", step=step, attempt=1, limit_seconds=60)  # type: ignore[arg-type]


def test_a_step_is_rung_for_once(cpu: Queue) -> None:
    step = uuid4()

    assert ring(step) and ring(step)
    assert cpu.count == 1


def test_a_doorbell_whose_worker_died_is_replaced(cpu: Queue) -> None:
    step = uuid4()
    ring(step)
    cpu.pop_job_id()  # a worker took it, and no more was heard of that

    assert ring(step)
    assert cpu.count == 1


def test_a_doorbell_that_cannot_be_replaced_is_left_to_the_sweep(cpu: Queue, monkeypatch: pytest.MonkeyPatch) -> None:
    step = uuid4()
    ring(step)
    cpu.pop_job_id()
    monkeypatch.setattr(DoorbellJob, "delete", remember)

    assert not ring(step)


@pytest.mark.parametrize("function", ["os.system", queue.RUN_STEP])
def test_callbacks_and_webhooks_put_into_the_queue_are_never_called(cpu: Queue, function: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.2)
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
        callback = Callback(f"{__name__}.remember")
        cpu.enqueue_call(
            function,
            args=("not a step",),
            on_success=callback,
            on_failure=callback,
            on_stopped=callback,
            webhooks=[Webhook(url, "failed"), Webhook(url, "finished")],
        )

        SimpleWorker([cpu], connection=cpu.connection, job_class=DoorbellJob, serializer=cpu.serializer).work(
            burst=True
        )

        with pytest.raises(TimeoutError):
            listener.accept()
    assert calls == []


def test_what_redis_says_of_itself_and_of_the_workers(cpu: Queue) -> None:
    worker = SimpleWorker([cpu], connection=cpu.connection, serializer=cpu.serializer)
    worker.register_birth()

    assert queue.answers()
    assert queue.version()[0].isdecimal()
    assert queue.workers() == {"io": 0, "cpu": 1, "gpu": 0}


def test_a_redis_that_never_answers_is_given_up_within_seconds(black_hole: None) -> None:
    started = time.monotonic()

    assert not queue.answers()
    assert not ring(uuid4())

    assert time.monotonic() - started < 15

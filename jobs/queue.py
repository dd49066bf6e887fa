"""The only module that knows RQ, but for the worker itself (workers.py and the command `work`).

The queue is a doorbell: it carries ids, the database is the truth.
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from typing import Any
from uuid import UUID

import django_rq
import redis
from django.conf import settings
from rq import Worker
from rq.exceptions import DuplicateJobError, NoSuchJobError
from rq.job import Job as RqJob

log = logging.getLogger(__name__)

RUN_STEP = "jobs.tasks.run_step"
ALLOWED_FUNCTIONS = frozenset({RUN_STEP})
UNREACHABLE = (redis.RedisError, OSError)  # what a call to Redis may raise, through whatever client
_is_silenced: ContextVar[bool] = ContextVar("is_silenced", default=False)


class ForbiddenFunctionError(Exception):
    """Somebody put a function into the queue that is not ours."""


class DoorbellJob(RqJob):
    """An RQ job that runs only functions on our list, through `runner` where a worker has set one."""

    runner: Callable[[str, list[Any]], None] | None = None

    def restore(self, raw_data: Any) -> Any:
        """Read the job without its callbacks and webhooks: a worker would call them whatever the list says."""
        restored = super().restore(raw_data)
        if self.webhooks or any(
            (self._success_callback_name, self._failure_callback_name, self._stopped_callback_name)
        ):
            log.warning("a job in the queue asks for callbacks, which none of ours does; they are not called")
        self._success_callback_name = self._failure_callback_name = self._stopped_callback_name = None
        self.webhooks = []
        return restored

    def _execute(self) -> None:
        if self.func_name not in ALLOWED_FUNCTIONS or self.instance is not None or self.kwargs:
            raise ForbiddenFunctionError(self.func_name)
        if self.runner is None:
            self.func(*self.args)
        else:
            self.runner(self.func_name, list(self.args))


def ring(*, lane: str, step: UUID, attempt: int, limit_seconds: float) -> bool:
    """Tell the workers of `lane` that a step is ready.

    Returns:
        False when Redis could not be told; the sweep will ring again.
    """
    if _is_silenced.get():
        return True
    rq_id = doorbell_id(step, attempt)
    try:
        if _enqueue(lane, step, rq_id, limit_seconds) or _is_waiting(lane, rq_id):
            return True
        _forget(lane, rq_id)  # taken out of the queue by a worker that died before the claim
        return _enqueue(lane, step, rq_id, limit_seconds) or _is_waiting(lane, rq_id)
    except UNREACHABLE as error:
        log.warning("the queue could not be told of a step (%s); the sweep will", type(error).__name__)
        return False


def doorbell_id(step: UUID, attempt: int) -> str:
    return f"{step}-{attempt}"


def _enqueue(lane: str, step: UUID, rq_id: str, limit_seconds: float) -> bool:
    """False when there is a job of that id, be it in the queue or not."""
    try:
        django_rq.get_queue(lane).enqueue_call(
            RUN_STEP,
            args=(str(step),),
            job_id=rq_id,
            unique=True,
            timeout=int(limit_seconds),
            result_ttl=0,
            failure_ttl=86_400,
            description=f"{lane} step",
        )
    except DuplicateJobError:
        return False
    return True


def _is_waiting(lane: str, rq_id: str) -> bool:
    return django_rq.get_queue(lane).get_job_position(rq_id) is not None


def _forget(lane: str, rq_id: str) -> None:
    with suppress(NoSuchJobError):
        DoorbellJob.fetch(rq_id, connection=django_rq.get_connection(lane)).delete()


def answers() -> bool:
    """Whether Redis is there."""
    try:
        return bool(_connection().ping())
    except UNREACHABLE:
        return False


def version() -> str:
    """Redis's version. Raises one of UNREACHABLE."""
    return str(_connection().info("server")["redis_version"])


def workers() -> dict[str, int]:
    """How many workers listen to each lane. Raises one of UNREACHABLE."""
    listening = Worker.all(connection=_connection())
    return {lane: sum(lane in worker.queue_names() for worker in listening) for lane in settings.LANES}


def _connection() -> redis.Redis:
    """Any lane's: they share one Redis."""
    connection: redis.Redis = django_rq.get_connection("cpu")
    return connection


def waiting(lane: str) -> int:
    """How many steps wait in a lane's queue."""
    return int(django_rq.get_queue(lane).count)


def is_silenced() -> bool:
    return _is_silenced.get()


@contextmanager
def silenced() -> Iterator[None]:
    """No doorbell rings inside the block: its steps are run by the caller itself."""
    token = _is_silenced.set(True)
    try:
        yield
    finally:
        _is_silenced.reset(token)

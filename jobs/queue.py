"""The only module that knows RQ. The queue is a doorbell: it carries ids, the database is the truth."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from typing import Any
from uuid import UUID

import django_rq
import redis
from rq.exceptions import DuplicateJobError, NoSuchJobError
from rq.job import Job as RqJob

log = logging.getLogger(__name__)

RUN_STEP = "jobs.tasks.run_step"
ALLOWED_FUNCTIONS = frozenset({RUN_STEP})
_is_silenced: ContextVar[bool] = ContextVar("is_silenced", default=False)


class ForbiddenFunctionError(Exception):
    """Somebody put a function into the queue that is not ours."""


class DoorbellJob(RqJob):
    """An RQ job that runs only functions on our list, through `runner` where a worker has set one."""

    runner: Callable[[str, list[Any]], None] | None = None

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
        return _is_waiting(lane, rq_id) or _ring_again(lane, step, attempt, limit_seconds)
    except redis.RedisError as error:
        log.warning("the queue could not be told of a step (%s); the sweep will", type(error).__name__)
        return False
    return True


def doorbell_id(step: UUID, attempt: int) -> str:
    return f"{step}-{attempt}"


def _is_waiting(lane: str, rq_id: str) -> bool:
    return django_rq.get_queue(lane).get_job_position(rq_id) is not None


def _ring_again(lane: str, step: UUID, attempt: int, limit_seconds: float) -> bool:
    """The old doorbell was taken out of the queue and its worker died before the claim."""
    with suppress(NoSuchJobError):
        RqJob.fetch(doorbell_id(step, attempt), connection=django_rq.get_connection(lane)).delete()
    return ring(lane=lane, step=step, attempt=attempt, limit_seconds=limit_seconds)


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

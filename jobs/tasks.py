"""RQ's entry points: ids in, nothing out."""

import os
from uuid import UUID

from django.db import close_old_connections

from jobs.queue import RUN_STEP
from jobs.services import recovery, work

LOSSES = {"died": recovery.CHILD_DIED, "time_limit": recovery.TOO_SLOW}


def run_step(step_id: str) -> None:
    """Do one step, if it is still to be done."""
    close_old_connections()
    work.run_step(UUID(step_id), worker=recovery.worker_name(os.getpid()))
    close_old_connections()


def step_lost(args: list[str], pid: int, reason: str) -> None:
    """The child doing a step is gone; say so at once instead of waiting for its lease to run out."""
    close_old_connections()
    step_id = UUID(args[0])
    attempt = recovery.current_attempt(step_id, worker=recovery.worker_name(pid))
    recovery.remove_dead_scratch()
    if attempt is None:
        return
    if reason == "shutdown":
        recovery.hand_back(step_id, attempt)
    else:
        recovery.lose(step_id, attempt, LOSSES[reason])
    close_old_connections()


FUNCTIONS = {RUN_STEP: run_step}

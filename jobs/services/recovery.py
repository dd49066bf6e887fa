"""Bringing lost work back. The sweep may run at any time, as often as one likes, in several processes at once."""

import functools
import logging
import os
import shutil
import socket
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from jobs.models import Job, StepRun
from jobs.services import conduct
from jobs.services.conduct import Claim
from jobs.state import JOB_ACTIVE, JOB_ENDED, StepStatus
from media_pipeline.errors import EngineCrashed, PipelineError
from media_pipeline.wording import say

log = logging.getLogger(__name__)

RING_AGAIN_SECONDS = 30.0
FOREIGN_SCRATCH_SECONDS = 7 * 86_400.0


@dataclass(frozen=True, slots=True)
class Swept:
    """What one sweep moved."""

    expired: int
    rung: int
    advanced: int

    @property
    def total(self) -> int:
        return self.expired + self.rung + self.advanced


def sweep() -> Swept:
    """Take back steps whose worker went silent, ring again for steps nobody came for, move stuck jobs on."""
    expired = _take_back_expired() + take_back_from_the_dead()
    return Swept(expired=expired, rung=_ring_again(), advanced=_advance_stuck())


def _take_back_expired() -> int:
    expired = StepRun.objects.filter(status=StepStatus.RUNNING, lease_until__lt=timezone.now())
    return _each(expired.values_list("pk", "attempt"), lambda pk, attempt: lose(pk, attempt, WORKER_LOST))


def _each(items: Iterable[tuple[Any, ...]], act: Callable[..., None]) -> int:
    """Do `act` for every item; one that cannot be done now does not keep the others. Returns how many were done."""
    done = 0
    for item in list(items):
        try:
            act(*item)
            done += 1
        except Exception:  # the next sweep tries again
            log.exception("a step or job could not be recovered now")
    return done


def take_back_from_the_dead() -> int:
    """Take back steps whose process on this machine is gone, without waiting for their leases. Returns how many."""
    here = f"{machine_name()}-"
    running = StepRun.objects.filter(status=StepStatus.RUNNING, worker__startswith=here).values_list(
        "pk", "attempt", "worker"
    )
    dead = [(pk, attempt) for pk, attempt, worker in running if not _is_alive(int(worker.removeprefix(here)))]
    return _each(dead, lambda pk, attempt: lose(pk, attempt, WORKER_LOST))


@functools.cache
def machine_name() -> str:
    """Host, boot and process namespace: where and while a process number means the same process."""
    namespace = str(Path("/proc/self/ns/pid").readlink()).strip("pid:[]")
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip().replace("-", "")
    return f"{socket.gethostname()[:30]}-{boot[:16]}-{namespace}"


def worker_name(pid: int) -> str:
    """How a step's row names the process that does it."""
    return f"{machine_name()}-{pid}"


WORKER_LOST = EngineCrashed(
    "worker_lost",
    say("The worker doing this step stopped answering. Start the job again; it goes on where it stopped."),
)
CHILD_DIED = EngineCrashed(
    "worker_died",
    say("The process doing this step died, probably out of memory. Start the job again, or choose a smaller model."),
)
TOO_SLOW = PipelineError(
    "time_limit", say("This step took far longer than a recording of this length should. Choose a smaller model.")
)


def lose(step_id: UUID, attempt: int, error: PipelineError) -> None:
    """Count an attempt as failed on behalf of a worker that cannot say so itself."""
    step = StepRun.objects.select_related("job").filter(pk=step_id).first()
    if step is None:
        return
    claim = Claim(step, attempt)
    log.warning("a worker was lost: job=%s step=%s part=%d code=%s", step.job_id, step.name, step.part, error.code)
    if step.job.status in JOB_ENDED:
        conduct.give_back(claim)
    else:
        seconds = (timezone.now() - step.started_at).total_seconds() if step.started_at else 0.0
        conduct.fail(claim, error, seconds=seconds)


def current_attempt(step_id: UUID, *, worker: str) -> int | None:
    """The attempt `worker` is at, None when it holds no claim on the step."""
    held = StepRun.objects.filter(pk=step_id, status=StepStatus.RUNNING, worker=worker)
    return held.values_list("attempt", flat=True).first()


def hand_back(step_id: UUID, attempt: int) -> None:
    """The worker of a running step is being shut down: another one goes on, and no failure is counted."""
    step = StepRun.objects.filter(pk=step_id).first()
    if step is not None:
        conduct.give_back(Claim(step, attempt))


def _ring_again() -> int:
    now = timezone.now()
    silent = Q(rung_at__isnull=True) | Q(rung_at__lt=now - timedelta(seconds=RING_AGAIN_SECONDS))
    due = StepRun.objects.filter(silent, status=StepStatus.READY, not_before__lte=now, job__status__in=JOB_ACTIVE)
    return _each(due.values_list("pk"), conduct.ring)


def _advance_stuck() -> int:
    """Jobs with nothing ready and nothing running, which nobody would ever touch again."""
    moving = StepRun.objects.filter(status__in=[StepStatus.READY, StepStatus.RUNNING]).values("job")
    stuck = Job.objects.filter(status__in=JOB_ACTIVE).exclude(pk__in=moving)
    return _each(stuck.values_list("pk"), _advance)


def _advance(job_id: UUID) -> None:
    with transaction.atomic():
        conduct.advance(job_id)


def remove_dead_scratch() -> int:
    """Delete working files of processes that are no longer alive. Returns how many folders.

    The folder may be shared with other machines, whose processes cannot be seen: theirs go by age.
    """
    dead = [folder for folder in (Path(settings.DATA_DIR) / "scratch").glob("*") if _is_abandoned(folder)]
    for folder in dead:
        shutil.rmtree(folder, ignore_errors=True)
    return len(dead)


def _is_abandoned(folder: Path) -> bool:
    here = f"{machine_name()}-"
    if folder.name.startswith(here):
        return not _is_alive(int(folder.name.removeprefix(here)))
    return time.time() - folder.stat().st_mtime > FOREIGN_SCRATCH_SECONDS


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True

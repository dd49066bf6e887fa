"""Doing one step: what a worker's child process runs."""

import logging
import os
import shutil
import signal
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

from django.conf import settings
from django.db import DatabaseError, close_old_connections, connection

from jobs import pipeline_gateway
from jobs.job_files import JobFiles
from jobs.models import Job, StepRun
from jobs.services import conduct, recovery
from jobs.services.conduct import Claim, ClaimLost
from jobs.state import StepStatus
from media_pipeline.errors import Cancelled, PipelineError
from media_pipeline.recipes import RECIPES
from media_pipeline.run import Run
from media_pipeline.transcript import Segment
from media_pipeline.wording import say
from transcriber.logs import bind

log = logging.getLogger(__name__)

REPORT_SECONDS = 0.4
HEARTBEAT_SECONDS = 2.0
STOP_GRACE_SECONDS = 6.0


def run_step(step_id: UUID, *, worker: str) -> bool:
    """Claim a step, do it and save what came out. False when somebody else has it or it is not due."""
    claim = conduct.claim(step_id, worker=worker)
    if claim is None:
        return False
    with bind(job=claim.step.job_id, step=claim.step.name, part=claim.step.part, attempt=claim.attempt):
        _attempt(claim)
    return True


def _attempt(claim: Claim) -> None:
    started = time.monotonic()
    workdir = scratch_dir() / f"{claim.step.pk}-{claim.attempt}"
    workdir.mkdir(parents=True)
    files = JobFiles(claim.step.job, claim.step.name, claim.step.part, claim.attempt, workdir)
    try:
        run = _do(claim, files, workdir)
    except Cancelled:
        _stop(claim, files)
    except Exception as error:  # noqa: BLE001  the process edge: whatever it was, the job must hear of it
        _fail(claim, files, error, time.monotonic() - started)
    else:
        _save(claim, files, run, time.monotonic() - started)
    finally:
        shutil.rmtree(workdir, ignore_errors=True)


def _fail(claim: Claim, files: JobFiles, error: Exception, seconds: float) -> None:
    if not claim.row().exists():
        # Its job was cancelled or deleted, files and all, so that any error may come of it.
        log.info("step ended by %s after its job was cancelled or deleted", type(error).__name__)
        _stop(claim, files)
        return
    files.discard()
    if isinstance(error, PipelineError):
        log.warning("step failed: %s", error.code, exc_info=error.__cause__)
        conduct.fail(claim, error, seconds=seconds)
    else:
        log.error("step crashed", exc_info=error)
        conduct.fail(claim, _unexpected(error), seconds=seconds)


def _do(claim: Claim, files: JobFiles, workdir: Path) -> Run:
    """The step itself, its lease renewed and its progress told meanwhile."""
    with _heartbeat(claim) as reporter:
        run = Run(
            workdir=workdir,
            machine=pipeline_gateway.machine(),
            on_progress=reporter.progress,
            on_segments=reporter.segments,
            is_cancelled=reporter.lost.is_set,
        )
        step = RECIPES[claim.step.job.kind].step(claim.step.name)
        step.function(files, pipeline_gateway.options_of(claim.step.job), run, claim.step.part)
        reporter.flush()
    return run


def _save(claim: Claim, files: JobFiles, run: Run, seconds: float) -> None:
    try:
        conduct.finish(claim, files, warnings=run.warnings, seconds=seconds)
    except ClaimLost:
        _stop(claim, files)
    except Exception as error:
        # Perhaps the result was saved and only what came after failed: its files must stay. If it was not, the
        # step counts as failed, and files nobody refers to are cleaned up later.
        log.exception("the result could not be saved")
        conduct.fail(claim, _unexpected(error), seconds=seconds)
    else:
        log.info("step done in %.2f s", seconds)


def _stop(claim: Claim, files: JobFiles) -> None:
    log.info("step stopped: cancelled or taken over")
    files.discard()
    conduct.give_back(claim)


def _unexpected(error: Exception) -> PipelineError:
    sentence = say(
        "Something unexpected happened ({error}). The log has the details; trying again may help.",
        error=type(error).__name__,
    )
    return PipelineError("internal", sentence, retryable=True)


@dataclass(slots=True)
class Reporter:
    """Saves progress and words at most every `REPORT_SECONDS`; `lost` is set once the claim is gone."""

    claim: Claim
    lost: threading.Event = field(default_factory=threading.Event)
    preview: list[tuple[float, float, str]] = field(default_factory=list)
    fraction: float = 0.0
    is_changed: bool = False
    has_new_words: bool = False
    last_saved: float = 0.0

    def progress(self, fraction: float) -> None:
        self.is_changed = self.is_changed or fraction > self.fraction
        self.fraction = max(self.fraction, fraction)
        self._save_when_due()

    def segments(self, segments: Sequence[Segment]) -> None:
        self.preview += [(round(item.start, 2), round(item.end, 2), item.text) for item in segments]
        self.preview.sort()
        self.has_new_words = self.is_changed = True
        self._save_when_due()

    def flush(self) -> None:
        if self.is_changed:
            self._save()

    def _save_when_due(self) -> None:
        if self.is_changed and time.monotonic() - self.last_saved >= REPORT_SECONDS:
            self._save()

    def _save(self) -> None:
        preview = self.preview if self.has_new_words else None
        self.last_saved = time.monotonic()
        try:
            if not conduct.report(self.claim, progress=self.fraction, preview=preview):
                self.lost.set()
        except DatabaseError:
            log.exception("progress could not be saved; the next report says it too")
            close_old_connections()
            return
        self.is_changed = self.has_new_words = False


@contextmanager
def _heartbeat(claim: Claim) -> Iterator[Reporter]:
    """Renew the lease from a thread for as long as the block runs."""
    reporter = Reporter(claim)
    ended = threading.Event()
    thread = threading.Thread(target=_beat, args=(reporter, ended), name="heartbeat", daemon=True)
    thread.start()
    try:
        yield reporter
    finally:
        ended.set()
        thread.join(timeout=5)


def _beat(reporter: Reporter, ended: threading.Event) -> None:
    lost_since: float | None = None
    while not ended.wait(HEARTBEAT_SECONDS):
        if reporter.lost.is_set():
            lost_since = lost_since or time.monotonic()
            _end_if_stubborn(lost_since)
            continue
        try:
            if not conduct.renew(reporter.claim):
                reporter.lost.set()
        except Exception:
            log.exception("the lease could not be renewed; trying again")
            close_old_connections()
    connection.close()


def _end_if_stubborn(lost_since: float) -> None:
    """A step deep in native code may not look up for minutes: its process goes, with all it started."""
    if time.monotonic() - lost_since > STOP_GRACE_SECONDS and os.getpgrp() == os.getpid():
        log.warning("the step did not stop by itself; ending its process")
        os.killpg(os.getpgrp(), signal.SIGKILL)


def run_here(job_id: UUID, *, worker: str) -> None:
    """Do all steps of a job in this process, one after the other, until none is left to do."""
    while Job.objects.get(pk=job_id).is_active:
        ready = StepRun.objects.filter(job=job_id, status=StepStatus.READY).order_by("not_before").first()
        if ready is None or not run_step(ready.pk, worker=worker):
            time.sleep(0.2)


def scratch_dir() -> Path:
    """Folder for the working files of this process's steps."""
    return Path(settings.DATA_DIR) / "scratch" / recovery.worker_name(os.getpid())

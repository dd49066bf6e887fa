"""Moving a job along its recipe: claim a step, keep its lease, save its result, make the next ones ready.

Every move is an UPDATE that matches only the state it starts from, so two workers can try the same
move and one of them wins. The job's row is locked while its steps are looked at together, and always before
any of them, so that nobody waits for each other in a circle.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, F, OuterRef, QuerySet
from django.db.models.functions import Greatest
from django.utils import timezone

from jobs import events, pipeline_gateway, queue
from jobs.job_files import JobFiles
from jobs.models import Artifact, Job, StepRun
from jobs.services import results
from jobs.state import JOB_ACTIVE, STEP_OPEN, STEP_PASSED, JobStatus, StepStatus, sources
from media_pipeline.errors import PipelineError
from media_pipeline.recipe import Recipe, Step
from media_pipeline.recipes import RECIPES
from media_pipeline.wording import say

log = logging.getLogger(__name__)

RETRY_DELAY_SECONDS = 10.0
SECOND_RUN_STOPPED = say("The second run was stopped; the text of the first one stands.")


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to work on a step, as long as `attempt` is its current attempt."""

    step: StepRun
    attempt: int

    def row(self) -> QuerySet[StepRun]:
        """The step's row while this claim holds; empty once it is lost."""
        return StepRun.objects.filter(pk=self.step.pk, attempt=self.attempt, status=StepStatus.RUNNING)


class ClaimLost(Exception):
    """The step was given to somebody else, or its job is gone. Nothing of this attempt may be saved."""


# Starting -------------------------------------------------------------------------------------------------------------


def start(job: Job) -> None:
    """Write down the steps of a new job and make the first ones ready. Call inside a transaction."""
    options = pipeline_gateway.options_of(job)
    StepRun.objects.bulk_create(
        StepRun(
            job=job,
            name=step.name,
            lane=step.lane,
            status=StepStatus.WAITING if step.when(options) else StepStatus.SKIPPED,
        )
        for step in RECIPES[job.kind].steps
    )
    advance(job.pk)


def claim(step_id: UUID, *, worker: str) -> Claim | None:
    """Take a ready step. None when it is not ready, not due, or its job has ended."""
    now = timezone.now()
    with transaction.atomic():
        job = _active_jobs().select_for_update().filter(pk__in=StepRun.objects.filter(pk=step_id).values("job")).first()
        if job is None:
            return None
        taken = StepRun.objects.filter(pk=step_id, status=StepStatus.READY, not_before__lte=now).update(
            status=StepStatus.RUNNING,
            attempt=F("attempt") + 1,
            lease_until=_lease(),
            worker=worker,
            started_at=now,
            ended_at=None,
            progress=0.0,
            preview=[],
            warnings=[],
            error_code="",
            error_message="",
        )
        if not taken:
            return None
        step = StepRun.objects.select_related("job__recording").get(pk=step_id)
        Job.objects.filter(pk=step.job_id, status=JobStatus.QUEUED).update(
            status=JobStatus.RUNNING, started_at=now, percent_at_start=F("percent")
        )
        Job.objects.filter(pk=step.job_id).update(stage=step.name, revision=F("revision") + 1)
    events.publish(step.job_id)
    return Claim(step, step.attempt)


def _active_jobs() -> QuerySet[Job]:
    """For conditions of an UPDATE, never `job__status`: a join would put every condition into a subquery.

    PostgreSQL does not look at a subquery again after waiting for a row, so many could take the same step.
    """
    return Job.objects.filter(status__in=JOB_ACTIVE)


def _lease() -> object:
    return timezone.now() + timedelta(seconds=settings.ENV.LEASE_SECONDS)


# While it runs --------------------------------------------------------------------------------------------------------


def renew(claim: Claim) -> bool:
    """Keep the lease. False when the claim is lost or the job is no longer wanted."""
    return bool(claim.row().filter(job__in=_active_jobs()).update(lease_until=_lease()))


def report(claim: Claim, *, progress: float, preview: Sequence[tuple[float, float, str]] | None = None) -> bool:
    """Save how far the step is, and the words it can show. False as `renew`."""
    values: dict[str, object] = {"progress": progress, "lease_until": _lease()}
    if preview is not None:
        values["preview"] = preview
    if not claim.row().filter(job__in=_active_jobs()).update(**values):
        return False
    _update_percent(claim.step.job)
    events.publish(claim.step.job_id)
    return True


def _update_percent(job: Job) -> None:
    percent = _percent(RECIPES[job.kind], list(StepRun.objects.filter(job=job).defer("preview", "warnings")))
    Job.objects.filter(pk=job.pk).update(percent=Greatest(F("percent"), percent), revision=F("revision") + 1)


def _percent(recipe: Recipe, rows: Sequence[StepRun]) -> float:
    """0..100 by the recipe's weights, over the steps this job has."""
    done = total = 0.0
    for step in recipe.steps:
        own = [row for row in rows if row.name == step.name and row.status != StepStatus.SKIPPED]
        if own:
            total += step.weight
            done += step.weight * events.step_progress(own)
    return 100.0 * done / total if total else 100.0


# Ending ---------------------------------------------------------------------------------------------------------------


def finish(claim: Claim, files: JobFiles, *, warnings: Sequence[str], seconds: float) -> None:
    """Accept the result of a step and make ready what waited for it.

    Raises:
        ClaimLost: The result came too late.
    """
    with transaction.atomic():
        job = Job.objects.select_for_update().filter(pk=claim.step.job_id).first()
        accepted = job is not None and claim.row().update(
            status=StepStatus.DONE,
            progress=1.0,
            warnings=list(warnings),
            seconds=seconds,
            lease_until=None,
            ended_at=timezone.now(),
        )
        if job is not None and accepted:
            files.record()
            results.keep(job, claim.step.name, files)
            advance(job.pk)
    if not accepted:
        raise ClaimLost
    events.publish(claim.step.job_id)


def fail(claim: Claim, error: PipelineError, *, seconds: float) -> None:
    """Note a failed attempt: another one follows while the error is worth it and attempts are left."""
    with transaction.atomic():
        Job.objects.select_for_update().filter(pk=claim.step.job_id).first()
        step = claim.row().first()
        if step is None:
            return
        failures = step.failures + 1
        again = error.retryable and failures < settings.ENV.STEP_ATTEMPTS
        delay = RETRY_DELAY_SECONDS * (failures - 1) if again else 0.0
        claim.row().update(
            status=StepStatus.READY if again else StepStatus.FAILED,
            failures=failures,
            not_before=timezone.now() + timedelta(seconds=delay),
            lease_until=None,
            error_code=error.code,
            error_message=error.message,
            seconds=seconds,
            ended_at=timezone.now(),
            rung_at=None,
        )
        log.warning("attempt %d failed: %s; %s", claim.attempt, error.code, "another follows" if again else "no more")
        advance(step.job_id)
    events.publish(step.job_id)


def give_back(claim: Claim) -> None:
    """Make a step ready again without counting a failure: its worker is going away, or its job was revived."""
    with transaction.atomic():
        job = Job.objects.select_for_update().filter(pk=claim.step.job_id).first()
        if job is None:
            return
        status = StepStatus.READY if job.is_active else StepStatus.CANCELLED
        claim.row().update(status=status, lease_until=None, progress=0.0, preview=[], rung_at=None)
        advance(job.pk)
    events.publish(job.pk)


# What comes next ------------------------------------------------------------------------------------------------------


def advance(job_id: UUID) -> None:
    """Look at all steps of a job together and make every move that is due. Call inside a transaction."""
    job = Job.objects.select_for_update(of=("self",)).select_related("recording").filter(pk=job_id).first()
    if job is None or not job.is_active:
        return
    recipe = RECIPES[job.kind]
    for step in recipe.steps:
        _open_step(job, recipe, step)
    rows = list(job.steps.all())
    failed = _decisive_failure(job, recipe, rows)
    if failed is not None and results.has_text(job):
        title = recipe.step(failed.name).title
        reason = failed.error_message
        fall_back_to_text(
            job, say("{step} did not work, so the text stays as it was: {reason}", step=title, reason=reason)
        )
    elif failed is not None:
        _end(job, JobStatus.FAILED, error_code=failed.error_code, error_message=failed.error_message)
    elif not any(row.status in STEP_OPEN for row in rows):
        warnings = _all_warnings(recipe, rows)
        _end(job, JobStatus.COMPLETED, percent=100.0, stage="", warnings=warnings, options_before=None)
    else:
        _update_percent(job)
    for row in rows:
        if row.status == StepStatus.READY and row.rung_at is None and row.not_before <= timezone.now():
            transaction.on_commit(partial(ring, row.pk), robust=True)


def _decisive_failure(job: Job, recipe: Recipe, rows: Sequence[StepRun]) -> StepRun | None:
    """The failure that ends the job: of a step it cannot do without, or, in a second run, of any step whose result
    would have changed the text. Without it, speakers found before would be lost.
    """
    failed = [row for row in rows if row.status == StepStatus.FAILED]
    required = next((row for row in failed if recipe.step(row.name).is_required), None)
    if required is not None or not failed or not results.has_text(job):
        return required
    awaited = {name for row in rows if row.status in STEP_OPEN for name in recipe.step(row.name).needs}
    return next((row for row in failed if row.name in awaited), None)


def _open_step(job: Job, recipe: Recipe, step: Step) -> None:
    """Make the waiting rows of a step ready once all it needs has ended well enough."""
    waiting = job.steps.filter(name=step.name, status=StepStatus.WAITING)
    if not waiting.exists() or not all(_has_passed(job, recipe.step(name)) for name in step.needs):
        return
    due = _next_in_order(job, step, waiting) if step.in_order(pipeline_gateway.options_of(job)) else waiting
    if not due.exists():
        return
    if step.parts is not None and not _cut(job, step, step.parts):
        waiting.update(status=StepStatus.SKIPPED, ended_at=timezone.now())
        return
    due.update(status=StepStatus.READY, not_before=timezone.now(), rung_at=None)


def _next_in_order(job: Job, step: Step, waiting: QuerySet[StepRun]) -> QuerySet[StepRun]:
    """Of parts that wait for each other: the first that has not passed; none while it is on its way."""
    first = job.steps.filter(name=step.name).exclude(status__in=STEP_PASSED).order_by("part").first()
    return waiting.none() if first is None else waiting.filter(part=first.part)


def _has_passed(job: Job, step: Step) -> bool:
    enough = STEP_PASSED if step.is_required else STEP_PASSED | {StepStatus.FAILED}
    return not job.steps.filter(name=step.name).exclude(status__in=enough).exists()


def _cut(job: Job, step: Step, count_parts: Callable[[JobFiles], int]) -> int:
    """Write a row for every part of a step. Returns how many parts there are."""
    count = count_parts(JobFiles(job, step.name, 0, 0, settings.DATA_DIR))
    StepRun.objects.bulk_create(
        (StepRun(job=job, name=step.name, part=part, lane=step.lane) for part in range(1, count)),
        ignore_conflicts=True,
    )
    return count


def _all_warnings(recipe: Recipe, rows: Sequence[StepRun]) -> list[str]:
    """Warnings of all steps in recipe order, each once; a failed optional step becomes one."""
    found: list[str] = []
    for step in recipe.steps:
        for row in rows:
            if row.name != step.name:
                continue
            found += row.warnings
            if row.status == StepStatus.FAILED:
                step_title, reason = step.title, row.error_message
                found.append(
                    say("{step} did not work, so its result is missing: {reason}", step=step_title, reason=reason)
                )
    return list(dict.fromkeys(found))


def stop(job: Job) -> None:
    """End a job because somebody wants it to stop. Call with the job locked."""
    if results.has_text(job):
        fall_back_to_text(job, SECOND_RUN_STOPPED)
    else:
        _end(job, JobStatus.CANCELLED)


def fall_back_to_text(job: Job, sentence: str) -> bool:
    """End a second run that did not work or is not wanted: the text of the first one stands.

    So do the results of steps this run has not come to, their warnings too.

    Returns:
        False when the job had ended already.
    """
    stored = Artifact.objects.filter(job=job, step=OuterRef("name"), part=OuterRef("part"))
    untouched = job.steps.filter(Exists(stored), status__in=[StepStatus.WAITING, StepStatus.READY])
    untouched.update(status=StepStatus.DONE, progress=1.0)
    warnings = [*_all_warnings(RECIPES[job.kind], list(job.steps.filter(status=StepStatus.DONE))), sentence]
    job.steps.filter(status__in=[StepStatus.WAITING, StepStatus.READY]).update(status=StepStatus.CANCELLED)
    options = job.options if job.options_before is None else job.options_before
    values = {"warnings": warnings, "options": options, "options_before": None}
    return _end(job, JobStatus.COMPLETED, percent=100.0, stage="", **values)


def _end(job: Job, status: JobStatus, **values: object) -> bool:
    moved = Job.objects.filter(pk=job.pk, status__in=sources(status)).update(
        status=status, ended_at=timezone.now(), revision=F("revision") + 1, **values
    )
    if moved and status != JobStatus.COMPLETED:
        job.steps.filter(status__in=[StepStatus.WAITING, StepStatus.READY]).update(status=StepStatus.CANCELLED)
    if moved:
        log.info("job ended: %s", status)
    return bool(moved)


def ring(step_id: UUID) -> None:
    """Tell the queue of a ready step. The sweep rings again if nobody came."""
    step = StepRun.objects.select_related("job__recording").filter(pk=step_id, status=StepStatus.READY).first()
    if step is None:
        return
    limit = time_limit(step) + settings.ENV.LEASE_SECONDS
    if queue.ring(lane=step.lane, step=step.pk, attempt=step.attempt + 1, limit_seconds=limit):
        StepRun.objects.filter(pk=step.pk, status=StepStatus.READY).update(rung_at=timezone.now())


def time_limit(step: StepRun) -> float:
    """Wall-clock seconds one attempt may take: from the length of its audio, the device and the engine.

    Only DEVICE=cuda promises a GPU. With "auto" the worker may be on any machine, and may have to move to the CPU when
    the GPU's memory is too small, so a CPU's time it is.
    """
    options = pipeline_gateway.options_of(step.job)
    engines = {"transcribe": options.engine, "diarize": options.diarization_engine}
    seconds = options.passage.seconds if options.passage else step.job.recording.duration
    return (
        RECIPES[step.job.kind]
        .step(step.name)
        .time_limit(
            seconds or settings.ENV.MAX_DURATION_SECONDS,
            part_seconds=options.chunk_seconds,
            device=settings.ENV.DEVICE,
            engine=engines.get(step.name, ""),
        )
    )

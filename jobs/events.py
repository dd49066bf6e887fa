"""One progress event, one snapshot: what the page, the socket and any other reader are told of a job."""

import logging
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID

from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.conf import settings
from django.utils import timezone, translation

from jobs import queue
from jobs.models import Job, StepRun
from jobs.state import JOB_ACTIVE, STEP_PASSED, JobStatus, StepStatus
from jobs.wording import translated
from media_pipeline.options import model_title
from media_pipeline.recipes import RECIPES

log = logging.getLogger(__name__)

PERCENT_TO_GO_BY = 3.0


@dataclass(frozen=True, slots=True)
class StepSnapshot:
    """`progress` is 0..1 over all parts; `seconds` is the working time of all parts."""

    name: str
    title: str
    status: str
    parts: int
    parts_done: int
    progress: float
    seconds: float


@dataclass(frozen=True, slots=True)
class JobSnapshot:
    """Where a job stands. `preview` counts the segments that can be shown already, per part; none once it ended."""

    id: str
    recording: str
    sequence: int
    status: str
    percent: float
    stage: str
    stage_title: str
    seconds_left: float | None
    queue_position: int | None
    error: str
    warnings: list[str]
    engine: str
    model: str
    steps: list[StepSnapshot]
    preview: list[int]

    def as_json(self) -> dict[str, Any]:
        """In the language at hand; the sentences of the snapshot itself are English."""
        return in_own_language(asdict(self))


def in_own_language(told: dict[str, Any]) -> dict[str, Any]:
    """A snapshot that was told in English, in the language at hand."""
    return told | {
        "stage_title": translated(told["stage_title"]),
        "error": translated(told["error"]),
        "warnings": [translated(warning) for warning in told["warnings"]],
        "steps": [step | {"title": translated(step["title"])} for step in told["steps"]],
    }


def snapshot(job: Job) -> JobSnapshot:
    """Read the job's steps and say where it stands. The job row itself should be fresh."""
    # The previews of a long recording are all of its text again.
    unread = ("warnings", "error_message", *(("preview",) if job.has_ended else ()))
    rows = list(job.steps.order_by("part").defer(*unread))
    recipe = RECIPES[job.kind]
    steps = [
        _step_snapshot(step.name, step.title, [row for row in rows if row.name == step.name])
        for step in recipe.steps
        if any(row.name == step.name and row.status != StepStatus.SKIPPED for row in rows)
    ]
    return JobSnapshot(
        id=str(job.pk),
        recording=str(job.recording_id),
        sequence=job.revision,
        status=job.status,
        percent=round(job.percent, 1),
        stage=job.stage,
        stage_title=job.stage_title,
        seconds_left=_seconds_left(job),
        queue_position=_queue_position(job),
        error=job.error_message,
        warnings=list(job.warnings),
        engine=str(job.options.get("engine", "")),
        model=model_title(str(job.options.get("model", ""))),
        steps=steps,
        preview=[] if job.has_ended else [len(row.preview) for row in rows if row.name == "transcribe"],
    )


def _step_snapshot(name: str, title: str, rows: Sequence[StepRun]) -> StepSnapshot:
    done = sum(row.status in STEP_PASSED for row in rows)
    return StepSnapshot(
        name=name,
        title=title,
        status=_common_status(rows),
        parts=len(rows),
        parts_done=done,
        progress=round(step_progress(rows), 3),
        seconds=round(sum(row.seconds for row in rows), 2),
    )


def _common_status(rows: Sequence[StepRun]) -> str:
    """The status that says most about a step whose parts may differ."""
    present = {row.status for row in rows}
    order = (StepStatus.FAILED, StepStatus.RUNNING, StepStatus.READY, StepStatus.WAITING, StepStatus.CANCELLED)
    return next((status for status in order if status in present), StepStatus.DONE)


def step_progress(rows: Sequence[StepRun]) -> float:
    """0..1 over all parts of a step."""
    return sum(1.0 if row.status in STEP_PASSED else row.progress for row in rows) / max(1, len(rows))


def _seconds_left(job: Job) -> float | None:
    """Estimated from the pace so far; None while there is too little to go by."""
    if job.status != JobStatus.RUNNING or job.started_at is None:
        return None
    done = job.percent - job.percent_at_start
    elapsed = (timezone.now() - job.started_at).total_seconds()
    return round(elapsed * (100.0 - job.percent) / done, 1) if done >= PERCENT_TO_GO_BY else None


def _queue_position(job: Job) -> int | None:
    """1 for the job that starts next; None once it has started."""
    if job.status != JobStatus.QUEUED:
        return None
    return 1 + Job.objects.filter(status__in=JOB_ACTIVE, created_at__lt=job.created_at).count()


def group_name(job_id: UUID | str) -> str:
    """The channel group that hears of a job."""
    return f"job.{job_id}"


def publish(job_id: UUID) -> None:
    """Tell every open page where the job stands now. A missed event costs nothing: pages also poll.

    It is told in English: the pages may be in several languages, see `consumers.py`.
    """
    if queue.is_silenced():
        return
    job = Job.objects.filter(pk=job_id).first()
    if job is None:
        return
    with translation.override(settings.LANGUAGE_CODE):
        message = {"type": "job.changed", "snapshot": snapshot(job).as_json()}
    try:
        async_to_sync(get_channel_layer().group_send)(group_name(job_id), message)
    except queue.UNREACHABLE as error:
        log.warning("an event could not be published (%s)", type(error).__name__)

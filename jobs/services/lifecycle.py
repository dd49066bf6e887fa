"""What people do to jobs and recordings: cancel, retry, run a step again, delete. Each works in every state."""

import logging

from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from jobs import events, storage
from jobs.models import Artifact, Job, Recording, StepRun
from jobs.services import conduct
from jobs.state import JOB_ACTIVE, JobStatus, StepStatus
from media_pipeline.recipe import Recipe
from media_pipeline.recipes import RECIPES

log = logging.getLogger(__name__)

# Large, and made again from the media when it is needed: (step, file).
BULKY_FILE = ("normalize", "audio.wav")


def cancel(job: Job) -> bool:
    """Stop a job. Running steps notice within seconds; one that does not is killed by its worker.

    A second run of a job that has given text already ends COMPLETED with that text.

    Returns:
        False when the job had already ended.
    """
    with transaction.atomic():
        locked = Job.objects.select_for_update().filter(pk=job.pk).first()
        if locked is None or not locked.is_active:
            return False
        conduct.stop(locked)
    events.publish(job.pk)
    return True


def retry(job: Job) -> bool:
    """Start a failed or cancelled job again; finished steps are not repeated. False when it has not ended so."""
    with transaction.atomic():
        moved = Job.objects.filter(pk=job.pk, status__in=[JobStatus.FAILED, JobStatus.CANCELLED]).update(
            status=JobStatus.QUEUED,
            error_code="",
            error_message="",
            warnings=[],
            ended_at=None,
            started_at=None,
            percent=0.0,
            revision=F("revision") + 1,
        )
        if moved:
            _reopen(job.steps.filter(status__in=[StepStatus.FAILED, StepStatus.CANCELLED]))
            conduct.advance(job.pk)
    events.publish(job.pk)
    return bool(moved)


def rerun_step(job: Job, name: str) -> bool:
    """Run an optional step of a completed job again, and all that builds on it.

    Returns:
        False when that is not possible: nobody asked for the step, or the media it needs is deleted.
    """
    recipe = RECIPES[job.kind]
    optional = [step.name for step in recipe.steps if not step.is_required]
    was_asked_for = job.steps.filter(name=name).exclude(status=StepStatus.SKIPPED).exists()
    again = [name, *_dependents(recipe, name)]
    needs_audio = any(BULKY_FILE[0] in recipe.step(each).needs for each in again) and not _has_bulky_file(job)
    if name not in optional or not was_asked_for or (needs_audio and not job.recording.media_key):
        return False
    with transaction.atomic():
        moved = Job.objects.filter(pk=job.pk, status=JobStatus.COMPLETED).update(
            status=JobStatus.RUNNING,
            warnings=[],
            ended_at=None,
            started_at=timezone.now(),
            percent=0.0,
            revision=F("revision") + 1,
        )
        if moved:
            if needs_audio:
                again.append(BULKY_FILE[0])
            _reopen(job.steps.filter(name__in=again).exclude(status=StepStatus.SKIPPED))
            conduct.advance(job.pk)
    events.publish(job.pk)
    return bool(moved)


def _has_bulky_file(job: Job) -> bool:
    """Whether the working audio is still there; the clean-up deletes it some time after a job's end."""
    step, name = BULKY_FILE
    return Artifact.objects.filter(job=job, step=step, name=name).exists()


def _dependents(recipe: Recipe, name: str) -> list[str]:
    """Names of all steps that need `name`, directly or not, in recipe order."""
    found: list[str] = []
    for step in recipe.steps:
        if set(step.needs) & {name, *found}:
            found.append(step.name)
    return found


def _reopen(steps: QuerySet[StepRun]) -> None:
    steps.update(
        status=StepStatus.WAITING, failures=0, progress=0.0, error_code="", error_message="", warnings=[], rung_at=None
    )


def delete_recording(recording: Recording) -> int:
    """Delete a recording with all that was made of it, whatever state it is in. Returns the bytes freed.

    The rows go first: a step that still runs finds its claim gone and stops.
    """
    media_key, media_folder = recording.media_key, f"recordings/{recording.pk}"
    with transaction.atomic():
        jobs = list(recording.jobs.select_for_update().values_list("pk", flat=True))
        recording.delete()
    freed = storage.delete(media_key) if media_key else 0
    freed += storage.delete_below(media_folder)
    return freed + sum(storage.delete_below(f"jobs/{pk}") for pk in jobs)


def delete_media(recording: Recording) -> int:
    """Delete the media but keep the text. Returns the bytes freed; 0 while work on it is going on."""
    if recording.jobs.filter(status__in=JOB_ACTIVE).exists() or not recording.media_key:
        return 0
    freed = storage.delete(recording.media_key)
    Recording.objects.filter(pk=recording.pk).update(media_key="")
    return freed

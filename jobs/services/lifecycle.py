"""What people do to jobs and recordings: cancel, retry, run a step again, delete. Each works in every state."""

import logging
from collections.abc import Sequence
from enum import StrEnum
from uuid import UUID

import msgspec
from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils import timezone

from jobs import events, pipeline_gateway, storage
from jobs.models import Artifact, Job, Recording, Segment, StepRun
from jobs.services import conduct
from jobs.state import JOB_ACTIVE, TEXT_KINDS, JobStatus, StepStatus
from media_pipeline.options import SpeakerOptions
from media_pipeline.recipe import Recipe
from media_pipeline.recipes import RECIPES

log = logging.getLogger(__name__)

# Large, and made again from the media when it is needed: (step, file).
BULKY_FILE = ("normalize", "audio.wav")
SPEAKERS_STEP = "diarize"


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
    if name not in optional or not was_asked_for:
        return False
    again = _with_dependents(job, name)
    if BULKY_FILE[0] in again and not job.recording.media_key:
        return False
    return _run_again(job, job.steps.filter(name__in=again).exclude(status=StepStatus.SKIPPED))


class SpeakersAgain(StrEnum):
    """What looking for speakers again takes."""

    ALONE = "alone"  # the words stay as they are
    WITH_WORDS = "with_words"  # the working files are gone: the recording is transcribed again too
    IMPOSSIBLE = "impossible"  # the media is gone as well


def speakers_again(job: Job) -> SpeakersAgain:
    """What it would take to look again for who spoke in a finished job that has words."""
    again = _with_dependents(job, SPEAKERS_STEP)
    has_media = bool(job.recording.media_key)
    if _are_kept(job, again) and (has_media or BULKY_FILE[0] not in again):
        return SpeakersAgain.ALONE
    return SpeakersAgain.WITH_WORDS if has_media else SpeakersAgain.IMPOSSIBLE


def find_speakers(job: Job, speakers: SpeakerOptions) -> bool:
    """Look for who spoke in a completed job, again or for the first time; the words are kept where they can be.

    The text stays on the page meanwhile, with its old speakers, and also when this does not work.

    Returns:
        False when it is not possible: the job has no words, is at work, or lacks the media this takes.
    """
    if not Segment.objects.filter(transcript__job=job).exists():
        return False
    way = speakers_again(job)
    if way == SpeakersAgain.IMPOSSIBLE:
        return False
    steps = job.steps.exclude(Q(status=StepStatus.SKIPPED) & ~Q(name=SPEAKERS_STEP))
    if way == SpeakersAgain.ALONE:
        steps = steps.filter(name__in=_with_dependents(job, SPEAKERS_STEP))
    options = pipeline_gateway.with_speakers(pipeline_gateway.options_of(job), speakers)
    values = {"options": msgspec.to_builtins(options), "options_before": job.options}
    return _run_again(job, steps, is_cut_anew=way == SpeakersAgain.WITH_WORDS, **values)


def _run_again(job: Job, steps: QuerySet[StepRun], *, is_cut_anew: bool = False, **values: object) -> bool:
    """Open `steps` of a completed job. False when it is not completed."""
    with transaction.atomic():
        moved = Job.objects.filter(pk=job.pk, status=JobStatus.COMPLETED).update(
            status=JobStatus.RUNNING,
            warnings=[],
            ended_at=None,
            started_at=timezone.now(),
            percent=0.0,
            revision=F("revision") + 1,
            **values,
        )
        if moved:
            if is_cut_anew:
                steps.filter(part__gt=0).delete()
            _reopen(steps)
            conduct.advance(job.pk)
            Job.objects.filter(pk=job.pk).update(percent_at_start=F("percent"))
    events.publish(job.pk)
    return bool(moved)


def _with_dependents(job: Job, name: str) -> list[str]:
    """`name`, all that builds on it, and the step that makes the working audio when that is needed and gone."""
    recipe = RECIPES[job.kind]
    again = [name, *_dependents(recipe, name)]
    is_needed = any(BULKY_FILE[0] in recipe.step(each).needs for each in again)
    return [*again, BULKY_FILE[0]] if is_needed and not _has_bulky_file(job) else again


def _are_kept(job: Job, again: Sequence[str]) -> bool:
    """Whether all steps but those in `again` have ended well, and their files are there."""
    stored = Artifact.objects.filter(job=OuterRef("job"), step=OuterRef("name"), part=OuterRef("part"))
    others = job.steps.exclude(name__in=again).exclude(status=StepStatus.SKIPPED)
    return not others.filter(~Q(status=StepStatus.DONE) | ~Exists(stored)).exists()


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
    steps.update(status=StepStatus.WAITING, failures=0, progress=0.0, error_code="", error_message="", rung_at=None)


def to_trash(recording: Recording) -> bool:
    """Put a recording where only its owner can get it back from; what works on it is stopped.

    Returns:
        False when it is there already.
    """
    moved = Recording.objects.kept().filter(pk=recording.pk).update(deleted_at=timezone.now())
    for job in recording.jobs.filter(status__in=JOB_ACTIVE):
        cancel(job)
    return bool(moved)


def from_trash(recording: Recording) -> bool:
    """Put a recording back. What was stopped can be continued. False when it is not in the trash."""
    return bool(Recording.objects.filter(pk=recording.pk, deleted_at__isnull=False).update(deleted_at=None))


def delete_trashed(pk: UUID) -> int | None:
    """Delete for good what lies in the trash. Returns the bytes freed; None for what was put back, or is gone."""
    with transaction.atomic():
        found = Recording.objects.select_for_update().filter(pk=pk, deleted_at__isnull=False).first()
        return delete_recording(found) if found else None


def delete_recording(recording: Recording) -> int:
    """Delete a recording for good with all that was made of it, whatever state it is in. Returns the bytes freed.

    The rows go first: a step that still runs finds its claim gone and stops.
    """
    media_key, media_folder = recording.media_key, f"recordings/{recording.pk}"
    with transaction.atomic():
        jobs = list(recording.jobs.select_for_update().values_list("pk", flat=True))
        recording.delete()
    freed = storage.delete(media_key) if media_key else 0
    freed += storage.delete_below(media_folder)
    return freed + sum(storage.delete_below(f"jobs/{pk}") for pk in jobs)


def delete_job(pk: UUID) -> int | None:
    """Delete a job that gave no text, with its files. Returns the bytes freed; None while it is at work, or gone."""
    with transaction.atomic():
        job = Job.objects.select_for_update().filter(pk=pk).exclude(kind__in=TEXT_KINDS).first()
        if job is None or job.is_active:
            return None
        job.delete()
    return storage.delete_below(f"jobs/{pk}")


def delete_media(recording: Recording) -> int:
    """Delete the media but keep the text. Returns the bytes freed; 0 while work on it is going on."""
    if recording.jobs.filter(status__in=JOB_ACTIVE).exists() or not recording.media_key:
        return 0
    freed = storage.delete(recording.media_key)
    Recording.objects.filter(pk=recording.pk).update(media_key="")
    return freed

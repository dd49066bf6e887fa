"""What `manage.py cleanup` deletes: whatever is past its time, never anything that is being worked on."""

import logging
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from uuid import UUID

from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models import OuterRef, QuerySet, Subquery
from django.utils import timezone

from jobs import storage
from jobs.models import Artifact, Job, Recording, Upload
from jobs.services import lifecycle, upload
from jobs.state import JOB_ACTIVE, JOB_ENDED, JobKind, JobStatus

log = logging.getLogger(__name__)

ORPHAN_HOURS = 24.0
_OWNED = re.compile(r"(jobs|recordings)/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/")
COMMAND_LINE_HOURS = 24.0


@dataclass(slots=True)
class Tally:
    """What a clean-up looked at and did. In a dry run `deleted` counts what would go."""

    scanned: int = 0
    deleted: int = 0
    failed: int = 0
    freed_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Due:
    """Something past its time: what it is, and how to delete it.

    `delete` looks again whether it is still due, and returns the bytes freed, None when it is not.
    """

    what: str
    delete: Callable[[], int | None]


def clean(*, is_dry_run: bool = False, tell: Callable[[str], None] = lambda line: None) -> Tally:
    """Delete all that is due. One failure is counted and told, and does not stop the rest."""
    tally = Tally()
    for due in _everything_due(tally):
        if is_dry_run:
            tell(f"would delete {due.what}")
            tally.deleted += 1
            continue
        try:
            freed = due.delete()
        except Exception as error:  # one broken file must not keep the rest
            log.exception("could not delete %s", due.what)
            tell(f"failed: {due.what}: {type(error).__name__}")
            tally.failed += 1
            continue
        if freed is not None:
            tally.freed_bytes += freed
            tally.deleted += 1
            tell(f"deleted {due.what}")
    return tally


def _everything_due(tally: Tally) -> Iterator[Due]:
    tally.scanned += Recording.objects.count() + Upload.objects.count()
    recordings = {recording.pk: recording for recording in _recordings_due()}
    for recording in recordings.values():
        yield Due(f"recording {recording.pk}", partial(_delete_idle, recording, lifecycle.delete_recording))
    for recording in _trash_due():
        if recording.pk not in recordings:
            yield Due(f"recording {recording.pk} in the trash", partial(lifecycle.delete_trashed, recording.pk))
    for recording in _media_due():
        if recording.pk not in recordings:
            yield Due(f"media of recording {recording.pk}", partial(_delete_idle, recording, lifecycle.delete_media))
    for passage in _passages_due():
        yield Due(f"passage {passage.pk} that was heard again", partial(lifecycle.delete_job, passage.pk))
    for video in _videos_due():
        yield Due(f"video {video.pk} with subtitles", partial(lifecycle.delete_job, video.pk))
    for artifact in _working_files_due():
        yield Due(f"working file {artifact.key}", partial(_delete_artifact, artifact))
    for unfinished in upload.expired():
        yield Due(f"unfinished upload {unfinished.pk}", partial(upload.abandon_expired, unfinished))
    for part in upload.orphans():
        yield Due(f"upload without a row {part.name}", partial(_unlink, part))
    if count := _sessions_due().count():
        yield Due(f"sessions that have expired: {count}", _delete_sessions)
    yield from _orphans_due(tally)
    yield from _cached_due(tally)


def _recordings_due() -> Iterator[Recording]:
    """Recordings whose retention has passed: as completed once they have text, else by how the last job ended."""
    env = settings.ENV
    with_text = Recording.objects.filter(transcripts__isnull=False).distinct()
    without_text = Recording.objects.filter(transcripts=None)
    yield from _idle(with_text, env.RETENTION_COMPLETED_DAYS)
    yield from _idle(without_text, env.RETENTION_COMPLETED_DAYS, JobStatus.COMPLETED)
    yield from _idle(without_text, env.RETENTION_FAILED_DAYS, JobStatus.FAILED)
    yield from _idle(without_text, env.RETENTION_CANCELLED_DAYS, JobStatus.CANCELLED)
    leftover = Recording.objects.filter(owner=None, created_at__lt=_ago(timedelta(hours=COMMAND_LINE_HOURS)))
    yield from leftover.exclude(jobs__status__in=JOB_ACTIVE)


def _trash_due() -> QuerySet[Recording]:
    days = settings.ENV.RETENTION_TRASH_DAYS
    if days <= 0:
        return Recording.objects.none()
    return Recording.objects.filter(deleted_at__lt=_ago(timedelta(days=days)))


def kept_days(job: Job) -> float:
    """How many days a recording without text is kept after such an end of its job; 0 for ever."""
    env = settings.ENV
    days = {JobStatus.FAILED: env.RETENTION_FAILED_DAYS, JobStatus.CANCELLED: env.RETENTION_CANCELLED_DAYS}
    return days.get(JobStatus(job.status), 0.0)


def _idle(recordings: QuerySet[Recording], days: float, *statuses: JobStatus) -> Iterator[Recording]:
    """Those whose latest job ended (with one of `statuses`) more than `days` ago; none when `days` is 0."""
    if days <= 0:
        return
    latest = Job.objects.of_text().filter(recording=OuterRef("pk")).order_by("-created_at")
    found = recordings.annotate(
        last_status=Subquery(latest.values("status")[:1]), last_end=Subquery(latest.values("ended_at")[:1])
    ).filter(last_status__in=statuses or JOB_ENDED, last_end__lt=_ago(timedelta(days=days)))
    yield from found.exclude(jobs__status__in=JOB_ACTIVE)


def _media_due() -> Iterator[Recording]:
    """Media of recordings that have text, and of those whose job found none in it."""
    with_media = Recording.objects.exclude(media_key="")
    with_text = with_media.filter(transcripts__isnull=False).distinct()
    yield from _idle(with_text, settings.ENV.RETENTION_MEDIA_DAYS)
    yield from _idle(with_media.filter(transcripts=None), settings.ENV.RETENTION_MEDIA_DAYS, JobStatus.COMPLETED)


def _delete_idle(recording: Recording, delete: Callable[[Recording], int]) -> int | None:
    """Delete unless somebody started a job on it since it was found."""
    with transaction.atomic():
        jobs = list(Job.objects.select_for_update().filter(recording=recording))
        return None if any(job.is_active for job in jobs) else delete(recording)


def _working_files_due() -> QuerySet[Artifact]:
    """The bulky working file of jobs long ended. The small ones stay: with them a step can be run again."""
    step, name = lifecycle.BULKY_FILE
    ended_before = _ago(timedelta(hours=settings.ENV.RETENTION_WORK_HOURS))
    return Artifact.objects.filter(step=step, name=name, job__status__in=JOB_ENDED, job__ended_at__lt=ended_before)


def _passages_due() -> QuerySet[Job]:
    """What was heard again of some passage. What people accepted of it is in the text."""
    ended_before = _ago(timedelta(hours=settings.ENV.RETENTION_WORK_HOURS))
    return Job.objects.filter(kind=JobKind.PASSAGE, status__in=JOB_ENDED, ended_at__lt=ended_before)


def _videos_due() -> Iterator[Job]:
    """Videos with subtitles, which can be made again; those that did not come about go with the working files."""
    ended = Job.objects.filter(kind=JobKind.SUBTITLED_VIDEO, status__in=JOB_ENDED)
    hours, days = settings.ENV.RETENTION_WORK_HOURS, settings.ENV.RETENTION_VIDEO_DAYS
    yield from ended.exclude(status=JobStatus.COMPLETED).filter(ended_at__lt=_ago(timedelta(hours=hours)))
    if days > 0:
        yield from ended.filter(status=JobStatus.COMPLETED, ended_at__lt=_ago(timedelta(days=days)))


def _delete_artifact(artifact: Artifact) -> int | None:
    with transaction.atomic():
        if Job.objects.select_for_update().get(pk=artifact.job_id).is_active:
            return None
        artifact.delete()
    return storage.delete(artifact.key)


def _sessions_due() -> QuerySet[Session]:
    """Of people, and of visitors of links, whose cookies are no longer taken."""
    return Session.objects.filter(expire_date__lt=timezone.now())


def _delete_sessions() -> int | None:
    return 0 if _sessions_due().delete()[0] else None


def _orphans_due(tally: Tally) -> Iterator[Due]:
    """Stored files that no row refers to any more, such as those of attempts that were not accepted.

    What somebody else put there is not ours to delete.
    """
    old = _ago(timedelta(hours=ORPHAN_HOURS))
    for key in [*storage.keys_below("jobs"), *storage.keys_below("recordings")]:
        tally.scanned += 1
        if _is_ours(key) and not _is_referred_to(key) and not _is_in_work(key) and storage.modified_at(key) < old:
            yield Due(f"orphan {key}", partial(_delete_orphan, key))


def _delete_orphan(key: str) -> int | None:
    return None if _is_referred_to(key) else storage.delete(key)


def _is_referred_to(key: str) -> bool:
    return Artifact.objects.filter(key=key).exists() or Recording.objects.filter(media_key=key).exists()


def _is_ours(key: str) -> bool:
    """Whether it lies in the folder of a job or a recording."""
    return _OWNED.match(key) is not None


def _is_in_work(key: str) -> bool:
    """Whether the key belongs to a job that has not ended, or to a recording with such a job."""
    folder, owner, *_ = key.split("/")
    active = Job.objects.filter(status__in=JOB_ACTIVE)
    found = active.filter(pk=UUID(owner)) if folder == "jobs" else active.filter(recording=UUID(owner))
    return found.exists()


def _cached_due(tally: Tally) -> Iterator[Due]:
    """Local copies of files that lie in the object store, fetched more than a day ago and not in use."""
    limit = time.time() - ORPHAN_HOURS * 3600
    for path in storage.CACHE_DIR.rglob("*"):
        if not path.is_file():
            continue
        tally.scanned += 1
        if path.stat().st_mtime < limit and not _is_in_work(str(path.relative_to(storage.CACHE_DIR))):
            yield Due(f"cached file {path.name}", partial(_unlink, path))


def _unlink(path: Path) -> int:
    freed = path.stat().st_size
    path.unlink()
    return freed


def _ago(age: timedelta) -> datetime:
    return timezone.now() - age

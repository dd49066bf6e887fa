"""What `manage.py cleanup` deletes: whatever is past its time, never anything that is being worked on."""

import logging
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

from django.conf import settings
from django.db.models import OuterRef, QuerySet, Subquery
from django.utils import timezone

from jobs import storage
from jobs.models import Artifact, Job, Recording, Upload
from jobs.services import lifecycle, upload
from jobs.state import JOB_ACTIVE, JOB_ENDED, JobStatus

log = logging.getLogger(__name__)

ORPHAN_HOURS = 24.0
WORKING_FILES = ("audio.wav", "chunk.json", "plan.json", "facts.json", "turns.json")
COMMAND_LINE_HOURS = 24.0


@dataclass(slots=True)
class Tally:
    """What a clean-up saw and did. In a dry run `deleted` counts what would go."""

    scanned: int = 0
    deleted: int = 0
    failed: int = 0
    freed_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Due:
    """Something past its time: what it is, and how to delete it (returns the bytes freed)."""

    what: str
    delete: Callable[[], int]


def clean(*, is_dry_run: bool = False, tell: Callable[[str], None] = lambda line: None) -> Tally:
    """Delete all that is due. One failure is counted and told, and does not stop the rest."""
    tally = Tally()
    for due in _everything_due():
        tally.scanned += 1
        if is_dry_run:
            tell(f"would delete {due.what}")
            tally.deleted += 1
            continue
        try:
            tally.freed_bytes += due.delete()
            tally.deleted += 1
            tell(f"deleted {due.what}")
        except Exception as error:
            log.exception("could not delete %s", due.what)
            tell(f"failed: {due.what}: {type(error).__name__}")
            tally.failed += 1
    return tally


def _everything_due() -> Iterator[Due]:
    due = {recording.pk: recording for recording in _recordings_due()}
    for recording in due.values():
        yield Due(f"recording {recording.pk}", partial(lifecycle.delete_recording, recording))
    for recording in _media_due():
        if recording.pk not in due:
            yield Due(f"media of recording {recording.pk}", partial(lifecycle.delete_media, recording))
    for artifact in _working_files_due():
        yield Due(f"working file {artifact.key}", partial(_delete_artifact, artifact))
    for unfinished in upload.expired():
        yield Due(f"unfinished upload {unfinished.pk}", partial(_abandon, unfinished))
    yield from _orphans_due()
    yield from _cached_due()


def _recordings_due() -> Iterable[Recording]:
    """Recordings whose latest job ended in a state whose retention has passed."""
    env = settings.ENV
    days_by_status = {
        JobStatus.COMPLETED: env.RETENTION_COMPLETED_DAYS,
        JobStatus.FAILED: env.RETENTION_FAILED_DAYS,
        JobStatus.CANCELLED: env.RETENTION_CANCELLED_DAYS,
    }
    for status, days in days_by_status.items():
        if days > 0:
            yield from _idle_recordings(status, timedelta(days=days))
    leftover = Recording.objects.filter(owner=None, created_at__lt=_ago(timedelta(hours=COMMAND_LINE_HOURS)))
    yield from leftover.exclude(jobs__status__in=JOB_ACTIVE)


def _idle_recordings(status: JobStatus, age: timedelta) -> QuerySet[Recording]:
    latest = Job.objects.filter(recording=OuterRef("pk")).order_by("-created_at")
    return (
        Recording.objects.annotate(
            last_status=Subquery(latest.values("status")[:1]), last_end=Subquery(latest.values("ended_at")[:1])
        )
        .filter(last_status=status, last_end__lt=_ago(age))
        .exclude(jobs__status__in=JOB_ACTIVE)
    )


def _media_due() -> Iterable[Recording]:
    days = settings.ENV.RETENTION_MEDIA_DAYS
    if days <= 0:
        return []
    return _idle_recordings(JobStatus.COMPLETED, timedelta(days=days)).exclude(media_key="")


def _working_files_due() -> QuerySet[Artifact]:
    ended_before = _ago(timedelta(hours=settings.ENV.RETENTION_WORK_HOURS))
    return Artifact.objects.filter(
        name__in=WORKING_FILES, job__status=JobStatus.COMPLETED, job__ended_at__lt=ended_before
    )


def _delete_artifact(artifact: Artifact) -> int:
    freed = storage.delete(artifact.key)
    artifact.delete()
    return freed


def _abandon(unfinished: Upload) -> int:
    path = upload.part_path(unfinished)
    freed = path.stat().st_size if path.exists() else 0
    upload.abandon(unfinished)
    return freed


def _orphans_due() -> Iterator[Due]:
    """Stored files that no row refers to any more, such as those of attempts that were not accepted."""
    old = _ago(timedelta(hours=ORPHAN_HOURS))
    known = set(Artifact.objects.values_list("key", flat=True)) | set(
        Recording.objects.values_list("media_key", flat=True)
    )
    for key in [*storage.keys_below("jobs"), *storage.keys_below("recordings")]:
        if key not in known and storage.modified_at(key) < old and not _is_in_work(key):
            yield Due(f"orphan {key}", partial(storage.delete, key))


def _is_in_work(key: str) -> bool:
    """Whether the key belongs to a job that has not ended."""
    folder, owner, *_ = key.split("/")
    return folder == "jobs" and Job.objects.filter(pk=owner).exclude(status__in=JOB_ENDED).exists()


def _cached_due() -> Iterator[Due]:
    """Local copies of files that lie in the object store, not used for a day."""
    limit = time.time() - ORPHAN_HOURS * 3600
    for path in storage.CACHE_DIR.rglob("*"):
        if path.is_file() and path.stat().st_atime < limit:
            yield Due(f"cached file {path.name}", partial(_unlink, path))


def _unlink(path: Path) -> int:
    freed = path.stat().st_size
    path.unlink()
    return freed


def _ago(age: timedelta) -> datetime:
    return timezone.now() - age

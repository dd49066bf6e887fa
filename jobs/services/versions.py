"""The versions of a recording's text: what runs found, and what people made of it before another run."""

from collections.abc import Sequence
from typing import TypeVar

import msgspec
from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from jobs import events, storage
from jobs.models import ChangeKind, Job, Recording, Segment, Speaker, Transcript
from jobs.services import conduct
from jobs.services.change_log import Draft, EditRefused, Outcome, content, done_before, locked, refuse_unseen
from jobs.state import JOB_ACTIVE, JOB_RETRYABLE, JobKind
from media_pipeline.options import TranscribeOptions

J = TypeVar("J", bound=Job)


def versions_of(transcript: Transcript) -> QuerySet[Transcript]:
    """All of the same recording, latest first."""
    return Transcript.objects.filter(recording=transcript.recording_id).order_by("-created_at", "-pk")


def shown_version(recording: Recording) -> Transcript | None:
    """The text people read; None when there is none yet."""
    return recording.transcripts.select_related("job").order_by("-shown_at", "-pk").first()


def shown_in(recordings: QuerySet[Recording]) -> QuerySet[Transcript]:
    """The text that people read of each of many recordings, in no order."""
    later = Q(shown_at__gt=OuterRef("shown_at")) | Q(shown_at=OuterRef("shown_at"), pk__gt=OuterRef("pk"))
    newer = Transcript.objects.filter(later, recording=OuterRef("recording"))
    return Transcript.objects.filter(~Exists(newer), recording__in=recordings).order_by()


def shown_job(jobs: Sequence[J]) -> J:
    """Of a recording's jobs, latest first, the one whose text is shown; the latest while none has given any.

    A run that goes on, or that failed, takes nothing away from what there is to read.
    """
    with_text = [job for job in jobs if getattr(job, "transcript", None) is not None]
    return max(with_text, key=lambda job: (job.transcript.shown_at, job.transcript.pk), default=jobs[0])


def show(version: Transcript) -> bool:
    """Let the pages show another version as it is, when it cannot be restored into the one they show.

    That is so for one in another language. It is undone by showing the other one again.

    Returns:
        False for a version that a second run of its own job has replaced.
    """
    if version.job_id is None:
        return False
    Transcript.objects.filter(pk=version.pk).update(shown_at=timezone.now())
    return True


def discard(job: Job) -> bool:
    """Delete a run that ended without text, where another has given some. False for any other."""
    others = Transcript.objects.filter(recording=job.recording_id)
    with transaction.atomic():
        ended = Job.objects.of_text().select_for_update().filter(pk=job.pk, status__in=JOB_RETRYABLE, transcript=None)
        if not others.exists() or not ended.exists():
            return False
        Job.objects.filter(pk=job.pk).delete()
    storage.delete_below(f"jobs/{job.pk}")
    return True


def transcribe_again(recording: Recording, options: TranscribeOptions) -> Job | None:
    """Start a job that makes another version. None where one is at work already, or the media is gone."""
    with transaction.atomic():
        row = Recording.objects.select_for_update().get(pk=recording.pk)
        if not row.media_key or row.jobs.of_text().filter(status__in=JOB_ACTIVE).exists():
            return None
        job = Job.objects.create(recording=row, kind=JobKind.TRANSCRIBE, options=msgspec.to_builtins(options))
        conduct.start(job)
    events.publish(job.pk)
    return job


def restore_version(
    transcript: Transcript, person: AbstractBaseUser, *, version: int, revision: int, request: str = ""
) -> Outcome:
    """Put the text and the speakers of another version into this one, as one change.

    Args:
        revision: The transcript's, as the person knows it.
        request: See `done_before`.

    Raises:
        EditConflict: The transcript has been changed since.
        EditRefused: There is no such version, or it is in another language.
    """
    with locked(transcript) as row:
        if done := done_before(row, person, request):
            return done
        refuse_unseen(row, revision)
        old = versions_of(row).filter(pk=version).exclude(pk=row.pk).first()
        if old is None:
            raise EditRefused(_("There is no such version."))
        if old.language != row.language:
            raise EditRefused(_("That version is in another language, so it cannot take the place of this one."))
        draft = Draft(row, person, request)
        speakers = _take_over_speakers(draft, old)
        for segment in draft.take(row.segments.all()):
            draft.remove(segment)
        draft.add(*(_copy(segment, speakers) for segment in old.segments.all()))
        return draft.keep(ChangeKind.RESTORE)


def _take_over_speakers(draft: Draft, old: Transcript) -> dict[int, Speaker]:
    """Make the speakers those of `old`: the new ones by the old ones' ids."""
    by_label = {speaker.label: speaker for speaker in draft.speakers.values()}
    wanted = {speaker.label: speaker for speaker in old.speakers.all()}
    for label in by_label.keys() - wanted.keys():
        draft.remove_speaker(by_label[label])
    for label, speaker in wanted.items():
        if label in by_label:
            by_label[label].name = speaker.name
        else:
            by_label[label] = draft.add_speaker(Speaker(label=label, name=speaker.name))
    return {speaker.pk: by_label[label] for label, speaker in wanted.items()}


def _copy(segment: Segment, speakers: dict[int, Speaker]) -> Segment:
    values = content(segment)
    speaker = speakers.get(values.pop("speaker"))
    return Segment(**values, speaker=speaker)

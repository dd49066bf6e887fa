"""A person's recordings: which of them to show, what they are called, and what is done to several at once."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models import Exists, OuterRef, Subquery
from django.db.models.functions import Lower

from jobs import pipeline_gateway
from jobs.models import Job, Recording, RecordingQuerySet, Speaker, Tag, Transcript
from jobs.models.tag import MAX_TAG_CHARS
from jobs.services import versions
from jobs.services.one_line import one_line
from jobs.state import JOB_ACTIVE, JobStatus

MAX_TITLE_CHARS = 300
MAX_SPEAKERS = 200  # offered as a filter
AT_WORK, DONE, FAILED, CANCELLED = "active", "done", "failed", "cancelled"
_STATES: dict[str, frozenset[JobStatus]] = {
    AT_WORK: JOB_ACTIVE,
    DONE: frozenset({JobStatus.COMPLETED}),
    FAILED: frozenset({JobStatus.FAILED}),
    CANCELLED: frozenset({JobStatus.CANCELLED}),
}


@dataclass(frozen=True, slots=True)
class Filters:
    """What the recordings shown have in common; empty where it does not matter. Days are days of this site."""

    speaker: str = ""
    language: str = ""
    status: str = ""
    tag: str = ""
    since: date | None = None
    until: date | None = None

    @property
    def are_any(self) -> bool:
        return self != Filters()


@dataclass(frozen=True, slots=True)
class Choices:
    """What can be filtered by: whatever a person's recordings have, in the texts that people read."""

    speakers: list[str]
    languages: list[str]
    tags: list[str]


def own(person: AbstractBaseUser) -> RecordingQuerySet:
    return Recording.objects.kept().filter(owner=person.pk)


def trashed(person: AbstractBaseUser) -> RecordingQuerySet:
    """Latest deleted first."""
    return Recording.objects.filter(owner=person.pk, deleted_at__isnull=False).order_by("-deleted_at")


def filtered(recordings: RecordingQuerySet, filters: Filters) -> RecordingQuerySet:
    if filters.tag:
        recordings = recordings.filter(tags__name=filters.tag)
    if filters.since:
        recordings = recordings.filter(created_at__date__gte=filters.since)
    if filters.until:
        recordings = recordings.filter(created_at__date__lte=filters.until)
    if filters.status:
        telling = Job.objects.telling().filter(recording=OuterRef("pk")).values("status")[:1]
        recordings = recordings.annotate(told=Subquery(telling)).filter(told__in=_STATES[filters.status])
    return _with_text(recordings, filters) if filters.language or filters.speaker else recordings


def _with_text(recordings: RecordingQuerySet, filters: Filters) -> RecordingQuerySet:
    """By the text that people read."""
    shown = Transcript.objects.filter(recording=OuterRef("pk")).order_by("-shown_at", "-pk")
    if filters.language:
        language = Subquery(shown.values("language")[:1])
        recordings = recordings.annotate(text_language=language).filter(text_language=filters.language)
    if filters.speaker:
        named = Speaker.objects.filter(transcript=OuterRef("shown"), name=filters.speaker)
        recordings = recordings.annotate(shown=Subquery(shown.values("pk")[:1])).filter(Exists(named))
    return recordings


def choices(person: AbstractBaseUser) -> Choices:
    shown = versions.shown_in(own(person))
    languages = shown.order_by("language").values_list("language", flat=True).distinct()
    named = Speaker.objects.filter(transcript__in=shown).exclude(name="").order_by("name")
    tags = Tag.objects.filter(owner=person.pk, recordings__in=own(person)).distinct()
    return Choices(
        list(named.values_list("name", flat=True).distinct()[:MAX_SPEAKERS]),
        list(languages),
        list(tags.order_by(Lower("name")).values_list("name", flat=True)),
    )


# What is done to them -------------------------------------------------------------------------------------------------


def rename(recording: Recording, title: str) -> bool:
    """False for a title in which nothing can be seen, which is not taken."""
    wanted = one_line(title, MAX_TITLE_CHARS)
    return bool(wanted and Recording.objects.filter(pk=recording.pk).update(title=wanted))


def tag_name(typed: str) -> str:
    """A tag as it is kept; empty for none."""
    return one_line(typed.replace(",", " "), MAX_TAG_CHARS)


def add_tag(recordings: Iterable[Recording], typed: str, person: AbstractBaseUser) -> bool:
    """Put a tag on recordings of a person. One that is there in another case is the same. False for an empty one."""
    name = tag_name(typed)
    if not name:
        return False
    with transaction.atomic():
        known = {tag.name.casefold(): tag for tag in Tag.objects.filter(owner=person.pk)}
        tag = known.get(name.casefold()) or Tag.objects.get_or_create(owner_id=person.pk, name=name)[0]
        tag.recordings.add(*recordings)
    return True


def remove_tag(recordings: Iterable[Recording], name: str, person: AbstractBaseUser) -> None:
    """Take a tag off; one that is on nothing any more is gone."""
    with transaction.atomic():
        for tag in Tag.objects.filter(owner=person.pk, name=name):
            tag.recordings.remove(*recordings)
        Tag.objects.filter(owner=person.pk, recordings=None).delete()


def transcribe_again(recordings: Iterable[Recording]) -> int:
    """Start another run of each with the options of its last one. Returns how many were started.

    Those at work already, or without their media, are left as they are.
    """
    started = 0
    for recording in recordings:
        last = recording.jobs.of_text().order_by("-created_at").first()
        if last is not None and versions.transcribe_again(recording, pipeline_gateway.options_of(last)):
            started += 1
    return started


def texts_of(recordings: RecordingQuerySet) -> list[Transcript]:
    """The text that people read of each that has any, latest recording first."""
    shown = versions.shown_in(recordings).select_related("recording", "job")
    return list(shown.order_by("-recording__created_at"))


def chosen(recordings: RecordingQuerySet, ids: Iterable[str]) -> RecordingQuerySet:
    """Those with one of the ids, which came from outside, alone or with commas between them."""
    return recordings.filter(pk__in=list(_uuids(ids)))


def _uuids(ids: Iterable[str]) -> Iterable[UUID]:
    for given in ",".join(ids).split(","):
        try:
            yield UUID(given)
        except ValueError:
            continue  # not one of ours

"""Hearing a passage of a recording again with another engine or model, and what it heard otherwise.

The text that stands is not touched: what people take over of it they take over by ordinary changes.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from operator import attrgetter

import msgspec
from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from jobs import events
from jobs.job_files import JobFiles
from jobs.models import Job, Recording, Segment, Transcript
from jobs.pipeline_gateway import options_of
from jobs.services import conduct
from jobs.state import JOB_ACTIVE, JobKind, JobStatus
from media_pipeline.media import ChunkTranscript
from media_pipeline.options import Passage, TranscribeOptions
from media_pipeline.recipes.passage import HEARD
from media_pipeline.text.choices import Choice, Said, choices, taken
from media_pipeline.text.realign import realign
from media_pipeline.transcript import Seconds, Word
from media_pipeline.transcript import Segment as SpokenSegment

LONGEST: Seconds = 600.0
SHORTEST: Seconds = 0.1
AT_ONCE = 3
# What stands this near to a passage is compared as well, so that its edges are clean.
NEAR: Seconds = 5.0


class PassageRefused(Exception):
    """The passage cannot be heard again; the message says why, and what can be done."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of a sentence. Where nothing was heard otherwise, `choice` is None; else `taken` is the whole sentence
    with what was heard in its place, empty when nothing is left.
    """

    text: str
    choice: Choice | None = None
    taken: str = ""

    @property
    def length(self) -> int:
        """How many characters both sides have together."""
        return len(self.text) + (len(self.choice.other) if self.choice else 0)


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of the passage as it stands, cut into pieces. `taken` is with all that was heard otherwise."""

    segment: Segment
    pieces: list[Piece]
    taken: str

    @property
    def differs(self) -> bool:
        return any(piece.choice for piece in self.pieces)


@dataclass(frozen=True, slots=True)
class Difference:
    """What stands, and where it was heard otherwise. `heard` counts the words that were heard."""

    sentences: list[Sentence]
    heard: int
    warnings: list[str]

    @property
    def count(self) -> int:
        return sum(piece.choice is not None for sentence in self.sentences for piece in sentence.pieces)


def listen_again(transcript: Transcript, options: TranscribeOptions, *, start: Seconds, end: Seconds) -> Job:
    """Start a job that hears the recording again from `start` to `end`.

    Raises:
        PassageRefused: It is too long, or none; the media is gone; or others are being heard already.
    """
    asked = replace(options, speakers=None, passage=Passage(start, end))
    with transaction.atomic():
        recording = Recording.objects.select_for_update().get(pk=transcript.recording_id)
        _refuse_nonsense(recording, start, end)
        active = recording.jobs.filter(kind=JobKind.PASSAGE, status__in=JOB_ACTIVE).count()
        if active >= AT_ONCE:
            raise PassageRefused(_("Other passages of this recording are being heard already. Wait for one to end."))
        job = Job.objects.create(recording=recording, kind=JobKind.PASSAGE, options=msgspec.to_builtins(asked))
        conduct.start(job)
    events.publish(job.pk)
    return job


def _refuse_nonsense(recording: Recording, start: Seconds, end: Seconds) -> None:
    if not recording.media_key:
        raise PassageRefused(_("The audio of this recording was deleted, so nothing of it can be heard again."))
    if end - start < SHORTEST:
        raise PassageRefused(_("There is nothing to hear in this passage: it must end after it begins."))
    if end - start > LONGEST:
        minutes = round(LONGEST / 60)
        raise PassageRefused(
            ngettext(
                "A passage of at most %(count)d minute can be heard again. Choose fewer sentences.",
                "A passage of at most %(count)d minutes can be heard again. Choose fewer sentences.",
                minutes,
            )
            % {"count": minutes}
        )
    if recording.duration is not None and start >= recording.duration:
        raise PassageRefused(_("The recording ends before this passage begins."))


def difference(job: Job, transcript: Transcript) -> Difference | None:
    """What the job heard otherwise than it stands in the transcript now. None until it has heard anything."""
    passage = options_of(job).passage
    if passage is None or job.status != JobStatus.COMPLETED:
        return None
    chunks = JobFiles(job, HEARD[0], 0, 0, settings.DATA_DIR).load(*HEARD, list[ChunkTranscript])
    heard = [word for chunk in chunks for segment in chunk.segments for word in _words(segment, chunk.language)]
    rows = list(_near(transcript, passage))
    inside = [row for row in rows if passage.start <= (row.start + row.end) / 2 <= passage.end]
    said = [Said(row.pk, row.text, row.spoken_words, is_around=row not in inside) for row in rows]
    by_sentence: defaultdict[int, list[Choice]] = defaultdict(list)
    for choice in choices(said, heard, transcript.language, start=passage.start, end=passage.end):
        by_sentence[choice.key].append(choice)
    sentences = [_sentence(row, by_sentence[row.pk], transcript.language) for row in inside]
    count = sum(passage.start <= (word.start + word.end) / 2 <= passage.end for word in heard)
    return Difference(sentences, count, job.warnings)


def _near(transcript: Transcript, passage: Passage) -> QuerySet[Segment]:
    """The sentences of a passage and around it, in order."""
    inside = transcript.segments.filter(start__lt=passage.end + NEAR, end__gt=passage.start - NEAR)
    return inside.select_related("speaker").order_by("start", "pk")


def _words(segment: SpokenSegment, language: str) -> tuple[Word, ...]:
    """Its words; laid over its time where an engine gives no times of words."""
    start, end = segment.start, segment.end
    return segment.words or realign((), segment.text, language, start=start, end=end, is_confirmed=False)


def _sentence(row: Segment, found: list[Choice], language: str) -> Sentence:
    return Sentence(row, list(_pieces(row.text, found, language)), taken(row.text, found, language))


def _pieces(text: str, found: list[Choice], language: str) -> Iterator[Piece]:
    at = 0
    for choice in sorted(found, key=attrgetter("first", "last")):
        if choice.first > at:
            yield Piece(text[at : choice.first])
        yield Piece(choice.yours, choice, taken(text, [choice], language))
        at = choice.last
    if at < len(text):
        yield Piece(text[at:])

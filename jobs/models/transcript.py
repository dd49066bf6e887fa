"""The words of a recording."""

from collections.abc import Iterable, Sequence
from itertools import count
from typing import Any

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from jobs.models.job import Job
from jobs.models.recording import Recording
from media_pipeline.transcript import Mark, Word
from media_pipeline.transcript import Segment as SpokenSegment

CONFIRMED = "confirmed"


class Transcript(models.Model):
    """One version of the words of a recording, in one language, made by one job.

    A version that people changed is kept when its job makes another, with its history, but no longer has the job.
    """

    recording = models.ForeignKey(Recording, on_delete=models.CASCADE, related_name="transcripts")
    job = models.OneToOneField(Job, null=True, on_delete=models.CASCADE, related_name="transcript")
    language = models.CharField(max_length=20)
    engine = models.CharField(max_length=40)
    model = models.CharField(max_length=200)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    shown_at = models.DateTimeField(
        default=timezone.now, editable=False, help_text="Since when the pages show it, unless another is shown since."
    )
    revision = models.PositiveIntegerField(default=0, help_text="The number of its last change.")

    class Meta:
        verbose_name, verbose_name_plural = _("transcript"), _("transcripts")
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return f"{self.language} by {self.engine}"


class Speaker(models.Model):
    """A speaker label of a transcript, and what the user calls that person."""

    transcript = models.ForeignKey(Transcript, on_delete=models.CASCADE, related_name="speakers")
    label = models.CharField(max_length=40)
    name = models.CharField(max_length=100, blank=True)

    class Meta:
        verbose_name, verbose_name_plural = _("speaker"), _("speakers")
        ordering = ["label"]
        constraints = [models.UniqueConstraint(fields=["transcript", "label"], name="speaker_label_once")]

    def __str__(self) -> str:
        return self.display_name

    @property
    def display_name(self) -> str:
        """The given name, or "Speaker 1" for SPEAKER_00, in the reader's language."""
        number = self.label.rpartition("_")[2]
        unnamed = gettext("Speaker %(number)d") % {"number": int(number) + 1} if number.isdigit() else self.label
        return self.name or unnamed


class Segment(models.Model):
    """A sentence-like piece with one speaker. `words` holds a row each, see `word_rows`.

    Segments are in order of time, so that one can be put between two others without touching these.
    `marks` says why to listen again before trusting it: values of `media_pipeline.transcript.Mark`.
    """

    transcript = models.ForeignKey(Transcript, on_delete=models.CASCADE, related_name="segments")
    start = models.FloatField()
    end = models.FloatField()
    speaker = models.ForeignKey(Speaker, null=True, blank=True, on_delete=models.SET_NULL, related_name="segments")
    text = models.TextField()
    words = models.JSONField(default=list)
    confidence = models.FloatField(null=True)
    marks = models.JSONField(default=list, blank=True)
    is_edited = models.BooleanField(default=False, help_text="People corrected or confirmed its words.")
    is_speaker_chosen = models.BooleanField(default=False, help_text="A person said who speaks, or that nobody does.")
    revision = models.PositiveIntegerField(default=0, help_text="Rises with each change; an older one is refused.")

    class Meta:
        verbose_name, verbose_name_plural = _("segment"), _("segments")
        ordering = ["start", "pk"]
        indexes = [models.Index(fields=["transcript", "start", "id"], name="segment_by_time")]
        constraints = [
            models.CheckConstraint(condition=models.Q(end__gte=models.F("start")), name="segment_ends_after_start"),
        ]

    def __str__(self) -> str:
        return f"{self.start:.2f}–{self.end:.2f}"

    @property
    def spoken_words(self) -> tuple[Word, ...]:
        """The words as the pipeline knows them."""
        return tuple(_word(*row) for row in self.words)

    def as_spoken(self, *, has_words: bool = True) -> SpokenSegment:
        """All of it as the pipeline knows it; marks it does not know are left out. Reads the speaker.

        Without words it is the text alone, for which the words need not have been read.
        """
        label = self.speaker.label if self.speaker else None
        words = tuple([_word(*row, speaker=label) for row in self.words]) if has_words else ()
        marks = tuple(mark for mark in Mark if mark in self.marks) if self.marks else ()
        return SpokenSegment(self.start, self.end, self.text, words, label, self.confidence, marks)


def _word(
    text: str,
    start: float,
    end: float,
    confidence: float | None,
    notes: Sequence[str] = (),
    *,
    speaker: str | None = None,
) -> Word:
    if not notes:
        return Word(text, start, end, confidence, speaker)
    marks = tuple(mark for mark in Mark if mark in notes)
    return Word(text, start, end, confidence, speaker, marks, CONFIRMED in notes)


def free_label(used: Iterable[str]) -> str:
    """A label for one more speaker, behind all those used."""
    numbers = [int(number) for number in (label.rpartition("_")[2] for label in used) if number.isdecimal()]
    return f"SPEAKER_{max(numbers, default=-1) + 1:02d}"


def places_of(speakers: Iterable[Speaker]) -> dict[int, int]:
    """A number from 0 on for the id of each speaker of a transcript.

    It is the one in the label, so that it stays when others come and go; behind all those where the label has none.
    """
    known = list(speakers)
    places: dict[int, int] = {}
    for speaker in known:
        number = speaker.label.rpartition("_")[2]
        if number.isdecimal() and int(number) not in places.values():
            places[speaker.pk] = int(number)
    left = [speaker.pk for speaker in known if speaker.pk not in places]
    return places | dict(zip(left, count(max(places.values(), default=-1) + 1), strict=False))


def word_rows(words: Iterable[Word]) -> list[list[Any]]:
    """`[text, start, end, confidence]` of each, in seconds.

    A fifth item lists what else is known of a word, where anything is: values of `Mark`, and "confirmed" when a
    person typed it or said that it is right.
    """
    rows: list[list[Any]] = []
    for word in words:
        notes = [*word.marks, *([CONFIRMED] if word.is_confirmed else [])]
        rows.append([word.text, word.start, word.end, word.confidence, *([notes] if notes else [])])
    return rows

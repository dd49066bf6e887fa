"""Which words and passages of a transcript people should listen to before they trust them."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

import msgspec
from django.db.models import TextField
from django.db.models.functions import Cast

from jobs.models import Transcript
from jobs.models.transcript import CONFIRMED
from media_pipeline.transcript import Seconds

WORDS_AT_ONCE = 1000
PASSAGES_AT_ONCE = 1000

# (id of its segment, its start, its index among the words of the segment)
Place: TypeAlias = tuple[int, Seconds, int]
# (id of the first of its segments, the start of that, the mark)
Passage: TypeAlias = tuple[int, Seconds, str]


class _Word(msgspec.Struct, array_like=True, gc=False):
    """A row of `Segment.words`, its text unread."""

    text: msgspec.Raw
    start: Seconds
    end: Seconds
    confidence: float | None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Doubts:
    """Words from the one numbered `first` on, of `total`; passages, of as many as `marks` says for each mark.

    `known` is how many words have a confidence at all, those included that people are sure of.
    """

    words: list[Place]
    first: int
    total: int
    known: int
    passages: list[Passage]
    marks: dict[str, int]


def doubts(transcript: Transcript, *, below: int, skip: int | None = None, at: Seconds = 0.0) -> Doubts:
    """The words that the engine was sure of by less than `below` percent, and the marked passages; both in order.

    A word that a person typed or confirmed is not in doubt. A passage is a row of segments with the same mark.

    Args:
        skip: How many doubtful words come before those to tell.
        at: Without `skip`, the words around this time are told.
    """
    read = transcript.segments.annotate(raw=Cast("words", TextField()), marked=Cast("marks", TextField()))
    rows = list(read.values_list("pk", "start", "raw", "marked"))
    words, known = _doubtful(((pk, raw) for pk, _, raw, _ in rows), below)
    first = _around(words, at) if skip is None else min(skip, len(words))
    passages = list(_passages((pk, start, marked) for pk, start, _, marked in rows))
    return Doubts(
        words=words[first : first + WORDS_AT_ONCE],
        first=first,
        total=len(words),
        known=known,
        passages=passages[:PASSAGES_AT_ONCE],
        marks=dict(Counter(mark for _, _, mark in passages)),
    )


def _doubtful(rows: Iterable[tuple[int, str]], below: int) -> tuple[list[Place], int]:
    """All doubtful words, and how many words have a confidence. 100,000 words take 50 ms."""
    known, found = 0, []
    decode = msgspec.json.Decoder(list[_Word]).decode
    for pk, raw in rows:
        for index, word in enumerate(decode(raw)):
            confidence = word.confidence
            if confidence is None:
                continue
            known += 1
            # Pages know whole percents, so these are compared.
            if 100 * confidence < below and round(100 * confidence) < below and CONFIRMED not in word.notes:
                found.append((pk, word.start, index))
    return found, known


def _passages(rows: Iterable[tuple[int, Seconds, str]]) -> Iterator[Passage]:
    decode = msgspec.json.Decoder(list[str]).decode
    before: list[str] = []
    for pk, start, raw in rows:
        marks = [] if raw == "[]" else decode(raw)
        for mark in marks:
            if mark not in before:
                yield pk, start, mark
        before = marks


def _around(words: list[Place], at: Seconds) -> int:
    """The number of the first word to tell, so that as many before `at` are told as behind it."""
    middle = bisect_left(words, at, key=lambda place: place[1])
    return max(0, min(middle - WORDS_AT_ONCE // 2, len(words) - WORDS_AT_ONCE))

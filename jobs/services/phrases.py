"""Looking for a phrase in a transcript."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from jobs.models import Transcript
from media_pipeline.transcript import Seconds

AROUND = 40


@dataclass(frozen=True, slots=True)
class Match:
    """A place where the phrase stands: `offset` and `length` count characters of the segment's text."""

    segment: int
    start: Seconds
    offset: int
    length: int
    before: str
    text: str
    after: str


def pattern(phrase: str, *, match_case: bool = False, whole_word: bool = False) -> re.Pattern[str]:
    """What finds `phrase`. A whole word has no letter, digit or underscore at either side, in any script."""
    found = re.escape(phrase)
    if whole_word:
        found = rf"(?<!\w){found}(?!\w)"
    return re.compile(found, 0 if match_case else re.IGNORECASE)


def matches(transcript: Transcript, wanted: re.Pattern[str]) -> Iterator[Match]:
    """All places, in order. In Python: SQLite ignores case in ASCII alone, and 12,000 segments take 20 ms."""
    for pk, start, text in transcript.segments.values_list("pk", "start", "text"):
        for found in wanted.finditer(text):
            first, last = found.span()
            before, after = text[max(0, first - AROUND) : first], text[last : last + AROUND]
            yield Match(pk, start, first, last - first, before, found[0], after)

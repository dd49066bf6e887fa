"""The one core type: what was said, when, and by whom. All times are seconds on the recording's clock."""

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

Seconds: TypeAlias = float


class Mark(StrEnum):
    """Why a reader should listen again before trusting words."""

    OVERLAP = "overlap"  # several people speak at once
    REPEATED = "repeated"  # the engine says the same again and again
    DOUBTFUL = "doubtful"  # hardly any voice is heard, or the engine is very unsure: perhaps invented


@dataclass(frozen=True, slots=True)
class Word:
    """One spoken word with its punctuation. `confidence` is 0..1, None when the engine gives none.

    `is_confirmed` when a person typed it or said that it is right; `confidence` is then 1.
    """

    text: str
    start: Seconds
    end: Seconds
    confidence: float | None = None
    speaker: str | None = None
    marks: tuple[Mark, ...] = ()
    is_confirmed: bool = False


@dataclass(frozen=True, slots=True)
class Segment:
    """A sentence-like piece with one speaker. `text` is the words joined as they are to be read."""

    start: Seconds
    end: Seconds
    text: str
    words: tuple[Word, ...] = ()
    speaker: str | None = None
    confidence: float | None = None
    marks: tuple[Mark, ...] = ()


@dataclass(frozen=True, slots=True)
class Transcript:
    """One version of the words of a recording. `language` is BCP 47; segments are in time order."""

    language: str
    segments: tuple[Segment, ...]
    duration: Seconds
    engine: str
    model: str
    warnings: tuple[str, ...] = ()

"""What an export format is, and what all formats share."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import TypeAlias

from media_pipeline.exports.options import ExportOptions
from media_pipeline.text.one_line import clean as clean  # noqa: PLC0414 - the formats take it from here
from media_pipeline.transcript import Transcript

SpeakerNames: TypeAlias = Mapping[str, str]
Rendered: TypeAlias = str | bytes | Iterable[str]

_MINUTES = tuple(f"{number // 60:02d}:{number % 60:02d}" for number in range(3600))
_THOUSANDTHS = tuple(f"{number:03d}" for number in range(1000))
_LABEL = re.compile(r"SPEAKER_(\d+)")


class Kind(StrEnum):
    """What a format is for."""

    DOCUMENT = "document"  # to be read
    SUBTITLES = "subtitles"  # to be shown with the recording
    DATA = "data"  # to be worked on by programs


@dataclass(frozen=True, slots=True)
class Exporter:
    """A format people can take a transcript away in.

    Attributes:
        title: For people.
        extension: Without the dot; no two formats have the same.
        render: The whole file, from a transcript that is cut to the range already and the names given to its speaker
            labels. Text may come in pieces.
        note: A sentence on what it is good for, for people.
        uses_words: Whether it tells anything of single words; else their rows need not be read.
    """

    name: str
    title: str
    extension: str
    content_type: str
    render: Callable[[Transcript, SpeakerNames, ExportOptions], Rendered]
    kind: Kind = Kind.DOCUMENT
    note: str = ""
    uses_words: bool = True


def speaker_name(label: str, names: SpeakerNames) -> str:
    """The name given to a label; else "Speaker 1" for SPEAKER_00."""
    name = clean(names.get(label, ""))
    if name:
        return name
    number = _LABEL.fullmatch(label)
    return f"Speaker {int(number[1]) + 1}" if number else clean(label)


def clock(seconds: float, separator: str) -> str:
    """HH:MM:SS and milliseconds, rounded; `separator` stands before the milliseconds."""
    return clock_ms(round(seconds * 1000), separator)


def clock_ms(ms: int, separator: str) -> str:
    """The same of milliseconds. What is before the beginning is at the beginning."""
    # Subtitles are mostly clocks: 0.2 µs where a format of all four numbers took 0.8.
    if ms < 0:
        return clock_ms(0, separator)
    second = ms // 1000
    return f"{_hour(second // 3600)}{_MINUTES[second % 3600]}{separator}{_THOUSANDTHS[ms % 1000]}"


@lru_cache(maxsize=8)
def _hour(number: int) -> str:
    return f"{number:02d}:"


def whole_clock(seconds: float) -> str:
    """HH:MM:SS, rounded down, so that a player put there plays the first word."""
    minutes, secs = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02d}:{minutes:02d}:{secs:02d}"

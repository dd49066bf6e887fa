"""What an export format is, and what all formats share."""

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from media_pipeline.transcript import Transcript

SpeakerNames: TypeAlias = Mapping[str, str]

_LABEL = re.compile(r"SPEAKER_(\d+)")


@dataclass(frozen=True, slots=True)
class Exporter:
    """A format people can take a transcript away in.

    Attributes:
        title: For people.
        extension: Without the dot.
        render: The whole file, from a transcript and the names given to its speaker labels.
    """

    name: str
    title: str
    extension: str
    content_type: str
    render: Callable[[Transcript, SpeakerNames], str | bytes]


def speaker_name(label: str, names: SpeakerNames) -> str:
    """The name given to a label; else "Speaker 1" for SPEAKER_00."""
    name = clean(names.get(label, ""))
    if name:
        return name
    number = _LABEL.fullmatch(label)
    return f"Speaker {int(number[1]) + 1}" if number else clean(label)


def clean(text: str) -> str:
    """`text` on one line: white space of any kind is one space, control characters and broken surrogates are gone."""
    if text.isascii() and text.isprintable():
        return " ".join(text.split())
    visible = "".join(
        character if unicodedata.category(character) not in ("Cc", "Cs") or character.isspace() else ""
        for character in text
    )
    return " ".join(visible.split())


def clock(seconds: float, separator: str) -> str:
    """HH:MM:SS and milliseconds, rounded; `separator` stands before the milliseconds."""
    total_ms = round(max(0.0, seconds) * 1000)
    total_seconds, milliseconds = divmod(total_ms, 1000)
    minutes, secs = divmod(total_seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02d}:{minutes:02d}:{secs:02d}{separator}{milliseconds:03d}"

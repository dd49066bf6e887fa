"""JSON with everything: segments, words, times in seconds, confidences, speakers and marks. See docs/export-json.md."""

import json
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from media_pipeline.exports.base import Exporter, Kind, SpeakerNames, speaker_name
from media_pipeline.exports.options import ExportOptions
from media_pipeline.transcript import Segment, Transcript, Word
from media_pipeline.wording import say

SCHEMA_VERSION = 1


def render(transcript: Transcript, names: SpeakerNames, options: ExportOptions) -> Iterator[str]:
    """One object, a line for each segment; its shape only grows within a `schema_version`. Unknown values are null."""
    yield line(_head(transcript, names, options))[:-1] + ',\n"segments":['
    yield from listed(_segment(number, segment) for number, segment in enumerate(transcript.segments))
    yield "]}\n"


def listed(values: Iterable[Any]) -> Iterator[str]:
    """The inside of a list, a line for each value."""
    separator = "\n"
    for value in values:
        yield separator + line(value)
        separator = ",\n"
    yield "\n" if separator != "\n" else ""


def line(value: Any) -> str:
    """A lone surrogate cannot be written as UTF-8; escaped it can."""
    try:
        return msgspec.json.encode(value).decode()
    except UnicodeEncodeError:
        return json.dumps(value, separators=(",", ":"))


def _head(transcript: Transcript, names: SpeakerNames, options: ExportOptions) -> dict[str, Any]:
    about = options.about
    return {
        "schema_version": SCHEMA_VERSION,
        "title": about.title or None,
        "created": about.created or None,
        "media": about.media or None,
        "address": about.address or None,
        "language": transcript.language,
        "duration": _seconds(transcript.duration),
        "range": [options.start, options.end],
        "original": options.original,
        "engine": transcript.engine,
        "model": transcript.model,
        "warnings": transcript.warnings,
        "speakers": list(_speakers(transcript, names, options)),
    }


def _speakers(transcript: Transcript, names: SpeakerNames, options: ExportOptions) -> Iterator[dict[str, Any]]:
    """Those who say anything, in the order in which they begin; `seconds` is how long they speak."""
    spoken: dict[str, float] = {}
    for segment in transcript.segments:
        if segment.speaker:
            spoken[segment.speaker] = spoken.get(segment.speaker, 0.0) + segment.end - segment.start
    for label, seconds in spoken.items():
        name = speaker_name(label, names) if options.names else None
        yield {"id": label, "name": name, "seconds": _seconds(seconds)}


def _segment(number: int, segment: Segment) -> dict[str, Any]:
    return {
        "id": number,
        "start": _seconds(segment.start),
        "end": _seconds(segment.end),
        "speaker": segment.speaker,
        "text": segment.text,
        "confidence": segment.confidence,
        "marks": segment.marks,
        "words": [_word(word) for word in segment.words],
    }


def _word(word: Word) -> dict[str, Any]:
    return {
        "text": word.text,
        "start": _seconds(word.start),
        "end": _seconds(word.end),
        "confidence": word.confidence,
        "speaker": word.speaker,
        "marks": word.marks,
        "confirmed": word.is_confirmed,
    }


def _seconds(value: float) -> float:
    return round(value, 3)


JSON = Exporter(
    "json",
    say("JSON with all details"),
    "json",
    "application/json",
    render,
    Kind.DATA,
    say("Every word with its times, its speaker and how sure it is."),
)

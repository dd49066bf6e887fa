"""JSON in the shape of `verbose_json` of OpenAI's speech interface, for programs made for that one.

https://platform.openai.com/docs/api-reference/audio/verbose-json-object
"""

import math
import zlib
from collections.abc import Iterator
from typing import Any

from media_pipeline.exports.base import Exporter, Kind, SpeakerNames
from media_pipeline.exports.json import line, listed
from media_pipeline.exports.options import ExportOptions
from media_pipeline.languages import english_name, has_spaces
from media_pipeline.transcript import Segment, Transcript
from media_pipeline.wording import say


def render(transcript: Transcript, _names: SpeakerNames, _options: ExportOptions) -> Iterator[str]:
    """`tokens` are empty, and `seek`, `temperature` and `no_speech_prob` are 0: they are not kept."""
    joiner = " " if has_spaces(transcript.language) else ""
    head = {
        "task": "transcribe",
        "language": english_name(transcript.language).lower(),
        "duration": round(transcript.duration, 3),
        "text": joiner.join(segment.text.strip() for segment in transcript.segments),
    }
    yield line(head)[:-1] + ',\n"words":['
    yield from listed(
        {"word": word.text, "start": round(word.start, 3), "end": round(word.end, 3)}
        for segment in transcript.segments
        for word in segment.words
    )
    yield '],\n"segments":['
    yield from listed(_segment(number, segment) for number, segment in enumerate(transcript.segments))
    yield "]}\n"


def _segment(number: int, segment: Segment) -> dict[str, Any]:
    return {
        "id": number,
        "seek": 0,
        "start": round(segment.start, 3),
        "end": round(segment.end, 3),
        "text": segment.text,
        "tokens": [],
        "temperature": 0.0,
        "avg_logprob": _log(segment.confidence),
        "compression_ratio": _compression(segment.text),
        "no_speech_prob": 0.0,
    }


def _log(confidence: float | None) -> float:
    """0, the surest there is, when the engine gives no confidence: readers expect a number."""
    return round(math.log(max(confidence, 1e-6)), 4) if confidence is not None else 0.0


def _compression(text: str) -> float:
    """As Whisper counts it: bytes over bytes deflated."""
    data = text.encode("utf-8", "replace")
    return round(len(data) / len(zlib.compress(data)), 4)


VERBOSE_JSON = Exporter(
    "verbose_json",
    say("JSON as OpenAI writes it"),
    "verbose.json",
    "application/json",
    render,
    Kind.DATA,
    say("For programs made for OpenAI's verbose_json."),
)

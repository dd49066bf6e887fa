"""JSON with everything: segments, words, times in seconds, confidences, speakers and marks."""

import json
from typing import Any

from media_pipeline.exports.base import Exporter, SpeakerNames, speaker_name
from media_pipeline.transcript import Segment, Transcript, Word
from media_pipeline.wording import say

SCHEMA_VERSION = 1


def render(transcript: Transcript, names: SpeakerNames) -> str:
    """One object; its shape only grows within a `schema_version`. Unknown values are null.

    `marks` lists values of `Mark`: why to listen again before trusting a segment or word.
    """
    labels = dict.fromkeys(segment.speaker for segment in transcript.segments if segment.speaker)
    content = {
        "schema_version": SCHEMA_VERSION,
        "language": transcript.language,
        "duration": _seconds(transcript.duration),
        "engine": transcript.engine,
        "model": transcript.model,
        "warnings": transcript.warnings,
        "speakers": [{"id": label, "name": speaker_name(label, names)} for label in labels],
        "segments": [_segment(number, segment) for number, segment in enumerate(transcript.segments)],
    }
    # A lone surrogate cannot be written as UTF-8; escaped it can.
    return json.dumps(content, ensure_ascii=False, indent=2).encode("utf-8", "backslashreplace").decode() + "\n"


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
    }


def _seconds(value: float) -> float:
    return round(value, 3)


JSON = Exporter("json", say("JSON with all details"), "json", "application/json", render)

"""Put what is said into paragraphs: one for each sentence, or one for each turn of a speaker."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from media_pipeline.exports.base import SpeakerNames, clean, speaker_name
from media_pipeline.exports.options import ExportOptions
from media_pipeline.languages import has_spaces
from media_pipeline.transcript import Seconds, Segment, Transcript

# A long turn gets a new time now and then, so that a passage can be found again.
MAX_PARAGRAPH: Seconds = 60.0


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Never without text.

    Attributes:
        speaker: The name for people; empty where nobody is known or names are not wanted.
        voice: The speaker's number, in the order in which they begin; -1 for nobody.
        is_change: Whether it is not the same one who spoke before it.
        confidence: 0..1, the mean of what it is made of; None when that is not known.
    """

    start: Seconds
    end: Seconds
    text: str
    speaker: str = ""
    voice: int = -1
    is_change: bool = False
    confidence: float | None = None


def paragraphs(transcript: Transcript, names: SpeakerNames, options: ExportOptions) -> Iterator[Paragraph]:
    """Those of a transcript, in order of time."""
    joiner = " " if has_spaces(transcript.language) else ""
    voices: dict[str | None, int] = {None: -1}
    before = -2
    for group in _groups(transcript.segments) if options.by_turn else _alone(transcript.segments):
        label = group[0][0].speaker
        voice = voices.setdefault(label, len(voices) - 1)
        yield Paragraph(
            start=group[0][0].start,
            end=max(segment.end for segment, _ in group),
            text=joiner.join(text for _, text in group),
            speaker=speaker_name(label, names) if options.names and label else "",
            voice=voice,
            is_change=voice != before,
            confidence=_mean([segment.confidence for segment, _ in group]),
        )
        before = voice


def _alone(segments: Iterable[Segment]) -> Iterator[list[tuple[Segment, str]]]:
    """Each segment with its text as one line; those without text are left out."""
    return ([(segment, text)] for segment in segments if (text := clean(segment.text)))


def _groups(segments: Iterable[Segment]) -> Iterator[list[tuple[Segment, str]]]:
    group: list[tuple[Segment, str]] = []
    for (one,) in _alone(segments):
        if group and (one[0].speaker != group[0][0].speaker or one[0].end - group[0][0].start > MAX_PARAGRAPH):
            yield group
            group = []
        group.append(one)
    if group:
        yield group


def _mean(confidences: Sequence[float | None]) -> float | None:
    known = [one for one in confidences if one is not None]
    return sum(known) / len(known) if known else None

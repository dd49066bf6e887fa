"""Put what is said into paragraphs: one for each sentence, or one for each turn of a speaker."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from media_pipeline.exports.base import SpeakerNames, clean, speaker_name
from media_pipeline.exports.options import ExportOptions
from media_pipeline.languages import has_spaces
from media_pipeline.transcript import Seconds, Segment, Transcript

# A long turn gets a new time now and then, so that a passage can be found again.
MAX_PARAGRAPH: Seconds = 60.0


@dataclass(slots=True)
class Paragraph:
    """Never without text.

    Attributes:
        segments: What it is made of.
        speaker: The name for people; empty where nobody is known or names are not wanted.
        voice: The speaker's number, in the order in which they begin; -1 for nobody.
        is_change: Whether it is not the same one who spoke before it.
    """

    segments: list[Segment]
    text: str
    speaker: str
    voice: int
    is_change: bool

    @property
    def start(self) -> Seconds:
        return self.segments[0].start

    @property
    def end(self) -> Seconds:
        return max(segment.end for segment in self.segments)

    @property
    def confidence(self) -> float | None:
        """0..1, the mean of what it is made of; None when that is not known."""
        known = [segment.confidence for segment in self.segments if segment.confidence is not None]
        return sum(known) / len(known) if known else None


def paragraphs(transcript: Transcript, names: SpeakerNames, options: ExportOptions) -> Iterator[Paragraph]:
    """Those of a transcript, in order of time."""
    joiner = " " if has_spaces(transcript.language) else ""
    voices: dict[str | None, int] = {None: -1}
    shown: dict[str | None, str] = {None: ""}
    before = -2
    for segments, texts in _turns(transcript.segments) if options.by_turn else _alone(transcript.segments):
        label = segments[0].speaker
        if label not in voices:
            voices[label] = len(voices) - 1
            shown[label] = speaker_name(label, names) if options.names and label else ""
        voice = voices[label]
        yield Paragraph(segments, joiner.join(texts), shown[label], voice, voice != before)
        before = voice


def _alone(segments: Iterable[Segment]) -> Iterator[tuple[list[Segment], list[str]]]:
    """Each segment with its text as one line; those without text are left out."""
    return (([segment], [text]) for segment in segments if (text := clean(segment.text)))


def _turns(segments: Iterable[Segment]) -> Iterator[tuple[list[Segment], list[str]]]:
    group: list[Segment] = []
    texts: list[str] = []
    for segment in segments:
        text = clean(segment.text)
        if not text:
            continue
        if group and (segment.speaker != group[0].speaker or segment.end - group[0].start > MAX_PARAGRAPH):
            yield group, texts
            group, texts = [], []
        group.append(segment)
        texts.append(text)
    if group:
        yield group, texts

"""How a document to be read is laid out, the same in all its formats."""

from collections.abc import Iterator
from dataclasses import dataclass

from media_pipeline.exports.base import SpeakerNames, whole_clock
from media_pipeline.exports.options import ExportOptions
from media_pipeline.exports.paragraphs import paragraphs
from media_pipeline.transcript import Transcript


@dataclass(frozen=True, slots=True)
class Block:
    """A name with a time in a line of its own, and a paragraph below; without a name, time and text in one.

    Attributes:
        name: Empty where it need not be said again, or is not known.
        voice: The speaker's number; -1 for nobody.
        name_time: Beside the name; empty where it stands before the text, or times are not wanted.
        text_time: Before the text.
        link: Where that time can be heard; empty when there is no address.
    """

    name: str
    voice: int
    name_time: str
    text_time: str
    text: str
    link: str


def blocks(transcript: Transcript, names: SpeakerNames, options: ExportOptions) -> Iterator[Block]:
    """A name stands with each turn, or, where sentences have paragraphs of their own, at a change of speaker."""
    for paragraph in paragraphs(transcript, names, options):
        name = paragraph.speaker if options.by_turn or paragraph.is_change else ""
        time = whole_clock(paragraph.start) if options.times else ""
        has_time_above = bool(name) and options.by_turn
        yield Block(
            name=name,
            voice=paragraph.voice,
            name_time=time if has_time_above else "",
            text_time="" if has_time_above else time,
            text=paragraph.text,
            link=options.about.moment(paragraph.start),
        )

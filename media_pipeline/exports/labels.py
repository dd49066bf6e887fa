"""Audacity's label track. https://manual.audacityteam.org/man/importing_and_exporting_labels.html"""

from collections.abc import Iterator

from media_pipeline.exports.base import Exporter, Kind, SpeakerNames
from media_pipeline.exports.options import ExportOptions
from media_pipeline.exports.paragraphs import paragraphs
from media_pipeline.transcript import Transcript
from media_pipeline.wording import say


def render(transcript: Transcript, names: SpeakerNames, options: ExportOptions) -> Iterator[str]:
    """Start and end in seconds, and the text with the speaker's name before it."""
    for paragraph in paragraphs(transcript, names, options):
        name = f"{paragraph.speaker}: " if paragraph.speaker else ""
        yield f"{paragraph.start:.6f}\t{max(paragraph.start, paragraph.end):.6f}\t{name}{paragraph.text}\n"


LABELS = Exporter(
    "labels",
    say("Audacity labels"),
    "labels.txt",
    "text/plain; charset=utf-8",
    render,
    Kind.DATA,
    say("A label track for cutting the sound."),
    uses_words=False,
)

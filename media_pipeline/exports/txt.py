"""Plain text: a paragraph per speaker turn, or a line per sentence, each with the time at which it begins."""

from collections.abc import Iterator

from media_pipeline.exports.base import Exporter, Kind, SpeakerNames, whole_clock
from media_pipeline.exports.options import ExportOptions
from media_pipeline.exports.paragraphs import Paragraph, paragraphs
from media_pipeline.transcript import Transcript
from media_pipeline.wording import say


def render(transcript: Transcript, names: SpeakerNames, options: ExportOptions) -> Iterator[str]:
    """`[00:01:23] Name:` with the paragraph below; without a speaker, or for a sentence, all of it on one line."""
    is_first = True
    for paragraph in paragraphs(transcript, names, options):
        separator = "" if is_first or not options.by_turn else "\n"
        is_first = False
        yield f"{separator}{_heading(paragraph, options)}{paragraph.text}\n"


def _heading(paragraph: Paragraph, options: ExportOptions) -> str:
    time = f"[{whole_clock(paragraph.start)}] " if options.times else ""
    if not paragraph.speaker:
        return time
    return f"{time}{paragraph.speaker}:" + ("\n" if options.by_turn else " ")


TXT = Exporter(
    "txt",
    say("Plain text"),
    "txt",
    "text/plain; charset=utf-8",
    render,
    Kind.DOCUMENT,
    say("Opens everywhere: for mails, notes and other programs."),
    uses_words=False,
)

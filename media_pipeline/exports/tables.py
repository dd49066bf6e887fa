"""Tables: a row for each turn or sentence, as CSV and TSV. No cell is ever taken for a formula."""

import csv
from collections.abc import Iterator
from functools import partial
from io import StringIO

from media_pipeline.exports.base import Exporter, Kind, SpeakerNames
from media_pipeline.exports.options import ExportOptions
from media_pipeline.exports.paragraphs import Paragraph, paragraphs
from media_pipeline.transcript import Transcript
from media_pipeline.wording import say

# What a spreadsheet begins a formula with, full-width forms included.
# https://owasp.org/www-community/attacks/CSV_Injection
_FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠", "|", "%")


def render(transcript: Transcript, names: SpeakerNames, options: ExportOptions, *, delimiter: str) -> Iterator[str]:
    """A row of titles, then start, end and duration in seconds, speaker, text and confidence (0 to 1, may be empty)."""
    line = StringIO()
    writer = csv.writer(line, delimiter=delimiter, lineterminator="\n")
    writer.writerow(_titles(options))
    for paragraph in paragraphs(transcript, names, options):
        writer.writerow(_cells(paragraph, options))
        yield line.getvalue()
        line.seek(0)
        line.truncate()
    yield line.getvalue()


def _titles(options: ExportOptions) -> list[str]:
    times = ["start", "end", "duration"] if options.times else []
    return [*times, *(["speaker"] if options.names else []), "text", "confidence"]


def _cells(paragraph: Paragraph, options: ExportOptions) -> list[str]:
    start, end, sure = paragraph.start, paragraph.end, paragraph.confidence
    times = [f"{start:.3f}", f"{end:.3f}", f"{max(0.0, end - start):.3f}"] if options.times else []
    names = [_harmless(paragraph.speaker)] if options.names else []
    return [*times, *names, _harmless(paragraph.text), "" if sure is None else f"{sure:.3f}"]


def _harmless(text: str) -> str:
    """An apostrophe before it makes a spreadsheet take it for text."""
    return f"'{text}" if text.startswith(_FORMULA) else text


CSV = Exporter(
    "csv",
    say("Table (CSV)"),
    "csv",
    "text/csv; charset=utf-8",
    partial(render, delimiter=","),
    Kind.DATA,
    say("For Excel, spreadsheets and research programs."),
    uses_words=False,
)
TSV = Exporter(
    "tsv",
    say("Table (TSV)"),
    "tsv",
    "text/tab-separated-values; charset=utf-8",
    partial(render, delimiter="\t"),
    Kind.DATA,
    say("The same with tabs between the columns."),
    uses_words=False,
)

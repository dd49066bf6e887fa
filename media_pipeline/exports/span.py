"""Cut a transcript to a range of time."""

from collections.abc import Iterator
from dataclasses import replace

from media_pipeline.exports.options import ExportOptions
from media_pipeline.text.joining import joined
from media_pipeline.transcript import Seconds, Segment, Transcript


def within(transcript: Transcript, options: ExportOptions) -> Transcript:
    """What is said between `options.start` and `options.end`, on the recording's clock as before.

    A sentence at the border keeps the words whose middle lies inside. Where the times of its words are not known, it
    stays or goes as a whole, by its own middle.
    """
    start = options.start or 0.0
    end = transcript.duration if options.end is None else options.end
    if options.start is None and options.end is None:
        return transcript
    return replace(transcript, segments=tuple(_inside(transcript, start, end)))


def _inside(transcript: Transcript, start: Seconds, end: Seconds) -> Iterator[Segment]:
    for segment in transcript.segments:
        if start <= segment.start and segment.end <= end:
            yield segment
        elif start < segment.end and segment.start < end:
            yield from _part(segment, start, end, transcript.language)


def _part(segment: Segment, start: Seconds, end: Seconds, language: str) -> Iterator[Segment]:
    if joined(segment.words, language) != segment.text.strip():
        if start <= (segment.start + segment.end) / 2 <= end:
            yield segment
        return
    words = tuple(word for word in segment.words if start <= (word.start + word.end) / 2 <= end)
    if words:
        yield replace(segment, start=words[0].start, end=words[-1].end, text=joined(words, language), words=words)

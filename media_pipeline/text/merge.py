"""Join the words of chunks into one list on the recording's clock."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from media_pipeline.media import ChunkTranscript
from media_pipeline.text.joining import joined
from media_pipeline.transcript import Seconds, Segment, Word


def merge(parts: Sequence[ChunkTranscript]) -> tuple[Segment, ...]:
    """Join chunk transcripts into one list of segments.

    Where two chunks overlap, both heard the same seconds. The seam is laid into the widest pause that the words of
    both leave there, else into the middle of the overlap; words whose middle lies before it come from the earlier
    chunk, the others from the later one. So no word is doubled and none is lost, whatever either heard as text.

    Args:
        parts: In chunk order; times are on the recording's clock.

    Returns:
        Segments in time order. None where nobody spoke.
    """
    ordered = sorted(parts, key=lambda part: (part.start, part.chunk))
    if not ordered:
        return ()
    seams = [_seam(earlier, later) for earlier, later in pairwise(ordered)]
    merged: list[Segment] = []
    for part, low, high in zip(ordered, [None, *seams], [*seams, None], strict=True):
        kept = (_between(segment, low, high, part.language) for segment in part.segments)
        merged += (segment for segment in kept if segment is not None)
    return tuple(sorted(merged, key=lambda segment: (segment.start, segment.end)))


def main_language(parts: Sequence[ChunkTranscript]) -> str | None:
    """The language most words were heard in; None when there are no parts."""
    counts: Counter[str] = Counter()
    for part in parts:
        counts[part.language] += sum(max(1, len(segment.words)) for segment in part.segments)
    return max(counts, key=counts.__getitem__) if counts else None


def _seam(earlier: ChunkTranscript, later: ChunkTranscript) -> Seconds | None:
    """Where to go over from one chunk to the next; None when they do not overlap."""
    if later.start >= earlier.end:
        return None
    low, high = later.start, min(earlier.end, later.end)
    spans = sorted(
        (unit.start, unit.end)
        for part in (earlier, later)
        for segment in part.segments
        for unit in (segment.words or (segment,))
        if unit.end > low and unit.start < high
    )
    return _middle_of_widest_pause(spans, low, high)


def _middle_of_widest_pause(spans: Sequence[tuple[Seconds, Seconds]], low: Seconds, high: Seconds) -> Seconds:
    """The middle of the longest stretch between `low` and `high` that no span covers, else their middle."""
    widest, middle, cursor = 0.0, (low + high) / 2, low
    for start, end in [*spans, (high, high)]:
        if start - cursor > widest:
            widest, middle = start - cursor, (cursor + start) / 2
        cursor = max(cursor, end)
    return middle


def _between(segment: Segment, low: Seconds | None, high: Seconds | None, language: str) -> Segment | None:
    """The part of a segment whose words have their middle from `low` on and before `high`."""
    if not segment.words:
        return segment if _is_between(segment, low, high) else None
    words = tuple(word for word in segment.words if _is_between(word, low, high))
    if len(words) == len(segment.words):
        return segment
    if not words:
        return None
    return replace(segment, start=words[0].start, end=words[-1].end, text=joined(words, language), words=words)


def _is_between(unit: Segment | Word, low: Seconds | None, high: Seconds | None) -> bool:
    return (low is None or _middle(unit) >= low) and (high is None or _middle(unit) < high)


def _middle(unit: Segment | Word) -> Seconds:
    return (unit.start + unit.end) / 2

"""Bring what people corrected into a transcript that was made anew."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby

from media_pipeline.text.sentences import as_segment
from media_pipeline.transcript import Seconds, Segment, Word


def carry_over(found: Sequence[Segment], corrected: Sequence[Segment], language: str) -> list[tuple[Segment, bool]]:
    """All segments in time order, each with whether it is a corrected one.

    A corrected segment stands instead of all that was found in its time: words by their middle, segments without words
    by theirs. What a found segment has on both sides of it becomes two. A corrected segment has the speaker who was now
    found to speak most of its words, and none where nobody was.

    Args:
        found: In time order.
        corrected: In time order, with times of the same recording.
    """
    kept = [(piece, False) for segment in found for piece in _left_of(segment, corrected, language)]
    carried = [(replace(segment, speaker=_speaker(segment, found)), True) for segment in corrected]
    return sorted([*kept, *carried], key=lambda pair: pair[0].start)


def _left_of(segment: Segment, corrected: Sequence[Segment], language: str) -> Iterator[Segment]:
    near = [other for other in corrected if other.start < segment.end and other.end > segment.start]
    if not near:
        yield segment
    elif not segment.words:
        if not _place(segment, near):
            yield segment
    else:
        for place, run in groupby(_placed(segment.words, near), key=lambda pair: pair[1]):
            words = [word for word, _place in run]
            if len(words) == len(segment.words) and not place % 2:
                yield segment
            elif not place % 2:
                yield replace(as_segment(words, language), speaker=segment.speaker, marks=segment.marks)


def _placed(words: Sequence[Word], near: Sequence[Segment]) -> Iterator[tuple[Word, int]]:
    """Each word with an odd number when it lies inside one of `near`, with an even one before and behind them."""
    for word in words:
        middle = (word.start + word.end) / 2
        passed = sum(other.end <= middle for other in near)
        yield word, 2 * passed + (1 if _place(word, near) else 0)


def _place(unit: Word | Segment, near: Sequence[Segment]) -> bool:
    middle: Seconds = (unit.start + unit.end) / 2
    return any(other.start <= middle < other.end for other in near)


def _speaker(segment: Segment, found: Sequence[Segment]) -> str | None:
    """Who was found to speak longest in its time."""
    seconds: defaultdict[str, Seconds] = defaultdict(float)
    for other in found:
        shared = min(other.end, segment.end) - max(other.start, segment.start)
        if other.speaker is not None and shared > 0:
            seconds[other.speaker] += shared
    return max(seconds, key=lambda speaker: seconds[speaker]) if seconds else None

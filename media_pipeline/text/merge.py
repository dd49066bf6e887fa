"""Join the words of chunks into one list on the recording's clock."""

import math
import re
import unicodedata
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise, takewhile
from typing import TypeAlias

from media_pipeline.media import ChunkTranscript
from media_pipeline.text.joining import joined
from media_pipeline.transcript import Seconds, Segment, Word

# Two hearings of one word lie this close together; word times of engines differ by 0.2 s.
SAME_WORD: Seconds = 0.5
# Fewer words in common than this share: the two heard different things, and a match is chance.
ALIKE = 0.3

_NEAR = 3
_NOT_SPOKEN = re.compile(r"[\W_]+")

Unit: TypeAlias = Segment | Word


@dataclass(frozen=True, slots=True)
class Merged:
    """Segments in time order, and where chunks were joined although what they heard differs."""

    segments: tuple[Segment, ...]
    unsure: tuple[Seconds, ...] = ()


class _Part:
    """A chunk's words, and its segments without word times, in time order."""

    def __init__(self, chunk: ChunkTranscript) -> None:
        self.start, self.end, self.language = chunk.start, chunk.end, chunk.language
        self.segments = sorted(chunk.segments, key=lambda segment: (segment.start, segment.end))
        self.units: list[Unit] = [unit for segment in self.segments for unit in _units_of(segment)]

    def count_before(self, place: Seconds) -> int:
        """How many units have their middle before `place`, up to the first that has not."""
        return next((index for index, unit in enumerate(self.units) if _middle(unit) >= place), len(self.units))

    def kept(self, first: int, last: int) -> Iterator[Segment]:
        """The segments, or what is left of them, with the units from `first` on and before `last`."""
        index = 0
        for segment in self.segments:
            size = len(_units_of(segment))
            low, high = max(0, first - index), min(size, last - index)
            index += size
            if high - low == size:
                yield segment
            elif low < high:
                words = segment.words[low:high]
                text = joined(words, self.language)
                yield replace(segment, start=words[0].start, end=words[-1].end, text=text, words=words)


@dataclass(frozen=True, slots=True)
class _Seam:
    """The first `leave` units of the earlier part stand before the later one's from index `enter` on."""

    leave: int
    enter: int
    unsure: Seconds | None = None


@dataclass(frozen=True, slots=True)
class _Pair:
    """A word as both chunks heard it: its place among the words of either, and what they heard."""

    first: int
    second: int
    earlier: Unit
    later: Unit


def merge(parts: Sequence[ChunkTranscript]) -> Merged:
    """Join chunk transcripts into one list of segments.

    Where two chunks overlap, both heard the same seconds, with slightly different times, and with words cut in two at
    the edges. Words that are alike on both sides at nearly the same time are paired in order; the text goes over from
    one chunk to the other right behind a pair, at the widest pause, so no word is doubled and none is lost. Where
    the two have hardly a word in common, the seam is laid into the widest pause both leave, and is called unsure.

    Args:
        parts: In any order; times are on the recording's clock.

    Returns:
        No segments where nobody spoke.
    """
    ordered = [_Part(part) for part in sorted(parts, key=lambda part: (part.start, part.chunk))]
    seams = [_seam(earlier, later) for earlier, later in pairwise(ordered)]
    merged: list[Segment] = []
    for part, before, after in zip(ordered, [None, *seams], [*seams, None], strict=False):
        floor = merged[-1].end if before and merged else -math.inf
        kept = part.kept(before.enter if before else 0, after.leave if after else len(part.units))
        merged += (_not_before(segment, floor) for segment in kept)
    return Merged(tuple(merged), tuple(seam.unsure for seam in seams if seam and seam.unsure is not None))


def main_language(parts: Sequence[ChunkTranscript]) -> str | None:
    """The language most words were heard in; None when there are no parts."""
    counts: Counter[str] = Counter()
    for part in parts:
        counts[part.language] += sum(max(1, len(segment.words)) for segment in part.segments)
    return max(counts, key=counts.__getitem__) if counts else None


# Where to go over -----------------------------------------------------------------------------------------------------


def _seam(earlier: _Part, later: _Part) -> _Seam | None:
    """How to go over from one part to the next; None when they do not overlap."""
    if later.start >= earlier.end:
        return None
    low, high = later.start, min(earlier.end, later.end)
    offset = len(earlier.units)
    while offset and earlier.units[offset - 1].end > low:
        offset -= 1
    first = [unit for unit in earlier.units[offset:] if unit.start < high]
    second = list(takewhile(lambda unit: unit.start < high, later.units))
    if not first or not second:  # all words are on one side
        return _at(low if second else high, earlier, later)
    pairs = _pairs(first, second)
    if 2 * len(pairs) >= ALIKE * (len(first) + len(second)):
        best = _best_pair(pairs, first, second, low, high)
        return _Seam(offset + best.first + 1, best.second + 1)
    place = _middle_of_widest_pause(sorted((unit.start, unit.end) for unit in (*first, *second)), low, high)
    return replace(_at(place, earlier, later), unsure=place)


def _at(place: Seconds, earlier: _Part, later: _Part) -> _Seam:
    return _Seam(earlier.count_before(place), later.count_before(place))


def _pairs(first: Sequence[Unit], second: Sequence[Unit]) -> list[_Pair]:
    """The words both heard, in order: as many as can be paired, those closest in time where words repeat.

    A pairing's worth is the sum of 1 - (distance / SAME_WORD)² over its pairs, so that of "yeah, yeah, yeah" each is
    paired with itself and not with its neighbor, although that may give one pair more.
    """
    texts = [_plain(unit.text) for unit in second]
    starts = [unit.start for unit in second]
    # Per word of `second`: the best pairing that ends with it, as (worth, index into `links`).
    links: list[tuple[_Pair, int]] = []
    best: list[tuple[float, int]] = [(0.0, -1)] * len(second)
    for i, unit in enumerate(first):
        text = _plain(unit.text)
        found = []
        for j in range(bisect_left(starts, unit.start - SAME_WORD), len(second)):
            distance = starts[j] - unit.start
            if distance >= SAME_WORD:
                break
            if texts[j] == text:
                worth, link = max(best[:j], default=(0.0, -1))
                found.append((j, worth + 1 - (distance / SAME_WORD) ** 2, link))
        for j, worth, link in found:
            if worth > best[j][0]:
                links.append((_Pair(i, j, unit, second[j]), link))
                best[j] = worth, len(links) - 1
    return list(_chain(links, max(best)[1]))[::-1]


def _chain(links: Sequence[tuple[_Pair, int]], last: int) -> Iterator[_Pair]:
    """The pairs of one pairing, from its last to its first."""
    while last >= 0:
        pair, last = links[last]
        yield pair


def _best_pair(
    pairs: Sequence[_Pair], first: Sequence[Unit], second: Sequence[Unit], low: Seconds, high: Seconds
) -> _Pair:
    """The pair to go over behind.

    It should lie in the middle half, since near an edge one of the two has words cut in half or left out. Of these,
    the surest: the words before and after it are pairs too, and nobody says the same word again close to it. Of
    equally sure ones, that with the widest pause behind it, or the one nearest the middle.
    """
    middle = (low + high) / 2
    places = {(pair.first, pair.second) for pair in pairs}

    def worth(pair: _Pair) -> tuple[bool, int, float, float]:
        distance = abs(pair.earlier.end - middle)
        is_followed = (pair.first + 1, pair.second + 1) in places
        is_preceded = (pair.first - 1, pair.second - 1) in places
        is_single = not (_is_repeated(first, pair.first) or _is_repeated(second, pair.second))
        pause = min(_pause_behind(first, pair.first), _pause_behind(second, pair.second))
        return distance < (high - low) / 4, is_followed + is_preceded + is_single, round(pause, 1), -distance

    return max(pairs, key=worth)


def _is_repeated(units: Sequence[Unit], index: int) -> bool:
    """Whether one of the three words before or after is the same."""
    text = _plain(units[index].text)
    near = (*units[max(0, index - _NEAR) : index], *units[index + 1 : index + 1 + _NEAR])
    return any(_plain(unit.text) == text for unit in near)


def _pause_behind(units: Sequence[Unit], index: int) -> Seconds:
    return max(0.0, units[index + 1].start - units[index].end) if index + 1 < len(units) else 0.0


def _middle_of_widest_pause(spans: Sequence[tuple[Seconds, Seconds]], low: Seconds, high: Seconds) -> Seconds:
    """The middle of the longest stretch between `low` and `high` that no span covers, else their middle."""
    widest, middle, cursor = 0.0, (low + high) / 2, low
    for start, end in [*spans, (high, high)]:
        if start - cursor > widest:
            widest, middle = start - cursor, (cursor + start) / 2
        cursor = max(cursor, end)
    return middle


def _plain(text: str) -> str:
    """`text` as it sounds: without case and punctuation. Punctuation alone stays as it is."""
    if text.isascii() and text.isalpha():
        return text.lower()
    return _NOT_SPOKEN.sub("", unicodedata.normalize("NFKC", text).casefold()) or text


def _not_before(segment: Segment, time: Seconds) -> Segment:
    """`segment`, such that nothing in it begins before `time`: two chunks hear the same moment a little apart."""
    if segment.start >= time:
        return segment
    words = tuple(
        replace(word, start=max(word.start, time), end=max(word.end, time)) if word.start < time else word
        for word in segment.words
    )
    return replace(segment, start=time, end=max(segment.end, time), words=words)


def _units_of(segment: Segment) -> Sequence[Unit]:
    return segment.words or (segment,)


def _middle(unit: Unit) -> Seconds:
    return (unit.start + unit.end) / 2

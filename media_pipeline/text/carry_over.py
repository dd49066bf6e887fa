"""Bring what people corrected, and who they said it was, into a transcript that was made anew."""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, groupby
from typing import Generic, TypeVar

from media_pipeline.text.sentences import as_segment
from media_pipeline.text.strayed_words import Side, Strayed, strayed_words
from media_pipeline.transcript import Seconds, Segment, Word


@dataclass(frozen=True, slots=True)
class Choice:
    """A person said who speaks in this time: a label, or None for nobody known."""

    start: Seconds
    end: Seconds
    speaker: str | None


Span = TypeVar("Span", Segment, Choice)


@dataclass(frozen=True, slots=True)
class Kept:
    """A segment of the transcript made anew, and what of it comes from a person."""

    segment: Segment
    is_corrected: bool = False
    is_speaker_chosen: bool = False


def carry_over(
    found: Sequence[Segment],
    corrected: Sequence[Segment],
    language: str,
    choices: Sequence[Choice] = (),
    others: Sequence[Segment] = (),
) -> list[Kept]:
    """All segments in time order.

    A corrected segment stands instead of all that was found in its time: words by their middle, segments without words
    by theirs; a word that strayed over its edge counts where it was before (see `strayed_words`). What a found segment
    has on both sides of it becomes two. A corrected segment has the speaker who was now found to speak most of its
    words, and none where nobody was.

    A choice then decides who says what lies in its time, again by the middle of words; a segment that lies in it with
    some of its words becomes several. Corrected segments are not cut: their own middle counts.

    Args:
        found: In time order.
        corrected: In time order, with times of the same recording.
        choices: In time order.
        others: What the version that was corrected says besides.
    """
    near = _Timeline(corrected)
    strayed: defaultdict[int, dict[int, Strayed]] = defaultdict(dict)
    for (at, index), stray in strayed_words(found, corrected, others, language).items():
        strayed[at][index] = stray
    kept = [
        Kept(piece)
        for at, segment in enumerate(found)
        for piece in _left_of(segment, near.around(segment), strayed.get(at, {}), language)
    ]
    speakers = _Timeline(found)
    for segment in corrected:
        kept.append(Kept(replace(segment, speaker=_speaker(segment, speakers.around(segment))), is_corrected=True))
    chosen = _Timeline(choices)
    in_order = sorted(kept, key=lambda one: one.segment.start)
    return [piece for one in in_order for piece in _with_choices(one, chosen.around(one.segment), language)]


class _Timeline(Generic[Span]):
    """Finds what overlaps a time without looking at all of it. Spans are in order of their starts."""

    def __init__(self, spans: Sequence[Span]) -> None:
        self._spans: Sequence[Span] = spans
        self._starts = [span.start for span in spans]
        self._latest_ends = list(accumulate((span.end for span in spans), max))

    def around(self, unit: Segment) -> list[Span]:
        first, last = bisect_right(self._latest_ends, unit.start), bisect_left(self._starts, unit.end)
        return [span for span in self._spans[first:last] if span.end > unit.start]


def _left_of(
    segment: Segment, near: Sequence[Segment], strayed: dict[int, Strayed], language: str
) -> Iterator[Segment]:
    if not near and not strayed:
        yield segment
    elif not segment.words:
        if _at(_middle(segment), near) is None:
            yield segment
    else:
        for place, run in groupby(_placed(segment.words, near, strayed), key=lambda pair: pair[1]):
            words = [word for word, _place in run]
            if not place % 2:
                yield _piece(segment, words, language)


def _placed(words: Sequence[Word], near: Sequence[Segment], strayed: dict[int, Strayed]) -> Iterator[tuple[Word, int]]:
    """Each word with an odd number when it lies inside one of `near`, with an even one before and behind them.

    Those that strayed are put where they belong, also in time.
    """
    for index, word in enumerate(words):
        stray = strayed.get(index)
        middle = _middle(word)
        passed = sum(other.end <= middle for other in near)
        if stray is None:
            yield word, 2 * passed + (0 if _at(middle, near) is None else 1)
        elif stray.side is Side.INSIDE:
            yield word, 2 * passed + 1
        elif stray.side is Side.BEFORE:
            edge = stray.sentence.start
            yield replace(word, start=min(word.start, edge), end=min(word.end, edge)), 2 * passed
        else:
            following = words[index + 1].start if index + 1 < len(words) else word.start  # it stays before that one
            start = max(word.start, min(stray.sentence.end, following), _middle(stray.sentence))
            yield replace(word, start=start, end=max(word.end, start)), 2 * passed + 2


def _with_choices(kept: Kept, near: Sequence[Choice], language: str) -> Iterator[Kept]:
    segment = kept.segment
    if not near:
        yield kept
    elif kept.is_corrected or not segment.words:
        choice = _at(_middle(segment), near)
        yield _chosen(kept, segment, choice) if choice else kept
    else:
        placed = [(word, _at(_middle(word), near)) for word in segment.words]
        for (is_chosen, _label), run in groupby(placed, key=lambda pair: (bool(pair[1]), pair[1] and pair[1].speaker)):
            words, choices = zip(*run, strict=True)
            piece = _piece(segment, words, language)
            yield _chosen(kept, piece, choices[0]) if is_chosen else replace(kept, segment=piece)


def _chosen(kept: Kept, segment: Segment, choice: Choice) -> Kept:
    words = tuple(replace(word, speaker=choice.speaker) for word in segment.words)
    return replace(kept, segment=replace(segment, speaker=choice.speaker, words=words), is_speaker_chosen=True)


def _piece(segment: Segment, words: Sequence[Word], language: str) -> Segment:
    """The part of a segment that has these of its words."""
    if tuple(words) == segment.words:
        return segment
    return replace(as_segment(words, language), speaker=segment.speaker, marks=segment.marks)


def _middle(unit: Word | Segment) -> Seconds:
    return (unit.start + unit.end) / 2


def _at(time: Seconds, near: Sequence[Span]) -> Span | None:
    return next((other for other in near if other.start <= time < other.end), None)


def _speaker(segment: Segment, near: Sequence[Segment]) -> str | None:
    """Who was found to speak longest in its time."""
    seconds: defaultdict[str, Seconds] = defaultdict(float)
    for other in near:
        shared = min(other.end, segment.end) - max(other.start, segment.start)
        if other.speaker is not None and shared > 0:
            seconds[other.speaker] += shared
    return max(seconds, key=lambda speaker: seconds[speaker]) if seconds else None

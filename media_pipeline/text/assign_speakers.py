"""Give each word to the speaker whose turn it falls into, and cut segments where the speaker changes."""

import heapq
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import groupby

from media_pipeline.media import SpeakerTurn, SpeechRegion
from media_pipeline.text.sentences import as_segment
from media_pipeline.text.speaker_changes import settle
from media_pipeline.transcript import Mark, Seconds, Segment, Word

_SHORTEST_WORD: Seconds = 0.02
# How much the nearest turn says about a word outside all turns.
_NEARBY = 0.5

Span = Word | Segment | SpeakerTurn


def assign_speakers(
    segments: Sequence[Segment], turns: Sequence[SpeakerTurn], language: str, overlaps: Sequence[SpeechRegion] = ()
) -> tuple[Segment, ...]:
    """Segments with speakers, none spoken by two.

    A word goes to the speaker who talks during most of it, or, outside all turns, to the nearest turn. Inside a
    sentence, changes of speaker then move to a pause or punctuation close by, or vanish (see `settle`).

    Args:
        segments: In time order.
        turns: In time order; turns of different speakers may overlap. None: nobody is named.
        overlaps: Where several people speak at once, in time order and apart. Words there are marked.
    """
    found: Iterable[Segment] = segments
    if turns:
        units = sorted((unit for segment in segments for unit in (segment.words or (segment,))), key=lambda u: u.start)
        heard = dict(zip(map(id, units), sweep(units, turns), strict=True))
        found = (piece for segment in segments for piece in _divide(segment, heard, language))
    return tuple(_marked(found, overlaps)) if overlaps else tuple(found)


def sweep(units: Sequence[Span], turns: Sequence[SpeakerTurn]) -> Iterator[tuple[str, float]]:
    """Who speaks in each of `units`, and how clearly: by how much of it (0..1) that speaker leads all others.

    One pass over both, by start: turns that still sound wait in a heap by their end. Of equal speakers the one whose
    turn began last is taken.

    Args:
        units: By start.
        turns: By start, at least one.
    """
    sounding: list[tuple[Seconds, int]] = []
    last_ended: SpeakerTurn | None = None
    upcoming = 0
    for unit in units:
        start = unit.start
        end = max(unit.end, start + _SHORTEST_WORD)
        while upcoming < len(turns) and turns[upcoming].start < end:
            heapq.heappush(sounding, (turns[upcoming].end, upcoming))
            upcoming += 1
        while sounding and sounding[0][0] <= start:
            last_ended = turns[heapq.heappop(sounding)[1]]
        if len(sounding) == 1:
            turn = turns[sounding[0][1]]
            yield turn.speaker, (min(turn.end, end) - max(turn.start, start)) / (end - start)
        elif sounding:
            yield _loudest([turns[index] for _, index in sounding], start, end)
        else:
            yield _nearest(last_ended, turns[upcoming] if upcoming < len(turns) else None, start, end), _NEARBY


def _loudest(turns: Sequence[SpeakerTurn], start: Seconds, end: Seconds) -> tuple[str, float]:
    shares: dict[str, Seconds] = {}
    began: dict[str, Seconds] = {}
    for turn in turns:
        shares[turn.speaker] = shares.get(turn.speaker, 0.0) + max(0.0, min(turn.end, end) - max(turn.start, start))
        began[turn.speaker] = max(began.get(turn.speaker, turn.start), turn.start)
    # Rounded, because sums of the same pieces can differ in their last digit; so the best may be a hair behind.
    best = max(shares, key=lambda speaker: (round(shares[speaker], 6), began[speaker]))
    second = max((share for speaker, share in shares.items() if speaker != best), default=0.0)
    return best, min(1.0, max(0.0, shares[best] - second) / (end - start))


def _nearest(before: SpeakerTurn | None, after: SpeakerTurn | None, start: Seconds, end: Seconds) -> str:
    if before is None or (after is not None and after.start - end < start - before.end):
        assert after is not None, "there is at least one turn"
        return after.speaker
    return before.speaker


def _divide(segment: Segment, heard: dict[int, tuple[str, float]], language: str) -> Iterator[Segment]:
    if not segment.words:
        yield replace(segment, speaker=heard[id(segment)][0])
        return
    speakers = settle(segment.words, [heard[id(word)] for word in segment.words])
    words = [replace(word, speaker=speaker) for word, speaker in zip(segment.words, speakers, strict=True)]
    runs = [list(run) for _, run in groupby(words, key=lambda word: word.speaker)]
    if len(runs) == 1:
        yield replace(segment, words=tuple(words), speaker=words[0].speaker)
        return
    yield from (replace(as_segment(run, language), marks=segment.marks) for run in runs)


def _marked(segments: Iterable[Segment], overlaps: Sequence[SpeechRegion]) -> Iterator[Segment]:
    """Words that lie in overlaps by half are marked, and segments half of whose words are."""
    ends = [overlap.end for overlap in overlaps]

    def is_overlapped(unit: Word | Segment) -> bool:
        first, covered = bisect_right(ends, unit.start), 0.0
        while first < len(overlaps) and overlaps[first].start < unit.end:
            covered += min(overlaps[first].end, unit.end) - max(overlaps[first].start, unit.start)
            first += 1
        return covered > 0 and covered >= (unit.end - unit.start) / 2

    for segment in segments:
        words = tuple(
            replace(word, marks=_with_overlap(word.marks)) if is_overlapped(word) else word for word in segment.words
        )
        count = sum(Mark.OVERLAP in word.marks for word in words)
        is_marked = 2 * count >= len(words) if words else is_overlapped(segment)
        yield replace(segment, words=words, marks=_with_overlap(segment.marks) if is_marked else segment.marks)


def _with_overlap(marks: tuple[Mark, ...]) -> tuple[Mark, ...]:
    return marks if Mark.OVERLAP in marks else (*marks, Mark.OVERLAP)

"""Give each word to the speaker whose turn it falls into, and cut segments where the speaker changes."""

import heapq
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby

from media_pipeline.media import SpeakerTurn
from media_pipeline.text.sentences import as_segment
from media_pipeline.transcript import Seconds, Segment, Word

# Diarization is some tenths of a second off; a lone word this close to its neighbors did not change hands.
ISLAND_GAP: Seconds = 0.3
_SHORTEST_WORD: Seconds = 0.02


def assign_speakers(segments: Sequence[Segment], turns: Sequence[SpeakerTurn], language: str) -> tuple[Segment, ...]:
    """Segments with speakers, none spoken by two.

    A word goes to the speaker who talks during most of it, or, outside all turns, to the nearest turn. A single
    word that sticks out of its sentence without a pause is given to its neighbors.

    Args:
        segments: In time order.
        turns: In time order; turns of different speakers may overlap. None: nobody is named.
    """
    if not turns:
        return tuple(segments)
    units = sorted({unit for segment in segments for unit in (segment.words or (segment,))}, key=lambda u: u.start)
    speakers = dict(zip(units, _speakers(units, turns), strict=True))
    return tuple(piece for segment in segments for piece in _divide(segment, speakers, language))


def _divide(segment: Segment, speakers: dict[Word | Segment, str], language: str) -> Iterator[Segment]:
    if not segment.words:
        yield replace(segment, speaker=speakers[segment])
        return
    words = _without_islands([replace(word, speaker=speakers[word]) for word in segment.words])
    runs = [list(run) for _, run in groupby(words, key=lambda word: word.speaker)]
    if len(runs) == 1:
        yield replace(segment, words=tuple(words), speaker=words[0].speaker)
        return
    yield from (as_segment(run, language) for run in runs)


def _speakers(units: Sequence[Word | Segment], turns: Sequence[SpeakerTurn]) -> Iterator[str]:
    """One sweep over words and turns, both by start: the turns that still sound wait in a heap by their end."""
    sounding: list[tuple[Seconds, int]] = []
    last_ended: SpeakerTurn | None = None
    upcoming = 0
    for unit in units:
        end = max(unit.end, unit.start + _SHORTEST_WORD)
        while upcoming < len(turns) and turns[upcoming].start < end:
            heapq.heappush(sounding, (turns[upcoming].end, upcoming))
            upcoming += 1
        while sounding and sounding[0][0] <= unit.start:
            last_ended = turns[heapq.heappop(sounding)[1]]
        if sounding:
            yield _loudest([turns[index] for _, index in sounding], unit.start, end)
        else:
            yield _nearest(last_ended, turns[upcoming] if upcoming < len(turns) else None, unit.start, end)


def _loudest(turns: Sequence[SpeakerTurn], start: Seconds, end: Seconds) -> str:
    """The speaker who talks longest between `start` and `end`; of equals, the one whose turn began last."""
    shares: dict[str, Seconds] = {}
    began: dict[str, Seconds] = {}
    for turn in turns:
        shares[turn.speaker] = shares.get(turn.speaker, 0.0) + max(0.0, min(turn.end, end) - max(turn.start, start))
        began[turn.speaker] = max(began.get(turn.speaker, turn.start), turn.start)
    return max(shares, key=lambda speaker: (shares[speaker], began[speaker]))


def _nearest(before: SpeakerTurn | None, after: SpeakerTurn | None, start: Seconds, end: Seconds) -> str:
    if before is None or (after is not None and after.start - end < start - before.end):
        assert after is not None, "there is at least one turn"
        return after.speaker
    return before.speaker


def _without_islands(words: Sequence[Word]) -> list[Word]:
    """`words` of one sentence, single words between or beside longer runs given to the run they stick to."""
    runs = [list(run) for _, run in groupby(words, key=lambda word: word.speaker)]
    kept: list[Word] = []
    for index, run in enumerate(runs):
        neighbors = [runs[near] for near in (index - 1, index + 1) if 0 <= near < len(runs)]
        host = max((near for near in neighbors if _sticks(run, near)), key=len, default=None)
        kept += run if host is None else [replace(run[0], speaker=host[0].speaker)]
    return kept


def _sticks(run: Sequence[Word], neighbor: Sequence[Word]) -> bool:
    """Whether a run is a single word right beside a longer run."""
    if len(run) > 1 or len(neighbor) == 1:
        return False
    gap = max(run[0].start - neighbor[-1].end, neighbor[0].start - run[-1].end)
    return gap < ISLAND_GAP

"""Words that another engine hears on the other side of the edge of a corrected sentence.

Engines differ by some tenths of a second, so going by time alone doubles the first word of a sentence whose correction
stands, or loses the last one of the sentence before it.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias

from media_pipeline.languages import has_spaces
from media_pipeline.text.differences import equal_pairs, sound
from media_pipeline.transcript import Seconds, Segment, Word

# So far a word may have moved, and be somebody else's than its time says.
REACH: Seconds = 0.5
_WINDOW: Seconds = 2 * REACH

WordPlace: TypeAlias = tuple[int, int]  # index of a segment, and of the word in it


class Side(Enum):
    """Where a word belongs: into the corrected sentence, or to what is said before or behind it."""

    INSIDE = "inside"
    BEFORE = "before"
    BEHIND = "behind"


@dataclass(frozen=True, slots=True)
class Strayed:
    side: Side
    sentence: Segment


@dataclass(frozen=True, slots=True)
class _Unit:
    """What is compared: how a word sounds or, where words have no spaces between, one of its characters."""

    sound: str
    place: WordPlace
    middle: Seconds


def strayed_words(
    found: Sequence[Segment], corrected: Sequence[Segment], others: Sequence[Segment], language: str
) -> dict[WordPlace, Strayed]:
    """The words of `found` that belong elsewhere than their middle says, by their places in it.

    A word goes into a corrected sentence only when it sounds like one there that was not heard inside, and when nothing
    else that was said there before accounts for it; so nothing is taken that was said elsewhere.

    Args:
        found: What was heard now.
        corrected: In time order.
        others: What else was said in the version that was corrected.
    """
    heard = _Row(found, language)
    said = _Row([*corrected, *others], language)
    strayed: dict[WordPlace, Strayed] = {}
    for index, sentence in enumerate(corrected):
        for side, places in _edges(sentence, index, heard, said).items():
            for place in places:
                if side is Side.INSIDE or place not in strayed:
                    strayed[place] = Strayed(side, sentence)
    return strayed


class _Row:
    """All words of segments in order of time."""

    def __init__(self, segments: Sequence[Segment], language: str) -> None:
        by_word = has_spaces(language)
        self.units = sorted(
            (
                _Unit(part, (at, index), (word.start + word.end) / 2)
                for at, segment in enumerate(segments)
                for index, word in enumerate(segment.words)
                for part in ([sound(word.text)] if by_word else _characters(word))
            ),
            key=lambda unit: unit.middle,
        )
        self._middles = [unit.middle for unit in self.units]
        self._of_segment: defaultdict[int, list[_Unit]] = defaultdict(list)
        for unit in self.units:
            self._of_segment[unit.place[0]].append(unit)

    def within(self, start: Seconds, end: Seconds) -> list[_Unit]:
        return self.units[bisect_left(self._middles, start) : bisect_left(self._middles, end)]

    def of(self, segment: int) -> list[_Unit]:
        return self._of_segment[segment]


def _characters(word: Word) -> list[str]:
    return [char for char in sound(word.text) if not char.isspace()]


def _edges(sentence: Segment, index: int, heard: _Row, said: _Row) -> dict[Side, set[WordPlace]]:
    start, end = sentence.start, sentence.end
    own, inside = said.of(index), heard.within(start, end)
    pairs = list(equal_pairs(_sounds(own), _sounds(inside)))
    first, first_in = _outermost(own, inside, pairs, 1) if pairs else (len(own), len(inside))
    last, last_in = _outermost(own, inside, pairs, -1) if pairs else (-1, -1)

    def around(row: _Row, low: Seconds, high: Seconds) -> list[_Unit]:
        return [unit for unit in row.within(low, high) if row is heard or unit.place[0] != index]

    before = _Edge(
        start,
        around(said, start - _WINDOW, start),
        [unit for unit in own[:first] if unit.middle < start + _WINDOW],
        around(heard, start - _WINDOW, start),
        inside[:first_in],
    )
    taken, left = before.judge()
    behind = _Edge(
        end,
        around(said, end, end + _WINDOW)[::-1],
        [unit for unit in own[last + 1 :] if unit.middle >= end - _WINDOW and unit not in before.used][::-1],
        around(heard, end, end + _WINDOW)[::-1],
        [unit for unit in inside[last_in + 1 :] if unit.place not in left][::-1],
    )
    also_taken, right = behind.judge()
    return {Side.INSIDE: taken | also_taken, Side.BEFORE: left, Side.BEHIND: right}


def _outermost(own: list[_Unit], inside: list[_Unit], pairs: list[tuple[int, int]], step: int) -> tuple[int, int]:
    """The first pair, or with the step -1 the last one; of the same word several times the one farthest inward.

    So what is left over of these lies at the edge, where the sentences beside it may account for it.
    """
    ats = list(pairs[0] if step == 1 else pairs[-1])
    for which, units in enumerate((own, inside)):
        paired = {pair[which] for pair in pairs}
        following = ats[which] + step
        while (
            0 <= following < len(units)
            and following not in paired
            and units[following].sound == units[ats[which]].sound
        ):
            ats[which], following = following, following + step
    return ats[0], ats[1]


class _Edge:
    """One edge of a corrected sentence. All units come in order from outside inward.

    Args:
        said: What was said beyond it, in the version that was corrected.
        own: The sentence's own words there, of which none was heard inside.
        heard: What is heard now beyond it.
        unclaimed: What is heard now inside, and is none of the sentence's words.
    """

    def __init__(
        self, at: Seconds, said: list[_Unit], own: list[_Unit], heard: list[_Unit], unclaimed: list[_Unit]
    ) -> None:
        self._at, self._said, self._own, self._heard, self._unclaimed = at, said, own, heard, unclaimed
        self.used: list[_Unit] = []

    def judge(self) -> tuple[set[WordPlace], set[WordPlace]]:
        """The words beyond the edge that are the sentence's, and those inside that are not."""
        heard, own = [*self._heard, *self._unclaimed], [*self._said, *self._own]
        theirs: list[_Unit] = []
        out = 0  # how many of the unclaimed belong outside
        for at, place in equal_pairs(_sounds(own), _sounds(heard)):
            unit = heard[place]
            if abs(unit.middle - self._at) > REACH:
                continue
            if at >= len(self._said) and place < len(self._heard):
                theirs.append(unit)
                self.used.append(own[at])
            elif at < len(self._said) and place >= len(self._heard):
                out = place - len(self._heard) + 1
        return _whole(theirs, self._heard), {unit.place for unit in self._unclaimed[:out]}


def _whole(some: Iterable[_Unit], units: Sequence[_Unit]) -> set[WordPlace]:
    """The words of which all units are among `some`."""
    rest = set(units) - set(some)
    return {unit.place for unit in some} - {unit.place for unit in rest}


def _sounds(units: Iterable[_Unit]) -> list[str]:
    return [unit.sound for unit in units]

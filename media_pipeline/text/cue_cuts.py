"""Cut what is said into cues: where the reader stumbles least, of all ways that can be read in time.

A sentence that is one good cue, or two, is done at once. Where a sentence cannot be read in time that way, it and its
neighbors are cut anew by dynamic programming over their words: fewest broken limits first, then the best places, then
even lengths.
"""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import accumulate

from media_pipeline.text.cue_limits import CueLimits
from media_pipeline.text.cue_sentences import Sentence
from media_pipeline.text.cue_times import FAR_AWAY, Clock, Draft
from media_pipeline.text.line_breaks import ANYWHERE, NEVER, Breaks, Lines

# Costs beside those of `line_breaks`: of a cue, of one that is full, of one with hardly a word, of sharing it.
_CUE, _FULL, _TINY, _SHARED = 20.0, 10.0, 8.0, 100.0
_TINY_COLUMNS = 12
# One broken limit outweighs any choice of places.
_BROKEN = 1e6
# A pause is a good place for a break; one of this length is worth a point.
_PAUSE_MS, _MOST_FOR_PAUSE = 60, 8
# Sentences on either side of one that cannot be read in time that may be cut anew with it.
_NEIGHBORS = 3


class Cutter:
    """Cuts sentences of one transcript under one set of limits."""

    def __init__(self, limits: CueLimits, language: str, space: str) -> None:
        self._limits = limits
        self._clock = Clock(limits)
        self._breaks = Breaks(language)
        self._space = len(space)
        self._columns = limits.columns
        self._most = limits.columns * limits.lines + self._space * (limits.lines - 1)
        self._lines = Lines(self._breaks, limits.columns, limits.lines, space)
        self._join = space
        self._dash = limits.dash if limits.speakers_by_dashes and limits.lines > 1 else None
        self._dash_columns = len(limits.dash)
        self._read = [self._clock.reading(columns) for columns in range(self._most + 2)]
        self._need = [self._needed(columns) for columns in range(self._most + 1)]
        self._shape = [
            _CUE + _FULL * (columns / self._most) ** 2 + _TINY * (columns < _TINY_COLUMNS)
            for columns in range(self._most + 1)
        ]

    def _shown(self, columns: int) -> int:
        """The columns that are read of text that is so wide on a single line: the break takes the place of a space."""
        return columns - self._space if columns > self._columns else columns

    def _needed(self, columns: int) -> int:
        """The time a cue needs in order to hold all limits; `FAR_AWAY` if it cannot."""
        need = max(self._clock.shortest, self._read[self._shown(columns)])
        return need if need <= self._clock.longest else FAR_AWAY

    def cut(self, sentences: Sequence[Sentence], follow: int) -> list[Draft]:
        """Cues for sentences of which each may share cues with the next. `follow`: start of what comes after them."""
        follows = [*(sentence.start for sentence in sentences[1:]), follow]
        done = [self._whole(sentence, after) for sentence, after in zip(sentences, follows, strict=True)]
        if None not in done:
            return [draft for drafts in done if drafts for draft in drafts]
        found: list[Draft] = []
        first = 0
        for start, end in _windows([index for index, drafts in enumerate(done) if drafts is None], len(sentences)):
            found += (draft for drafts in done[first:start] if drafts for draft in drafts)
            found += _Window(self, sentences[start:end], follows[end - 1]).drafts()
            first = end
        found += (draft for drafts in done[first:] if drafts for draft in drafts)
        return found

    def _whole(self, sentence: Sentence, follow: int) -> list[Draft] | None:
        """The cues of a sentence, if one or two will do and hold all limits."""
        one = self._one(sentence, 0, len(sentence.texts), sentence.width, sentence.start, sentence.end, follow)
        if one is not None:
            return [one]
        return self._two(sentence, follow) if sentence.width <= 2 * self._most else None

    def _one(
        self, sentence: Sentence, first: int, last: int, wide: int, start: int, end: int, follow: int
    ) -> Draft | None:
        """A cue of the words `first` to `last` if it holds all limits. `wide` is their width on a single line."""
        clock = self._clock
        if wide > self._most:
            return None
        until = follow - clock.gap
        if clock.closed(end, follow) - start > clock.longest:
            return None
        need = self._need[wide]
        if until - start < need or (end + clock.linger - start < need and clock.room(start, end, follow) < need):
            return None
        texts = sentence.texts if last - first == len(sentence.texts) else sentence.texts[first:last]
        lines = self._laid(texts, sentence.widths[first:last], wide)
        if not lines:
            return None
        segments = range(sentence.segment, sentence.segment + 1)
        return Draft(start, end, lines, (sentence.speaker,) * len(lines), segments, self._shown(wide))

    def _laid(self, texts: Sequence[str], widths: Sequence[int], wide: int) -> tuple[str, ...]:
        """The lines of a cue if nothing has to be parted for them, else none."""
        if wide <= self._columns:
            return (self._join.join(texts).strip(),)
        cost, lines = self._lines.laid(texts, widths)
        return lines if cost < NEVER else ()

    def _two(self, sentence: Sentence, follow: int) -> list[Draft] | None:
        """Two cues of a sentence that is too wide for one, cut at the best place that holds all limits."""
        places: list[tuple[float, int, int]] = []
        texts, breaks, shape, space, most = sentence.texts, self._breaks, self._shape, self._space, self._most
        upper, total = -space, sentence.width
        for index in range(1, len(texts)):
            upper += sentence.widths[index - 1] + space
            lower = total - upper - space
            if upper > most:
                break
            if lower > most:
                continue
            cost = ANYWHERE + breaks[texts[index - 1]][0] + breaks[texts[index]][1]
            if cost < NEVER:
                places.append((cost + shape[upper] + shape[lower], index, upper))
        places.sort()
        words, last = sentence.words, len(texts)
        for _, index, upper in places:
            middle = round(words[index].start * 1000)
            left = self._one(sentence, 0, index, upper, sentence.start, round(words[index - 1].end * 1000), middle)
            if left is None:
                continue
            right = self._one(sentence, index, last, total - upper - space, middle, sentence.end, follow)
            if right is not None:
                return [left, right]
        return None


def _windows(places: Sequence[int], count: int) -> Iterator[tuple[int, int]]:
    """The places with their neighbors, as ranges that do not touch."""
    start, end = 0, 0
    for place in places:
        if place - _NEIGHBORS > end:
            if end:
                yield start, end
            start = place - _NEIGHBORS
        end = min(count, place + _NEIGHBORS + 1)
    yield start, end


class _Window:
    """Some sentences, cut together. What may not be parted is a unit; boundaries are counted from 0 to `count`.

    Attributes:
        at: The width of all units before a boundary.
        starts, ends: Of each unit. `starts` has what follows the window at its end.
    """

    def __init__(self, cutter: Cutter, sentences: Sequence[Sentence], follow: int) -> None:
        self._cutter = cutter
        self._words: list[str] = []
        self._widths: list[int] = []
        self._first: list[int] = []  # the first word of each unit
        self._sentences: list[Sentence] = []  # of each unit
        self.starts: list[int] = []
        self.ends: list[int] = []
        self._cost: list[float] = []  # of a cut before each unit
        self._turns: list[int] = []  # boundaries at which somebody else speaks
        for sentence in sentences:
            self._add(sentence)
        self.count = len(self.starts)
        self._first.append(len(self._words))
        self._cost.append(0.0)
        self.starts.append(follow)
        space = cutter._space
        at = [0, *accumulate(wide + space for wide in self._widths)]
        self.at = [at[first] for first in self._first]

    def _add(self, sentence: Sentence) -> None:
        cutter, texts, widths = self._cutter, sentence.texts, sentence.widths
        breaks, columns, space = cutter._breaks, cutter._columns, cutter._space
        offset = len(self._words)
        if self._sentences and self._sentences[-1].speaker != sentence.speaker:
            self._turns.append(len(self.starts))
        wide = columns + 1
        for index, (text, word) in enumerate(zip(texts, sentence.words, strict=True)):
            start, end = round(word.start * 1000), round(word.end * 1000)
            cost = float(ANYWHERE + breaks[self._words[-1]][0] + breaks[text][1]) if self._words else 0.0
            wide += space + widths[index]
            self._words.append(text)
            if index and cost >= NEVER and wide <= columns:
                self.ends[-1] = max(end, self.ends[-1])
                continue
            if self.ends:
                cost -= min(_MOST_FOR_PAUSE, max(0, start - self.ends[-1]) // _PAUSE_MS)
            self._cost.append(cost)
            self._first.append(offset + index)
            self._sentences.append(sentence)
            self.starts.append(start)
            self.ends.append(end)
            wide = widths[index]
        self._widths += widths

    def drafts(self) -> Iterator[Draft]:
        before = self._best()
        path: list[tuple[int, int, int]] = []
        last = self.count
        while last:
            first, turn = before[last]
            path.append((first, turn, last))
            last = first
        for first, turn, last in reversed(path):
            yield self._shared(first, turn, last) if turn else self._cue(first, last)

    def _best(self) -> list[tuple[int, int]]:
        """For each boundary, where the cue that ends there starts in the cheapest way to cut, and the change of speaker
        inside it (0 if none)."""
        cutter, clock, count = self._cutter, self._cutter._clock, self.count
        at, starts, ends, cost = self.at, self.starts, self.ends, self._cost
        space, need, shape = cutter._space, cutter._need, cutter._shape
        reach = self._reach()
        free = [0, *(clock.closed(end + clock.linger, follow) for end, follow in zip(ends, starts[1:], strict=True))]
        closed = [0, *accumulate(map(clock.closed, ends, starts[1:]), max)]
        turns = [*self._turns, count]
        best = [float("inf")] * (count + 1)
        best[0] = 0.0
        before = [(0, 0)] * (count + 1)
        for first in range(count):
            if first >= turns[0]:
                del turns[0]
            start, base, offset = starts[first], best[first], at[first] + space
            last = min(reach[first], turns[0])
            last = max(first + 1, bisect_right(closed, start + clock.longest, first + 1, last + 1) - 1)
            for end in range(first + 1, last + 1):
                wide = at[end] - offset
                total = base + cost[end] + shape[wide]
                if free[end] - start < need[wide]:
                    total += self._broken(first, end, cutter._shown(wide))
                if total < best[end]:
                    best[end], before[end] = total, (first, 0)
            if cutter._dash is not None and turns[0] < count:
                for end, total in self._sharing(first, turns[0], turns[1], closed):
                    if base + total < best[end]:
                        best[end], before[end] = base + total, (first, turns[0])
        return before

    def _reach(self) -> list[int]:
        """For each boundary, how far a cue from there may go for its width."""
        at, cutter = self.at, self._cutter
        room = cutter._columns + cutter._space
        line = [max(first + 1, bisect_right(at, at[first] + room, first) - 1) for first in range(self.count)]
        line.append(self.count)
        reach = line
        for _ in range(cutter._limits.lines - 1):
            reach = [line[end] for end in reach]
        return reach

    def _broken(self, first: int, end: int, columns: int) -> float:
        """The cost of the limits of time that a cue does not hold; less of it where it is nearly held."""
        clock = self._cutter._clock
        room = clock.room(self.starts[first], self.ends[end - 1], self.starts[end])
        lacking = self._cutter._read[columns] - room
        short = clock.shortest - room
        if lacking <= 0 and short <= 0:
            return 0.0
        return _BROKEN * ((lacking > 0) + (short > 0)) + max(lacking, short) / 100

    def _sharing(self, first: int, turn: int, next_turn: int, closed: Sequence[int]) -> Iterator[tuple[int, float]]:
        """Cues of two lines, from `first` to the change of speaker and on to an end: that and what they cost."""
        cutter, at = self._cutter, self.at
        room = cutter._columns - cutter._dash_columns + cutter._space
        if at[turn] - at[first] > room:
            return
        offset = at[first] + 2 * cutter._space - 2 * cutter._dash_columns
        latest = self.starts[first] + cutter._clock.longest
        for end in range(turn + 1, next_turn + 1):
            if at[end] - at[turn] > room or closed[end] > latest:
                return
            columns = at[end] - offset
            shape = cutter._shape[min(columns, cutter._most)]
            yield end, _SHARED + self._cost[end] + shape + self._broken(first, end, columns)

    def _cue(self, first: int, last: int) -> Draft:
        texts, widths = self._taken(first, last)
        wide = self.at[last] - self.at[first] - self._cutter._space
        lines = self._cutter._lines.laid(texts, widths)[1] or (self._text(first, last),)
        speakers = (self._sentences[first].speaker,) * len(lines)
        return self._draft(first, last, lines, speakers, self._cutter._shown(wide))

    def _shared(self, first: int, turn: int, last: int) -> Draft:
        dash, space = self._cutter._dash or "", self._cutter._space
        lines = (dash + self._text(first, turn), dash + self._text(turn, last))
        columns = self.at[last] - self.at[first] - 2 * space + 2 * len(dash)
        return self._draft(first, last, lines, (self._sentences[first].speaker, self._sentences[turn].speaker), columns)

    def _draft(
        self, first: int, last: int, lines: tuple[str, ...], speakers: tuple[str | None, ...], columns: int
    ) -> Draft:
        segments = range(self._sentences[first].segment, self._sentences[last - 1].segment + 1)
        end = max(self.ends[first:last])
        return Draft(self.starts[first], end, lines, speakers, segments, columns)

    def _taken(self, first: int, last: int) -> tuple[list[str], list[int]]:
        start, end = self._first[first], self._first[last]
        return self._words[start:end], self._widths[start:end]

    def _text(self, first: int, last: int) -> str:
        return self._cutter._join.join(self._taken(first, last)[0]).strip()

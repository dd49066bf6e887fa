"""Cut what is said into cues: where the reader stumbles least, of all ways that can be read in time.

A sentence that is one good cue, or two, is done at once. Where a sentence cannot be read in time that way, it and its
neighbors are cut anew by dynamic programming over their words: fewest broken limits first, then the best places, then
even lengths.
"""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, chain
from math import inf

from media_pipeline.text.cue_limits import CueLimits
from media_pipeline.text.cue_sentences import Sentence, milliseconds
from media_pipeline.text.cue_times import FAR_AWAY, Clock, Draft
from media_pipeline.text.line_breaks import ANYWHERE, NEVER, Breaks, Lines

# Costs beside those of `line_breaks`: of a cue, of one that is full, of one with hardly a word, of sharing it.
_CUE, _FULL, _TINY, _SHARED = 20.0, 10.0, 8.0, 100.0
_TINY_COLUMNS = 12
# One broken limit outweighs any choice of places.
_BROKEN = 1e6
# A pause is a good place for a break; one of this length is worth a point.
_PAUSE_MS, _MOST_FOR_PAUSE = 60, 8
# How many on either side of a sentence that cannot be read in time are cut anew with it; more if that does not help.
_NEIGHBORS = (1, 3)


@dataclass(slots=True)
class _Block:
    """Neighboring sentences with their cues; None while none that hold all limits are found."""

    first: int
    last: int
    drafts: list[Draft] | None


class Cutter:
    """Cuts sentences of one transcript under one set of limits."""

    def __init__(self, limits: CueLimits, language: str, space: str) -> None:
        self.limits = limits
        self.clock = Clock(limits)
        self.breaks = Breaks(language)
        self.space = len(space)
        self.columns = limits.columns
        self.most = limits.columns * limits.lines + self.space * (limits.lines - 1)
        self.lines = Lines(self.breaks, limits.columns, limits.lines, space)
        self.join = space
        self.dash = limits.dash if limits.speakers_by_dashes and limits.lines > 1 else None
        self.dash_columns = len(limits.dash)
        self.read = [self.clock.reading(columns) for columns in range(self.most + 2)]
        self.need = [self._needed(columns) for columns in range(self.most + 1)]
        self.shape = [
            _CUE + _FULL * (columns / self.most) ** 2 + _TINY * (columns < _TINY_COLUMNS)
            for columns in range(self.most + 1)
        ]

    def shown(self, columns: int) -> int:
        """The columns that are read of text that is so wide on a single line: the break takes the place of a space."""
        return columns - self.space if columns > self.columns else columns

    def _needed(self, columns: int) -> int:
        """The time a cue needs in order to hold all limits; `FAR_AWAY` if it cannot."""
        need = max(self.clock.shortest, self.read[self.shown(columns)])
        return need if need <= self.clock.longest else FAR_AWAY

    def cut(self, sentences: Sequence[Sentence], follow: int) -> list[Draft]:
        """Cues for sentences of which each may share cues with the next. `follow`: start of what comes after them."""
        follows = [sentence.start for sentence in sentences[1:]]
        follows.append(follow)
        whole = list(map(self._whole, sentences, follows))
        if None in whole:
            blocks = [_Block(index, index + 1, drafts) for index, drafts in enumerate(whole)]
            blocks = self._paired(blocks, sentences, follows)
            for neighbors in _NEIGHBORS:
                blocks = self._widened(blocks, neighbors, sentences, follows)
            whole = [block.drafts for block in blocks]
        return list(chain.from_iterable(filter(None, whole)))

    def _whole(self, sentence: Sentence, follow: int) -> list[Draft] | None:
        """The cues of a sentence by itself, if they hold all limits."""
        one = self._one(sentence, follow)
        if one is not None:
            return [one]
        if sentence.width <= 2 * self.most:
            return self._two(sentence, follow)
        window = _Window(self, [sentence], follow)
        return window.drafts() if window.solve() < _BROKEN else None

    def _paired(self, blocks: Sequence[_Block], sentences: Sequence[Sentence], follows: Sequence[int]) -> list[_Block]:
        """The blocks, but a sentence that is not readable alone is joined with the one before or after, if one cue has
        room for both."""
        found: list[_Block] = []
        for block in blocks:
            before = found[-1] if found else None
            if (
                before is not None
                and (before.drafts is None or block.drafts is None)
                and before.last - before.first == 1
            ):
                pair = self._pair(sentences[before.first], sentences[block.first], follows[block.first])
                if pair is not None:
                    found[-1] = _Block(before.first, block.last, [pair])
                    continue
            found.append(block)
        return found

    def _pair(self, sentence: Sentence, following: Sentence, follow: int) -> Draft | None:
        wide = sentence.width + self.space + following.width
        if wide > self.most or sentence.speaker != following.speaker:
            return None
        both = Sentence(
            sentence.segment,
            sentence.speaker,
            [*sentence.words, *following.words],
            sentence.texts + following.texts,
            wide,
            sentence.start,
            following.end,
            sentence.widths + following.widths,
        )
        draft = self._one(both, follow)
        if draft is not None:
            draft.last = following.segment
        return draft

    def _widened(
        self, blocks: Sequence[_Block], neighbors: int, sentences: Sequence[Sentence], follows: Sequence[int]
    ) -> list[_Block]:
        """The blocks, but those that are not readable are cut anew with so many on either side of them."""
        bad = [index for index, block in enumerate(blocks) if block.drafts is None]
        found: list[_Block] = []
        done = 0
        for start, end in _windows(bad, len(blocks), neighbors):
            first, last = blocks[start].first, blocks[end - 1].last
            window = _Window(self, sentences[first:last], follows[last - 1])
            is_readable = window.solve() < _BROKEN or neighbors == _NEIGHBORS[-1]
            found += blocks[done:start]
            found += [_Block(first, last, window.drafts())] if is_readable else blocks[start:end]
            done = end
        found += blocks[done:]
        return found

    def _one(self, sentence: Sentence, follow: int) -> Draft | None:
        """A sentence as a cue, if it holds all limits so."""
        clock, wide, start, end = self.clock, sentence.width, sentence.start, sentence.end
        if wide > self.most:
            return None
        need, free = self.need[wide], follow - clock.gap
        if free - start < need or (free if follow - end < clock.near else end) - start > clock.longest:
            return None
        if end + clock.linger - start < need and clock.room(start, end, follow) < need:
            return None
        if wide <= self.columns:
            lines: tuple[str, ...] = (sentence.narrow or self.join.join(sentence.texts).strip(),)
        else:
            cost, lines = self.lines.laid(sentence.texts, sentence.widths, wide, sentence.narrow)
            if cost >= NEVER:
                return None
            wide -= self.space
        segment = sentence.segment
        return Draft(start, end, lines, (sentence.speaker,) * len(lines), segment, segment, wide)

    def _two(self, sentence: Sentence, follow: int) -> list[Draft] | None:
        """Two cues of a sentence that is too wide for one, cut at the best place that holds all limits."""
        costs = self._costs(sentence)
        # The first place nearly always will do: to look for the least twice is cheaper than to sort.
        while (least := min(costs)) < inf:
            index = costs.index(least)
            first, second = _halves(sentence, index, self.space)
            lower = self._one(second, follow)
            upper = self._one(first, second.start) if lower is not None else None
            if lower is not None and upper is not None:
                return [upper, lower]
            costs[index] = inf
        return None

    def _costs(self, sentence: Sentence) -> list[float]:
        """What it costs to cut a sentence in two before each of its words: `inf` where one of them had no room."""
        texts, widths, behind, before = sentence.texts, sentence.widths, self.breaks.behind, self.breaks.before
        space, most, shape = self.space, self.most, self.shape
        costs = [inf] * len(texts)
        first, upper, least = 1, widths[0], sentence.width - space - most
        while upper < least:
            upper += space + widths[first]
            first += 1
        lower = sentence.width - upper - space
        leaving = behind[texts[first - 1]]
        for index in range(first, len(texts)):
            if upper > most:
                break
            text = texts[index]
            cost = leaving + before[text]
            if cost < NEVER:
                costs[index] = cost + shape[upper] + shape[lower]
            leaving = behind[text]
            step = widths[index] + space
            upper += step
            lower -= step
        return costs


def _halves(sentence: Sentence, index: int, space: int) -> tuple[Sentence, Sentence]:
    """What is before a word, and it with what follows; the words are left out, for the halves are not cut again."""
    segment, speaker, words = sentence.segment, sentence.speaker, sentence.words
    texts, widths, narrow = sentence.texts, sentence.widths, sentence.narrow
    upper = sum(widths[:index]) + space * (index - 1)
    lower = sentence.width - upper - space
    end, start = milliseconds(words[index - 1].end), milliseconds(words[index].start)
    return (
        Sentence(segment, speaker, (), texts[:index], upper, sentence.start, end, widths[:index], narrow[:upper]),
        Sentence(segment, speaker, (), texts[index:], lower, start, sentence.end, widths[index:], narrow[-lower:]),
    )


def _windows(places: Sequence[int], count: int, neighbors: int) -> Iterator[tuple[int, int]]:
    """The places with so many neighbors on either side, as ranges that do not touch."""
    start, end = 0, 0
    for place in places:
        if place - neighbors > end or not end:
            if end:
                yield start, end
            start = max(0, place - neighbors)
        end = min(count, place + neighbors + 1)
    if end:
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
        self._borders: set[int] = set()  # boundaries of sentences
        for sentence in sentences:
            self._add(sentence)
        self.count = len(self.starts)
        self._borders.add(self.count)
        self._first.append(len(self._words))
        self._cost.append(0.0)
        self.starts.append(follow)
        space = cutter.space
        at = [0, *accumulate(wide + space for wide in self._widths)]
        self.at = [at[first] for first in self._first]
        self._before = [(0, 0)] * (self.count + 1)  # for each boundary: where the cue that ends there starts, the turn

    def _add(self, sentence: Sentence) -> None:
        """Take the units of a sentence: its words, but what may not be parted as one, where a line has room for it."""
        space, columns = self._cutter.space, self._cutter.columns
        behind, before = self._cutter.breaks.behind, self._cutter.breaks.before
        starts, ends = self.starts, self.ends
        leaving, wide, said = ANYWHERE, columns, 0
        self._borders.add(len(starts))
        if starts:
            leaving, said = behind[self._words[-1]], ends[-1]
            if self._sentences[-1].speaker != sentence.speaker:
                self._turns.append(len(starts))
        index = len(self._words)
        for text, word, columns_of_word in zip(sentence.texts, sentence.words, sentence.widths, strict=True):
            start, end = round(word.start * 1000), round(word.end * 1000)
            cost = leaving + before[text]
            leaving = behind[text]
            wide += space + columns_of_word
            if cost >= NEVER and wide <= columns:
                if end > said:
                    ends[-1] = end
                    said = end
            else:
                silence = start - said
                if silence >= _PAUSE_MS:
                    cost -= min(_MOST_FOR_PAUSE, silence // _PAUSE_MS)
                self._cost.append(cost)
                self._first.append(index)
                starts.append(start)
                ends.append(end)
                wide, said = columns_of_word, end
            index += 1
        self._sentences += [sentence] * (len(starts) - len(self._sentences))
        self._words += sentence.texts
        self._widths += sentence.widths

    def drafts(self) -> list[Draft]:
        """The cues of the best cut found by `solve`."""
        path: list[tuple[int, int, int]] = []
        last = self.count
        while last:
            first, turn = self._before[last]
            path.append((first, turn, last))
            last = first
        return [
            self._shared(first, turn, last) if turn else self._cue(first, last) for first, turn, last in reversed(path)
        ]

    def solve(self) -> float:
        """Find the cheapest way to cut, and what it costs: `_BROKEN` for each limit that is not held, and more."""
        cutter, clock, count = self._cutter, self._cutter.clock, self.count
        at, starts, ends, cost, before = self.at, self.starts, self.ends, self._cost, self._before
        space, need, shape = cutter.space, cutter.need, cutter.shape
        reach = self._reach()
        gap, near, linger = clock.gap, clock.near, clock.linger
        pairs = list(zip(ends, starts[1:], strict=True))
        free = [0, *(follow - gap if follow - end < near + linger else end + linger for end, follow in pairs)]
        closed = [0, *accumulate((follow - gap if follow - end < near else end for end, follow in pairs), max)]
        turns = [*self._turns, count]
        best = [inf] * (count + 1)
        best[0] = 0.0
        for first in range(count):
            if first >= turns[0]:
                del turns[0]
            start, base, offset = starts[first], best[first], at[first] + space
            last = min(reach[first], turns[0])
            last = max(first + 1, bisect_right(closed, start + clock.longest, first + 1, last + 1) - 1)
            for end in range(first + 1, last + 1):
                wide = at[end] - offset
                total = base + cost[end] + shape[wide]
                if total < best[end]:
                    if free[end] - start < need[wide]:
                        total += self._broken(first, end, cutter.shown(wide))
                        if total >= best[end]:
                            continue
                    best[end], before[end] = total, (first, 0)
            if cutter.dash is not None and turns[0] < count and first in self._borders:
                for end, total in self._sharing(first, turns[0], turns[1], closed):
                    if base + total < best[end]:
                        best[end], before[end] = base + total, (first, turns[0])
        return best[count]

    def _reach(self) -> list[int]:
        """For each boundary, how far a cue from there may go for its width."""
        at, cutter = self.at, self._cutter
        room = cutter.columns + cutter.space
        line = [max(first + 1, bisect_right(at, at[first] + room, first) - 1) for first in range(self.count)]
        line.append(self.count)
        reach = line
        for _ in range(cutter.limits.lines - 1):
            reach = [line[end] for end in reach]
        return reach

    def _broken(self, first: int, end: int, columns: int) -> float:
        """The cost of the limits of time that a cue does not hold; less of it where it is nearly held."""
        clock = self._cutter.clock
        room = clock.room(self.starts[first], self.ends[end - 1], self.starts[end])
        lacking = self._cutter.read[columns] - room
        short = clock.shortest - room
        if lacking <= 0 and short <= 0:
            return 0.0
        return _BROKEN * ((lacking > 0) + (short > 0)) + max(lacking, short) / 100

    def _sharing(self, first: int, turn: int, next_turn: int, closed: Sequence[int]) -> Iterator[tuple[int, float]]:
        """Cues of two lines of whole sentences, from `first` to the change of speaker and on: their end, their cost."""
        cutter, at = self._cutter, self.at
        room = cutter.columns - cutter.dash_columns + cutter.space
        if at[turn] - at[first] > room:
            return
        offset = at[first] + 2 * cutter.space - 2 * cutter.dash_columns
        latest = self.starts[first] + cutter.clock.longest
        for end in range(turn + 1, next_turn + 1):
            if at[end] - at[turn] > room or closed[end] > latest:
                return
            if end not in self._borders:
                continue
            columns = at[end] - offset
            shape = cutter.shape[min(columns, cutter.most)]
            yield end, _SHARED + self._cost[end] + shape + self._broken(first, end, columns)

    def _cue(self, first: int, last: int) -> Draft:
        texts, widths = self._taken(first, last)
        wide = self.at[last] - self.at[first] - self._cutter.space
        lines = self._cutter.lines.laid(texts, widths, wide)[1] or (self._text(first, last),)
        speakers = (self._sentences[first].speaker,) * len(lines)
        return self._draft(first, last, lines, speakers, self._cutter.shown(wide))

    def _shared(self, first: int, turn: int, last: int) -> Draft:
        dash, space = self._cutter.dash or "", self._cutter.space
        lines = (dash + self._text(first, turn), dash + self._text(turn, last))
        columns = self.at[last] - self.at[first] - 2 * space + 2 * len(dash)
        return self._draft(first, last, lines, (self._sentences[first].speaker, self._sentences[turn].speaker), columns)

    def _draft(
        self, first: int, last: int, lines: tuple[str, ...], speakers: tuple[str | None, ...], columns: int
    ) -> Draft:
        start, end = self.starts[first], max(self.ends[first:last])
        segment, last_segment = self._sentences[first].segment, self._sentences[last - 1].segment
        return Draft(start, end, lines, speakers, segment, last_segment, columns)

    def _taken(self, first: int, last: int) -> tuple[list[str], list[int]]:
        start, end = self._first[first], self._first[last]
        return self._words[start:end], self._widths[start:end]

    def _text(self, first: int, last: int) -> str:
        return self._cutter.join.join(self._taken(first, last)[0]).strip()

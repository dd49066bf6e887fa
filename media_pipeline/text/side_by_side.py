"""Two versions of what was said in one recording, side by side: where their words differ, and who said them."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import accumulate, groupby
from typing import NamedTuple

from media_pipeline.text.differences import equal_pairs, sound
from media_pipeline.transcript import Seconds

# Words are only looked for within a window, so ten hours take as long as sixty times ten minutes, not much longer.
WINDOW: Seconds = 60.0
# So many pairs in a row are no accident: behind them another window may begin.
SURE_RUN = 3
# Where nothing is alike, a place is cut after this time.
LONGEST_PLACE: Seconds = 20.0
CONTEXT_WORDS = 5


class Token(NamedTuple):
    """A word where it stands: `segment` and `at` (characters) tell where in the text, `speaker` is any key."""

    text: str
    start: Seconds
    end: Seconds
    speaker: int | None = None
    segment: int = 0
    at: int = 0


class RunKind(StrEnum):
    SAME = "same"
    REMOVED = "removed"
    ADDED = "added"
    REPLACED = "replaced"
    SPEAKER = "speaker"  # the same words, said by somebody else


@dataclass(frozen=True, slots=True)
class Run:
    """Words side by side. In `SAME` and `SPEAKER` both sides have as many."""

    kind: RunKind
    before: tuple[Token, ...]
    after: tuple[Token, ...]


@dataclass(frozen=True, slots=True)
class Place:
    """Differences close to each other, with a few words around them. `start` is where the first of them is heard."""

    start: Seconds
    runs: tuple[Run, ...]


def aligned(before: Sequence[Token], after: Sequence[Token]) -> list[tuple[int, int]]:
    """Indices of words that both have, in order, none crossing. Case and punctuation count for nothing.

    Both in order of time. Words more than `WINDOW` apart are never taken for the same.
    """
    old, new = ([sound(token.text) for token in tokens] for tokens in (before, after))
    old_times, new_times = (list(accumulate((token.start for token in tokens), max)) for tokens in (before, after))
    pairs: list[tuple[int, int]] = []
    first = second = 0
    while first < len(old) and second < len(new):
        until = min(old_times[first], new_times[second]) + WINDOW
        ends = bisect_left(old_times, until, first), bisect_left(new_times, until, second)
        found = list(equal_pairs(old[first : ends[0]], new[second : ends[1]]))
        if ends != (len(old), len(new)):
            sure = _sure(found, (ends[0] - first) // 2)
            found, ends = (found[:sure], _behind(found[sure - 1], first, second)) if sure else (found, ends)
        pairs += ((first + one, second + other) for one, other in found)
        first, second = ends
    return pairs


def _sure(pairs: Sequence[tuple[int, int]], least: int) -> int:
    """How many pairs there are up to the last run that is no accident, behind the index `least`; 0 without one."""
    for count in range(len(pairs), SURE_RUN - 1, -1):
        last, begin = pairs[count - 1], pairs[count - SURE_RUN]
        if last[0] < least:
            return 0
        if (last[0] - begin[0], last[1] - begin[1]) == (SURE_RUN - 1, SURE_RUN - 1):
            return count
    return 0


def _behind(pair: tuple[int, int], first: int, second: int) -> tuple[int, int]:
    return first + pair[0] + 1, second + pair[1] + 1


def same_speakers(
    before: Sequence[Token],
    after: Sequence[Token],
    pairs: Sequence[tuple[int, int]],
    given: Callable[[int | None, int | None], bool],
) -> dict[int | None, int | None]:
    """Who of `after` is who of `before`: by given name, else by the words that both say.

    Args:
        given: Whether two are known to be the same, by their names.
    """
    shared = Counter((before[one].speaker, after[other].speaker) for one, other in pairs)
    found: dict[int | None, int | None] = {}
    taken: set[int | None] = set()
    for (one, other), _count in sorted(shared.items(), key=lambda item: (not given(*item[0]), -item[1])):
        if one not in found and other not in taken:
            found[one] = other
            taken.add(other)
    return found


def runs(
    before: Sequence[Token],
    after: Sequence[Token],
    pairs: Sequence[tuple[int, int]],
    speakers: dict[int | None, int | None] | None = None,
    *,
    is_exact: bool = False,
) -> Iterator[Run]:
    """Both versions whole, cut where it changes what they have in common.

    Args:
        speakers: Who of `after` is who of `before`; without it, who said a word counts for nothing.
        is_exact: Whether case and punctuation count.
    """
    at_old = at_new = 0
    kind, begin = RunKind.SAME, (0, 0)
    for one, other in [*pairs, (len(before), len(after))]:
        is_gap, is_end = one > at_old or other > at_new, one == len(before) and other == len(after)
        now = RunKind.SAME if is_end else _kind(before[one], after[other], speakers, is_exact)
        if is_gap or is_end or now != kind:
            if at_old > begin[0]:
                yield from _common(kind, before[begin[0] : at_old], after[begin[1] : at_new])
            yield from _gap(before[at_old:one], after[at_new:other])
            kind, begin = now, (one, other)
        at_old, at_new = one + 1, other + 1


def _common(kind: RunKind, before: Sequence[Token], after: Sequence[Token]) -> Iterator[Run]:
    """Words that both have: those with other speakers apart for each two speakers."""
    if kind != RunKind.SPEAKER:
        yield Run(kind, tuple(before), tuple(after))
        return
    both = zip(before, after, strict=True)
    for _speakers, group in groupby(both, key=lambda pair: (pair[0].speaker, pair[1].speaker)):
        old, new = zip(*group, strict=True)
        yield Run(kind, old, new)


def _kind(one: Token, other: Token, speakers: dict[int | None, int | None] | None, is_exact: bool) -> RunKind:
    if is_exact and one.text != other.text:
        return RunKind.REPLACED
    is_same = speakers is None or (one.speaker in speakers and speakers[one.speaker] == other.speaker)
    return RunKind.SAME if is_same else RunKind.SPEAKER


def _gap(before: Sequence[Token], after: Sequence[Token]) -> Iterator[Run]:
    """What has no match, cut into pieces that are not too long."""
    first = second = 0
    while first < len(before) or second < len(after):
        starts = [*(token.start for token in before[first : first + 1]), *(t.start for t in after[second : second + 1])]
        until = min(starts) + LONGEST_PLACE
        one = _first_from(before, until, first)
        other = _first_from(after, until, second)
        sides = tuple(before[first:one]), tuple(after[second:other])
        yield Run(
            RunKind.REPLACED if all(sides) else RunKind.REMOVED if sides[0] else RunKind.ADDED, sides[0], sides[1]
        )
        first, second = one, other


def _first_from(tokens: Sequence[Token], until: Seconds, first: int) -> int:
    return next((index for index in range(first, len(tokens)) if tokens[index].start >= until), len(tokens))


def places(all_runs: Iterator[Run]) -> Iterator[Place]:
    """Where they differ: runs close to each other in one segment together, with `CONTEXT_WORDS` around."""
    held: list[Run] = []
    context: Run | None = None
    for run in all_runs:
        if run.kind != RunKind.SAME:
            if held and (_start(run) - _start(held[0]) > LONGEST_PLACE or _is_elsewhere(held, run)):
                context = held.pop() if held[-1].kind == RunKind.SAME else None
                yield _place([*held, _first_words(context)] if context else held)
                held = []
            held += [_last_words(context), run] if context and not held else [run]
            continue
        if held and len(run.before) <= 2 * CONTEXT_WORDS and _is_within_segment(held, run):
            held.append(run)
        elif held:
            yield _place([*held, _first_words(run)])
            held = []
        context = run
    if any(run.kind != RunKind.SAME for run in held):
        yield _place(held)


def _is_within_segment(held: Sequence[Run], run: Run) -> bool:
    return len({token.segment for token in (*_last_of(held), *run.after)}) == 1


def _is_elsewhere(held: Sequence[Run], run: Run) -> bool:
    """Whether it begins another segment than that of the words before it."""
    return bool(run.after) and any(token.segment != run.after[0].segment for token in _last_of(held))


def _last_of(held: Sequence[Run]) -> tuple[Token, ...]:
    return next((run.after[-1:] for run in reversed(held) if run.after), ())


def _place(held: Sequence[Run]) -> Place:
    first = next(run for run in held if run.kind != RunKind.SAME)
    return Place(_start(first), tuple(held))


def _start(run: Run) -> Seconds:
    return min(token.start for token in (*run.before[:1], *run.after[:1]))


def _last_words(run: Run) -> Run:
    return Run(run.kind, run.before[-CONTEXT_WORDS:], run.after[-CONTEXT_WORDS:])


def _first_words(run: Run) -> Run:
    return Run(run.kind, run.before[:CONTEXT_WORDS], run.after[:CONTEXT_WORDS])

"""Word by word: what two texts have in common, and where they differ."""

import unicodedata
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum


class PieceKind(StrEnum):
    SAME = "same"
    REMOVED = "removed"
    ADDED = "added"
    REPLACED = "replaced"


@dataclass(frozen=True, slots=True)
class Piece:
    """Words side by side. `before_at` and `after_at` are the places of the first of them in their texts.

    Only `before` is filled where they were removed, only `after` where they were added. In what is the same, both are,
    for words may count as the same that are not written alike.
    """

    kind: PieceKind
    before: tuple[str, ...]
    after: tuple[str, ...]
    before_at: int
    after_at: int


def differences(
    before: Sequence[str], after: Sequence[str], *, alike: Callable[[str], Hashable] | None = None
) -> list[Piece]:
    """Both texts, cut into pieces that are the same and pieces that are not, in turns. Empty when both are.

    Args:
        alike: Words with the same value of it count as the same: `sound` leaves out case and punctuation. Without it
            they must be written alike.
    """
    old, new = (list(map(alike, words)) if alike else list(words) for words in (before, after))
    pieces: list[Piece] = []
    at_old = at_new = 0
    for first, second, length in [*_runs(equal_pairs(old, new)), (len(old), len(new), 0)]:
        if first > at_old or second > at_new:
            pieces.append(_differing(tuple(before[at_old:first]), tuple(after[at_new:second]), at_old, at_new))
        at_old, at_new = first + length, second + length
        if length:
            pieces.append(
                Piece(PieceKind.SAME, tuple(before[first:at_old]), tuple(after[second:at_new]), first, second)
            )
    return pieces


def _differing(before: tuple[str, ...], after: tuple[str, ...], before_at: int, after_at: int) -> Piece:
    kind = PieceKind.REPLACED if before and after else PieceKind.REMOVED if before else PieceKind.ADDED
    return Piece(kind, before, after, before_at, after_at)


def _runs(pairs: Iterator[tuple[int, int]]) -> Iterator[tuple[int, int, int]]:
    """Pairs that follow each other on both sides, as (first, second, how many)."""
    run: tuple[int, int, int] | None = None
    for first, second in pairs:
        if run and (first, second) == (run[0] + run[2], run[1] + run[2]):
            run = (run[0], run[1], run[2] + 1)
            continue
        if run:
            yield run
        run = (first, second, 1)
    if run:
        yield run


def sound(text: str) -> str:
    """What is left of a word without case and punctuation; all of it when that is nothing.

    Marks belong to their letters: in many scripts they are the vowels.
    """
    whole = unicodedata.normalize("NFC", text)
    if not whole.isalnum():
        whole = "".join(char for char in whole if unicodedata.category(char)[0] in "LMN")
    return whole.casefold() or text


def equal_pairs(old: Sequence[Hashable], new: Sequence[Hashable]) -> Iterator[tuple[int, int]]:
    """Indices of equal items of both, in order, none crossing."""
    shorter = min(len(old), len(new))
    head = next((index for index in range(shorter) if old[index] != new[index]), shorter)
    tail = next((index for index in range(shorter - head) if old[-1 - index] != new[-1 - index]), shorter - head)
    yield from zip(range(head), range(head), strict=True)
    middle = (old[head : len(old) - tail], new[head : len(new) - tail])
    yield from ((head + first, head + second) for first, second in _pairs_in_middle(*middle))
    yield from zip(range(len(old) - tail, len(old)), range(len(new) - tail, len(new)), strict=True)


def _pairs_in_middle(old: Sequence[Hashable], new: Sequence[Hashable]) -> Iterator[tuple[int, int]]:
    """As `equal_pairs`, of what differs at both ends. Items that both have once divide it, which makes it quick."""
    last_old = last_new = 0
    anchors = _anchors(old, new)
    for at_old, at_new in [*anchors, (len(old), len(new))]:
        first, second = old[last_old:at_old], new[last_new:at_new]
        if first and second and anchors:
            yield from ((last_old + one, last_new + other) for one, other in equal_pairs(first, second))
        elif first and second:
            for block in SequenceMatcher(None, first, second, autojunk=False).get_matching_blocks():
                yield from zip(range(block.a, block.a + block.size), range(block.b, block.b + block.size), strict=True)
        if at_old < len(old):
            yield at_old, at_new
        last_old, last_new = at_old + 1, at_new + 1


def _anchors(old: Sequence[Hashable], new: Sequence[Hashable]) -> list[tuple[int, int]]:
    """The longest row of items, in the same order in both, that each have exactly once."""
    counts = Counter(old), Counter(new)
    places = {item: place for place, item in enumerate(new) if counts[1][item] == 1}
    once = [(at, places[item]) for at, item in enumerate(old) if counts[0][item] == 1 and item in places]
    ends: list[int] = []  # the smallest place in `new` with which a row of that length ends
    rows: list[tuple[tuple[int, int], int]] = []  # an item, and the index of the one before it in its row
    tops: list[int] = []
    for pair in once:
        length = bisect_left(ends, pair[1])
        rows.append((pair, tops[length - 1] if length else -1))
        ends[length:] = [pair[1], *ends[length + 1 :]]
        tops[length:] = [len(rows) - 1, *tops[length + 1 :]]
    found: list[tuple[int, int]] = []
    index = tops[-1] if tops else -1
    while index >= 0:
        pair, index = rows[index]
        found.append(pair)
    return found[::-1]

"""What a text and another hearing of the same passage differ in, as choices a person can make one by one."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from itertools import groupby, pairwise, zip_longest
from operator import attrgetter
from typing import TypeAlias

from media_pipeline.languages import has_spaces
from media_pipeline.text.differences import equal_pairs, sound
from media_pipeline.transcript import Seconds, Word

# Where more than this differs in one place, pairs of words would be chance: it is looked at sentence by sentence, and
# one choice where that is still too much.
MAX_PAIRED = 900
# What it costs that a word has no partner; that two partners have nothing in common; that they are said at quite other
# times; and that two words are taken for one, as "key word" for "keyboard".
_ALONE = 0.5
_UNLIKE = 0.7
_APART = 0.3
_JOINING = 0.3
# (words of the text, words heard, what it costs besides what they differ in)
_STEPS = ((1, 1, 0.0), (2, 1, _JOINING), (1, 2, _JOINING), (1, 0, _ALONE), (0, 1, _ALONE))
_ENDS = ".,;:!?…。、，；：！？"
_SENTENCE_ENDS = ".!?…"


@dataclass(frozen=True, slots=True)
class Said:
    """A sentence as it stands. `key` is the caller's name for it; `words` are those of `text`, in its order.

    With `is_around` it only stands beside the passage, and nothing of it is to be chosen.
    """

    key: int
    text: str
    words: tuple[Word, ...]
    is_around: bool = False


@dataclass(frozen=True, slots=True)
class Choice:
    """In the sentence `key`, the characters `first`..`last` are `yours` and were heard as `other`.

    One of the two may be empty: `other` where nothing was heard, `yours` where something was heard in between.
    """

    key: int
    first: int
    last: int
    yours: str
    other: str
    start: Seconds
    end: Seconds


@dataclass(frozen=True, slots=True)
class _Unit:
    """What is compared: a word, or a character where words have no spaces. `first` and `last` are its place."""

    text: str
    start: Seconds
    end: Seconds
    key: int = 0
    first: int = 0
    last: int = 0
    is_around: bool = False

    @property
    def middle(self) -> Seconds:
        return (self.start + self.end) / 2


def choices(
    said: Sequence[Said], heard: Sequence[Word], language: str, *, start: Seconds, end: Seconds
) -> list[Choice]:
    """Where `heard` differs from what is `said` between `start` and `end`, in the order of the text.

    Case and punctuation count for nothing, nor does a space within a word. Words that replace each other are paired
    one by one where that makes sense.

    Args:
        said: In order. What stands around the passage keeps its edges clean, if it was heard too.
        heard: In time order. Where none of it has punctuation, that of the text stays.
        start, end: What is heard beyond them is not for the passage.
    """
    split = has_spaces(language)
    texts = {sentence.key: sentence.text for sentence in said}
    old = [unit for sentence in said for unit in _units(sentence, split)]
    new = [unit for word in heard for unit in _pieces(word, split) if _is_spoken(unit.text)]
    gaps: list[_Gap] = []
    pairs = [
        (-1, -1),
        *equal_pairs(*([sound(unit.text) for unit in units] for units in (old, new))),
        (len(old), len(new)),
    ]
    for before, after in pairwise(pairs):
        gaps.append(_Gap(old, new, (before[0] + 1, after[0]), (before[1] + 1, after[1]), (start, end), split))
    found = [choice for gap in gaps for choice in gap.choices()]
    found = [replace(choice, yours=texts[choice.key][choice.first : choice.last]) for choice in found]
    found = [choice for choice in found if sound(choice.yours) != sound(choice.other)]
    is_bare = split and _is_bare(heard)
    return [_dressed(choice, texts[choice.key]) for choice in found] if is_bare else found


def taken(text: str, chosen: Sequence[Choice], language: str) -> str:
    """`text`, a sentence, with what was heard in place of what stands, for each of `chosen`. It may be empty."""
    space = " " if has_spaces(language) else ""
    in_order = sorted(chosen, key=attrgetter("first", "last"))
    for choice in in_order[::-1]:  # several that come in between may stand at one place
        before, after = text[: choice.first], text[choice.last :]
        if space:
            before, after = before.rstrip(), after.lstrip()
        text = space.join(part for part in (before, choice.other, after) if part)
    return text


# What is compared -----------------------------------------------------------------------------------------------------


def _units(sentence: Said, split: bool) -> Iterator[_Unit]:
    at = 0
    for word in sentence.words:
        place = sentence.text.find(word.text, at)
        if place >= 0:
            at = place + len(word.text)
            for unit in _pieces(word, split):
                if _is_spoken(unit.text):
                    first, last = place + unit.first, place + unit.last
                    yield replace(unit, key=sentence.key, first=first, last=last, is_around=sentence.is_around)


def _pieces(word: Word, split: bool) -> Iterator[_Unit]:
    """The word; or its characters, each with the signs behind it and its share of the time."""
    if split:
        yield _Unit(word.text, word.start, word.end, last=len(word.text))
        return
    begins = [at for at, char in enumerate(word.text) if char.isalnum()] or [0]
    share = (word.end - word.start) / len(begins)
    for count, (first, last) in enumerate(pairwise([*begins, len(word.text)])):
        text = word.text[first:last].rstrip()
        start = word.start + count * share
        yield _Unit(text, start, start + share, first=first, last=first + len(text))


def _is_spoken(text: str) -> bool:
    return any(char.isalnum() for char in text)


# What differs ---------------------------------------------------------------------------------------------------------

_Step: TypeAlias = tuple[Sequence[_Unit], Sequence[_Unit]]
# By how many words of each side were passed: the least cost, and from where.
_Table: TypeAlias = dict[tuple[int, int], tuple[float, tuple[int, int]]]


@dataclass(frozen=True, slots=True)
class _Gap:
    """Units of both sides between two that both have; `old_span` and `new_span` are their indices.

    `passage` is its start and end.
    """

    old: Sequence[_Unit]
    new: Sequence[_Unit]
    old_span: tuple[int, int]
    new_span: tuple[int, int]
    passage: tuple[Seconds, Seconds]
    split: bool

    def choices(self) -> Iterator[Choice]:
        old, new = self.old[slice(*self.old_span)], self.new[slice(*self.new_span)]
        if not old and not new:
            return
        at = self.old_span[0]
        for yours, other in _paired(old, new) if self.split else [(old, new)]:
            if yours:
                yield from (self._choice(*step) for step in _dealt(yours, other) if not step[0][0].is_around)
            else:
                yield from self._inserted(other, at)
            at += len(yours)

    def _inserted(self, other: Sequence[_Unit], at: int) -> Iterator[Choice]:
        """In the sentence that is nearer, behind what stands before it or before what stands behind it."""
        before = self.old[at - 1] if at else None
        after = self.old[at] if at < len(self.old) else None
        inside = [unit for unit in other if self.passage[0] <= unit.middle <= self.passage[1]]
        for is_before, run in groupby(inside, key=lambda unit: _is_nearer(unit, before, after)):
            units, near = list(run), before if is_before else after
            if near is not None and not near.is_around:
                place = near.last if is_before else near.first
                text = self._text(units)
                yield Choice(near.key, place, place, "", text, units[0].start, units[-1].end)

    def _choice(self, yours: Sequence[_Unit], other: Sequence[_Unit]) -> Choice:
        first, last = yours[0], yours[-1]
        return Choice(first.key, first.first, last.last, "", self._text(other), first.start, last.end)

    def _text(self, units: Sequence[_Unit]) -> str:
        return (" " if self.split else "").join(unit.text for unit in units)


def _is_nearer(unit: _Unit, before: _Unit | None, after: _Unit | None) -> bool:
    """Whether something heard between two words belongs to the first of them."""
    if before is None or after is None or before.key == after.key:
        return before is not None
    if before.is_around != after.is_around:
        return after.is_around
    return unit.middle - before.end <= after.start - unit.middle


def _dealt(old: Sequence[_Unit], new: Sequence[_Unit]) -> list[_Step]:
    """What replaces the words of several sentences, dealt out to them by its times."""
    parts = [list(run) for _key, run in groupby(old, key=attrgetter("key"))]
    steps: list[_Step] = []
    left = list(new)
    for part, following in zip_longest(parts, parts[1:]):
        border = (part[-1].end + following[0].start) / 2 if following else math.inf
        mine = [unit for unit in left if unit.middle < border]
        left = left[len(mine) :]
        steps.append((part, mine))
    return steps


def _paired(old: Sequence[_Unit], new: Sequence[_Unit]) -> list[_Step]:
    """Words that were heard instead of each other: one for one, one for two, or alone."""
    if not old or not new:
        return [(old, new)]
    if len(old) * len(new) <= MAX_PAIRED:
        return _cheapest(old, new)
    dealt = _dealt(old, new)
    return [step for part in dealt for step in _paired(*part)] if len(dealt) > 1 else dealt


def _cheapest(old: Sequence[_Unit], new: Sequence[_Unit]) -> list[_Step]:
    """The way through both that costs least."""
    best: _Table = {(0, 0): (0.0, (0, 0))}
    for i in range(len(old) + 1):
        for j in range(len(new) + 1):
            if i or j:
                best[i, j] = min(_ways(best, old[:i], new[:j]))
    steps: list[_Step] = []
    i, j = len(old), len(new)
    while i or j:
        back = best[i, j][1]
        steps.append((old[back[0] : i], new[back[1] : j]))
        i, j = back
    return steps[::-1]


def _ways(best: _Table, old: Sequence[_Unit], new: Sequence[_Unit]) -> Iterator[tuple[float, tuple[int, int]]]:
    """(cost, where from) of each step with which all of `old` and `new` may end."""
    for back_old, back_new, cost in _STEPS:
        before = (len(old) - back_old, len(new) - back_new)
        if min(before) >= 0:
            unlike = _unlike(old[before[0] :], new[before[1] :]) if back_old and back_new else 0.0
            yield best[before][0] + cost + unlike, before


def _unlike(old: Sequence[_Unit], new: Sequence[_Unit]) -> float:
    """0 for what sounds the same at the same time, towards 1 for what has nothing in common."""
    one, other = ("".join(sound(unit.text) for unit in units) for units in (old, new))
    apart = abs(old[0].middle - new[0].middle)
    return _UNLIKE * (1.0 - SequenceMatcher(None, one, other, autojunk=False).ratio()) + _APART * min(1.0, apart)


# Punctuation ----------------------------------------------------------------------------------------------------------


def _is_bare(heard: Sequence[Word]) -> bool:
    """Whether an engine wrote words alone, without any signs."""
    return not any(word.text[-1:] in _ENDS for word in heard if word.text)


def _dressed(choice: Choice, text: str) -> Choice:
    """What is heard with the sign and the capital that stand in `text` at its place."""
    if not (choice.other and choice.yours):
        return choice
    sign = choice.yours[len(choice.yours.rstrip(_ENDS)) :]
    before = text[: choice.first].rstrip()
    is_first = not before or before[-1] in _SENTENCE_ENDS
    other = choice.other[:1].upper() + choice.other[1:] if is_first and choice.yours[:1].isupper() else choice.other
    return replace(choice, other=f"{other}{sign}")

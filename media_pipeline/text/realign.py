"""Give times to the words of a text that people have corrected.

What was not touched keeps everything an engine found out about it; what is new is laid between its neighbors. No times
are ever taken from a word that stayed: where two words leave no room between them, a new one there has no length.
"""

import re
import unicodedata
from bisect import bisect_left
from collections import Counter
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from itertools import groupby

from media_pipeline.languages import has_spaces
from media_pipeline.transcript import Seconds, Word

# Speech takes this long for a character: new words are given no more in a long pause, and no less where there is room.
SLOWEST: Seconds = 0.1
FASTEST: Seconds = 0.06

_NOT_SPOKEN = re.compile(r"[\W_]+")


@dataclass(frozen=True, slots=True)
class _Token:
    """A piece of the new text, and which of the old words it is; None when it is none of them."""

    text: str
    old: int | None = None


def realign(
    words: Sequence[Word], text: str, language: str, *, start: Seconds, end: Seconds, is_confirmed: bool = True
) -> tuple[Word, ...]:
    """The words of `text`, a corrected version of what `words` say.

    A word that is still there stays as it is, and one that differs in case or punctuation alone keeps all but its text.
    Others are new: they lie between their neighbors, each as long as its share of characters, and one after the other.

    Args:
        words: In time order, with times inside `start`..`end`.
        start, end: Of the segment.
        is_confirmed: New words are a person's, so they are sure (confidence 1); otherwise nothing is known of them.
    """
    tokens = _with_spaces(words, text.split()) if has_spaces(language) else _without_spaces(words, text)
    return tuple(_timed(tokens, words, start, end, is_confirmed))


def realign_halves(
    words: Sequence[Word], halves: tuple[str, str], language: str, *, start: Seconds, end: Seconds
) -> tuple[tuple[Word, ...], tuple[Word, ...]]:
    """The words of a text that is cut in two. A word that is cut shares its time between both its parts."""
    if has_spaces(language):
        first = halves[0].split()
        tokens = _with_spaces(words, [*first, *halves[1].split()])
        count = len(first)
    else:
        tokens, count = _cut_at(_without_spaces(words, "".join(halves)), len(halves[0]))
    found = tuple(_timed(tokens, words, start, end, is_confirmed=False))
    return found[:count], found[count:]


def _cut_at(tokens: list[_Token], offset: int) -> tuple[list[_Token], int]:
    """Tokens of which none crosses `offset`, and how many lie before it."""
    done = 0
    for index, token in enumerate(tokens):
        if done >= offset:
            return tokens, index
        if done + len(token.text) > offset:
            parts = (token.text[: offset - done], token.text[offset - done :])
            return [*tokens[:index], *map(_Token, parts), *tokens[index + 1 :]], index + 1
        done += len(token.text)
    return tokens, len(tokens)


# Which words stayed ---------------------------------------------------------------------------------------------------


def _with_spaces(words: Sequence[Word], texts: Sequence[str]) -> list[_Token]:
    """Equal words first; between them, words that sound the same."""
    tokens = [_Token(text) for text in texts]
    old = [word.text for word in words]
    same = list(_pairs(old, texts))
    last_old = last_new = 0
    for at_old, at_new in [*same, (len(old), len(texts))]:
        sounds = [[_sound(text) for text in part] for part in (old[last_old:at_old], texts[last_new:at_new])]
        for first, second in _pairs(*sounds):
            tokens[last_new + second] = _Token(texts[last_new + second], last_old + first)
        last_old, last_new = at_old + 1, at_new + 1
    for at_old, at_new in same:
        tokens[at_new] = _Token(texts[at_new], at_old)
    return tokens


def _without_spaces(words: Sequence[Word], text: str) -> list[_Token]:
    """A word stays when all its characters are still there side by side; the rest is cut into characters.

    White space counts for nothing and stands at the end of the token before it.
    """
    owners = [(index, char) for index, word in enumerate(words) for char in word.text if not char.isspace()]
    places = [(place, char) for place, char in enumerate(text) if not char.isspace()]
    pairs = dict(_pairs([char for _, char in owners], [char for _, char in places]))
    kept: dict[int, tuple[int, int]] = {}  # first place among `places` -> (how many, which word)
    for index, run in groupby(range(len(owners)), key=lambda at: owners[at][0]):
        ats = list(run)
        found = [pairs.get(at, -1) for at in ats]
        if found[0] >= 0 and found == list(range(found[0], found[0] + len(found))):
            kept[found[0]] = (len(found), index)
    starts: list[tuple[int, int | None]] = []
    at = 0
    while at < len(places):
        count, old = kept.get(at, (0, None))
        place, char = places[at]
        if old is not None or not _belongs_to_token_before(text, place, char, starts):
            starts.append((place, old))
        at += count or 1
    ends = [*(place for place, _ in starts[1:]), len(text)] if starts else []
    return [_Token(text[place:end], old) for (place, old), end in zip(starts, ends, strict=True)]


def _belongs_to_token_before(text: str, place: int, char: str, starts: Sequence[tuple[int, int | None]]) -> bool:
    """Whether a character cannot stand alone: punctuation and marks behind something new, a letter inside a name."""
    if not starts or starts[-1][1] is not None:
        return False
    is_inside = char.isascii() and char.isalnum() and text[place - 1].isascii() and text[place - 1].isalnum()
    return is_inside or unicodedata.category(char)[0] in "PM"


def _sound(text: str) -> str:
    """What is left of a word without case and punctuation; all of it when that is nothing."""
    return _NOT_SPOKEN.sub("", text).casefold() or text


def _pairs(old: Sequence[Hashable], new: Sequence[Hashable]) -> Iterator[tuple[int, int]]:
    """Indices of equal items of both, in order, none crossing."""
    shorter = min(len(old), len(new))
    head = next((index for index in range(shorter) if old[index] != new[index]), shorter)
    tail = next((index for index in range(shorter - head) if old[-1 - index] != new[-1 - index]), shorter - head)
    yield from zip(range(head), range(head), strict=True)
    middle = (old[head : len(old) - tail], new[head : len(new) - tail])
    yield from ((head + first, head + second) for first, second in _pairs_in_middle(*middle))
    yield from zip(range(len(old) - tail, len(old)), range(len(new) - tail, len(new)), strict=True)


def _pairs_in_middle(old: Sequence[Hashable], new: Sequence[Hashable]) -> Iterator[tuple[int, int]]:
    """As `_pairs`, of what differs at both ends. Items that both have once divide it, which makes it quick."""
    last_old = last_new = 0
    anchors = _anchors(old, new)
    for at_old, at_new in [*anchors, (len(old), len(new))]:
        first, second = old[last_old:at_old], new[last_new:at_new]
        if first and second and anchors:
            yield from ((last_old + one, last_new + other) for one, other in _pairs(first, second))
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


# When the new ones are said -------------------------------------------------------------------------------------------


def _timed(
    tokens: Sequence[_Token], words: Sequence[Word], start: Seconds, end: Seconds, is_confirmed: bool
) -> Iterator[Word]:
    before = -1  # index of the last old word that stayed
    done = 0
    while done < len(tokens):
        old = tokens[done].old
        if old is not None:
            word = words[old]
            yield word if word.text == tokens[done].text else replace(word, text=tokens[done].text)
            before, done = old, done + 1
            continue
        count = next((index for index in range(done, len(tokens)) if tokens[index].old is not None), len(tokens)) - done
        after = tokens[done + count].old if done + count < len(tokens) else None
        texts = [token.text for token in tokens[done : done + count]]
        low, high = _room(words, (before, len(words) if after is None else after), sum(map(len, texts)), start, end)
        speaker = words[max(before, 0)].speaker if words else None
        confidence = 1.0 if is_confirmed else None
        for text, first, last in _spread(texts, low, high):
            yield Word(text, first, last, confidence, speaker, is_confirmed=is_confirmed)
        done += count


def _room(
    words: Sequence[Word], between: tuple[int, int], size: int, start: Seconds, end: Seconds
) -> tuple[Seconds, Seconds]:
    """Where new words of `size` characters go between the old ones with the indices `between`, both excluded.

    That is where the words they replace were, and more of the pauses around when that is too short to say them; where
    they replace none, it is next to the word before them, or the one behind them when they are the first.
    """
    before, after = between
    floor = max(start, words[before].end) if before >= 0 else start
    ceiling = max(floor, min(end, words[after].start) if after < len(words) else end)
    replaced = words[before + 1 : after]
    if not replaced:
        if before < 0 and after >= len(words):
            return floor, ceiling
        length = min(ceiling - floor, size * SLOWEST)
        return (floor, floor + length) if before >= 0 else (ceiling - length, ceiling)
    low = min(max(floor, replaced[0].start), ceiling)
    high = max(low, min(ceiling, replaced[-1].end))
    high = max(high, min(ceiling, low + size * FASTEST))
    return max(floor, min(low, high - size * FASTEST)), high


def _spread(texts: Sequence[str], low: Seconds, high: Seconds) -> Iterator[tuple[str, Seconds, Seconds]]:
    """Texts with their times, to the millisecond, except for the outer ones."""
    total = sum(map(len, texts))
    done, last = 0, low
    for text in texts:
        done += len(text)
        until = high if done == total else min(high, max(last, round(low + (high - low) * done / total, 3)))
        yield text, last, until
        last = until

"""Give times to the words of a text that people have corrected.

What was not touched keeps everything an engine found out about it; what is new is laid between its neighbors. No times
are ever taken from a word that stayed: where two words leave no room between them, a new one there has no length.
"""

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from media_pipeline.languages import has_spaces
from media_pipeline.text.differences import equal_pairs, sound
from media_pipeline.transcript import Seconds, Word

# Speech takes this long for a character: new words are given no more in a long pause, and no less where there is room.
SLOWEST: Seconds = 0.1
FASTEST: Seconds = 0.06


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


def in_turn(first: Sequence[Word], second: Sequence[Word]) -> tuple[Word, ...]:
    """The words of two pieces that become one, `second` behind `first`.

    Where both were said at the same time, their words share that time one after the other.

    Args:
        first, second: In time order each.
    """
    if not first or not second or first[-1].end <= second[0].start:
        return (*first, *second)
    before = [word for word in first if word.end <= second[0].start]
    behind = [word for word in second if word.start >= first[-1].end]
    crowd = [*first[len(before) :], *second[: len(second) - len(behind)]]
    low, high = min(word.start for word in crowd), max(word.end for word in crowd)
    spread = _spread([word.text for word in crowd], low, high)
    return (
        *before,
        *(replace(word, start=start, end=end) for word, (_text, start, end) in zip(crowd, spread, strict=True)),
        *behind,
    )


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
    same = list(equal_pairs(old, texts))
    last_old = last_new = 0
    for at_old, at_new in [*same, (len(old), len(texts))]:
        if at_old > last_old and at_new > last_new:
            sounds = [[sound(text) for text in part] for part in (old[last_old:at_old], texts[last_new:at_new])]
            for first, second in equal_pairs(*sounds):
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
    pairs = dict(equal_pairs([char for _, char in owners], [char for _, char in places]))
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

"""Move changes of speaker to where people take turns: at the end of a sentence, or in a pause."""

import re
from collections.abc import Sequence
from itertools import pairwise

from media_pipeline.transcript import Seconds, Word

# In words: a change without pause or punctuation costs more than one word against the diarizer's word, so that two
# changes cost more than two words (an island of two vanishes) but less than three (one of three stays).
_CHANGE_PRICE = 1.45
# Diarizers are some tenths of a second off, so words shorter than this say less.
_FULL_WORD: Seconds = 0.35
_NO_PAUSE: Seconds = 0.1
_CLEAR_PAUSE: Seconds = 0.4
_SENTENCE_END = re.compile(r"[.?!…。！？।؟]['\"”’»)\]」』]*$")
_CLAUSE_END = re.compile(r"[,;:、，；：—–][\"”’»)\]」』]*$")
_EASE_AT_SENTENCE_END, _EASE_AT_CLAUSE_END, _MOST_EASE = 0.8, 0.3, 0.95


def settle(words: Sequence[Word], heard: Sequence[tuple[str, float]]) -> list[str]:
    """The speaker of each word of one sentence, such that changes lie where they are likely.

    The cheapest path: a word given to another speaker than the diarizer's costs up to 1, less where it is short or
    the diarizer is unsure; a change costs 1.45, down to nearly nothing in a pause or after punctuation. So a border
    is moved by about half a second of speech, and one or two words inside a sentence do not change hands unless
    pauses set them apart.

    Args:
        heard: For each word the speaker and how clearly (0..1) that is so.
    """
    names = list(dict.fromkeys(speaker for speaker, _ in heard))
    if len(names) == 1:
        return names * len(words)
    totals = [0.0] * len(names)
    came_from: list[list[int]] = []
    prices = [0.0, *(_price(before, after) for before, after in pairwise(words))]
    for word, (speaker, clearness), price in zip(words, heard, prices, strict=True):
        cheapest = min(range(len(names)), key=totals.__getitem__)
        sources = [own if totals[own] <= totals[cheapest] + price else cheapest for own in range(len(names))]
        against = clearness * min(1.0, max(0.0, word.end - word.start) / _FULL_WORD)
        totals = [
            totals[source] + price * (source != own) + against * (names[own] != speaker)
            for own, source in enumerate(sources)
        ]
        came_from.append(sources)
    return _path(names, totals, came_from)


def _path(names: Sequence[str], totals: Sequence[float], came_from: Sequence[Sequence[int]]) -> list[str]:
    """Back from the cheapest end."""
    own = min(range(len(names)), key=totals.__getitem__)
    path = []
    for sources in reversed(came_from):
        path.append(names[own])
        own = sources[own]
    return path[::-1]


def _price(before: Word, after: Word) -> float:
    """What a change of speaker between two words costs."""
    ease = (after.start - before.end - _NO_PAUSE) / (_CLEAR_PAUSE - _NO_PAUSE)
    if _SENTENCE_END.search(before.text):
        ease = max(ease, _EASE_AT_SENTENCE_END)
    elif _CLAUSE_END.search(before.text):
        ease = max(ease, _EASE_AT_CLAUSE_END)
    return _CHANGE_PRICE * (1 - min(_MOST_EASE, max(0.0, ease)))

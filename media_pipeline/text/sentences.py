"""Cut words into sentence-like segments: what a reader takes in at once."""

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby, pairwise

from media_pipeline.text.joining import joined
from media_pipeline.transcript import Mark, Seconds, Segment, Word

MAX_SECONDS: Seconds = 20.0
MAX_CHARACTERS = 250
# A pause ends a sentence. Text without any punctuation has nothing else to go by, so there a shorter one does.
PAUSE: Seconds = 0.8
PAUSE_WITHOUT_PUNCTUATION: Seconds = 0.5

_SENTENCE_END = re.compile(r"[.?!…。！？।؟]['\"”’»)\]」』]*$")
_CLAUSE_END = re.compile(r"[,;:、，；：—–][\"”’»)\]」』]*$")
_CLAUSE_BONUS: Seconds = 0.5
# "Dr." or "J." does not end a sentence. More are needless: what follows them mostly begins in lower case.
_ABBREVIATION = re.compile(r"^\W*(?:[A-Z]|Mr|Mrs|Ms|Dr|Prof|St|No|vs)\.$")


def sentences(segments: Iterable[Segment], language: str) -> tuple[Segment, ...]:
    """Cut and join an engine's segments at sentence ends, pauses and changes of speaker.

    What is longer than 20 s or 250 characters is cut again, where the pause is longest or a clause ends. Words are
    kept as the engine wrote them, and a segment without word times stays as it is.
    """
    ordered = list(segments)
    is_punctuated = any(_SENTENCE_END.search(word.text) for segment in ordered for word in segment.words)
    pause = PAUSE if is_punctuated else PAUSE_WITHOUT_PUNCTUATION
    found: list[Segment] = []
    for has_words, group in groupby(ordered, key=lambda segment: bool(segment.words)):
        if not has_words:
            found += group
            continue
        for sentence in _cut([word for segment in group for word in segment.words], pause):
            found += (as_segment(piece, language) for piece in _short_enough(sentence))
    return tuple(found)


def as_segment(words: Sequence[Word], language: str) -> Segment:
    """A segment of `words` (at least one), with the speaker of the first, and the marks that half of them have."""
    known = [word.confidence for word in words if word.confidence is not None]
    return Segment(
        start=words[0].start,
        end=max(word.end for word in words),
        text=joined(words, language),
        words=tuple(words),
        speaker=words[0].speaker,
        confidence=round(sum(known) / len(known), 3) if known else None,
        marks=tuple(mark for mark in Mark if 2 * sum(mark in word.marks for word in words) >= len(words)),
    )


def _cut(words: Sequence[Word], pause: Seconds) -> Iterator[Sequence[Word]]:
    first = 0
    for index, (word, following) in enumerate(pairwise(words), start=1):
        if _is_end(word, following, pause):
            yield words[first:index]
            first = index
    yield words[first:]


def _is_end(word: Word, following: Word, pause: Seconds) -> bool:
    if word.speaker != following.speaker or following.start - word.end > pause:
        return True
    if not _SENTENCE_END.search(word.text) or _ABBREVIATION.match(word.text):
        return False
    return not following.text.lstrip()[:1].islower()


def _short_enough(words: Sequence[Word]) -> Iterator[Sequence[Word]]:
    """`words` whole when short, else cut in its middle half, as often as needed."""
    pending = [words]
    while pending:
        piece = pending.pop()
        if len(piece) == 1 or not _is_long(piece):
            yield piece
            continue
        cut = _best_cut(piece)
        pending += [piece[cut:], piece[:cut]]


def _is_long(words: Sequence[Word]) -> bool:
    characters = sum(len(word.text) + 1 for word in words)
    return words[-1].end - words[0].start > MAX_SECONDS or characters > MAX_CHARACTERS


def _best_cut(words: Sequence[Word]) -> int:
    """Index of the word to begin anew with: after the longest pause, a clause's end counting as one."""
    quarter = len(words) // 4
    candidates = range(max(1, quarter), max(2, len(words) - quarter))
    middle = len(words) / 2

    def worth(index: int) -> tuple[Seconds, float]:
        before, after = words[index - 1], words[index]
        bonus = _CLAUSE_BONUS if _CLAUSE_END.search(before.text) else 0.0
        return round(after.start - before.end, 1) + bonus, -abs(index - middle)

    return max(candidates, key=worth)

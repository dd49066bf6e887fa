"""Words of a talk as overlapping chunks hear them: times a little off, words cut in two or missed near the edges.

`Word.speaker` carries the number of the spoken word, so that after joining every word can be accounted for.
"""

import random
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from media_pipeline.media import ChunkTranscript
from media_pipeline.transcript import Segment, Word

COMMON = (
    "the",
    "a",
    "and",
    "to",
    "of",
    "it",
    "is",
    "that",
    "we",
    "so",
    "you",
    "I",
    "in",
    "for",
    "on",
    "not",
    "no",
    "yeah",
    "okay",
    "well",
    "20",
    "7",
    "nine",
    "budget",
    "report",
    "Anna",
)
LONGEST_SENTENCE = 12


@dataclass(frozen=True, slots=True)
class Account:
    """Numbers of words that are missing, there more than once, or not as they were spoken."""

    dropped: tuple[int, ...]
    doubled: tuple[int, ...]
    garbled: tuple[int, ...]

    @property
    def is_perfect(self) -> bool:
        return not (self.dropped or self.doubled or self.garbled)


def talk(rng: random.Random, count: int, vocabulary: Sequence[str], loops: float = 0.05) -> list[Word]:
    """At least `count` words of `vocabulary`; the share `loops` is said two to eight times in a row."""
    words: list[Word] = []
    clock = 0.0
    while len(words) < count:
        text = rng.choice(vocabulary)
        for _ in range(rng.randint(2, 8) if rng.random() < loops else 1):
            start = clock + rng.choice((0.0, 0.0, 0.0, 0.02, 0.05, 0.1, 0.3))
            clock = start + rng.uniform(0.12, 0.5)
            words.append(Word(text, start, clock, speaker=str(len(words))))
    return words


def hear(
    spoken: Sequence[Word],
    index: int,
    start: float,
    end: float,
    rng: random.Random,
    *,
    jitter: float,
    edge: float,
    slips: float = 0.0,
) -> ChunkTranscript:
    """What a chunk from `start` to `end` makes of the words whose middle lies in it.

    Args:
        spoken: The words around it are enough.
        jitter: The most by which a time is off, in seconds.
        edge: So near a place where the chunk is cut, words may be heard wrongly or not at all.
        slips: The share of all other words that is written differently from what was said.
    """
    heard: list[Word] = []
    clock = start
    for word in spoken:
        if not start <= (word.start + word.end) / 2 < end:
            continue
        is_cut = word.start < start + edge or word.end > end - edge
        if is_cut and rng.random() < 0.25:
            continue
        text = f"{word.text[:1]}…" if rng.random() < (0.4 if is_cut else slips) else word.text
        first = min(end, max(clock, word.start + rng.uniform(-jitter, jitter)))
        last = min(end, max(first + 0.02, word.end + rng.uniform(-jitter, jitter)))
        heard.append(Word(text, round(first, 2), round(last, 2), 0.9, word.speaker))
        clock = first
    return ChunkTranscript(index, start, end, "en", "any", "any", "cpu", tuple(_sentences(heard, rng)))


def account(spoken: Iterable[Word], written: Iterable[Word]) -> Account:
    """Compare what was said with what was made of it."""
    texts = {word.speaker: word.text for word in spoken}
    found = list(written)
    counts = Counter(word.speaker for word in found)
    return Account(
        dropped=tuple(int(number or 0) for number in texts if not counts[number]),
        doubled=tuple(int(number or 0) for number, count in counts.items() if count > 1),
        garbled=tuple(int(word.speaker or 0) for word in found if word.text != texts[word.speaker]),
    )


def _sentences(words: Sequence[Word], rng: random.Random) -> Iterable[Segment]:
    first = 0
    while first < len(words):
        own = tuple(words[first : first + rng.randint(1, LONGEST_SENTENCE)])
        first += len(own)
        yield Segment(own[0].start, own[-1].end, " ".join(word.text for word in own), own)

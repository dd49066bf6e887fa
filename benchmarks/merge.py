"""Joining 60 overlapping chunks of ten hours, 100,000 words: how many words are dropped or doubled, and how fast.

Two chunks share ten seconds. Each hears every word up to 0.2 s early or late, and one in twenty differently from how
it was spoken; within a second of where it is cut, it hears some words wrongly or not at all. One word in twenty is said
several times in a row. Each word carries a number, so that all can be accounted for.

The peers look at text alone, as is usual. "Longest match" takes the longest run of words that stand both among the
last ones of a chunk and the first ones of the next, and goes over behind it. "Similarity" tries every length of the
overlap for the one at which the two texts are most alike, and leaves out that much of the next chunk. Both join the
chunks as they are when they find nothing.
"""

import random
import statistics
import time
from collections.abc import Callable, Sequence
from difflib import SequenceMatcher

from benchmarks.measuring import conclude, say
from media_pipeline.media import ChunkTranscript
from media_pipeline.text.merge import merge
from media_pipeline.transcript import Word
from tests.overlaps import COMMON, Account, account, hear, talk

WORDS, CHUNKS = 100_000, 60
OVERLAP, JITTER, EDGE, SLIPS = 10.0, 0.2, 1.0, 0.05
ROUNDS = 5
# What fits into ten seconds, and a few more.
PEER_WORDS = 60
PEER_ALIKE = 0.6

Join = Callable[[Sequence[ChunkTranscript]], Sequence[Word]]


def run() -> None:
    print(f"merge: {CHUNKS} chunks, {WORDS:,} words, overlaps of {OVERLAP:g} s, {ROUNDS} times")
    joins: dict[str, Join] = {"ours": ours, "longest match": longest_match, "similarity": similarity}
    wrong = dict.fromkeys(joins, 0)
    seconds: dict[str, list[float]] = {name: [] for name in joins}
    for number in range(ROUNDS):
        spoken, chunks = recording(random.Random(number))
        for name, join in joins.items():
            started = time.perf_counter()
            written = join(chunks)
            seconds[name].append(time.perf_counter() - started)
            found = account(spoken, written)
            wrong[name] += len(found.dropped) + len(found.doubled)
            say(f"{name:<14}{_said(found)}; {seconds[name][-1]:.3f} s")
    took = {name: statistics.median(laps) for name, laps in seconds.items()}
    conclude("C10/words", wrong["ours"], min(wrong["longest match"], wrong["similarity"]), "", "ours<=0")
    conclude("C10/time", took["ours"], took["similarity"], "s", ">=20")
    conclude("C10/time-longest-match", took["ours"], took["longest match"], "s", ">=1")


def _said(found: Account) -> str:
    return f"{len(found.dropped):>5} dropped {len(found.doubled):>5} doubled"


def recording(rng: random.Random) -> tuple[list[Word], list[ChunkTranscript]]:
    """The words of a talk, and its chunks."""
    rare = [f"name{number}" for number in range(2_000)]
    spoken = talk(rng, WORDS, [*COMMON * 80, *rare])
    end = spoken[-1].end + 2 * EDGE
    marks = [-2 * EDGE - OVERLAP / 2, *(end * number / CHUNKS for number in range(1, CHUNKS)), end - OVERLAP / 2]
    per_second = len(spoken) / end
    chunks = []
    for index in range(CHUNKS):
        start, stop = marks[index] - OVERLAP / 2, marks[index + 1] + OVERLAP / 2
        margin = 0.05 * len(spoken)  # words are not spread evenly
        near = spoken[max(0, int(start * per_second - margin)) : int(stop * per_second + margin)]
        chunks.append(hear(near, index, start, stop, rng, jitter=JITTER, edge=EDGE, slips=SLIPS))
    return spoken, chunks


def ours(chunks: Sequence[ChunkTranscript]) -> Sequence[Word]:
    return [word for segment in merge(chunks).segments for word in segment.words]


def longest_match(chunks: Sequence[ChunkTranscript]) -> Sequence[Word]:
    joined: list[Word] = []
    for chunk in chunks:
        words = _words(chunk)
        last, first = _texts(joined[-PEER_WORDS:]), _texts(words[:PEER_WORDS])
        same = SequenceMatcher(None, last, first, autojunk=False).find_longest_match()
        if same.size >= 2:
            del joined[len(joined) - len(last) + same.a + same.size :]
            words = words[same.b + same.size :]
        joined += words
    return joined


def similarity(chunks: Sequence[ChunkTranscript]) -> Sequence[Word]:
    joined: list[Word] = []
    for chunk in chunks:
        words = _words(chunk)
        best, shared = PEER_ALIKE, 0
        for length in range(1, min(PEER_WORDS, len(joined), len(words)) + 1):
            last, first = _texts(joined[-length:]), _texts(words[:length])
            alike = SequenceMatcher(None, last, first, autojunk=False).ratio()
            if alike >= best:
                best, shared = alike, length
        joined += words[shared:]
    return joined


def _words(chunk: ChunkTranscript) -> list[Word]:
    return [word for segment in chunk.segments for word in segment.words]


def _texts(words: Sequence[Word]) -> list[str]:
    return [word.text.lower() for word in words]

"""C14: who said each of 54,000 words, given 11,600 turns (some ten hours of talk): one sweep over both.

The peer is the plain way, as WhisperX describes its `assign_word_speakers`: for each word, its overlap with every
turn there is, added up by speaker; the largest wins. It is given numpy columns where WhisperX uses slower pandas
ones. Labels must be identical: both are compared before changes of speaker are moved to pauses.
"""

import random

import numpy as np

from benchmarks.measuring import conclude, say, timed
from media_pipeline.media import SpeakerTurn
from media_pipeline.text.assign_speakers import assign_speakers, sweep
from media_pipeline.transcript import Segment, Word

WORDS, TURNS = 54_000, 11_600
VOICES = [f"SPEAKER_{number:02d}" for number in range(6)]
GOAL, GOAL_SECONDS = ">=20", 0.2


def run() -> None:
    print(f"assign_speakers: {WORDS} words, {TURNS} turns")
    words, turns = talk(random.Random(0))
    segments = [
        Segment(part[0].start, part[-1].end, " ".join(word.text for word in part), tuple(part))
        for part in (words[first : first + 12] for first in range(0, WORDS, 12))
    ]
    found: dict[str, list[str]] = {}
    ours = min(timed(lambda: found.update(ours=[speaker for speaker, _ in sweep(words, turns)])) for _ in range(5))
    plain = timed(lambda: found.update(peer=scan(words, turns)))
    whole = timed(lambda: assign_speakers(segments, turns, "en"))
    different = sum(one != other for one, other in zip(found["ours"], found["peer"], strict=True))
    say(f"ours            {ours:6.3f} s (goal: <= {GOAL_SECONDS} s)")
    say(f"every turn for each word  {plain:6.2f} s")
    say(f"different labels: {different}")
    say(f"ours with changes moved to pauses and segments cut: {whole:.2f} s")
    assert not different
    conclude("C14/assign_speakers", ours, plain, "s", GOAL)


def talk(rng: random.Random) -> tuple[list[Word], list[SpeakerTurn]]:
    """Words and turns over the same time, in ms; one turn in ten begins before the last one ends."""
    words, clock = [], 0
    for number in range(WORDS):
        clock += rng.choice((20, 40, 60, 80, 700))
        length = rng.randrange(80, 600)
        words.append(Word(f"word{number}", clock / 1000, (clock + length) / 1000))
        clock += length
    turns, start, mean = [], 0, clock // TURNS
    for _ in range(TURNS):
        end = start + rng.randrange(mean // 2, mean * 3 // 2)
        turns.append(SpeakerTurn(start / 1000, end / 1000, rng.choice(VOICES)))
        start = end - rng.randrange(0, 400) if rng.random() < 0.1 else end + rng.randrange(0, 100)
    return words, turns


def scan(words: list[Word], turns: list[SpeakerTurn]) -> list[str]:
    """The plain way; outside all turns the nearest speaks, and of equals the one whose turn began last."""
    starts, ends = (np.array(times) for times in zip(*((turn.start, turn.end) for turn in turns), strict=True))
    names = [turn.speaker for turn in turns]
    found = []
    for word in words:
        overlaps = np.minimum(ends, word.end) - np.maximum(starts, word.start)
        heard = np.flatnonzero(overlaps > 0)
        if not len(heard):
            found.append(names[int(overlaps.argmax())])
            continue
        shares: dict[str, float] = {}
        for index in heard.tolist():
            shares[names[index]] = shares.get(names[index], 0.0) + float(overlaps[index])
        last = {names[index]: index for index in heard.tolist()}
        found.append(max(shares, key=lambda name: (round(shares[name], 6), last[name])))
    return found

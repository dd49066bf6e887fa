"""Judge subtitles by the standards, from the written file alone, and find the fewest rules that any cut must break.

Nothing here knows how Transcriber makes cues: the numbers are those of the standards, and the file is read again.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from media_pipeline.transcript import Transcript, Word

# Never the end of a line or a subtitle while the sentence goes on.
BOUND = {
    "en": {"a", "an", "the"},
    "ru": {"не", "ни", "в", "во", "к", "ко", "с", "со", "у", "о", "об"},
}


@dataclass(frozen=True)
class Rules:
    """Times in milliseconds. `past` is how long text may stay when its words are said; for `shortest` it may anyway."""

    line: int
    speed: int
    shortest: int
    longest: int = 7000
    lines: int = 2
    gap: int = 84
    small_gap: int = 500
    past: int = 1500
    dash: str = "- "

    def closed(self, end: int, following: int) -> int:
        """The end of a subtitle that could end then: a small gap before the next one is closed but for the least."""
        return following - self.gap if following - end < self.small_gap else end


RULES = {
    ("default", "en"): Rules(42, 17, 1000),
    ("default", "ru"): Rules(39, 17, 1000),
    # 5/6 s, rounded up to a millisecond; English for adults may be read at 20 characters a second.
    ("netflix", "en"): Rules(42, 20, 834, past=500, dash="-"),
    ("netflix", "ru"): Rules(39, 17, 834, past=500, dash="-"),
}


@dataclass(frozen=True)
class Shown:
    """A subtitle as a player reads it."""

    start: int
    end: int
    lines: tuple[str, ...]


def shown_by(srt: str) -> list[Shown]:
    """The subtitles of an SRT file."""
    return [_block(block) for block in re.split(r"\n\n+", srt.strip()) if block]


def _block(block: str) -> Shown:
    _, times, *lines = block.split("\n")
    start, end = (_milliseconds(time) for time in times.split(" --> "))
    return Shown(start, end, tuple(lines))


def _milliseconds(time: str) -> int:
    hours, minutes, seconds, thousandths = map(int, re.split("[:,]", time))
    return ((hours * 60 + minutes) * 60 + seconds) * 1000 + thousandths


def broken_rules(shown: Sequence[Shown], rules: Rules) -> Counter[str]:
    """How often each rule is broken."""
    found: Counter[str] = Counter()
    for subtitle, following in zip(shown, [*shown[1:], None], strict=True):
        found.update(_broken_by(subtitle, rules))
        if following is not None and following.start < subtitle.end:
            found["overlap"] += 1
        elif following is not None and following.start - subtitle.end < rules.gap:
            found["gap too small"] += 1
    return found


def _broken_by(subtitle: Shown, rules: Rules) -> Iterator[str]:
    duration = subtitle.end - subtitle.start
    if sum(map(len, subtitle.lines)) * 1000 > rules.speed * duration:
        yield "too fast"
    if duration < rules.shortest:
        yield "too short"
    if duration > rules.longest:
        yield "too long"
    if len(subtitle.lines) > rules.lines:
        yield "too many lines"
    if any(len(line) > rules.line for line in subtitle.lines):
        yield "line too long"


def parted(shown: Sequence[Shown], language: str) -> list[str]:
    """Lines that end with what belongs to the next word."""
    lines = [line for subtitle in shown for line in subtitle.lines]
    return [line for line in lines if line.split()[-1].lower() in BOUND[language]]


def fewest(transcript: Transcript, rules: Rules) -> int:
    """How many times "too fast" and "too short" any cut of the words into subtitles must break at least.

    A subtitle is a run of words of one speaker, or whole sentences of two who follow each other on a line each, without
    a silence of more than a second in it. It starts with its first word. It may end when the next starts, less the gap,
    but no later than `past` after its last word, unless it were too short then, or a small gap were left. Line width,
    line count, the longest time, and what must not be parted are always kept. All cuts that are left are tried, and the
    best is counted: so many rules the words do not allow to be kept.
    """
    words = [word for segment in transcript.segments for word in segment.words]
    last_in_segment = {id(segment.words[-1]) for segment in transcript.segments}
    joined = [word.text.lower() in BOUND[transcript.language] and id(word) not in last_in_segment for word in words]
    borders = {0}
    for segment in transcript.segments:
        borders.add(max(borders) + len(segment.words))
    count = len(words)
    least = [0] * count + [0]
    for first in range(count - 1, -1, -1):
        least[first] = min(
            (least[end] + cost for end, cost in _subtitles(words, joined, borders, first, rules)), default=10**9
        )
    return least[0]


def _subtitles(
    words: Sequence[Word], joined: Sequence[bool], borders: set[int], first: int, rules: Rules
) -> Iterator[tuple[int, int]]:
    """Where a subtitle from `first` may end, and how many rules it breaks."""
    start = round(words[first].start * 1000)
    turn: int | None = None
    for end in range(first + 1, len(words) + 1):
        if end - 1 > first:
            previous, word = words[end - 2], words[end - 1]
            if round(word.start * 1000) - round(previous.end * 1000) > 1000:
                return
            if word.speaker != previous.speaker:
                if turn is not None:
                    return
                turn = end - 1
        said = round(words[end - 1].end * 1000)
        following = round(words[end].start * 1000) if end < len(words) else 10**12
        closed = rules.closed(said, following)
        text = sum(len(word.text) + 1 for word in words[first:end]) - 1
        if max(said, closed) - start > rules.longest or text > rules.lines * (rules.line + 1):
            return
        if joined[end - 1] or (turn is not None and not {first, end} <= borders):
            continue
        read = _read(words, joined, first, turn, end, rules)
        if read is not None:
            until = rules.closed(max(said + rules.past, start + rules.shortest), following)
            until = min(until, start + rules.longest)
            yield end, (read * 1000 > rules.speed * (until - start)) + (until - start < rules.shortest)


def _read(
    words: Sequence[Word], joined: Sequence[bool], first: int, turn: int | None, end: int, rules: Rules
) -> int | None:
    """The characters of the words on at most two lines; None if they do not go there."""

    def wide(start: int, stop: int) -> int:
        return sum(len(word.text) for word in words[start:stop]) + stop - start - 1

    if turn is not None:
        upper, lower = wide(first, turn) + len(rules.dash), wide(turn, end) + len(rules.dash)
        return upper + lower if max(upper, lower) <= rules.line else None
    if wide(first, end) <= rules.line:
        return wide(first, end)
    for middle in range(first + 1, end):
        if not joined[middle - 1] and wide(first, middle) <= rules.line and wide(middle, end) <= rules.line:
            return wide(first, middle) + wide(middle, end)
    return None

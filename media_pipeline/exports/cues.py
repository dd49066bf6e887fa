"""Cut a transcript into subtitle cues that can be read in the time they are shown.

Limits after the Netflix timed text style guide: two lines of 42 characters, 1 to 7 s, two frames between cues.
https://partnerhelp.netflixstudios.com/hc/en-us/articles/215758617
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from media_pipeline.exports.base import SpeakerNames, clean, speaker_name
from media_pipeline.languages import has_spaces
from media_pipeline.transcript import Seconds, Segment, Transcript

MAX_LINE = 42
MAX_CUE: Seconds = 7.0
MIN_CUE: Seconds = 1.0
GAP: Seconds = 0.084
# Even a cue pressed between two others stays visible for some frames.
_SHORTEST: Seconds = 0.2

_CLAUSE_END = re.compile(r"[.?!…,;:。！？、，；：—–][\"'”’»)\]」』]*$")


@dataclass(frozen=True, slots=True)
class Cue:
    """A subtitle on screen. `speaker` is a name for people, given on every cue; times are whole milliseconds."""

    start: Seconds
    end: Seconds
    lines: tuple[str, ...]
    speaker: str | None = None


@dataclass(frozen=True, slots=True)
class _Piece:
    text: str
    start: Seconds
    end: Seconds


def cues(transcript: Transcript, names: SpeakerNames, *, has_prefixes: bool = False) -> tuple[Cue, ...]:
    """Cues in time order, none empty, no two overlapping.

    Args:
        has_prefixes: Begin with "Name: " wherever the speaker changes; it counts as text of the first line.
    """
    space = " " if has_spaces(transcript.language) else ""
    found: list[Cue] = []
    last_speaker: str | None = None
    for segment in transcript.segments:
        speaker = speaker_name(segment.speaker, names) if segment.speaker else None
        is_change = speaker is not None and speaker != last_speaker
        pieces = _pieces(segment, space, f"{speaker}:" if has_prefixes and is_change else "")
        for group in _groups(pieces, space):
            found.append(Cue(group[0].start, group[-1].end, _lines(group, space) or (_text(group, space),), speaker))
            last_speaker = speaker
    return tuple(_timed(sorted(found, key=lambda cue: cue.start)))


def _pieces(segment: Segment, space: str, prefix: str) -> list[_Piece]:
    """What may not be broken: words with their times, or guessed times where the text is not made of the words."""
    pieces = [_Piece(clean(word.text), word.start, word.end) for word in segment.words if clean(word.text)]
    text = clean(segment.text)
    if space.join(piece.text for piece in pieces).replace(" ", "") != text.replace(" ", ""):
        pieces = _spread(text.split() if space else list(text), segment.start, segment.end)
    if prefix and pieces:
        # The name and the first word stay together.
        pieces[0] = _Piece(f"{prefix} {pieces[0].text}", pieces[0].start, pieces[0].end)
    return pieces


def _spread(tokens: Sequence[str], start: Seconds, end: Seconds) -> list[_Piece]:
    """Tokens laid over the time by their length."""
    total = sum(len(token) for token in tokens)
    pieces, done = [], 0
    for token in tokens:
        share = (end - start) / total
        pieces.append(_Piece(token, start + share * done, start + share * (done + len(token))))
        done += len(token)
    return pieces


def _groups(pieces: Sequence[_Piece], space: str) -> Iterator[list[_Piece]]:
    """Pieces for one cue each: as many as fit, but rather up to a clause's end in the later half."""
    rest = list(pieces)
    while rest:
        count = _fitting(rest, space)
        if count < len(rest):
            ends = [index for index in range(count // 2 + 1, count + 1) if _CLAUSE_END.search(rest[index - 1].text)]
            count = ends[-1] if ends else count
        yield rest[:count]
        rest = rest[count:]


def _fitting(pieces: Sequence[_Piece], space: str) -> int:
    """How many pieces fit into one cue, at least one. One cue too many is avoided by halving what is left."""
    count = 1
    while count < len(pieces) and _fits(pieces[: count + 1], space):
        count += 1
    left = len(pieces) - count
    return (len(pieces) + 1) // 2 if 0 < left < count // 3 else count


def _fits(pieces: Sequence[_Piece], space: str) -> bool:
    return pieces[-1].end - pieces[0].start <= MAX_CUE and _lines(pieces, space) is not None


def _lines(pieces: Sequence[_Piece], space: str) -> tuple[str, ...] | None:
    """One line if it fits, else two as even as possible, rather broken at a clause's end; None if neither fits."""
    text = _text(pieces, space)
    if _width(text) <= MAX_LINE or len(pieces) == 1:
        return (text,)
    best: tuple[float, tuple[str, str]] | None = None
    for index in range(1, len(pieces)):
        upper, lower = _text(pieces[:index], space), _text(pieces[index:], space)
        if max(_width(upper), _width(lower)) > MAX_LINE:
            continue
        cost = abs(_width(upper) - _width(lower)) - (12 if _CLAUSE_END.search(upper) else 0)
        if best is None or cost < best[0]:
            best = cost, (upper, lower)
    return best[1] if best else None


def _text(pieces: Sequence[_Piece], space: str) -> str:
    return space.join(piece.text for piece in pieces)


def _width(text: str) -> int:
    """In columns: a Chinese, Japanese or Korean character takes two, a combining mark none."""
    return sum(
        0 if unicodedata.combining(character) else 2 if unicodedata.east_asian_width(character) in "WF" else 1
        for character in text
    )


def _timed(found: Sequence[Cue]) -> Iterator[Cue]:
    """Cues in whole milliseconds, shown long enough where there is room, and one after the other."""
    cursor = 0.0
    following_starts = [*(cue.start for cue in found), float("inf")][1:]
    for cue, following in zip(found, following_starts, strict=True):
        start = max(cue.start, cursor)
        end = min(max(cue.end, start + MIN_CUE), following - GAP, start + MAX_CUE)
        end = max(end, start + _SHORTEST)
        start, end = round(start, 3), round(end, 3)
        yield Cue(start, end, cue.lines, cue.speaker)
        cursor = end

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

# What makes one picture of two: a zero-width joiner, and the selector of colored signs.
_JOINER = "\u200d"
_APPENDED = (_JOINER, "\ufe0f", " ")

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
    """What may not be broken. `width` is in columns."""

    text: str
    start: Seconds
    end: Seconds
    width: int


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
    """Words with their times, or guessed times where the text is not made of the words. None is wider than a line."""
    words = [(clean(word.text), word.start, word.end) for word in segment.words]
    text = clean(segment.text)
    if "".join(word for word, _, _ in words).replace(" ", "") != text.replace(" ", ""):
        words = list(_spread(text.split() if space else _characters(text), segment.start, segment.end))
    words = [word for word in words if word[0]]
    if prefix and words:
        first, start, end = words[0]
        # The name and the first word stay together where there is room for both.
        tokens = [f"{prefix} {first}"] if _width(f"{prefix} {first}") <= MAX_LINE else [*prefix.split(), first]
        words[:1] = _spread(tokens, start, end)
    return [_Piece(*part, _width(part[0])) for word in words for part in _spread(_broken(word[0]), *word[1:])]


def _spread(tokens: Sequence[str], start: Seconds, end: Seconds) -> Iterator[tuple[str, Seconds, Seconds]]:
    """Tokens laid over the time by their length."""
    total = sum(len(token) for token in tokens)
    done = 0
    for token in tokens:
        share = (end - start) / total
        yield token, start + share * done, start + share * (done + len(token))
        done += len(token)


def _broken(token: str) -> list[str]:
    """`token` whole when a line has room for it, else in parts that fill a line each."""
    if _width(token) <= MAX_LINE:
        return [token]
    parts = [""]
    for character in _characters(token):
        if _width(parts[-1] + character) > MAX_LINE:
            parts.append("")
        parts[-1] += character
    return parts


def _characters(text: str) -> list[str]:
    """The characters of `text`, each with what belongs to it: marks, and a space behind it."""
    found: list[str] = []
    for character in text:
        if found and (unicodedata.combining(character) or character in _APPENDED or found[-1][-1] == _JOINER):
            found[-1] += character
        else:
            found.append(character)
    return found


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
    if pieces[-1].end - pieces[0].start > MAX_CUE or _columns(pieces, space) > 2 * MAX_LINE + len(space):
        return False
    return _lines(pieces, space) is not None


def _lines(pieces: Sequence[_Piece], space: str) -> tuple[str, ...] | None:
    """One line if it fits, else two as even as possible, rather broken at a clause's end; None if neither fits."""
    total = _columns(pieces, space)
    if total <= MAX_LINE or len(pieces) == 1:
        return (_text(pieces, space),)
    best: tuple[float, int] | None = None
    upper = -len(space)
    for index, piece in enumerate(pieces[:-1], start=1):
        upper += piece.width + len(space)
        lower = total - upper - len(space)
        if upper > MAX_LINE:
            break
        if lower <= MAX_LINE:
            cost = abs(upper - lower) - (12 if _CLAUSE_END.search(piece.text) else 0)
            best = min(best or (cost, index), (cost, index))
    return (_text(pieces[: best[1]], space), _text(pieces[best[1] :], space)) if best else None


def _columns(pieces: Sequence[_Piece], space: str) -> int:
    return sum(piece.width for piece in pieces) + len(space) * (len(pieces) - 1)


def _text(pieces: Sequence[_Piece], space: str) -> str:
    return space.join(piece.text for piece in pieces).strip()


def _width(text: str) -> int:
    """In columns: a Chinese, Japanese or Korean character takes two, a combining mark none."""
    if text.isascii():
        return len(text)
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

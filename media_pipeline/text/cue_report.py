"""What of a set of cues does not hold its limits, each with its place."""

from collections.abc import Iterator, Sequence
from enum import StrEnum

import msgspec

from media_pipeline.text.columns import width
from media_pipeline.text.cue_limits import CueLimits
from media_pipeline.text.cues import Cue
from media_pipeline.transcript import Seconds


class FindingKind(StrEnum):
    """What a cue does not hold, and what `Finding.value` and `Finding.limit` count."""

    TOO_FAST = "too_fast"  # characters a second
    TOO_LONG = "too_long"  # seconds
    TOO_SHORT = "too_short"  # seconds
    LINE_TOO_LONG = "line_too_long"  # characters of the longest line
    TOO_MANY_LINES = "too_many_lines"  # lines
    OVERLAP = "overlap"  # seconds it is shown together with the next cue
    GAP_TOO_SMALL = "gap_too_small"  # seconds to the next cue


class Finding(msgspec.Struct, frozen=True):
    """A limit that a cue does not hold. `cue` counts from 0; `start` is where that cue can be heard."""

    kind: FindingKind
    cue: int
    start: Seconds
    value: float
    limit: float


def report(cues: Sequence[Cue], limits: CueLimits) -> list[Finding]:
    """Every limit that is not held, in the order of the cues."""
    found: list[Finding] = []
    for index, cue in enumerate(cues):
        found += (Finding(kind, index, cue.start, value, limit) for kind, value, limit in _of_one(cue, limits))
        if index + 1 < len(cues):
            found += (
                Finding(kind, index, cue.start, value, limit)
                for kind, value, limit in _of_two(cue, cues[index + 1], limits)
            )
    return found


def _of_one(cue: Cue, limits: CueLimits) -> Iterator[tuple[FindingKind, float, float]]:
    seconds = round(cue.end - cue.start, 3)
    half = 2 if limits.full_width else 1
    widths = [width(line) / half for line in cue.lines]
    # The time for so many characters is rounded up to milliseconds, and so is not undercut by rounding.
    speed = sum(widths) / seconds if seconds > 0 else float("inf")
    if speed > limits.characters_per_second * (1 + 1e-9):
        yield FindingKind.TOO_FAST, round(speed, 4), limits.characters_per_second
    if seconds > limits.longest:
        yield FindingKind.TOO_LONG, seconds, limits.longest
    if seconds < limits.shortest:
        yield FindingKind.TOO_SHORT, seconds, limits.shortest
    if max(widths, default=0) > limits.line_characters:
        yield FindingKind.LINE_TOO_LONG, max(widths), limits.line_characters
    if len(cue.lines) > limits.lines:
        yield FindingKind.TOO_MANY_LINES, len(cue.lines), limits.lines


def _of_two(cue: Cue, following: Cue, limits: CueLimits) -> Iterator[tuple[FindingKind, float, float]]:
    gap = round(following.start - cue.end, 3)
    if gap < 0:
        yield FindingKind.OVERLAP, -gap, 0.0
    elif gap < limits.gap:
        yield FindingKind.GAP_TOO_SMALL, gap, limits.gap

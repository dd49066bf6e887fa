"""When a cue is shown: with its first word, as long as it takes to read, and never together with the next one.

Everything here is in whole milliseconds, so that what was reckoned is what is written.
"""

from collections.abc import Iterable, Iterator

import msgspec

from media_pipeline.text.cue_limits import CueLimits

# Even a cue pressed between two others stays visible for some frames.
_LEAST_MS = 200
FAR_AWAY = 2**62
_ROUNDED_UP = 0.999999


class Draft(msgspec.Struct, gc=False):
    """A cue with the time in which its words are said.

    Attributes:
        first, last: The indexes of the first and the last segment it has words of.
        columns: All its text, the break between lines left out.
    """

    start: int
    end: int
    lines: tuple[str, ...]
    speakers: tuple[str | None, ...]
    first: int
    last: int
    columns: int


class Clock:
    """The limits in milliseconds, and what follows from them for a single cue."""

    def __init__(self, limits: CueLimits) -> None:
        self.shortest = round(limits.shortest * 1000)
        self.longest = round(limits.longest * 1000)
        self.gap = round(limits.gap * 1000)
        self.near = max(self.gap, round(limits.close_gaps_below * 1000))
        self.linger = round(limits.linger * 1000)
        self._least = _LEAST_MS
        self._per_column = 1000 / limits.columns_per_second

    def follow_segments(self) -> None:
        """Take the times as they are; only what would be shown together with the next one is shortened."""
        self.shortest, self.longest, self.gap, self.near, self.linger = 0, FAR_AWAY, 0, 0, 0
        self._least = 1
        self._per_column = 0.0

    def reading(self, columns: int) -> int:
        """How long it takes to read so many columns."""
        return int(columns * self._per_column + _ROUNDED_UP)

    def follow(self, draft: Draft, start: int) -> int:
        """When the next cue may start whose words start before those of `draft` end: first that one is read out."""
        return max(start, min(draft.end, draft.start + self.reading(draft.columns)) + self.gap)

    def room(self, start: int, end: int, follow: int) -> int:
        """How long a cue of words from `start` to `end` may be shown, when the next one starts at `follow`."""
        until = max(end + self.linger, start + self.shortest)
        if follow - until < self.near:
            until = follow - self.gap
        return until - start if until - start < self.longest else self.longest

    def shown_until(self, draft: Draft, follow: int) -> int:
        """The end of a cue: long enough to read if there is room, and close to the next one if that is near."""
        start, until = draft.start, draft.end
        shown = int(draft.columns * self._per_column + _ROUNDED_UP)
        if until - start < shown:
            until = min(start + shown, until + self.linger)
        if until - start < self.shortest:
            until = start + self.shortest
        if follow - until < self.near:
            until = follow - self.gap
        # Plain comparisons, for they are made for every cue: half the time of `min` and `max`.
        if until - start > self.longest:
            until = start + self.longest
        return until if until - start > self._least else start + self._least


def timed(drafts: Iterable[Draft], clock: Clock) -> Iterator[tuple[Draft, int]]:
    """Each draft with its end. A start that the cue before does not leave free is put off."""
    waiting: Draft | None = None
    gap = clock.gap
    for draft in drafts:
        if waiting is not None:
            start = draft.start
            until = clock.shown_until(waiting, start if start >= waiting.end else clock.follow(waiting, start))
            yield waiting, until
            if start < until + gap:
                draft.start = until + gap
        waiting = draft
    if waiting is not None:
        yield waiting, clock.shown_until(waiting, FAR_AWAY)

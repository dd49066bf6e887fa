"""A result as one line that a script can read, and the summary at the end of a run.

    ROW C1/base ratio=1.83 goal=>=1.70 ours=12.3s peer=22.5s rss=812MiB load=1.1

`ratio` is how many times as long the peer takes (or how many times as much it has of whatever the row counts), so above
1 we are better. A goal is about the ratio (`>=1.70`) or, where it names it, about our own figure (`ours<=300ms`).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

_ROW = re.compile(
    r"ROW (?P<name>\S+) ratio=(?P<ratio>[\d.]+|inf) goal=(?P<goal>\S+)"
    r" ours=(?P<ours>[-\d.e+]+)(?P<unit>[^\s\d]*) peer=(?P<peer>[-\d.e+]+)[^\s\d]*"
    r" rss=(?P<rss>\d+)MiB load=(?P<load>[\d.]+)"
)
_GOAL = re.compile(r"(?P<own>ours)?(?P<sign>>=|<=)(?P<limit>[\d.e+-]+?)(?P<unit>[^\d.]*)")


@dataclass(frozen=True, slots=True)
class Row:
    """One result. `ours` and `peer` are in `unit`; `rss_mib` is the most memory our side held."""

    name: str
    ours: float
    peer: float
    unit: str
    goal: str
    rss_mib: float
    load: float

    def __post_init__(self) -> None:
        goal = _GOAL.fullmatch(self.goal)
        if not goal:
            raise ValueError(f"{self.name}: a goal reads >=1.7, <=0.9 or ours<=300ms, not {self.goal!r}")
        if goal["own"] and goal["unit"] != self.unit:
            raise ValueError(f"{self.name}: the goal {self.goal} is not in {self.unit or 'plain numbers'}")

    @property
    def ratio(self) -> float:
        """The peer's figure over ours, both as they are printed; 1 when both are 0."""
        ours, peer = float(_short(self.ours)), float(_short(self.peer))
        if ours == 0:
            return float("inf") if peer else 1.0
        return peer / ours

    @property
    def is_met(self) -> bool:
        goal = _GOAL.fullmatch(self.goal)
        assert goal
        figure, limit = (self.ours if goal["own"] else self.ratio), float(goal["limit"])
        return figure >= limit if goal["sign"] == ">=" else figure <= limit

    def line(self) -> str:
        """What `parse` reads."""
        return (
            f"ROW {self.name} ratio={self.ratio:.2f} goal={self.goal} ours={_short(self.ours)}{self.unit}"
            f" peer={_short(self.peer)}{self.unit} rss={self.rss_mib:.0f}MiB load={self.load:.1f}"
        )


def parse(line: str) -> Row | None:
    """The result in a line of output; None when it is another kind of line."""
    found = _ROW.fullmatch(line.strip())
    if not found:
        return None
    ours, peer, rss, load = (float(found[key]) for key in ("ours", "peer", "rss", "load"))
    return Row(found["name"], ours, peer, found["unit"], found["goal"], rss, load)


def summary(rows: Sequence[Row], crashed: Sequence[str], seconds: float) -> str:
    """What a run came to: how many goals are met, each that is missed, each file that ended with an error."""
    missed = [row for row in rows if not row.is_met]
    lines = [f"{len(rows)} results in {seconds / 60:.1f} minutes, {len(rows) - len(missed)} meet their goal"]
    lines += [
        f"MISSED {row.name} ratio={row.ratio:.2f} ours={_short(row.ours)}{row.unit} goal={row.goal}" for row in missed
    ]
    lines += [f"CRASHED {name}" for name in crashed]
    return "\n".join(lines)


def _short(number: float) -> str:
    """Three digits that count, and never fewer than a whole number has."""
    return f"{number:.0f}" if abs(number) >= 100 else f"{number:.3g}"

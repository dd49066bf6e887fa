"""What all rows share: clocks, memory, and how a result is printed."""

import os
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from benchmarks.report import Row
from tests.services import redis_server


def timed(work: Callable[[], object]) -> float:
    """Wall-clock seconds of one call."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def cpu_timed(work: Callable[[], object]) -> tuple[float, float]:
    """Wall-clock and processor seconds of one call, those of programs it ran and waited for included."""
    started = sum(os.times()[:4])
    wall = timed(work)
    return wall, sum(os.times()[:4]) - started


def peak_rss_mb() -> float:
    """The most memory this process has held so far, in MiB."""
    from media_pipeline.evaluation.trial import peak_bytes

    return peak_bytes() / 1024**2


def describe(seconds: Sequence[float]) -> str:
    """Median, 95th percentile and range, in ms."""
    ordered = sorted(seconds)
    late = ordered[min(len(ordered) - 1, round(0.95 * (len(ordered) - 1)))]
    numbers = (statistics.median(ordered), late, ordered[0], ordered[-1])
    median, p95, least, most = (f"{1000 * number:.0f}" for number in numbers)
    return f"median {median} ms, p95 {p95} ms, {least} to {most} ms, n={len(ordered)}"


def say(line: str) -> None:
    print(f"  {line}", flush=True)


def conclude(name: str, ours: float, peer: float, unit: str, goal: str, rss_mib: float | None = None) -> Row:
    """Print the line other programs may read; `benchmarks.report` says what its parts mean.

    Args:
        goal: `>=1.7` about the ratio peer/ours, or `ours<=300ms` about our figure.
        rss_mib: Of the process that did our side, when it is not this one.
    """
    row = Row(name, ours, peer, unit, goal, peak_rss_mb() if rss_mib is None else rss_mib, os.getloadavg()[0])
    print(row.line(), flush=True)
    return row


@contextmanager
def site() -> Iterator[None]:
    """Django, ready to use: an empty SQLite database, local files and a real Redis."""
    with redis_server() as address:
        os.environ["REDIS_URL"] = address
        os.environ["DJANGO_SETTINGS_MODULE"] = "transcriber.settings"
        import django

        django.setup()
        from django.core.management import call_command

        call_command("migrate", verbosity=0)
        yield

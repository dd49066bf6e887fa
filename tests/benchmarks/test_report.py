"""The one line a script reads, and what a run says at its end."""

import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.__main__ import GPU_ROWS, NO_GPU, ROWS, main
from benchmarks.report import Row, parse, summary
from tests.services import ROOT


def row(goal: str, ours: float = 12.34, peer: float = 22.5, unit: str = "s") -> Row:
    return Row("C1/base", ours, peer, unit, goal, rss_mib=811.6, load=1.12)


def test_a_result_is_one_line() -> None:
    line = row(">=1.70").line()

    assert line == "ROW C1/base ratio=1.83 goal=>=1.70 ours=12.3s peer=22.5s rss=812MiB load=1.1"


@pytest.mark.parametrize("goal", [">=1.70", "<=0.9", "ours<=300ms", "ours<=0ms"])
@pytest.mark.parametrize(("ours", "peer"), [(12.34, 22.5), (0.0, 3.0), (0.0, 0.0), (1234.5, 0.00012), (1e-7, 3e9)])
def test_a_script_reads_back_what_was_written(goal: str, ours: float, peer: float) -> None:
    written = row(goal, ours, peer, "ms")

    found = parse(written.line() + "\n")

    assert found
    assert (found.name, found.goal, found.unit, found.is_met) == ("C1/base", goal, "ms", written.is_met)
    assert found.ours == pytest.approx(ours, rel=0.01)
    assert found.peer == pytest.approx(peer, rel=0.01)
    assert found.line() == written.line()


@pytest.mark.parametrize("line", ["", "  ours 3 s", "ROW C1", "ROW C1 ratio=2 goal=>=1", "  ROW of houses"])
def test_other_lines_are_no_results(line: str) -> None:
    assert parse(line) is None


@pytest.mark.parametrize(
    ("goal", "ours", "peer", "met"),
    [
        (">=1.8", 10, 19, True),
        (">=1.8", 10, 17, False),
        ("<=0.125", 16, 2, True),
        ("ours<=5s", 4, 1, True),
        ("ours<=5s", 6, 100, False),
        ("ours<=0s", 0, 7, True),
        (">=20", 0, 7, True),
    ],
)
def test_a_goal_is_about_the_ratio_unless_it_says_ours(goal: str, ours: float, peer: float, met: bool) -> None:
    assert row(goal, ours, peer).is_met is met


@pytest.mark.parametrize("goal", ["", "fast", "1.7", "ratio>=2", "ours<=5ms", ">= 2"])
def test_a_goal_nobody_can_compare_is_refused(goal: str) -> None:
    with pytest.raises(ValueError, match="C1/base"):
        row(goal)


def test_the_summary_names_what_misses_and_what_crashed() -> None:
    text = summary([row(">=1.7"), row(">=2.5")], ["decoding"], 90)

    assert text.splitlines() == [
        "2 results in 1.5 minutes, 1 meet their goal",
        "MISSED C1/base ratio=1.83 ours=12.3s goal=>=2.5",
        "CRASHED decoding",
    ]


@pytest.mark.parametrize("name", ROWS + GPU_ROWS)
def test_each_row_is_a_file_that_runs(name: str) -> None:
    path = Path(ROOT, "benchmarks", f"{name}.py")

    assert "def run() -> None:" in path.read_text(encoding="utf-8")


def test_without_a_gpu_nothing_is_measured_and_nothing_is_wrong() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", "--gpu"],
        cwd=ROOT,
        env={"CUDA_VISIBLE_DEVICES": "", "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stdout.strip()) == (0, NO_GPU)


def test_an_unknown_row_is_refused_with_the_choices() -> None:
    with pytest.raises(SystemExit, match="choose overhead, "):
        main(["nope"])

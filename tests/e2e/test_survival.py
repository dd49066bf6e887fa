"""One round of each kind of the stress script; `python -m tests.stress` does twenty."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow


@pytest.mark.timeout(400)
def test_work_survives_kills_and_an_emptied_redis() -> None:
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-m", "tests.stress", "--rounds", "1"],
        cwd=root,
        env=os.environ,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("1 of 1 rounds ok") == 4

"""Bring a fresh clone to where it can run: `python3 -m scripts.setup`. Quick when there is nothing to do."""

import argparse
import fcntl
import sys
from typing import IO

from scripts import browser_files, messages, python_packages, sample, settings_file, system_packages
from scripts.shell import ROOT, RUN_DIR, SetupError, run, say

PYTHON_MINIMUM = (3, 11)


def main() -> int:
    parser = argparse.ArgumentParser(description="Set up Transcriber in this folder.")
    parser.add_argument("--tests", action="store_true", help="Also install what the tests need.")
    arguments = parser.parse_args()
    try:
        set_up(for_tests=arguments.tests)
    except SetupError as error:
        say(f"Set-up stopped. {error}")
        return 1
    except KeyboardInterrupt:
        say("Set-up interrupted. Run it again to go on.")
        return 130
    return 0


def set_up(*, for_tests: bool) -> None:
    """Every step in order; each does nothing when its work is done."""
    if sys.version_info < PYTHON_MINIMUM:
        raise SetupError(f"Python 3.11 or later is needed and this is {sys.version.split()[0]}. Set PYTHON=… to it.")
    with _lock():
        system_packages.ensure(for_tests=for_tests)
        python_packages.ensure(for_tests=for_tests)
        browser_files.ensure()
        messages.ensure()
        settings_file.ensure()
        sample.ensure()
        run([python_packages.PYTHON, ROOT / "manage.py", "prepare"], "Database and static files")
        say("Database and static files: ready.")


def _lock() -> IO[str]:
    """Held while set-up runs; a second one waits here for the first."""
    RUN_DIR.mkdir(exist_ok=True)
    lock = (RUN_DIR / "setup.lock").open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        say("Another set-up runs in this folder; waiting for it.")
        fcntl.flock(lock, fcntl.LOCK_EX)
    return lock


if __name__ == "__main__":
    sys.exit(main())

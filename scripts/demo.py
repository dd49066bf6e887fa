"""`make demo`: transcribe the sample recording, or the one named, on the command line."""

import subprocess
import sys
from pathlib import Path

from scripts import sample
from scripts.python_packages import PYTHON
from scripts.settings_file import data_dir
from scripts.shell import ROOT, say


def main() -> int:
    named = sys.argv[1] if len(sys.argv) > 1 else ""
    recording = Path(named) if named else data_dir() / "sample" / sample.NAME
    if not recording.is_file():
        say(f"There is no file {recording}. Name a recording: make demo FILE=path")
        return 1
    say(f"Transcribing {recording}.")
    return subprocess.call([PYTHON, ROOT / "manage.py", "transcribe", recording])


if __name__ == "__main__":
    sys.exit(main())

"""The sample recording: a short talk between two voices, spoken by flite on this machine.

`python -m scripts.sample TARGET`, with the project's own Python, writes it.
"""

import shutil
import sys
import tempfile
from pathlib import Path

from scripts import python_packages
from scripts.settings_file import data_dir
from scripts.shell import run, say

NAME = "sample.mp3"
PAUSE_SECONDS = 0.5
SARAH, ROBERT = "slt", "rms"
DIALOG = (
    (SARAH, "Good morning. We are here today to talk about the plan for the product launch."),
    (ROBERT, "Good morning. I have looked at the schedule, and I think we can start in the second week of March."),
    (SARAH, "That is good news. Is the budget ready?"),
    (ROBERT, "Almost. We need more money for the video and for the new web site."),
    (SARAH, "How much more do we need?"),
    (ROBERT, "About five thousand dollars. I will send you the numbers this afternoon."),
    (SARAH, "Thank you. The other question is about our customers. Who will write the letter to them?"),
    (ROBERT, "I can write it tomorrow, and you can read it before we send it."),
    (SARAH, "Very well. Let us meet again on Friday and look at the results."),
    (ROBERT, "I agree. See you on Friday."),
)


def ensure() -> None:
    """Write the sample recording into the data folder, unless it is there or flite is not."""
    sample = data_dir() / "sample" / NAME
    if sample.is_file():
        say("Sample recording: there.")
    elif shutil.which("flite") is None:
        say("Sample recording: left out, because flite is missing (apt-get install flite).")
    else:
        sample.parent.mkdir(parents=True, exist_ok=True)
        run([python_packages.PYTHON, "-m", "scripts.sample", sample], "Sample recording")
        say(f"Sample recording: written to {sample}.")


def make(target: Path) -> None:
    """Speak the dialog into `target`, encoded as its suffix says. Needs the project's packages."""
    from media_pipeline.clips import join

    with tempfile.TemporaryDirectory() as folder:
        lines = [Path(folder) / f"{number:02}.wav" for number in range(len(DIALOG))]
        for line, (voice, text) in zip(lines, DIALOG, strict=True):
            run(["flite", "-voice", voice, "-t", text, "-o", line], "Sample recording")
        whole = Path(folder) / f"whole{target.suffix}"
        join(lines, whole, pause=PAUSE_SECONDS)
        shutil.move(whole, target)


if __name__ == "__main__":
    make(Path(sys.argv[1]))

"""The virtual environment .venv and what pip puts into it."""

import hashlib
import json
import re
import shutil
import subprocess
import sys
import venv
from collections.abc import Callable
from pathlib import Path

from scripts.shell import ROOT, SetupError, run, say

VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
STAMP = VENV / "setup-stamp.json"
CONSTRAINTS = ROOT / "constraints.txt"
NEEDED_BYTES = 5_000_000_000
PIP: list[str | Path] = [PYTHON, "-m", "pip", "--disable-pip-version-check", "--no-input"]


def ensure(*, for_tests: bool) -> None:
    """Make .venv hold exactly what the requirement files pin. Does nothing when they have not changed."""
    if not _is_usable():
        _create()
    requirements = ROOT / ("requirements-dev.txt" if for_tests else "requirements.txt")
    stamps = _stamps()
    if stamps.get(requirements.name) == _fingerprint(requirements):
        say("Python packages: all there.")
        return
    _check_disk()
    say("Python packages: installing. The first time this takes some minutes.")
    install(["-r", requirements, "-c", CONSTRAINTS], "Python packages")
    _fit_torchaudio()
    stamps["requirements.txt"] = _fingerprint(ROOT / "requirements.txt")
    stamps[requirements.name] = _fingerprint(requirements)
    STAMP.write_text(json.dumps(stamps))
    say("Python packages: installed.")


def install(what: list[str | Path], title: str) -> None:
    """pip install into .venv, showing which package is at hand."""
    run([*PIP, "install", "--progress-bar=off", *what], title, note=_pip_note())


def _is_usable() -> bool:
    """False when .venv is missing, broken, moved here from elsewhere, or of another Python."""
    asked = "import sys, pip; print(sys.version_info[:2], sys.prefix)"
    try:
        answer = subprocess.run([PYTHON, "-c", asked], capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return False
    return answer.strip() == f"{sys.version_info[:2]} {VENV}"


def _create() -> None:
    say("Virtual environment: creating .venv.")
    try:
        venv.create(VENV, clear=True, with_pip=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise SetupError(f"The virtual environment .venv could not be created ({error}).") from error


def _stamps() -> dict[str, str]:
    if not STAMP.is_file():
        return {}
    stamps: dict[str, str] = json.loads(STAMP.read_text())
    return stamps


def _fingerprint(requirements: Path) -> str:
    files = {requirements, ROOT / "requirements.txt", CONSTRAINTS}
    return hashlib.sha256(b"\0".join(file.read_bytes() for file in sorted(files))).hexdigest()


def _check_disk() -> None:
    free = shutil.disk_usage(ROOT).free
    if free < NEEDED_BYTES:
        raise SetupError(
            f"Only {free / 1e9:.1f} GB are free where {ROOT} lies, and the Python packages need at least "
            f"{NEEDED_BYTES / 1e9:.0f} GB. Make room and run this again."
        )


def _pip_note() -> Callable[[str], str | None]:
    """Turns pip's lines into `12 found, torch`."""
    found: set[str] = set()

    def note(line: str) -> str | None:
        if match := re.match(r"Collecting ([\w.-]+)", line):
            found.add(match[1])
            return f"{len(found)} found, {match[1]}"
        if match := re.match(r"Downloading (\S+?)-\d\S* (\(.+\))", line):
            return f"{len(found)} found, fetching {match[1].rsplit('/')[-1]} {match[2]}"
        if line.startswith(("Building", "Installing collected")):
            return f"{len(found)} found, {'putting them in place' if line.startswith('I') else 'building one'}"
        return None

    return note


# torchaudio's compiled part is linked to CUDA and may not load beside a CPU build of torch: importing it then raises
# OSError. It imports without that part, and everything used here works then.
_PROBE = """
import torch
try:
    import torchaudio
except OSError:
    print("cuda" if torch.version.cuda else "cpu", "broken")
else:
    print("cuda" if torch.version.cuda else "cpu", "works")
"""


def _fit_torchaudio() -> None:
    verdict = _probe_torchaudio()
    if verdict == "cpu broken":
        library = next((VENV / "lib").glob("python3*/site-packages/torchaudio/lib"), None)
        if library is None:
            raise SetupError("torchaudio cannot be imported, and it has no compiled part that could be the reason.")
        shutil.rmtree(library.with_name("lib-unused"), ignore_errors=True)
        library.rename(library.with_name("lib-unused"))
        say("Python packages: torch has no CUDA here, so torchaudio's CUDA library was moved aside.")
        verdict = _probe_torchaudio()
    if not verdict.endswith("works"):
        raise SetupError("torchaudio cannot be imported. Remove the folder .venv and run this again.")


def _probe_torchaudio() -> str:
    probe = subprocess.run([PYTHON, "-W", "ignore", "-c", _PROBE], capture_output=True, text=True, check=False)
    if probe.returncode != 0:
        reason = (probe.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise SetupError(f"torch cannot be imported: {reason}. Remove the folder .venv and run this again.")
    return probe.stdout.strip()

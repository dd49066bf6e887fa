"""Programs that come from Debian: which are missing, and how to get them."""

import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from scripts.shell import SetupError, run, say


@dataclass(frozen=True)
class SystemPackage:
    """A Debian package, and how to see that what we need of it is there."""

    name: str
    is_there: Callable[[], bool]
    is_required: bool = True


def _program(name: str) -> Callable[[], bool]:
    return lambda: shutil.which(name) is not None


def _has_postgresql() -> bool:
    return any(Path("/usr/lib/postgresql").glob("*/bin/initdb"))


def _has_noto() -> bool:
    return any(Path("/usr/share/fonts").rglob("NotoSansThai-Regular.ttf"))


RUNTIME = (
    SystemPackage("ffmpeg", lambda: _program("ffmpeg")() and _program("ffprobe")()),
    SystemPackage("redis-server", _program("redis-server")),
    SystemPackage("util-linux", lambda: _program("setpriv")() and _program("prlimit")()),
    SystemPackage("python3-venv", lambda: importlib.util.find_spec("ensurepip") is not None),
    SystemPackage("fontconfig", _program("fc-list"), is_required=False),  # for drawing subtitles into videos
    SystemPackage("fonts-noto-core", _has_noto, is_required=False),  # for PDF in scripts that DejaVu lacks
    SystemPackage("flite", _program("flite"), is_required=False),  # only speaks the sample recording
)
TESTS = (
    SystemPackage("flite", _program("flite")),
    SystemPackage("espeak-ng", _program("espeak-ng")),
    SystemPackage("chromium", _program("chromium")),
    SystemPackage("postgresql", _has_postgresql),
    SystemPackage("poppler-utils", _program("pdftotext"), is_required=False),  # reads our PDF
    SystemPackage("libreoffice-writer-nogui", _program("soffice"), is_required=False),  # opens our Word files
)


def ensure(*, for_tests: bool) -> None:
    """Install what is missing by apt-get. SetupError with the command to type where that is not possible."""
    wanted = RUNTIME + (TESTS if for_tests else ())
    missing = [package for package in wanted if not package.is_there()]
    if not missing:
        say("System packages: all there.")
        return
    prefix = _root_prefix()
    if prefix is not None and shutil.which("apt-get"):
        _install_all(prefix, missing)
    required = [package.name for package in missing if package.is_required and not package.is_there()]
    if required:
        raise SetupError(
            f"These system packages are missing: {', '.join(required)}. "
            f"Install them with: sudo apt-get install --no-install-recommends {' '.join(required)}"
        )


def _install_all(prefix: list[str], packages: list[SystemPackage]) -> None:
    """What must be there first. SetupError when that fails; the rest may fail."""
    required = list(dict.fromkeys(package.name for package in packages if package.is_required))
    others = list(dict.fromkeys(package.name for package in packages if not package.is_required))
    if required:
        _install(prefix, required)
    try:
        if others:
            _install(prefix, others)
    except SetupError as error:
        say(f"  {error} It goes on without.")


def _install(prefix: list[str], names: list[str]) -> None:
    say(f"System packages: installing {', '.join(names)}.")
    apt = [*prefix, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-q"]
    try:
        run([*apt, "update"], "Package lists")
    except SetupError as error:  # the lists at hand may still do
        say(f"  {error}")
    run([*apt, "install", "-y", "--no-install-recommends", *names], "System packages")


def _root_prefix() -> list[str] | None:
    """What to put before a command to run it as root: nothing, sudo, or None when neither is possible."""
    if os.getuid() == 0:
        return []
    if not shutil.which("sudo"):
        return None
    quiet = subprocess.run(["sudo", "-n", "true"], capture_output=True, check=False)
    return ["sudo"] if quiet.returncode == 0 or sys.stdin.isatty() else None

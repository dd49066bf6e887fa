"""Saying what is going on, and running other programs while showing that they live."""

import os
import select
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
RUN_DIR = ROOT / ".run"
LOG_FILE = RUN_DIR / "setup.log"
QUIET_SECONDS = 10.0


class SetupError(Exception):
    """Set-up cannot go on. The message is one sentence that says why and what to do."""


def say(text: str) -> None:
    """One line for the person at the terminal."""
    _wipe()
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def run(
    argv: Sequence[str | Path],
    title: str,
    *,
    note: Callable[[str], str | None] = lambda line: line,
    environment: dict[str, str] | None = None,
) -> None:
    """Run a program, its output in .run/setup.log, the latest of it on the screen.

    Args:
        note: Makes of an output line what is worth showing; None keeps what is shown.
        environment: Variables on top of ours.

    Raises:
        SetupError: It could not be started or ended with an error; carries its last telling line.
    """
    RUN_DIR.mkdir(exist_ok=True)
    try:
        process = subprocess.Popen(
            [str(part) for part in argv],
            cwd=ROOT,
            env=os.environ | (environment or {}),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
    except OSError as error:
        raise SetupError(f"{title}: {argv[0]} could not be started ({error.strerror}).") from error
    try:
        lines = _follow(process, title, note)
    except BaseException:
        process.kill()
        process.wait()
        raise
    if process.wait() != 0:
        raise SetupError(f"{title} failed: {_telling_line(lines)} The whole output is in {LOG_FILE}.")


def _follow(process: "subprocess.Popen[bytes]", title: str, note: Callable[[str], str | None]) -> list[str]:
    """Log and show the output until it ends. Returns its last lines."""
    started = shown_at = time.monotonic()
    shown, lines = "", [""]
    with LOG_FILE.open("a", encoding="utf-8") as log:
        log.write(f"\n== {title}\n")
        for line in _lines(process):
            now = time.monotonic()
            if line:
                log.write(f"{line}\n")
                lines = [*lines[-40:], line]
                shown = note(line) or shown
            if sys.stdout.isatty():
                _show_in_place(f"{title}: {shown}")
            elif now - shown_at > QUIET_SECONDS:
                say(f"  {title}, {now - started:.0f} s: {shown}")
                shown_at = now
    return lines


def _lines(process: "subprocess.Popen[bytes]") -> Iterator[str]:
    """Lines as they come, and an empty one after every second of silence."""
    assert process.stdout is not None
    rest = b""
    while True:
        if not select.select([process.stdout], [], [], 1.0)[0]:
            yield ""
            continue
        chunk = os.read(process.stdout.fileno(), 65536)
        if not chunk:
            break
        *whole, rest = (rest + chunk).replace(b"\r", b"\n").split(b"\n")
        yield from (line.decode(errors="replace").strip() for line in whole)
    yield rest.decode(errors="replace").strip()


def _telling_line(lines: Sequence[str]) -> str:
    """The last line that speaks of an error, or just the last one."""
    spoken = [line for line in lines if line]
    errors = [line for line in spoken if "error" in line.lower() or line.startswith(("E:", "npm ERR"))]
    line = (errors or spoken or ["it said nothing."])[-1]
    return line if line.endswith(".") else f"{line}."


def _show_in_place(text: str) -> None:
    width = shutil.get_terminal_size().columns - 1
    sys.stdout.write(f"\r\033[K{text[:width]}")
    sys.stdout.flush()


def _wipe() -> None:
    if sys.stdout.isatty():
        sys.stdout.write("\r\033[K")

"""`make bench`, `make bench-gpu`, or `python -m benchmarks [name …]`: measure our side beside a peer, and print both.

Each file runs in a process of its own with a temporary folder, a Redis of its own and nothing of this installation's
settings, so that memory figures belong to it alone. The status is 0 unless one of them ended with an error: a goal
that is missed is a figure to report, not a failure.
"""

import os
import platform
import subprocess
import sys
import time
from collections.abc import Sequence
from importlib import import_module

from benchmarks.report import Row, parse, summary

ROWS = (
    "overhead",
    "decoding",
    "first_event",
    "dispatch",
    "merge",
    "sharing",
    "batched_whisper",
    "word_times",
    "log_mel",
    "diarization",
    "assign_speakers",
    "faster_whisper",
    "transcript_page",
    "search",
    "exports",
)
# What needs a GPU. Not part of `make bench`.
GPU_ROWS = ("gpu_whisper",)

NO_GPU = "no CUDA device: not measured on a GPU"


def main(arguments: Sequence[str]) -> int:
    names = GPU_ROWS if arguments == ["--gpu"] else tuple(arguments) or ROWS
    unknown = [name for name in names if name not in ROWS + GPU_ROWS]
    if unknown:
        sys.exit(f"There is no row {unknown[0]!r}; choose {', '.join(ROWS + GPU_ROWS)}.")
    if (arguments == ["--gpu"] or set(names) & set(GPU_ROWS)) and not has_gpu():
        print(NO_GPU)
        names = tuple(name for name in names if name not in GPU_ROWS)
        if not names:
            return 0
    if len(arguments) == 1 and arguments != ["--gpu"]:
        import tests.environment  # noqa: F401  a temporary folder instead of this installation's

        import_module(f"benchmarks.{names[0]}").run()
        return 0
    return run_all(names)


def has_gpu() -> bool:
    import torch

    return torch.cuda.is_available()


def run_all(names: Sequence[str]) -> int:
    """Run each in a process of its own, then say what it all came to."""
    print(f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    started = time.monotonic()
    rows: list[Row] = []
    crashed = []
    for name in names:
        found, status = run_one(name)
        rows += found
        if status:
            crashed.append(name)
    print(summary(rows, crashed, time.monotonic() - started))
    return 1 if crashed else 0


def run_one(name: str) -> tuple[list[Row], int]:
    """What one file printed as results, and its status; everything it prints is passed on as it comes."""
    started = time.monotonic()
    rows = []
    with subprocess.Popen([sys.executable, "-m", "benchmarks", name], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        for line in process.stdout:
            print(line, end="", flush=True)
            row = parse(line)
            if row:
                rows.append(row)
    print(f"  took {time.monotonic() - started:.0f} s\n", flush=True)
    return rows, process.returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

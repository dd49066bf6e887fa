"""`make bench`, or `python -m benchmarks [name]`: measure our side and a plain way of doing the same, and print both.

Each row runs in a process of its own with a temporary folder, a Redis of its own and nothing of this
installation's settings, so that memory figures belong to that row alone.
"""

import os
import platform
import subprocess
import sys
from importlib import import_module

ROWS = ("overhead", "first_event", "dispatch")


def main(names: list[str]) -> int:
    unknown = [name for name in names if name not in ROWS]
    if unknown:
        sys.exit(f"There is no row {unknown[0]!r}; choose {', '.join(ROWS)}.")
    if len(names) == 1:
        import tests.environment  # noqa: F401  a temporary folder instead of this installation's

        import_module(f"benchmarks.{names[0]}").run()
        return 0
    print(f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    return max(subprocess.run([sys.executable, "-m", "benchmarks", name], check=False).returncode for name in ROWS)


sys.exit(main(sys.argv[1:]))

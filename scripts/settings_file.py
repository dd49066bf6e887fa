"""The file .env: written once, with a secret of its own, for plain http on this machine."""

import os
import secrets
from pathlib import Path

from scripts.shell import ROOT, say

ENV_FILE = ROOT / ".env"
TEMPLATE = """\
# Settings of this installation. docs/configuration.md lists them all.
SECRET_KEY={secret}
DEBUG=0
HTTPS=0
ALLOWED_HOSTS=localhost,127.0.0.1,[::1]
"""


def ensure() -> None:
    """Write .env, readable by its owner only, unless there is one."""
    if ENV_FILE.exists():
        say("Settings: .env is there.")
        return
    handle = os.open(ENV_FILE, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w") as file:
        file.write(TEMPLATE.format(secret=secrets.token_urlsafe(50)))
    say("Settings: wrote .env with a new secret key.")


def data_dir() -> Path:
    """The data folder as the product will see it."""
    return Path(os.environ.get("DATA_DIR") or _written("DATA_DIR") or ROOT / "data").resolve()


def _written(name: str) -> str:
    """The value of a variable in the settings file, empty when it is not there."""
    file = Path(os.environ.get("ENV_FILE", ENV_FILE))
    lines = file.read_text().splitlines() if file.is_file() else []
    values = [value for key, _, value in (line.partition("=") for line in lines) if key.strip() == name]
    return values[-1].strip().strip("'\"") if values else ""

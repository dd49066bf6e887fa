"""The environment all tests run in. Loaded before anything else (see pyproject.toml), so that no test ever
touches the data of a site on this machine."""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

FOLDER = Path(tempfile.mkdtemp(prefix="transcriber-tests-"))
atexit.register(shutil.rmtree, FOLDER, ignore_errors=True)

for name in ("REDIS_URL", "DATABASE_URL", "SECRET_KEY", "SETUP_TOKEN", "S3_BUCKET"):
    os.environ.pop(name, None)
os.environ.update(
    ENV_FILE="",
    DATA_DIR=str(FOLDER),
    DEBUG="1",
    ALLOWED_HOSTS="testserver,localhost,127.0.0.1",
    DEFAULT_ENGINE="pocketsphinx",
    DEVICE="cpu",
    THREADS="1",
    LOG_LEVEL="WARNING",
)

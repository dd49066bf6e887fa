"""Every environment variable: name, type, default, one line of meaning. Nothing else reads the environment.

A file `.env` beside manage.py is read first (another one with ENV_FILE); the real environment wins over it.
"""

import hashlib
import os
import tempfile
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, get_type_hints

import environ
from django.core.exceptions import ImproperlyConfigured

BASE_DIR = Path(__file__).resolve().parent.parent
UNIX_SOCKET_PATH_MAX_BYTES = 100


def variable(default: Any, meaning: str, *, is_secret: bool = False) -> Any:
    """A field of `Env` with its default and the line that docs/configuration.md shows.

    A secret, or what may hold one, stays out of what is printed of the settings, such as Django's page of an error.
    """
    return field(default=default, repr=not is_secret, metadata={"meaning": meaning})


@dataclass(frozen=True)
class Env:
    """The settings of one process. Field names are the variables' names."""

    # Site
    DEBUG: bool = variable(True, "Development mode: detailed error pages, no HTTPS. Off, the next two must be set.")
    SECRET_KEY: str = variable(
        "", "Signs sessions and links. Required when DEBUG is off; `make setup` writes one to .env.", is_secret=True
    )
    ALLOWED_HOSTS: tuple[str, ...] = variable((), "Host names the site answers to. Required when DEBUG is off.")
    HTTPS: bool = variable(
        True, "With DEBUG off: redirect to HTTPS, secure cookies, HSTS. Off for plain http on one machine."
    )
    CSRF_TRUSTED_ORIGINS: tuple[str, ...] = variable(
        (), "Origins such as https://example.org, when a proxy changes the host."
    )
    TRUST_PROXY_HEADERS: bool = variable(False, "Believe X-Forwarded-Proto and X-Forwarded-For of the proxy in front.")
    HOST: str = variable("127.0.0.1", "Address the web server listens on.")
    PORT: int = variable(8000, "Port the web server listens on.")
    SITE_NAME: str = variable("Transcriber", "Shown in the header, in titles and in mails.")
    TIME_ZONE: str = variable("UTC", "Time zone for dates on pages.")
    SIGNUP_OPEN: bool = variable(False, "Let visitors create accounts of their own.")
    SETUP_TOKEN: str = variable(
        "", "Opens the first-run page from other machines; printed at start when empty.", is_secret=True
    )
    EMAIL_URL: str = variable(
        "consolemail://",
        "Mail server, such as smtp+tls://user:password@host:587. Default: mails go to the log.",
        is_secret=True,
    )
    DEFAULT_FROM_EMAIL: str = variable("transcriber@localhost", "Sender of mails.")
    # Where things lie
    DATA_DIR: Path = variable(BASE_DIR / "data", "Folder for everything kept on this machine.")
    DATABASE_URL: str = variable(
        "", "Database, such as postgres://user:password@host/name. Default: SQLite in DATA_DIR.", is_secret=True
    )
    REDIS_URL: str = variable(
        "", "Redis for queues and live progress. Default: one of our own, started by `make run`.", is_secret=True
    )
    MODELS_DIR: Path = variable(Path(), "Folder of model weights. Default: DATA_DIR/models.")
    S3_BUCKET: str = variable("", "Bucket for recordings and results. Default: local files in DATA_DIR/storage.")
    S3_ENDPOINT_URL: str = variable("", "Address of an S3-compatible store; empty for Amazon.")
    S3_REGION: str = variable("", "Region of the bucket.")
    S3_ACCESS_KEY: str = variable("", "Access key; empty to use the machine's own credentials.")
    S3_SECRET_KEY: str = variable("", "Secret of the access key.", is_secret=True)
    # Uploads
    MAX_UPLOAD_BYTES: int = variable(5 * 1024**3, "Largest file accepted.")
    MAX_DURATION_SECONDS: float = variable(36_000.0, "Longest recording accepted.")
    UPLOAD_EXPIRY_HOURS: float = variable(24.0, "Unfinished uploads are removed after this time without a byte.")
    # Transcription
    DEFAULT_ENGINE: str = variable("auto", "Engine offered first: auto, whisper, faster_whisper or pocketsphinx.")
    WHISPER_MODEL: str = variable(
        "base", "Whisper model to use: a name, a file (whisper) or a folder (faster_whisper)."
    )
    DOWNLOAD_MODELS: bool = variable(True, "Let `make run` fetch the default model when the network allows.")
    DIARIZATION_ENGINE: str = variable("auto", "Who finds the speakers: auto, embedded or pyannote.")
    DIARIZATION_MODEL: str = variable(
        "", "Pipeline of pyannote to use: community-1 (the default), a folder, or owner/name on the Hugging Face hub."
    )
    HF_TOKEN: str = variable(
        "",
        "Token of the Hugging Face hub, with which pyannote's pipeline is fetched when first needed.",
        is_secret=True,
    )
    DEVICE: str = variable("auto", "Device for models: auto, cpu or cuda.")
    THREADS: int = variable(0, "CPU threads a model may use; 0 for the machine's cores divided by WORKERS_GPU.")
    MODEL_IDLE_SECONDS: float = variable(
        600.0, "Models are unloaded when their worker has had nothing to do for this long; 0 keeps them."
    )
    CHUNK_SECONDS: float = variable(600.0, "Length of the pieces a long recording is cut into.")
    # Running
    WORKERS_IO: int = variable(
        1, "Worker processes for moving files and for drawing subtitles into videos, started by `make run`."
    )
    WORKERS_CPU: int = variable(1, "Worker processes for FFmpeg and assembling, started by `make run`.")
    WORKERS_GPU: int = variable(1, "Worker processes that hold models, started by `make run`.")
    LEASE_SECONDS: float = variable(45.0, "A step whose worker is silent for this long is given to another.")
    STEP_ATTEMPTS: int = variable(3, "Times a step is tried before its job fails.")
    SWEEP_SECONDS: float = variable(10.0, "How often the clock looks for lost work.")
    # Retention
    RETENTION_COMPLETED_DAYS: float = variable(0.0, "Delete recordings this long after completion; 0 keeps them.")
    RETENTION_FAILED_DAYS: float = variable(30.0, "Delete recordings whose last job failed; 0 keeps them.")
    RETENTION_CANCELLED_DAYS: float = variable(7.0, "Delete recordings whose last job was cancelled; 0 keeps them.")
    RETENTION_MEDIA_DAYS: float = variable(
        0.0, "Delete the media but keep the text this long after completion; 0 keeps it."
    )
    RETENTION_VIDEO_DAYS: float = variable(
        7.0, "Delete videos made with subtitles in them this long after they were made; 0 keeps them."
    )
    RETENTION_TRASH_DAYS: float = variable(30.0, "Delete for good what is in the trash for this long; 0 keeps it.")
    RETENTION_WORK_HOURS: float = variable(
        24.0, "Delete working files (normalized audio, passages heard again) this long after a job ended."
    )
    # Logs
    LOG_LEVEL: str = variable("INFO", "DEBUG, INFO, WARNING or ERROR.")
    LOG_FORMAT: str = variable("text", "text for people, json for machines.")

    @property
    def database_url(self) -> str:
        return self.DATABASE_URL or f"sqlite:///{self.DATA_DIR / 'db.sqlite3'}"

    @property
    def redis_url(self) -> str:
        return self.REDIS_URL or f"unix://{embedded_redis_socket(self.DATA_DIR)}"

    @property
    def models_dir(self) -> Path:
        return self.MODELS_DIR if self.MODELS_DIR.name else self.DATA_DIR / "models"


def embedded_redis_socket(data_dir: Path) -> Path:
    """Socket of our own Redis: in the data folder, or in a private temporary one where that path is too long."""
    inside = data_dir / "redis" / "redis.sock"
    if len(os.fsencode(inside)) <= UNIX_SOCKET_PATH_MAX_BYTES:
        return inside
    digest = hashlib.sha256(os.fsencode(data_dir)).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"transcriber-{os.getuid()}-{digest}" / "redis.sock"


def read() -> Env:
    """Read the environment once, typed. A value of the wrong type raises ImproperlyConfigured with its name."""
    reader = environ.Env()
    env_file = os.environ.get("ENV_FILE", str(BASE_DIR / ".env"))
    if env_file and Path(env_file).is_file():
        environ.Env.read_env(env_file)
    types = get_type_hints(Env)
    values = {item.name: _value(reader, item.name, types[item.name], item.default) for item in fields(Env)}
    return Env(**values)


WORDS = {"1": True, "true": True, "yes": True, "on": True, "0": False, "false": False, "no": False, "off": False}


def _value(reader: Any, name: str, kind: Any, default: Any) -> Any:
    text = str(reader.str(name, default="")).strip()
    if kind in (bool, int, float):
        return _parsed(name, text, kind) if text else default
    if kind is Path:
        return Path(text).resolve() if text else default
    if kind is str:
        return reader.str(name, default=default)
    return tuple(reader.list(name, default=list(default)))


def _parsed(name: str, text: str, kind: Any) -> bool | int | float:
    """django-environ itself takes `45 s` for 45 and `ture` for no."""
    try:
        return WORDS[text.lower()] if kind is bool else kind(text)
    except (KeyError, ValueError) as error:
        wanted = {bool: "yes or no", int: "a whole number", float: "a number"}[kind]
        raise ImproperlyConfigured(f"{name} must be {wanted}, and is {text!r}.") from error

"""Is everything here that the product needs: each part ok, or what to do about it."""

import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection

from jobs import checks, pipeline_gateway, queue, storage
from jobs.services import work
from media_pipeline import devices, ffmpeg
from media_pipeline.errors import EngineUnavailable

DISK_FREE_MIN_BYTES = 2 * 1024**3


@dataclass(frozen=True, slots=True)
class Finding:
    """`problem` is empty when all is well; else it says what to do. `is_fatal` when the site cannot work so."""

    name: str
    state: str
    problem: str = ""
    is_fatal: bool = True

    @property
    def is_ok(self) -> bool:
        return not self.problem


def examine() -> Iterator[Finding]:
    """Look at every part in turn. May take some seconds: it loads torch to ask for a GPU."""
    looks: tuple[Callable[[], Finding], ...] = (
        _settings,
        _ffmpeg,
        _database,
        _redis,
        _workers,
        _storage,
        _disk,
        _gpu,
    )
    for look in looks:
        yield look()
    for engine in pipeline_gateway.speech_engines():
        yield Finding(f"engine {engine.name}", engine.title, engine.problem, is_fatal=False)
    for engine in pipeline_gateway.diarization_engines():
        yield Finding(f"speakers by {engine.name}", engine.title, engine.problem, is_fatal=False)


def what_is_down() -> list[str]:
    """Names of the servers that do not answer; asked in milliseconds, for load balancers."""
    up = {"database": _database().is_ok, "redis": queue.answers()}
    return [name for name, is_up in up.items() if not is_up]


def _settings() -> Finding:
    problem = " ".join(error.msg for error in checks.settings_name_what_there_is(None))
    return Finding("settings", "not understood" if problem else "understood", problem)


def _ffmpeg() -> Finding:
    problem = ffmpeg.missing() or ""
    return Finding("ffmpeg", "missing" if problem else "found", problem)


def _database() -> Finding:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")  # an open connection says nothing: the server may have gone since
    except (DatabaseError, InterfaceError) as error:
        return Finding(
            "database", connection.vendor, f"Cannot be reached ({type(error).__name__}). Check DATABASE_URL."
        )
    return Finding("database", connection.vendor)


def _redis() -> Finding:
    try:
        return Finding("redis", f"version {queue.version()}")
    except queue.UNREACHABLE:
        return Finding("redis", "no answer", "Start it with “make run”, or set REDIS_URL to one that runs.")


def _workers() -> Finding:
    try:
        lanes = queue.workers()
    except queue.UNREACHABLE:
        return Finding("workers", "unknown", "Redis does not answer, so workers cannot be counted.", is_fatal=False)
    idle = [lane for lane, count in lanes.items() if not count]
    problem = f"Nobody works on: {', '.join(idle)}. Start “manage.py work --lane {idle[0]}”." if idle else ""
    return Finding("workers", ", ".join(f"{lane} {count}" for lane, count in lanes.items()), problem, is_fatal=False)


def _storage() -> Finding:
    where = "local files" if storage.is_local() else f"bucket {settings.ENV.S3_BUCKET}"
    try:
        work.scratch_dir().mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=work.scratch_dir()) as folder:
            probe = Path(folder) / "probe"
            probe.write_bytes(b"doctor")
            storage.save("doctor/probe", probe)
        with storage.open_file("doctor/probe") as source:
            is_same = source.read() == b"doctor"
        storage.delete("doctor/probe")
    except Exception as error:  # noqa: BLE001  whatever a store can raise, the answer is the same
        return Finding(
            "storage", where, f"Cannot be written ({type(error).__name__}). Check DATA_DIR or the S3 settings."
        )
    return Finding("storage", where, "" if is_same else "What was written does not read back the same.")


def _disk() -> Finding:
    free = shutil.disk_usage(settings.DATA_DIR).free
    problem = "" if free >= DISK_FREE_MIN_BYTES else "Less than 2 GB free. Run “manage.py cleanup” or add space."
    return Finding("disk", f"{free / 1024**3:.1f} GB free", problem, is_fatal=False)


def _gpu() -> Finding:
    try:
        return Finding("device", devices.describe(settings.ENV.DEVICE))
    except EngineUnavailable as error:
        return Finding("device", settings.ENV.DEVICE, error.message)

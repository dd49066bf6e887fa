"""Is everything here that the product needs: each part ok, or what to do about it."""

import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection

from jobs import checks, pipeline_gateway, queue, storage
from jobs.services import work
from media_pipeline import devices, ffmpeg
from media_pipeline.engines import pool, registry
from media_pipeline.errors import EngineUnavailable, PipelineError
from media_pipeline.options import model_title

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
        _threads,
    )
    for look in looks:
        yield look()
    for engine in pipeline_gateway.speech_engines():
        usable = _usable_models("stt", engine, pipeline_gateway.default_model(engine.name))
        yield Finding(f"engine {engine.name}", usable, engine.problem, is_fatal=False)
    for engine in pipeline_gateway.diarization_engines():
        named = pipeline_gateway.diarization_model(engine.name)
        usable = _usable_models("diarization", engine, named or engine.models[0])
        yield Finding(f"speakers by {engine.name}", usable, engine.problem, is_fatal=False)
    if not _settings().problem:
        yield Finding("automatic text", _automatic_text())
        yield Finding("automatic speakers", _automatic_speakers())


def load() -> Iterator[Finding]:
    """Load the models that automatic choices would use, one after the other. May take minutes."""
    engine = pipeline_gateway.auto_engine().name
    yield _loaded("stt", engine, pipeline_gateway.default_model(engine))
    diarizer = pipeline_gateway.diarization_engine()
    yield _loaded("diarization", diarizer, pipeline_gateway.diarization_model(diarizer))


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


def _threads() -> Finding:
    workers, cores, each = settings.ENV.WORKERS_GPU, devices.cores(), pipeline_gateway.machine().threads
    state = f"{each} for a model: {cores} cores, WORKERS_GPU={workers}"
    wanted = max(1, workers) * each
    problem = (
        f"Together they want {wanted}, which makes all of them slower. Set THREADS=0." if wanted > cores > 1 else ""
    )
    return Finding("threads", state, problem, is_fatal=False)


def _usable_models(kind: str, engine: pipeline_gateway.EngineChoice, default: str) -> str:
    """The engine's title and those of its models that could be used now; the default one may be a path."""
    missing, machine = registry.engine_class(kind, engine.name).missing, pipeline_gateway.machine()
    usable = [model for model in dict.fromkeys((default, *engine.models)) if missing(model, machine) is None]
    return ": ".join([engine.title, *([", ".join(map(model_title, usable))] if usable else [])])


def _automatic_text() -> str:
    """What a job gets for which nobody chose an engine, and why."""
    chosen, wanted = pipeline_gateway.auto_engine().name, settings.ENV.DEFAULT_ENGINE
    what = f"{chosen}, model {model_title(pipeline_gateway.default_model(chosen))}"
    if chosen == wanted:
        return f"{what}: DEFAULT_ENGINE says so"
    if wanted != pipeline_gateway.AUTO:
        return f"{what}: {wanted}, which DEFAULT_ENGINE names, cannot be used"
    if chosen == pipeline_gateway.EMBEDDED_ENGINE:
        return f"{what}: nothing better can be used"
    return f"{what}: of those that can be used the quickest on {devices.expected(settings.ENV.DEVICE)}"


def _automatic_speakers() -> str:
    chosen, wanted = pipeline_gateway.diarization_engine(), settings.ENV.DIARIZATION_ENGINE
    if wanted != pipeline_gateway.AUTO:
        return f"{chosen}: DIARIZATION_ENGINE says so"
    return f"{chosen}: {'nothing better' if chosen == 'embedded' else 'the best that'} can be used"


def _loaded(kind: registry.Kind, name: str, model: str) -> Finding:
    started = time.monotonic()
    try:
        engine = pool.get(kind, name, model, pipeline_gateway.machine())
        facts = {fact: getattr(engine, fact, None) for fact in ("device", "batch")}
    except PipelineError as error:
        return Finding(f"loading {name}", "failed", error.message)
    except Exception as error:  # noqa: BLE001  whatever a library can raise, the answer is the same
        return Finding(f"loading {name}", "failed", f"It cannot be loaded ({type(error).__name__}): {error}")
    finally:
        pool.unload_all()
    told = "".join(f", {fact} {value}" for fact, value in facts.items() if value is not None)
    return Finding(f"loading {name}", f"{time.monotonic() - started:.1f} s{told}")

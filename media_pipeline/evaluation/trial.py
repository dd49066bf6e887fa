"""Run an engine on prepared recordings, as the recipe does, and measure what that takes. No rows, no queue.

An engine's memory is known only where nothing else shares its process, so `serve` is made to be a process of its own.
"""

import ctypes
import signal
import sys
import time
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal, TypeAlias, TypeVar

import msgspec

from media_pipeline.engines import pool
from media_pipeline.errors import PipelineError
from media_pipeline.media import AudioFacts, Diarization
from media_pipeline.options import SpeakerOptions, TranscribeOptions
from media_pipeline.recipes.transcribe import TRANSCRIBE
from media_pipeline.run import Machine, Run
from media_pipeline.transcript import Seconds, Transcript

T = TypeVar("T")
Kind: TypeAlias = Literal["stt", "diarization"]

_PREPARATION = ("normalize", "detect_speech")
_PR_SET_PDEATHSIG = 1


@dataclass(frozen=True, slots=True)
class Task:
    """One engine on one recording that `prepare` has left in `prepared`."""

    kind: Kind
    options: TranscribeOptions
    machine: Machine
    prepared: Path

    @property
    def engine(self) -> str:
        return self.options.engine if self.kind == "stt" else self.options.diarization_engine

    @property
    def model(self) -> str:
        return self.options.model if self.kind == "stt" else self.options.diarization_model


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a task.

    Attributes:
        seconds: Wall-clock time, without loading the model.
        load_seconds: Time to load it; 0 when it was there.
        peak_bytes: The most memory the process has held so far.
        gpu_peak_bytes: The most PyTorch has held on the GPU so far; 0 where it was not used.
    """

    found: Transcript | Diarization
    device: str
    seconds: Seconds
    load_seconds: Seconds
    peak_bytes: int
    gpu_peak_bytes: int


@dataclass(frozen=True, slots=True)
class FolderFiles:
    """Implements `media_pipeline.recipe.Files` in folders: what is saved goes to `own`, `prepared` is only read."""

    source: Path
    prepared: Path
    own: Path
    step: str
    part: int = 0

    def media(self) -> Path:
        return self.source

    def path(self, step: str, name: str, part: int = 0) -> Path:
        return self._root(step) / step / str(part) / name

    def load(self, step: str, name: str, kind: type[T], part: int = 0) -> T:
        return msgspec.json.decode(self.path(step, name, part).read_bytes(), type=kind)

    def save(self, name: str, path: Path) -> None:
        path.replace(self._place(name))

    def dump(self, name: str, value: object) -> None:
        self._place(name).write_bytes(msgspec.json.encode(value))

    def parts(self, step: str) -> int:
        root = self._root(step) / step
        return len(list(root.iterdir())) if root.is_dir() else 0

    def has(self, step: str) -> bool:
        return self.parts(step) > 0

    def _root(self, step: str) -> Path:
        return self.own if (self.own / step).is_dir() else self.prepared

    def _place(self, name: str) -> Path:
        folder = self.own / self.step / str(self.part)
        folder.mkdir(parents=True, exist_ok=True)
        return folder / name


def prepare(source: Path, folder: Path, options: TranscribeOptions, machine: Machine) -> Seconds:
    """Decode a recording and find its speech, once for all engines; the recording's duration.

    Raises:
        PipelineError: As the steps do.
    """
    for name in _PREPARATION:
        _do(name, FolderFiles(source, folder, folder, name), options, machine)
    return FolderFiles(source, folder, folder, "").load("normalize", "facts.json", AudioFacts).duration


def measure(task: Task) -> Outcome:
    """Do the task here.

    Raises:
        PipelineError: As the engine does.
    """
    started = time.perf_counter()
    device = _load(task)
    loaded = time.perf_counter()
    with TemporaryDirectory(dir=task.prepared) as name:
        found = _transcript(task, Path(name)) if task.kind == "stt" else _diarization(task, Path(name))
    ended = time.perf_counter()
    gpu_bytes = _gpu_peak_bytes()
    return Outcome(
        found, device or ("cuda" if gpu_bytes else "cpu"), ended - loaded, loaded - started, peak_bytes(), gpu_bytes
    )


def _load(task: Task) -> str:
    """Have the engine ready in the pool, where the steps look for it; its device if it tells."""
    if task.kind == "stt":
        return pool.get("stt", task.engine, task.model, task.machine).device
    pool.get("diarization", task.engine, task.model, task.machine)
    return ""


def _transcript(task: Task, own: Path) -> Transcript:
    """Every step between preparation and export, but for that of the speakers."""
    options = replace(task.options, speakers=None)
    for step in TRANSCRIBE.steps:
        if step.name not in (*_PREPARATION, "diarize", "export") and step.when(options):
            _do(step.name, FolderFiles(task.prepared, task.prepared, own, step.name), options, task.machine)
    return FolderFiles(task.prepared, task.prepared, own, "").load("assemble", "transcript.json", Transcript)


def _diarization(task: Task, own: Path) -> Diarization:
    options = replace(task.options, speakers=task.options.speakers or SpeakerOptions())
    _do("diarize", FolderFiles(task.prepared, task.prepared, own, "diarize"), options, task.machine)
    return FolderFiles(task.prepared, task.prepared, own, "").load("diarize", "turns.json", Diarization)


def _do(name: str, files: FolderFiles, options: TranscribeOptions, machine: Machine) -> None:
    step = TRANSCRIBE.step(name)
    for part in range(step.parts(files) if step.parts else 1):
        with TemporaryDirectory(dir=files.own, prefix="work-") as workdir:
            step.function(replace(files, part=part), options, Run(Path(workdir), machine), part)


def peak_bytes() -> int:
    """The most memory this process has held so far.

    Not by getrusage: that would count what the parent held when it started this process.
    """
    for line in Path("/proc/self/status").read_text(encoding="ascii", errors="replace").splitlines():
        name, _, value = line.partition(":")
        if name == "VmHWM":
            return int(value.split()[0]) * 1024
    raise RuntimeError("this system does not tell how much memory a process holds")


def _gpu_peak_bytes() -> int:
    torch = sys.modules.get("torch")
    if torch is None or not torch.cuda.is_initialized():
        return 0
    return int(torch.cuda.max_memory_reserved())


def serve(connection: Connection) -> None:
    """Do tasks as they come and answer each with its `Outcome` or the `PipelineError`'s code and message.

    Ends when the other side closes, and with its parent, however that ends.
    """
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C goes to the whole group; the parent sees to it
    while True:
        try:
            task: Task = connection.recv()
        except EOFError:
            return
        try:
            connection.send(measure(task))
        except PipelineError as error:
            connection.send((error.code, error.message))

"""The stored files of one job, as one attempt at one step sees them."""

import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import msgspec

from jobs import storage
from jobs.models import Artifact, Job, StepRun
from jobs.state import StepStatus

T = TypeVar("T")
READ_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class SavedFile:
    """A file this attempt has stored; it counts once the attempt is accepted."""

    name: str
    key: str
    size_bytes: int
    sha256: str


@dataclass(slots=True)
class JobFiles:
    """Implements `media_pipeline.recipe.Files`.

    Keys carry the attempt, so a worker given up for dead overwrites nothing: its files are
    simply never referred to.
    """

    job: Job
    step: str
    part: int
    attempt: int
    workdir: Path
    saved: list[SavedFile] = field(default_factory=list)

    def media(self) -> Path:
        return storage.local_path(self.job.recording.media_key)

    def path(self, step: str, name: str, part: int = 0) -> Path:
        return storage.local_path(Artifact.objects.get(job=self.job, step=step, part=part, name=name).key)

    def load(self, step: str, name: str, kind: type[T], part: int = 0) -> T:
        return msgspec.json.decode(self.path(step, name, part).read_bytes(), type=kind)

    def save(self, name: str, path: Path) -> None:
        key = f"jobs/{self.job.pk}/{self.step}/{self.part}/{self.attempt}-{name}"
        saved = SavedFile(name, key, path.stat().st_size, _sha256(path))
        storage.save(key, path)
        self.saved.append(saved)

    def dump(self, name: str, value: object) -> None:
        path = self.workdir / f"dump-{name}"
        path.write_bytes(msgspec.json.encode(value))
        self.save(name, path)

    def parts(self, step: str) -> int:
        return StepRun.objects.filter(job=self.job, name=step).exclude(status=StepStatus.SKIPPED).count()

    def has(self, step: str) -> bool:
        return StepRun.objects.filter(job=self.job, name=step, status=StepStatus.DONE).exists()

    def record(self) -> None:
        """Make what was saved the files of this step and part, in the transaction at hand."""
        for saved in self.saved:
            Artifact.objects.update_or_create(
                job=self.job,
                step=self.step,
                part=self.part,
                name=saved.name,
                defaults={"key": saved.key, "size_bytes": saved.size_bytes, "sha256": saved.sha256},
            )

    def discard(self) -> None:
        """Delete what was saved by an attempt that was not accepted."""
        for saved in self.saved:
            storage.delete(saved.key)


def _sha256(path: Path) -> str:
    with path.open("rb") as source:
        return hashlib.file_digest(source, "sha256").hexdigest()

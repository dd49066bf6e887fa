"""Files people take away."""

from dataclasses import dataclass

from jobs.models import Artifact, Job
from media_pipeline.exports.registry import EXPORTERS


@dataclass(frozen=True, slots=True)
class ExportFormat:
    name: str
    title: str
    extension: str
    content_type: str


@dataclass(frozen=True, slots=True)
class ExportedFile:
    """`key` is where it lies in the storage; `filename` is what to call it on the user's machine."""

    key: str
    filename: str
    content_type: str


def formats() -> list[ExportFormat]:
    """All formats, in the order in which to offer them."""
    return [ExportFormat(item.name, item.title, item.extension, item.content_type) for item in EXPORTERS.values()]


def find(job: Job, name: str) -> ExportedFile | None:
    """The exported file of a job, None when there is no such format or it has not been made."""
    exporter = EXPORTERS.get(name)
    if exporter is None:
        return None
    artifact = Artifact.objects.filter(job=job, step="export", name=f"transcript.{exporter.extension}").first()
    if artifact is None:
        return None
    filename = f"{_safe(job.recording.title)}.{exporter.extension}"
    return ExportedFile(artifact.key, filename, exporter.content_type)


def _safe(title: str) -> str:
    """A title as a file name every system takes."""
    return (
        "".join("_" if char in '\\/:*?"<>|' or not char.isprintable() else char for char in title).strip(". ")
        or "transcript"
    )

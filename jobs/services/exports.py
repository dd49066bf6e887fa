"""Files people take away."""

from dataclasses import dataclass

from django.conf import settings
from django.utils.translation import get_language

from jobs.models import Artifact, Job, Transcript
from jobs.wording import translated
from media_pipeline.exports.files import whole
from media_pipeline.exports.registry import EXPORTERS
from media_pipeline.transcript import Transcript as SpokenTranscript


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
    return [
        ExportFormat(item.name, translated(item.title), item.extension, item.content_type)
        for item in EXPORTERS.values()
    ]


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


@dataclass(frozen=True, slots=True)
class RenderedFile:
    """A file made just now."""

    content: bytes
    filename: str
    content_type: str


def download(job: Job, name: str) -> ExportedFile | RenderedFile | None:
    """A job's text as it stands, with the names given to speakers.

    The file the job stored does as long as it says the same. None when there is no such format, or no text.
    """
    exporter = EXPORTERS.get(name)
    transcript = Transcript.objects.filter(job=job).select_related("recording", "job").first()
    stored = find(job, name)
    if exporter is None or transcript is None or (stored is not None and not _differs(transcript)):
        return stored
    return rendered(transcript, name)


def rendered(transcript: Transcript, name: str) -> RenderedFile:
    """A transcript as it stands, in a format there is."""
    exporter = EXPORTERS[name]
    names = {speaker.label: speaker.display_name for speaker in transcript.speakers.all()}
    content = whole(exporter, _as_spoken(transcript), names)
    filename = f"{_safe(transcript.recording.title)}.{exporter.extension}"
    return RenderedFile(content, filename, exporter.content_type)


def _differs(transcript: Transcript) -> bool:
    """Whether it says anything else than the stored files, which call speakers by English names."""
    speakers = transcript.speakers.exclude(name="") if get_language() == settings.LANGUAGE_CODE else transcript.speakers
    return transcript.revision > 0 or speakers.exists()


def _as_spoken(transcript: Transcript) -> SpokenTranscript:
    segments = tuple(segment.as_spoken() for segment in transcript.segments.select_related("speaker"))
    duration = transcript.recording.duration or max((segment.end for segment in segments), default=0.0)
    warnings = tuple(transcript.job.warnings) if transcript.job else ()
    return SpokenTranscript(transcript.language, segments, duration, transcript.engine, transcript.model, warnings)


def _safe(title: str) -> str:
    """A title as a file name every system takes."""
    return (
        "".join("_" if char in '\\/:*?"<>|' or not char.isprintable() else char for char in title).strip(". ")
        or "transcript"
    )

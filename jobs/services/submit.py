"""From a file on this machine to a queued job."""

import mimetypes
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import msgspec
from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.utils.translation import gettext as _

from jobs import events, pipeline_gateway, storage
from jobs.models import Job, Recording
from jobs.services import conduct
from jobs.services.one_line import one_line
from jobs.state import JobKind
from media_pipeline.media import MediaInfo
from media_pipeline.options import SpeakerOptions, TranscribeOptions

TITLE_MAX = 300

# What browsers can play, by the container ffprobe named; the upload's own claim is never believed.
MEDIA_TYPES: dict[str, tuple[str, str]] = {
    # container: (audio, video)
    "mov": ("audio/mp4", "video/mp4"),
    "matroska": ("audio/webm", "video/webm"),
    "ogg": ("audio/ogg", "video/ogg"),
    "mp3": ("audio/mpeg", "audio/mpeg"),
    "wav": ("audio/wav", "audio/wav"),
    "flac": ("audio/flac", "audio/flac"),
    "aac": ("audio/aac", "audio/aac"),
    "mpegts": ("video/mp2t", "video/mp2t"),
}
UNPLAYABLE = "application/octet-stream"


def submit(
    *,
    path: Path,
    original_name: str,
    options: TranscribeOptions,
    owner: AbstractBaseUser | None,
    title: str = "",
    content_hash: str = "",
    within: Callable[[], object] = lambda: None,
) -> Job:
    """Store a file and start a job on it. The file at `path` is left where it is; it can go once this returns.

    Args:
        content_hash: SHA-256 of the file in hexadecimal, by which it is known when it is uploaded again.
        within: Called in the transaction that makes the recording: both are kept, or nothing is.

    Raises:
        InputError: The file cannot be transcribed; nothing is kept.
    """
    info = pipeline_gateway.inspect(path)
    recording_id = uuid4()
    key = f"recordings/{recording_id}/media"
    try:
        storage.save_copy(key, path)
        with transaction.atomic(durable=True):
            within()
            recording = Recording.objects.create(
                pk=recording_id,
                owner_id=owner.pk if owner else None,
                title=_title(title, original_name),
                original_name=original_name[:500],
                media_key=key,
                media_type=media_type(info),
                media_info=msgspec.to_builtins(info),
                size_bytes=info.size_bytes,
                duration=info.duration,
                has_video=info.has_video,
                content_hash=content_hash,
            )
            job = Job.objects.create(recording=recording, kind=JobKind.TRANSCRIBE, options=msgspec.to_builtins(options))
            conduct.start(job)
    except BaseException:
        if not Recording.objects.filter(pk=recording_id).exists():
            storage.delete_below(f"recordings/{recording_id}")
        raise
    events.publish(job.pk)
    return job


def _title(title: str, original_name: str) -> str:
    """What the user typed, else the file's name without its ending."""
    stem = Path(original_name.replace("\\", "/")).name
    stem = stem.rpartition(".")[0] or stem
    return one_line(title, TITLE_MAX) or one_line(stem, TITLE_MAX) or _("Untitled recording")


def media_type(info: MediaInfo) -> str:
    """Content type to serve the media with, by what it was found to be."""
    names = info.container.split(",")
    audio, video = next((MEDIA_TYPES[name] for name in names if name in MEDIA_TYPES), (UNPLAYABLE, UNPLAYABLE))
    return video if info.has_video else audio


def sample_path() -> Path | None:
    """The sample recording made at set-up, None when there is none."""
    found = sorted((settings.DATA_DIR / "sample").glob("sample.*"))
    playable = [path for path in found if (mimetypes.guess_type(path.name)[0] or "").startswith(("audio/", "video/"))]
    return playable[0] if playable else None


def as_speaker_options(
    kind: str, *, count: int | None = None, minimum: int | None = None, maximum: int | None = None
) -> SpeakerOptions | None:
    """What the fields on speakers ask for: `kind` is none, auto, exact (with `count`) or range (with its ends)."""
    if kind == "none":
        return None
    if kind == "exact":
        return SpeakerOptions(exact=count)
    if kind == "range" and minimum is not None and minimum == maximum:
        return SpeakerOptions(exact=minimum)
    return SpeakerOptions(minimum=minimum, maximum=maximum) if kind == "range" else SpeakerOptions()

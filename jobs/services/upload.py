"""Receiving a file piece by piece (tus 1.0 core, creation and termination): a cut line costs one piece."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import IO, BinaryIO

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.utils import timezone

from jobs.models import Job, Upload
from jobs.services.submit import submit
from media_pipeline.errors import InputError
from media_pipeline.options import TranscribeOptions

PIECE_BYTES = 8 * 1024**2
READ_BYTES = 256 * 1024
EXTENSIONS = (
    ".mp3", ".m4a", ".wav", ".ogg", ".oga", ".opus", ".flac", ".aac", ".amr", ".aif", ".aiff", ".au", ".caf", ".wma",
    ".ac3", ".w64", ".mp4", ".m4v", ".mov", ".webm", ".mkv", ".avi", ".wmv", ".flv", ".mpg", ".mpeg", ".ts", ".3gp",
)  # fmt: skip


class UploadConflict(Exception):
    """The piece does not fit where the upload stands, or another one is being written."""


def begin(*, owner: AbstractBaseUser, original_name: str, size_bytes: int) -> Upload:
    """Start receiving a file.

    Raises:
        InputError: It is empty, too large, or of a kind that is never media.
    """
    name = original_name.strip() or "recording"
    if size_bytes <= 0:
        raise InputError("empty", f"“{name}” is empty. Choose the recording itself.")
    if size_bytes > settings.ENV.MAX_UPLOAD_BYTES:
        raise InputError("too_large", f"“{name}” is larger than {_gigabytes()}, the most this site accepts.")
    if not name.lower().endswith(EXTENSIONS):
        raise InputError(
            "not_media",
            f"“{name}” is not a kind of file we can transcribe. Use audio or video, such as mp3, m4a or mp4.",
        )
    upload = Upload.objects.create(owner_id=owner.pk, original_name=name[:500], size_bytes=size_bytes)
    part_path(upload).parent.mkdir(parents=True, exist_ok=True)
    part_path(upload).touch()
    return upload


def _gigabytes() -> str:
    return f"{settings.ENV.MAX_UPLOAD_BYTES / 1024**3:.3g} GB"


def append(upload: Upload, *, offset: int, body: BinaryIO | IO[bytes]) -> int:
    """Add a piece that begins at `offset`. Returns how many bytes have been received in all.

    Raises:
        UploadConflict: `offset` is not where the upload stands, or another piece is being written.
        InputError: More bytes came than were announced.
    """
    with _locked(upload) as part:
        received = part.seek(0, 2)
        if offset != received:
            raise UploadConflict(f"expected offset {received}")
        while piece := body.read(READ_BYTES):
            if received + len(piece) > upload.size_bytes:
                part.truncate(offset)
                raise InputError("too_large", "More bytes came than the file was said to have. Upload it again.")
            received += part.write(piece)
    Upload.objects.filter(pk=upload.pk).update(received_bytes=received, updated_at=timezone.now())
    return received


@contextmanager
def _locked(upload: Upload) -> Iterator[BinaryIO]:
    with part_path(upload).open("r+b") as part:
        try:
            fcntl.flock(part, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UploadConflict("another piece is being written") from None
        yield part


def complete(upload: Upload, *, options: TranscribeOptions, title: str = "") -> Job:
    """Turn a fully received upload into a recording with its job. A refused file is deleted.

    Raises:
        UploadConflict: Bytes are still missing.
        InputError: The file cannot be transcribed; nothing is kept.
    """
    path = part_path(upload)
    if path.stat().st_size != upload.size_bytes:
        raise UploadConflict("not all bytes have arrived")
    try:
        job = submit(path=path, original_name=upload.original_name, options=options, owner=upload.owner, title=title)
    except InputError:
        abandon(upload)
        raise
    upload.delete()
    return job


def abandon(upload: Upload) -> None:
    """Forget an upload with what has arrived of it."""
    part_path(upload).unlink(missing_ok=True)
    upload.delete()


def expired() -> Iterator[Upload]:
    """Unfinished uploads that got no byte for `UPLOAD_EXPIRY_HOURS`."""
    limit = timezone.now() - timedelta(hours=settings.ENV.UPLOAD_EXPIRY_HOURS)
    yield from Upload.objects.filter(updated_at__lt=limit)


def part_path(upload: Upload) -> Path:
    """Where the bytes received so far lie; named by id only."""
    return Path(settings.DATA_DIR) / "uploads" / f"{upload.pk}.part"

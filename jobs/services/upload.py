"""Receiving a file piece by piece (tus 1.0 core, creation and termination): a cut line costs one piece."""

import errno
import fcntl
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from io import FileIO
from pathlib import Path
from typing import IO, BinaryIO

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.utils import timezone

from jobs.models import Job, Upload
from jobs.services.submit import submit
from media_pipeline.errors import InputError, PipelineError
from media_pipeline.options import TranscribeOptions
from media_pipeline.wording import say

PIECE_BYTES = 8 * 1024**2
READ_BYTES = 256 * 1024
DISK_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
EXTENSIONS = (
    ".mp3", ".m4a", ".wav", ".ogg", ".oga", ".opus", ".flac", ".aac", ".amr", ".aif", ".aiff", ".au", ".caf", ".wma",
    ".ac3", ".w64", ".mp4", ".m4v", ".mov", ".webm", ".mkv", ".avi", ".wmv", ".flv", ".mpg", ".mpeg", ".ts", ".3gp",
)  # fmt: skip


class UploadConflict(Exception):
    """The piece does not fit where the upload stands, or something else is being done with it."""


class UploadGone(Exception):
    """The upload was handed in or given up before."""


def begin(*, owner: AbstractBaseUser, original_name: str, size_bytes: int) -> Upload:
    """Start receiving a file.

    Raises:
        InputError: It is empty, too large, or of a kind that is never media.
        PipelineError: `no_room`.
    """
    name = "".join(char for char in original_name if char.isprintable()).strip() or "recording"
    if size_bytes <= 0:
        raise InputError("empty", say("“{name}” is empty. Choose the recording itself.", name=name))
    if size_bytes > settings.ENV.MAX_UPLOAD_BYTES:
        sentence = say("“{name}” is larger than {most} GB, the most this site accepts.", name=name, most=_gigabytes())
        raise InputError("too_large", sentence)
    if not name.lower().endswith(EXTENSIONS):
        raise InputError(
            "not_media",
            say(
                "“{name}” is not a kind of file we can transcribe. Use audio or video, such as mp3, m4a or mp4.",
                name=name,
            ),
        )
    folder = _folder()
    folder.mkdir(parents=True, exist_ok=True)
    if shutil.disk_usage(folder).free < size_bytes:
        raise _no_room()
    upload = Upload.objects.create(owner_id=owner.pk, original_name=name[:500], size_bytes=size_bytes)
    part_path(upload).touch()
    return upload


def _no_room() -> PipelineError:
    return PipelineError("no_room", say("The server has no room for this file. Try again later."), retryable=True)


def _gigabytes() -> str:
    return f"{settings.ENV.MAX_UPLOAD_BYTES / 1024**3:.3g}"


def append(upload: Upload, *, offset: int, body: BinaryIO | IO[bytes]) -> int:
    """Add a piece that begins at `offset`. Returns how many bytes have been received in all.

    Raises:
        UploadConflict: `offset` is not where the upload stands, or another piece is being written.
        UploadGone: It has ended.
        InputError: More bytes came than were announced or make a piece; none of them are kept.
        PipelineError: `no_room`; what could be written is kept, and the upload can go on from there.
    """
    with _locked(upload) as part:
        received = part.seek(0, os.SEEK_END)
        if offset != received:
            raise UploadConflict(f"expected offset {received}")
        try:
            received += _copy(body, part, most=min(upload.size_bytes - offset, PIECE_BYTES))
        except InputError:
            part.truncate(offset)
            raise
        except OSError as error:
            if error.errno not in DISK_FULL:
                raise
            raise _no_room() from error
    Upload.objects.filter(pk=upload.pk).update(received_bytes=received, updated_at=timezone.now())
    return received


def _copy(body: BinaryIO | IO[bytes], part: FileIO, *, most: int) -> int:
    """Write what `body` holds to the end of `part`. Returns the bytes written; InputError beyond `most`."""
    written = 0
    while piece := body.read(READ_BYTES):
        if written + len(piece) > most:
            raise InputError("too_large", say("More bytes came than the file was said to have. Upload it again."))
        rest = memoryview(piece)
        while rest:
            rest = rest[part.write(rest) :]
        written += len(piece)
    return written


def received(upload: Upload) -> int:
    """How many bytes have arrived. UploadGone when it has ended."""
    try:
        return part_path(upload).stat().st_size
    except FileNotFoundError:
        raise UploadGone from None


@contextmanager
def _locked(upload: Upload) -> Iterator[FileIO]:
    """The part file, unbuffered, for nobody but the caller: pieces and the handing in take turns."""
    path = part_path(upload)
    try:
        part = path.open("r+b", buffering=0)
    except FileNotFoundError:
        raise UploadGone from None
    with part:
        try:
            fcntl.flock(part, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UploadConflict("something else is being done with this upload") from None
        if not path.exists():  # it ended between opening and locking
            raise UploadGone
        yield part


def complete(upload: Upload, *, options: TranscribeOptions, title: str = "") -> Job:
    """Turn a fully received upload into a recording with its job. A refused file is deleted.

    Raises:
        UploadConflict: Bytes are still missing, or it is being handed in just now.
        UploadGone: It has ended.
        InputError: The file cannot be transcribed; nothing is kept.
    """
    with _locked(upload) as part:
        if part.seek(0, os.SEEK_END) != upload.size_bytes:
            raise UploadConflict("not all bytes have arrived")
        try:
            job = submit(
                path=part_path(upload),
                original_name=upload.original_name,
                options=options,
                owner=upload.owner,
                title=title,
            )
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


def orphans() -> Iterator[Path]:
    """Files of uploads that have no row, such as those of deleted people, untouched for `UPLOAD_EXPIRY_HOURS`."""
    limit = time.time() - settings.ENV.UPLOAD_EXPIRY_HOURS * 3600
    old = [path for path in _folder().glob("*.part") if path.stat().st_mtime < limit]
    known = {str(pk) for pk in Upload.objects.values_list("pk", flat=True)}
    yield from (path for path in old if path.stem not in known)


def part_path(upload: Upload) -> Path:
    """Where the bytes received so far lie; named by id only."""
    return _folder() / f"{upload.pk}.part"


def _folder() -> Path:
    return Path(settings.DATA_DIR) / "uploads"

"""Receiving a file piece by piece (tus 1.0): a cut line costs one piece."""

import errno
import fcntl
import hashlib
import os
import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from io import FileIO
from pathlib import Path
from typing import IO, BinaryIO

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractBaseUser
from django.db.models import QuerySet
from django.utils import timezone

from jobs.models import Job, Recording, Upload
from jobs.services.submit import submit
from media_pipeline.errors import InputError, PipelineError
from media_pipeline.options import TranscribeOptions
from media_pipeline.wording import say

PIECE_BYTES = 8 * 1024**2
READ_BYTES = 256 * 1024
HASH_READ_BYTES = 1024**2
PATIENCE_SECONDS = 3.0  # for a piece to be written; what is handed in takes longer
POLL_SECONDS = 0.05
SHOWN_TWINS = 3
CHECKSUMS = ("sha256", "sha1")  # of single pieces; by the names of tus, which are hashlib's as well
DISK_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
EXTENSIONS = (
    ".mp3", ".m4a", ".wav", ".ogg", ".oga", ".opus", ".flac", ".aac", ".amr", ".aif", ".aiff", ".au", ".caf", ".wma",
    ".ac3", ".w64", ".mp4", ".m4v", ".mov", ".webm", ".mkv", ".avi", ".wmv", ".flv", ".mpg", ".mpeg", ".ts", ".3gp",
)  # fmt: skip


class UploadConflict(Exception):
    """The upload does not stand where it would have to for this."""


class UploadBusy(Exception):
    """Something else is being done with the upload: a piece comes, or it is being handed in."""


class UploadGone(Exception):
    """The upload was handed in or given up before."""


class AlreadyHere(Exception):
    """The owner has the very file already: in `recordings`, the newest first, none that lie in the trash."""

    def __init__(self, recordings: Sequence[Recording]) -> None:
        super().__init__()
        self.recordings = recordings


class ChecksumMismatch(Exception):
    """The piece is not what its sender took the checksum of; nothing of it is kept."""


@dataclass(frozen=True, slots=True)
class Twins:
    """What somebody has of one file: the newest recordings, and other uploads that are whole."""

    recordings: Sequence[Recording]
    uploads: Sequence[Upload]


@dataclass(frozen=True, slots=True)
class Checksum:
    """What a piece must have: the name of one of `CHECKSUMS`, and the digest as bytes."""

    algorithm: str
    digest: bytes


def begin(*, owner: AbstractBaseUser, original_name: str, size_bytes: int, metadata: str = "") -> Upload:
    """Start receiving a file.

    Args:
        metadata: What the client says of the file, kept as it is for whoever asks where the upload stands.

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
    upload = Upload.objects.create(
        owner_id=owner.pk, original_name=name[:500], size_bytes=size_bytes, metadata=metadata
    )
    part_path(upload).touch()
    return upload


def _no_room() -> PipelineError:
    return PipelineError("no_room", say("The server has no room for this file. Try again later."), retryable=True)


def _gigabytes() -> str:
    return f"{settings.ENV.MAX_UPLOAD_BYTES / 1024**3:.3g}"


def append(upload: Upload, *, offset: int, body: BinaryIO | IO[bytes], checksum: Checksum | None = None) -> int:
    """Add a piece that begins at `offset`. Returns how many bytes have been received in all.

    Raises:
        UploadConflict: `offset` is not where the upload stands.
        UploadBusy, UploadGone
        ChecksumMismatch: The piece was changed on its way.
        InputError: More bytes came than were announced or make a piece; none of them are kept.
        PipelineError: `no_room`; what could be written is kept, and the upload can go on from there.
    """
    with _locked(upload) as part:
        received = part.seek(0, os.SEEK_END)
        if offset != received:
            raise UploadConflict(f"expected offset {received}")
        try:
            received += _copy(body, part, most=upload.size_bytes - offset, checksum=checksum)
        except (InputError, ChecksumMismatch):
            part.truncate(offset)
            raise
        except OSError as error:
            if error.errno not in DISK_FULL:
                raise
            raise _no_room() from error
        upload.received_bytes, upload.updated_at = received, timezone.now()
        _save(upload, "received_bytes", "updated_at")
    return received


def _copy(body: BinaryIO | IO[bytes], part: FileIO, *, most: int, checksum: Checksum | None) -> int:
    """Write what `body` holds to the end of `part`. Returns the bytes written.

    Raises:
        InputError: There is more than `most`, or than makes a piece.
        ChecksumMismatch: It is not what `checksum` says.
    """
    digest = hashlib.new(checksum.algorithm) if checksum else None
    written = 0
    while piece := body.read(READ_BYTES):
        if written + len(piece) > PIECE_BYTES:
            raise InputError("too_large", too_large_a_piece())
        if written + len(piece) > most:
            raise InputError("too_large", say("More bytes came than the file was said to have. Upload it again."))
        rest = memoryview(piece)
        while rest:
            rest = rest[part.write(rest) :]
        written += len(piece)
        if digest:
            digest.update(piece)
    if digest and checksum and digest.digest() != checksum.digest:
        raise ChecksumMismatch
    return written


def too_large_a_piece() -> str:
    """What to say when more came in one request than makes a piece."""
    return say("This is too much for one request. Send the file in pieces of at most {most} bytes.", most=PIECE_BYTES)


def _save(upload: Upload, *fields: str) -> None:
    """Write the fields of an upload that is still there. UploadGone when it was deleted meanwhile, with its owner."""
    if not Upload.objects.filter(pk=upload.pk).update(**{name: getattr(upload, name) for name in fields}):
        part_path(upload).unlink(missing_ok=True)
        raise UploadGone


def received(upload: Upload) -> int:
    """How many bytes have arrived. UploadGone when it has ended."""
    try:
        return part_path(upload).stat().st_size
    except FileNotFoundError:
        raise UploadGone from None


@contextmanager
def _locked(upload: Upload, *, patience: float = 0.0) -> Iterator[FileIO]:
    """The part file, unbuffered, for nobody but the caller: pieces, the handing in and the end take turns.

    Args:
        patience: For how many seconds to wait for one's turn.

    Raises:
        UploadBusy: It did not come.
        UploadGone: The upload has ended.
    """
    path = part_path(upload)
    try:
        part = path.open("r+b", buffering=0)
    except FileNotFoundError:
        raise UploadGone from None
    with part:
        _lock(part, time.monotonic() + patience)
        if not path.exists():  # it ended between opening and locking
            raise UploadGone
        yield part


def _lock(part: FileIO, deadline: float) -> None:
    while True:
        try:
            return fcntl.flock(part, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                raise UploadBusy from None
            time.sleep(POLL_SECONDS)


def complete(upload: Upload, *, options: TranscribeOptions, title: str = "", unless_here: bool = False) -> Job:
    """Turn a fully received upload into a recording with its job. A refused file is deleted.

    The part file stays until recording, job and the end of the upload are kept together: whatever breaks before,
    it can be handed in again, and what a kill right after leaves of it is one of `orphans`.

    Args:
        unless_here: Not when the owner has a recording of this very file already.

    Raises:
        UploadConflict: Bytes are still missing.
        UploadBusy, UploadGone
        AlreadyHere: By `unless_here`; the upload stays.
        InputError: The file cannot be transcribed; nothing is kept.
    """
    with _locked(upload) as part:
        content_hash = _hash_of(upload, part)
        os.utime(part.fileno())  # the stored file will have this time, and old ones without a row are cleaned up
        try:
            job = submit(
                path=part_path(upload),
                original_name=upload.original_name,
                options=options,
                owner=upload.owner,
                title=title,
                content_hash=content_hash,
                within=partial(_hand_over, upload, unless_here=unless_here),
            )
        except InputError:
            forget(upload)
            raise
        part_path(upload).unlink()
    return job


def _hand_over(upload: Upload, *, unless_here: bool) -> None:
    """End an upload inside the transaction in which it becomes a recording."""
    if not Upload.objects.filter(pk=upload.pk).delete()[0]:
        part_path(upload).unlink(missing_ok=True)
        raise UploadGone
    if unless_here:
        # One after the other, for two of the same file that are handed in at once.
        get_user_model().objects.select_for_update(no_key=True).filter(pk=upload.owner_id).first()
        if recordings := list(_recordings_of(upload)[:SHOWN_TWINS]):
            raise AlreadyHere(recordings)


def same_as(upload: Upload) -> Twins:
    """What the owner has of this very file.

    Of two uploads that are compared at the same time, at least one is told of the other.

    Raises:
        UploadConflict: Bytes are still missing.
        UploadBusy, UploadGone
    """
    with _locked(upload) as part:
        content_hash = _hash_of(upload, part)
    waiting = Upload.objects.filter(owner=upload.owner_id, content_hash=content_hash, updated_at__gte=_expired_before())
    # Uploads first: what is handed in meanwhile is then found among the recordings.
    uploads = [one for one in waiting.exclude(pk=upload.pk) if part_path(one).exists()]
    return Twins(list(_recordings_of(upload)[:SHOWN_TWINS]), uploads)


def _recordings_of(upload: Upload) -> QuerySet[Recording]:
    """The owner's recordings of a file with a hash, newest first; none that lie in the trash."""
    found = Recording.objects.kept().filter(owner=upload.owner_id, content_hash=upload.content_hash)
    return found.order_by("-created_at")


def _hash_of(upload: Upload, part: FileIO) -> str:
    """SHA-256 of a fully received file in hexadecimal, taken once. UploadConflict when bytes are missing."""
    if part.seek(0, os.SEEK_END) != upload.size_bytes:
        raise UploadConflict("not all bytes have arrived")
    if not upload.content_hash:
        part.seek(0)
        digest = hashlib.sha256()
        while piece := part.read(HASH_READ_BYTES):
            digest.update(piece)
        upload.content_hash = digest.hexdigest()
        _save(upload, "content_hash")
    return upload.content_hash


def unfinished(owner: AbstractBaseUser) -> QuerySet[Upload]:
    """Uploads of a person that wait for the rest of their bytes, or to be handed in; the latest first."""
    return Upload.objects.filter(owner_id=owner.pk, updated_at__gte=_expired_before()).order_by("-updated_at")


def expires_at(upload: Upload) -> datetime:
    """When an upload is given up if no byte comes before."""
    return upload.updated_at + _expiry()


def abandon(upload: Upload) -> None:
    """Forget an upload with what has arrived of it, once a piece that is being written is there.

    Raises:
        UploadBusy: It is being handed in.
        UploadGone: It had ended; nothing is left of it.
    """
    try:
        with _locked(upload, patience=PATIENCE_SECONDS):
            forget(upload)
    except UploadGone:
        upload.delete()
        raise


def forget(upload: Upload) -> None:
    """Delete what there is of an upload, whatever else is being done with it."""
    part_path(upload).unlink(missing_ok=True)
    upload.delete()


def expired() -> Iterator[Upload]:
    """Unfinished uploads that got no byte for `UPLOAD_EXPIRY_HOURS`."""
    yield from Upload.objects.filter(updated_at__lt=_expired_before())


def abandon_expired(upload: Upload) -> int | None:
    """Forget an upload unless it is in use, or a byte came since it was found. Returns the bytes freed, or None."""
    try:
        with _locked(upload) as part:
            if not Upload.objects.filter(pk=upload.pk, updated_at__lt=_expired_before()).exists():
                return None
            freed = part.seek(0, os.SEEK_END)
            forget(upload)
            return freed
    except UploadBusy:
        return None
    except UploadGone:
        upload.delete()
        return 0


def _expired_before() -> datetime:
    return timezone.now() - _expiry()


def _expiry() -> timedelta:
    return timedelta(hours=settings.ENV.UPLOAD_EXPIRY_HOURS)


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

"""Stored files: on disk or in an S3 bucket, behind Django's default storage."""

import os
import shutil
import threading
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import IO, Any

from django.conf import settings
from django.core.files.base import File
from django.core.files.move import file_move_safe
from django.core.files.storage import FileSystemStorage, default_storage

CACHE_DIR: Path = settings.DATA_DIR / "cache"


def is_local() -> bool:
    """Whether stored files are plain files on this machine."""
    return isinstance(default_storage, FileSystemStorage)


def save(key: str, path: Path) -> None:
    """Store the file at `path` under `key`, replacing what is there. The local file is used up."""
    if is_local():
        target = Path(default_storage.path(key))
        target.parent.mkdir(parents=True, exist_ok=True)
        file_move_safe(str(path), str(target), allow_overwrite=True)
        return
    save_copy(key, path)
    path.unlink()


def save_copy(key: str, path: Path) -> None:
    """Store the file at `path` under `key`, which nothing is stored under yet. The local file stays.

    Where both lie on one disk, it gets a second name (a hard link), and no byte is copied.
    """
    if not is_local():
        with path.open("rb") as source:
            default_storage.save(key, File(source))
        return
    target = Path(default_storage.path(key))
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        target.hardlink_to(path)
    except OSError:  # another disk, or one without such links
        partial = target.with_name(f"{target.name}.part")
        shutil.copyfile(path, partial)
        partial.replace(target)


def open_file(key: str) -> IO[bytes]:
    """Open a stored file for reading. FileNotFoundError when there is none."""
    return default_storage.open(key, "rb")


def local_path(key: str) -> Path:
    """A path at which the stored file can be read on this machine; fetched once when it lies elsewhere."""
    if is_local():
        return Path(default_storage.path(key))
    cached = CACHE_DIR / key
    if not cached.exists():
        cached.parent.mkdir(parents=True, exist_ok=True)
        partial = cached.with_name(f"{cached.name}.{os.getpid()}-{threading.get_ident()}.part")
        with open_file(key) as source, partial.open("wb") as target:
            shutil.copyfileobj(source, target, length=1024 * 1024)
        partial.replace(cached)
    return cached


def size(key: str) -> int:
    """Bytes of a stored file; 0 when it is gone."""
    try:
        return int(default_storage.size(key))
    except FileNotFoundError:
        return 0


def modified_at(key: str) -> datetime:
    """When the file was stored, as an aware time."""
    return default_storage.get_modified_time(key)


def exists(key: str) -> bool:
    return bool(key) and default_storage.exists(key)


def delete(key: str) -> int:
    """Delete a stored file and its cached copy.

    Returns:
        The bytes freed in the storage.
    """
    freed = size(key)
    default_storage.delete(key)
    if not is_local():
        (CACHE_DIR / key).unlink(missing_ok=True)
    return freed


def delete_below(prefix: str) -> int:
    """Delete every stored file whose key begins with `prefix/`. Returns the bytes freed."""
    freed = sum(delete(key) for key in list(keys_below(prefix)))
    if is_local():
        shutil.rmtree(default_storage.path(prefix), ignore_errors=True)
    else:
        shutil.rmtree(CACHE_DIR / prefix, ignore_errors=True)
    return freed


def keys_below(prefix: str) -> Iterator[str]:
    """Keys of all stored files below `prefix`, in no particular order."""
    try:
        folders, names = default_storage.listdir(prefix)
    except FileNotFoundError:
        return
    for name in names:
        yield f"{prefix}/{name}" if prefix else name
    for folder in folders:
        yield from keys_below(f"{prefix}/{folder}" if prefix else folder)


def signed_url(key: str, *, content_type: str, disposition: str) -> str:
    """A link of a few minutes, straight to the object store."""
    parameters: dict[str, Any] = {"ResponseContentType": content_type, "ResponseContentDisposition": disposition}
    storage: Any = default_storage
    return str(storage.url(key, parameters=parameters))

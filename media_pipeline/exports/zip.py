"""Many files in one archive, which is never held as a whole."""

import zipfile
from collections.abc import Iterable, Iterator
from io import RawIOBase
from typing import Any

_LONG_AGO = (1980, 1, 1, 0, 0, 0)  # nothing of the archive depends on when it is made


class _Outlet(RawIOBase):
    """Takes what the archive writes until somebody carries it on."""

    def __init__(self) -> None:
        self._waiting = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._waiting += data
        return len(data)

    def taken(self) -> bytes:
        data = bytes(self._waiting)
        self._waiting.clear()
        return data


def zipped(files: Iterable[tuple[str, Iterable[bytes]]]) -> Iterator[bytes]:
    """An archive of (name, content in pieces), piece by piece. Where two have a name, the later one gets a number."""
    outlet, used = _Outlet(), set[str]()
    with zipfile.ZipFile(outlet, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files:
            free = _free(name, used)
            used.add(free.casefold())
            entry = zipfile.ZipInfo(free, _LONG_AGO)
            entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
            with archive.open(entry, "w", force_zip64=True) as member:
                for piece in content:
                    member.write(piece)
                    yield outlet.taken()
            yield outlet.taken()
    yield outlet.taken()


def _free(name: str, used: set[str]) -> str:
    """Systems that tell no capitals apart would take two for one."""
    stem, dot, extension = name.rpartition(".")
    number, free = 1, name
    while free.casefold() in used:
        number += 1
        free = f"{stem} ({number}){dot}{extension}"
    return free

"""Stored files over HTTP, by range, without holding them in memory."""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from itertools import chain
from pathlib import Path

from asgiref.sync import sync_to_async
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils.cache import get_conditional_response
from django.utils.http import content_disposition_header

from jobs import storage

PIECE_BYTES = 256 * 1024
RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})$")


class RangeOutsideFile(Exception):
    """The range asked for has no byte in the file (RFC 9110, 14.1.2)."""


def stored_file(
    request: HttpRequest, *, key: str, content_type: str, filename: str, is_download: bool
) -> HttpResponseBase:
    """A stored file: from disk with Range support, or by a short-lived link to the object store.

    `content_type` comes from our own tables, never from the upload; nothing is sniffed or run. A download is kept
    by no cache: another run puts another file at its address.
    """
    disposition = content_disposition_header(is_download, filename) or "inline"
    if not storage.is_local():
        link = storage.signed_url(key, content_type=content_type, disposition=disposition)
        return HttpResponseRedirect(link, headers={"Cache-Control": "private, no-store"})
    response = _local_file(request, storage.local_path(key), content_type)
    response["Accept-Ranges"] = "bytes"
    response["Content-Disposition"] = disposition
    response["Content-Encoding"] = "identity"  # keeps it from being compressed: ranges count the file's own bytes
    response["Content-Security-Policy"] = "sandbox; default-src 'none'; media-src 'self'"
    response["Cache-Control"] = "private, no-store" if is_download else "private, no-cache"
    checked = get_conditional_response(request, etag=response["ETag"], response=response)  # type: ignore[arg-type]
    return checked or response


def made_file(
    request: HttpRequest, pieces: Iterator[bytes], *, content_type: str, filename: str
) -> HttpResponse | StreamingHttpResponse:
    """A download made for this answer, which nobody keeps: a small one with its length, a large one as it comes."""
    headers = {
        "Content-Disposition": content_disposition_header(True, filename) or "attachment",
        "Content-Security-Policy": "sandbox; default-src 'none'",
        "Cache-Control": "private, no-store",
    }
    if request.method == "HEAD":
        return HttpResponse(content_type=content_type, headers=headers)
    beginning, size = [], 0
    for piece in pieces:
        beginning.append(piece)
        size += len(piece)
        if size > PIECE_BYTES:
            rest = _threaded(chain(beginning, pieces))
            headers["Content-Encoding"] = "identity"  # Django packs each piece by itself; browsers stop after the first
            return StreamingHttpResponse(rest, content_type=content_type, headers=headers)
    return HttpResponse(b"".join(beginning), content_type=content_type, headers=headers)


async def _threaded(pieces: Iterator[bytes]) -> AsyncIterator[bytes]:
    """Pieces that take work or the database, taken where those are allowed."""
    while (piece := await sync_to_async(_next)(pieces)) is not None:
        yield piece


def _next(pieces: Iterator[bytes]) -> bytes | None:
    return next(pieces, None)


def _local_file(request: HttpRequest, path: Path, content_type: str) -> HttpResponseBase:
    status = path.stat()
    size, etag = status.st_size, f'"{status.st_mtime_ns:x}-{status.st_size:x}"'
    try:
        wanted = byte_range(_range_header(request, etag), size)
    except RangeOutsideFile:
        return HttpResponse(status=416, headers={"Content-Range": f"bytes */{size}", "ETag": etag})
    first, last = wanted or (0, size - 1)
    headers = {"Content-Length": str(last - first + 1), "ETag": etag}
    if request.method == "HEAD":
        return HttpResponse(content_type=content_type, headers=headers)
    if wanted:
        headers["Content-Range"] = f"bytes {first}-{last}/{size}"
    pieces = _pieces(path, first, last)
    return StreamingHttpResponse(pieces, content_type=content_type, status=206 if wanted else 200, headers=headers)


def _range_header(request: HttpRequest, etag: str) -> str:
    """The Range header where it counts: with GET, and for the version of the file that the browser has."""
    if request.method != "GET" or request.headers.get("If-Range", etag) != etag:
        return ""
    return request.headers.get("Range", "")


def byte_range(header: str, size: int) -> tuple[int, int] | None:
    """First and last byte a Range header asks for, both included; None for no header or a form we ignore.

    Raises:
        RangeOutsideFile
    """
    match = RANGE.match(header.strip())
    if match is None or match.groups() == ("", ""):
        return None
    first, last = match.groups()
    start = int(first) if first else max(0, size - int(last))
    end = min(int(last), size - 1) if first and last else size - 1
    if start > end:
        raise RangeOutsideFile
    return start, end


async def _pieces(path: Path, first: int, last: int) -> AsyncIterator[bytes]:
    source = await asyncio.to_thread(path.open, "rb")
    try:
        await asyncio.to_thread(source.seek, first)
        left = last - first + 1
        while left > 0 and (piece := await asyncio.to_thread(source.read, min(PIECE_BYTES, left))):
            left -= len(piece)
            yield piece
    finally:
        source.close()

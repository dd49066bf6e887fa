"""Stored files over HTTP, by range, without holding them in memory."""

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils.http import content_disposition_header

from jobs import storage

PIECE_BYTES = 256 * 1024
RANGE = re.compile(r"bytes=(\d*)-(\d*)$")


def stored_file(
    request: HttpRequest, *, key: str, content_type: str, filename: str, is_download: bool
) -> HttpResponseBase:
    """A stored file: from disk with Range support, or by a short-lived link to the object store.

    `content_type` comes from our own tables, never from the upload; nothing is sniffed or run.
    """
    disposition = content_disposition_header(is_download, filename) or "inline"
    if not storage.is_local():
        return HttpResponseRedirect(storage.signed_url(key, content_type=content_type, disposition=disposition))
    path = storage.local_path(key)
    size = path.stat().st_size
    wanted = byte_range(request.headers.get("Range", ""), size)
    if wanted is None:
        return HttpResponse(status=416, headers={"Content-Range": f"bytes */{size}"})
    first, last = wanted
    response = StreamingHttpResponse(_pieces(path, first, last), content_type=content_type)
    if "Range" in request.headers:
        response.status_code = 206
        response["Content-Range"] = f"bytes {first}-{last}/{size}"
    response["Content-Length"] = str(last - first + 1)
    response["Accept-Ranges"] = "bytes"
    response["Content-Disposition"] = disposition
    response["Content-Encoding"] = "identity"  # keeps it from being compressed: ranges count the file's own bytes
    response["Content-Security-Policy"] = "sandbox; default-src 'none'; media-src 'self'"
    response["Cache-Control"] = "private, max-age=3600"
    return response


def byte_range(header: str, size: int) -> tuple[int, int] | None:
    """First and last byte a Range header asks for, both included; the whole file for none or a form we ignore.

    Returns:
        None when the range lies outside the file (RFC 9110, 14.1.2).
    """
    match = RANGE.match(header.strip())
    if match is None or match.groups() == ("", ""):
        return 0, size - 1
    first, last = match.groups()
    if not first:
        return (max(0, size - int(last)), size - 1) if int(last) else None
    start, end = int(first), min(int(last or size - 1), size - 1)
    return (start, end) if start <= end else None


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

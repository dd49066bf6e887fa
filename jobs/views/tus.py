"""How tus is spoken (https://tus.io/protocols/resumable-upload): its headers, in and out.

Of its parts we keep the core, creation, expiration, termination and checksum.
"""

import base64
import binascii
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import IO, cast

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.http import http_date
from django.utils.translation import gettext as _

from jobs.models import Upload
from jobs.services.upload import CHECKSUMS, Checksum, expires_at

VERSION = "1.0.0"
HEADERS = {"Tus-Resumable": VERSION, "Cache-Control": "no-store"}
EXTENSIONS = "creation,expiration,termination,checksum"
PIECE_TYPE = "application/offset+octet-stream"
WRONG_VERSION = 412
WRONG_CHECKSUM = 460
MAX_DIGITS = 18


class BadHeader(Exception):
    """A header cannot be understood; the message is a sentence for people, `status` what to answer."""

    def __init__(self, sentence: str, status: int = 400) -> None:
        super().__init__(sentence)
        self.status = status


@dataclass(frozen=True, slots=True)
class Piece:
    """Bytes that belong at `offset`."""

    offset: int
    body: IO[bytes]
    checksum: Checksum | None


def speaks_tus(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Let a view answer only those who speak our version. Whoever names none is taken to speak it."""

    @wraps(view)
    def answer(request: HttpRequest, *args: object, **others: object) -> HttpResponse:
        if request.method == "OPTIONS":
            return _abilities()
        if request.headers.get("Tus-Resumable", VERSION) != VERSION:
            refusal = refuse(_("This site speaks another version of the upload protocol."), WRONG_VERSION)
            refusal["Tus-Version"] = VERSION
            return refusal
        if request.method == "POST":  # for those whose network lets nothing but GET and POST through
            request.method = request.headers.get("X-HTTP-Method-Override", "POST").upper()
        return view(request, *args, **others)

    return answer


def _abilities() -> HttpResponse:
    headers = HEADERS | {
        "Tus-Version": VERSION,
        "Tus-Extension": EXTENSIONS,
        "Tus-Max-Size": str(settings.ENV.MAX_UPLOAD_BYTES),
        "Tus-Checksum-Algorithm": ",".join(CHECKSUMS),
    }
    return HttpResponse(status=204, headers=headers)


def standing(upload: Upload, received: int) -> dict[str, str]:
    """Headers that say where an upload stands, and how long it is kept."""
    headers = HEADERS | {"Upload-Offset": str(received)}
    if received < upload.size_bytes:
        headers["Upload-Expires"] = http_date(expires_at(upload).timestamp())
    return headers


def refuse(sentence: str, status: int, fields: dict[str, str] | None = None) -> JsonResponse:
    return JsonResponse({"error": sentence, "fields": fields or {}}, status=status, headers=HEADERS)


def number(request: HttpRequest, header: str) -> int | None:
    """A whole number from a header, None when it is none."""
    text = request.headers.get(header, "")
    return int(text) if text.isdecimal() and len(text) <= MAX_DIGITS else None


def metadata(header: str) -> dict[str, str]:
    """`key base64,key base64` as text; what cannot be read is left out."""
    found: dict[str, str] = {}
    for pair in header.split(","):
        key, _space, value = pair.strip().partition(" ")
        try:
            found[key] = base64.b64decode(value, validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            continue
    return found


def piece(request: HttpRequest) -> Piece:
    """What came with PATCH. BadHeader when it is no piece."""
    if request.content_type != PIECE_TYPE:
        raise BadHeader(_("This is not a piece of an upload."), 415)
    offset = number(request, "Upload-Offset")
    if offset is None:
        raise BadHeader(_("The piece did not say where it belongs."))
    return Piece(offset, cast(IO[bytes], request), _checksum(request))


def _checksum(request: HttpRequest) -> Checksum | None:
    """What `Upload-Checksum` says, None without it."""
    header = request.headers.get("Upload-Checksum")
    if header is None:
        return None
    algorithm, _space, digest = header.partition(" ")
    if algorithm not in CHECKSUMS:
        raise BadHeader(_("This site does not know this kind of checksum."))
    try:
        return Checksum(algorithm, base64.b64decode(digest, validate=True))
    except binascii.Error:
        raise BadHeader(_("The checksum of the piece cannot be read.")) from None

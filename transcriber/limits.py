"""The longest request body the web server takes in.

Daphne reads the whole body, first to disk and then into memory, before the application may say anything about it,
and has no limit of its own. So the limit is here, where the bytes arrive.

A refused body is read on for a while and thrown away: most clients look for the answer only once they have sent all,
and a connection that is closed before loses it.
"""

import json

from daphne import http_protocol  # type: ignore[import-untyped]

from jobs.services.upload import PIECE_BYTES, too_large_a_piece
from jobs.views import tus

MAX_BODY_BYTES = PIECE_BYTES + 1024**2
DISCARDED_BYTES = 256 * 1024**2
DISCARDING_SECONDS = 15.0
_SENTENCE = json.dumps({"error": too_large_a_piece(), "fields": {}}).encode()
_HEADERS = {
    "Content-Type": "application/json",
    "Connection": "close",
    "Content-Length": str(len(_SENTENCE)),
    **tus.HEADERS,
}
_LINES = ["HTTP/1.1 413 Content Too Large", *(f"{name}: {value}" for name, value in _HEADERS.items()), "", ""]
_ANSWER = "\r\n".join(_LINES).encode() + _SENTENCE


class LimitedRequest(http_protocol.WebRequest):  # type: ignore[misc]
    """Daphne's request, refused with 413 as soon as its body is known to be too long. The names are Twisted's."""

    _received_bytes = 0
    _is_refused = False

    def gotLength(self, length: int | None) -> None:
        super().gotLength(length)
        if length is not None and length > MAX_BODY_BYTES:
            self._refuse()

    def handleContentChunk(self, data: bytes) -> None:
        self._received_bytes += len(data)
        if not self._is_refused and self._received_bytes > MAX_BODY_BYTES:
            self._refuse()
        if not self._is_refused:
            super().handleContentChunk(data)
        elif self._received_bytes > MAX_BODY_BYTES + DISCARDED_BYTES:
            self.channel.transport.abortConnection()

    def process(self) -> None:
        if self._is_refused:
            self.channel.loseConnection()
        else:
            super().process()

    def _refuse(self) -> None:
        self._is_refused = True
        transport = self.channel.transport
        transport.write(_ANSWER)
        transport.loseWriteConnection()
        self.channel.callLater(DISCARDING_SECONDS, transport.abortConnection)


def limit_bodies() -> None:
    """Have Daphne use our request."""
    http_protocol.WebRequest = LimitedRequest

"""The longest request body the web server takes in.

Daphne reads the whole body, first to disk and then into memory, before the application may say anything about it,
and has no limit of its own. So the limit is here, where the bytes arrive.
"""

import json

from daphne import http_protocol  # type: ignore[import-untyped]

from jobs.services.upload import PIECE_BYTES

MAX_BODY_BYTES = PIECE_BYTES + 1024**2
_SENTENCE = json.dumps({"error": "This is too much for one request. Send it in smaller pieces.", "fields": {}}).encode()
_ANSWER = (
    b"HTTP/1.1 413 Content Too Large\r\n"
    b"Content-Type: application/json\r\nConnection: close\r\nCache-Control: no-store\r\n"
    b"Content-Length: %d\r\n\r\n%s" % (len(_SENTENCE), _SENTENCE)
)


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

    def process(self) -> None:
        if not self._is_refused:
            super().process()

    def _refuse(self) -> None:
        self._is_refused = True
        self.channel.transport.write(_ANSWER)
        self.channel.loseConnection()


def limit_bodies() -> None:
    """Have Daphne use our request."""
    http_protocol.WebRequest = LimitedRequest

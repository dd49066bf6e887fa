import hashlib
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from media_pipeline import downloads
from media_pipeline.errors import EngineError, EngineUnavailable

BODY = bytes(range(256)) * 20_000
SHA256 = hashlib.sha256(BODY).hexdigest()


class Handler(BaseHTTPRequestHandler):
    asked = 0

    def do_GET(self) -> None:
        type(self).asked += 1
        if "/absent/" in self.path:
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(BODY)))
        self.end_headers()
        self.wfile.write(BODY[:1000])
        if "/slow/" in self.path:
            time.sleep(0.3)
        self.wfile.write(BODY[1000 : len(BODY) // 2] if "/half/" in self.path else BODY[1000:])

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[str]:
    """A web server on this machine; yields its address."""
    running = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=running.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{running.server_port}"
    running.shutdown()
    thread.join()
    running.server_close()


def serve_from(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setattr(downloads, "_official_url", lambda name: url)


def test_fetches_and_checks_the_weights(server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    serve_from(monkeypatch, f"{server}/{SHA256}/tiny.pt")
    reported: list[float] = []

    path = downloads.download_whisper("tiny", tmp_path, reported.append)

    assert path == tmp_path / "whisper" / "tiny.pt"
    assert path.read_bytes() == BODY
    assert reported == sorted(reported)
    assert reported[-1] == 1.0
    assert len(reported) > 2
    assert not downloads.is_missing("tiny", tmp_path)


def test_does_not_fetch_twice(server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    serve_from(monkeypatch, f"{server}/{SHA256}/tiny.pt")
    downloads.download_whisper("tiny", tmp_path)
    serve_from(monkeypatch, f"{server}/absent/tiny.pt")

    assert downloads.download_whisper("tiny", tmp_path).is_file()


def test_two_who_want_the_same_weights_fetch_them_once(
    server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    serve_from(monkeypatch, f"{server}/slow/{SHA256}/tiny.pt")
    before = Handler.asked

    with ThreadPoolExecutor(3) as threads:
        paths = list(threads.map(lambda _: downloads.download_whisper("tiny", tmp_path), range(3)))

    assert {path.read_bytes() for path in paths} == {BODY}
    assert Handler.asked == before + 1
    assert "waiting for another download" in caplog.text


def test_when_the_first_fails_the_second_tries(server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    urls = iter([f"{server}/slow/0000/tiny.pt", f"{server}/{SHA256}/tiny.pt"])
    monkeypatch.setattr(downloads, "_official_url", lambda name: next(urls))

    with ThreadPoolExecutor(2) as threads:
        tries = [threads.submit(downloads.download_whisper, "tiny", tmp_path) for _ in range(2)]

    assert sorted(type(attempt.exception()).__name__ for attempt in tries) == ["EngineError", "NoneType"]
    assert (tmp_path / "whisper" / "tiny.pt").read_bytes() == BODY


def test_the_checksum_is_that_of_the_file(server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    serve_from(monkeypatch, f"{server}/slow/{SHA256}/tiny.pt")

    def spoil(fraction: float) -> None:
        (partial,) = (tmp_path / "whisper").glob("*.part")
        with partial.open("r+b") as file:
            file.write(b"spoiled by somebody else")

    with pytest.raises(EngineError) as caught:
        downloads.download_whisper("tiny", tmp_path, spoil)

    assert caught.value.code == "bad_download"


def test_goes_on_after_a_download_that_was_killed(server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    serve_from(monkeypatch, f"{server}/{SHA256}/tiny.pt")
    (tmp_path / "whisper").mkdir()
    (tmp_path / "whisper" / "tiny.pt.part").write_bytes(bytes(len(BODY) * 2))

    assert downloads.download_whisper("tiny", tmp_path).read_bytes() == BODY


@pytest.mark.parametrize("path", ["0000/tiny.pt", f"half/{SHA256}/tiny.pt"])
def test_keeps_nothing_that_differs_from_its_checksum(
    path: str, server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    serve_from(monkeypatch, f"{server}/{path}")

    with pytest.raises(EngineError) as caught:
        downloads.download_whisper("tiny", tmp_path)

    assert caught.value.code == "bad_download"
    assert list((tmp_path / "whisper").iterdir()) == []
    assert downloads.is_missing("tiny", tmp_path)


def test_a_refusing_server_is_named(server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    serve_from(monkeypatch, f"{server}/absent/{SHA256}/tiny.pt")

    with pytest.raises(EngineUnavailable, match=r"127\.0\.0\.1 answered 404"):
        downloads.download_whisper("tiny", tmp_path)


@pytest.mark.parametrize("address", ["http://127.0.0.1:9", "http://weights.invalid"])
def test_a_closed_network_is_noticed_at_once(address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    serve_from(monkeypatch, f"{address}/{SHA256}/tiny.pt")
    started = time.monotonic()

    with pytest.raises(EngineUnavailable, match=r"copy tiny\.pt into") as caught:
        downloads.download_whisper("tiny", tmp_path)

    assert caught.value.code == "no_network"
    assert time.monotonic() - started < 6


def test_refuses_an_unknown_name(tmp_path: Path) -> None:
    with pytest.raises(EngineUnavailable, match="large-v3"):
        downloads.download_whisper("enormous", tmp_path)


def test_a_checkpoint_of_ones_own_is_not_something_to_download(tmp_path: Path) -> None:
    assert not downloads.is_missing("/models/own.pt", tmp_path)
    assert downloads.is_missing("base", tmp_path)


def test_official_addresses_carry_their_checksum() -> None:
    digest = downloads._official_url("tiny").split("/")[-2]

    assert len(digest) == 64

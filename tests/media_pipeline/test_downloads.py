import hashlib
import json
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import pytest

from media_pipeline import downloads
from media_pipeline.engines.stt import faster_whisper
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


@contextmanager
def serving(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    """A web server on this machine; yields its address."""
    running = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=running.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{running.server_port}"
    running.shutdown()
    thread.join()
    running.server_close()


@pytest.fixture
def server() -> Iterator[str]:
    with serving(Handler) as address:
        yield address


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


def test_a_server_that_stops_sending_is_named_and_what_came_is_kept(
    server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    serve_from(monkeypatch, f"{server}/half/{SHA256}/tiny.pt")

    with pytest.raises(EngineUnavailable, match=r"127\.0\.0\.1 stopped sending") as caught:
        downloads.download_whisper("tiny", tmp_path)

    assert caught.value.code == "no_network"
    assert [path.name for path in (tmp_path / "whisper").iterdir()] == ["tiny.pt.part"]


def test_keeps_nothing_that_differs_from_its_checksum(
    server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    serve_from(monkeypatch, f"{server}/0000/tiny.pt")

    with pytest.raises(EngineError) as caught:
        downloads.download_whisper("tiny", tmp_path)

    assert caught.value.code == "bad_download"
    assert list((tmp_path / "whisper").iterdir()) == []


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


def test_official_addresses_carry_their_checksum() -> None:
    digest = downloads._official_url("tiny").split("/")[-2]

    assert len(digest) == 64


# The Hugging Face hub: a loopback server that speaks as it does ------------------------------------------------------

HUB_FILES = {
    ".gitattributes": b"*.bin filter=lfs",
    "README.md": b"# Model",
    "config.json": b'{"suppress_ids": []}',
    "model.bin": BODY,
    "tokenizer.json": b"{}",
    "vocabulary.txt": b"hello",
}


class Hub(BaseHTTPRequestHandler):
    """Lists files, large ones with their SHA-256, and sends them from elsewhere, from any byte on.

    Attributes:
        sends: At most so many bytes of a file at a time; then it hangs up.
        spoils: The file it sends other bytes of.
    """

    asked: ClassVar[list[str]] = []
    sends = len(BODY)
    spoils = ""

    def do_GET(self) -> None:
        if self.path == "/api/models/Systran/faster-whisper-tiny/tree/main":
            self.asked.append("list")
            self._answer(200, json.dumps([listed(name) for name in HUB_FILES]).encode())
        elif self.path.startswith("/Systran/faster-whisper-tiny/resolve/main/"):
            self.send_response(302)
            self.send_header("Location", f"/elsewhere/{self.path.rsplit('/', 1)[1]}")
            self.end_headers()
        else:
            self._send_file(self.path.rsplit("/", 1)[1])

    def _send_file(self, name: str) -> None:
        start = int((self.headers["Range"] or "bytes=0-").removeprefix("bytes=").removesuffix("-"))
        self.asked.append(f"{name} from {start}")
        content = HUB_FILES[name]
        content = bytes(len(content)) if name == self.spoils else content
        if start >= len(content):
            self.send_error(416)
        else:
            self._answer(206 if start else 200, content[start:])

    def _answer(self, status: int, content: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content[: self.sends])

    def log_message(self, *args: object) -> None:
        pass


def listed(name: str) -> dict[str, object]:
    content = HUB_FILES[name]
    pointer = b"version https://git-lfs.github.com/spec/v1"
    stored = pointer if name == "model.bin" else content
    entry: dict[str, object] = {
        "type": "file",
        "oid": hashlib.sha1(b"blob %d\0" % len(stored) + stored).hexdigest(),
        "size": len(content),
        "path": name,
    }
    if name == "model.bin":
        entry["lfs"] = {"oid": SHA256, "size": len(content), "pointerSize": len(pointer)}
    return entry


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Hub]]:
    for name, value in [("asked", []), ("sends", len(BODY)), ("spoils", "")]:
        monkeypatch.setattr(Hub, name, value)
    with serving(Hub) as address:
        monkeypatch.setattr(downloads, "HUB", address)
        yield Hub


def test_fetches_a_folder_from_the_hub_and_nothing_that_is_not_needed(hub: type[Hub], tmp_path: Path) -> None:
    reported: list[float] = []

    folder = downloads.download("faster_whisper", "tiny", tmp_path, reported.append)

    assert folder == tmp_path / "faster_whisper" / "tiny"
    assert {path.name for path in folder.iterdir()} == {"config.json", "model.bin", "tokenizer.json", "vocabulary.txt"}
    assert (folder / "model.bin").read_bytes() == BODY
    assert hub.asked[-1] == "model.bin from 0"
    assert reported == sorted(reported)
    assert len(reported) > 3
    assert reported[-1] == 1.0

    downloads.download("faster_whisper", "tiny", tmp_path)
    assert hub.asked.count("list") == 1


def test_goes_on_where_the_hub_hung_up(hub: type[Hub], tmp_path: Path) -> None:
    hub.sends = 2_000_000
    for _ in range(2):
        with pytest.raises(EngineUnavailable, match="what has arrived is kept"):
            downloads.download("faster_whisper", "tiny", tmp_path)

    folder = downloads.download("faster_whisper", "tiny", tmp_path)

    assert (folder / "model.bin").read_bytes() == BODY
    assert [asked for asked in hub.asked if asked.startswith("model")] == [
        "model.bin from 0",
        "model.bin from 2000000",
        "model.bin from 4000000",
    ]
    assert hub.asked.count("config.json from 0") == 1


@pytest.mark.parametrize("rest", [b"of another model", BODY + BODY])
def test_begins_anew_where_what_was_there_is_no_beginning(rest: bytes, hub: type[Hub], tmp_path: Path) -> None:
    folder = tmp_path / "faster_whisper" / "tiny"
    folder.mkdir(parents=True)
    (folder / "model.bin.part").write_bytes(rest)

    downloads.download("faster_whisper", "tiny", tmp_path)

    assert (folder / "model.bin").read_bytes() == BODY


@pytest.mark.parametrize("spoiled", ["config.json", "model.bin"])
def test_every_file_from_the_hub_is_checked(spoiled: str, hub: type[Hub], tmp_path: Path) -> None:
    hub.spoils = spoiled

    with pytest.raises(EngineError) as caught:
        downloads.download("faster_whisper", "tiny", tmp_path)

    assert caught.value.code == "bad_download"
    folder = tmp_path / "faster_whisper" / "tiny"
    assert not (folder / spoiled).exists()
    assert not (folder / f"{spoiled}.part").exists()


def test_an_answer_that_is_no_list_is_said_to_be_none(
    hub: type[Hub], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Hub, "do_GET", lambda self: self._answer(200, b"<html>Sign in to this network</html>"))

    with pytest.raises(EngineUnavailable, match="gave no list"):
        downloads.download("faster_whisper", "tiny", tmp_path)


def test_a_hub_out_of_reach_is_noticed_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(downloads, "HUB", "http://127.0.0.1:9")
    started = time.monotonic()

    with pytest.raises(EngineUnavailable, match=r"copy the files of .*/Systran/faster-whisper-tiny into") as caught:
        downloads.download("faster_whisper", "tiny", tmp_path)

    assert caught.value.code == "no_network"
    assert time.monotonic() - started < 6


def test_a_hub_that_falls_silent_is_not_waited_for(
    hub: type[Hub], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(downloads, "TIMEOUT", 0.2)
    monkeypatch.setattr(Hub, "do_GET", lambda self: time.sleep(0.6))

    with pytest.raises(EngineUnavailable, match="cannot be reached"):
        downloads.download("faster_whisper", "tiny", tmp_path)


def test_the_hub_is_asked_for_known_models_only(tmp_path: Path) -> None:
    with pytest.raises(EngineUnavailable, match="distil-large-v3"):
        downloads.download("faster_whisper", "enormous", tmp_path)
    with pytest.raises(EngineUnavailable, match="whisper or faster_whisper"):
        downloads.download("pocketsphinx", "en-us", tmp_path)


def test_every_model_offered_has_a_place_on_the_hub() -> None:
    assert all("/" in downloads._repository(name) for name in faster_whisper.MODELS)


@pytest.mark.parametrize(
    ("name", "engine"), [("base", "whisper"), ("distil-small.en", "faster_whisper"), ("?", "whisper")]
)
def test_without_an_engine_named_it_is_the_first_that_has_the_model(name: str, engine: str) -> None:
    assert downloads.engine_of(name) == engine

"""The web server as it runs, and bodies longer than any page or piece of an upload."""

import contextlib
import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from http.client import HTTPConnection

import pytest

from jobs.services.upload import PIECE_BYTES
from tests.services import DIE_WITH_TESTS, ROOT, prepare, product_variables, wait_until
from transcriber.limits import DISCARDED_BYTES, MAX_BODY_BYTES

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """Where the web server listens."""
    variables = product_variables(tmp_path_factory.mktemp("limits"), REDIS_URL="redis://127.0.0.1:1/0")
    prepare(variables)
    argv = [*DIE_WITH_TESTS, sys.executable, "-m", "daphne", "-p", variables["PORT"], "transcriber.asgi:application"]
    process = subprocess.Popen(argv, cwd=ROOT, env=variables, stderr=subprocess.DEVNULL)
    port = int(variables["PORT"])
    wait_until(lambda: accepts(port), "the web server answering")
    yield port
    process.kill()
    process.wait()


def accepts(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@contextlib.contextmanager
def request(port: int, *headers: str) -> Iterator[socket.socket]:
    """An open request whose body is still to be sent."""
    lines = ["PATCH /uploads/ HTTP/1.1", "Host: localhost", *headers, "", ""]
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        connection.sendall("\r\n".join(lines).encode())
        yield connection


def answer(connection: socket.socket) -> bytes:
    return b"".join(iter(lambda: connection.recv(65536), b""))


def test_a_body_said_to_be_too_long_is_refused_before_it_comes(port: int) -> None:
    with request(port, "Content-Length: 400000000") as connection:
        head, _, body = answer(connection).partition(b"\r\n\r\n")

    assert head.startswith(b"HTTP/1.1 413 ")
    assert "pieces of at most" in json.loads(body)["error"]


@pytest.mark.parametrize("megabytes", [10, 64])
def test_whoever_sends_a_whole_file_at_once_learns_how_large_a_piece_may_be(port: int, megabytes: int) -> None:
    connection = HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("PATCH", "/uploads/", bytes(megabytes * 1024**2), {"Tus-Resumable": "1.0.0"})
    refusal = connection.getresponse()

    assert (refusal.status, refusal.headers["Tus-Resumable"]) == (413, "1.0.0")
    assert f"pieces of at most {PIECE_BYTES} bytes" in json.loads(refusal.read())["error"]


def test_a_body_of_untold_length_is_counted(port: int) -> None:
    sent = 0
    piece = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"

    with request(port, "Transfer-Encoding: chunked") as connection, pytest.raises(ConnectionError):
        while True:
            connection.sendall(piece)
            sent += 0x10000

    assert MAX_BODY_BYTES <= sent < 2 * MAX_BODY_BYTES + DISCARDED_BYTES  # with what was on its way when it was cut


def test_a_piece_of_an_upload_passes(port: int) -> None:
    with request(port, f"Content-Length: {PIECE_BYTES}", "Connection: close") as connection:
        connection.sendall(bytes(PIECE_BYTES))
        head = answer(connection)

    assert not head.startswith(b"HTTP/1.1 413 ")


def test_a_short_body_after_a_refused_one_is_answered(port: int) -> None:
    with request(port, "Content-Length: 400000000") as connection:
        answer(connection)
    with request(port, "Content-Length: 2", "Connection: close") as connection:
        connection.sendall(b"{}")
        assert answer(connection).startswith(b"HTTP/1.1 ")

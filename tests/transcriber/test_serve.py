"""`manage.py serve`, whole: what it starts, what it says, and that nothing is left of it."""

import os
import signal
import socket
import stat
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from tests.services import ROOT, prepare, product_variables, running_product, start_product, wait_until

pytestmark = pytest.mark.slow
READY_LINES = " is ready: "


def is_gone(pid: int) -> bool:
    return not Path(f"/proc/{pid}").exists()


def serve(variables: dict[str, str]) -> "subprocess.CompletedProcess[str]":
    argv = [sys.executable, "manage.py", "serve"]
    return subprocess.run(argv, cwd=ROOT, env=variables, capture_output=True, text=True, timeout=60, check=False)


def test_it_starts_everything_says_so_once_and_stops_without_a_trace(tmp_path: Path) -> None:
    with running_product(tmp_path, SETUP_TOKEN="", WORKERS_IO="2") as product:
        wait_until(lambda: "set-up token" in product.log(), "the line about the token")
        wait_until(lambda: len(product.pids_of("work_child")) == 4, "a child of every worker")
        socket_folder = product.data_dir / "redis"

        assert product.log().count(READY_LINES) == 1
        assert urllib.request.urlopen(f"{product.url}health/ready/").status == 200
        assert len(product.pids_of("work --lane io")) == 2
        assert len(product.pids_of("work --lane cpu")) == len(product.pids_of("work --lane gpu")) == 1
        assert len(product.pids_of("manage.py clock")) == len(product.pids_of("redis-server")) == 1
        assert stat.S_IMODE(socket_folder.stat().st_mode) == 0o700
        assert "Traceback" not in product.log()

        started = time.monotonic()
        assert product.stop() == 0
        assert time.monotonic() - started < 15


def test_what_dies_is_started_again_and_pages_keep_coming(tmp_path: Path) -> None:
    with running_product(tmp_path, WORKERS_IO="0", WORKERS_CPU="0") as product:
        for name in ("daphne", "work --lane gpu", "redis-server"):
            wait_until(lambda name=name: bool(product.pids_of(name)), f"{name} running")  # type: ignore[misc]
            (before,) = product.pids_of(name)
            os.kill(before, signal.SIGKILL)
            wait_until(lambda: is_gone(before), f"the end of {name}")  # noqa: B023
            wait_until(lambda name=name: bool(product.pids_of(name)), f"{name} running again")  # type: ignore[misc]

        # The socket is open all the time, so a visitor waits instead of being refused.
        assert urllib.request.urlopen(f"{product.url}health/live/", timeout=30).status == 200
        assert product.log().count(READY_LINES) == 1


def test_nothing_outlives_it_when_it_is_killed(tmp_path: Path) -> None:
    with running_product(tmp_path) as product:
        wait_until(lambda: len(product.pids_of("work_child")) == 3, "three children")

        product.process.kill()
        product.process.wait()

        wait_until(lambda: not product.pids(), "the end of everything", seconds=5)


def test_ctrl_c_in_a_terminal_stops_it_like_a_signal(tmp_path: Path) -> None:
    with running_product(tmp_path) as product:
        wait_until(lambda: len(product.pids_of("work_child")) == 3, "three children")

        os.killpg(product.process.pid, signal.SIGINT)  # a terminal tells the whole foreground group

        assert product.process.wait(20) == 0
        wait_until(lambda: not product.pids(), "the end of everything", seconds=5)
        assert "Traceback" not in product.log()


def test_a_taken_port_is_told_in_one_line_and_nothing_is_started(tmp_path: Path) -> None:
    variables = product_variables(tmp_path)
    prepare(variables)
    with socket.create_server(("127.0.0.1", int(variables["PORT"]))):
        ended = serve(variables)

    assert ended.returncode == 1
    assert ended.stderr.strip().count("\n") == 0
    assert f"Port {variables['PORT']} on 127.0.0.1 is taken" in ended.stderr
    assert not (tmp_path / "data" / "redis").exists()


def test_a_second_one_on_the_same_data_is_refused(tmp_path: Path) -> None:
    with running_product(tmp_path) as product:
        ended = serve(product.variables | {"PORT": "0"})

        assert ended.returncode == 1
        assert "Already running on the data folder" in ended.stderr
        assert urllib.request.urlopen(f"{product.url}health/ready/").status == 200


def test_a_database_that_is_not_up_to_date_is_told_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()

    ended = serve(product_variables(tmp_path))

    assert ended.returncode == 1
    assert "Run `make setup` first" in ended.stderr


def test_it_takes_the_place_of_one_that_crashed(tmp_path: Path) -> None:
    with running_product(tmp_path) as product:
        product.process.kill()
        product.process.wait()
        wait_until(lambda: not product.pids(), "the end of everything", seconds=5)
        assert (product.data_dir / "redis" / "redis.sock").exists()

    with running_product(tmp_path) as again:
        assert urllib.request.urlopen(f"{again.url}health/ready/").status == 200


def test_missing_weights_never_hold_up_the_start(tmp_path: Path) -> None:
    # A proxy that nobody answers at stands for a closed network.
    closed = {"https_proxy": "http://127.0.0.1:9", "http_proxy": "http://127.0.0.1:9", "no_proxy": ""}
    with running_product(tmp_path, DOWNLOAD_MODELS="1", WHISPER_MODEL="tiny", DEVICE="cpu", **closed) as product:
        wait_until(lambda: any(line.startswith("download ") for line in product.lines), "a line of the download")

        said = [line for line in product.lines if line.startswith("download ")]
        assert "for the engine faster_whisper" in product.log()
        assert "the embedded engine serves" in product.log()
        assert len(said) == 1
        assert "cannot be reached" in said[0]
        assert urllib.request.urlopen(f"{product.url}health/live/").status == 200


def test_a_redis_that_cannot_start_ends_it_with_the_reason(tmp_path: Path) -> None:
    broken = tmp_path / "bin" / "redis-server"
    broken.parent.mkdir()
    broken.write_text("#!/bin/sh\necho no room left\nexit 3\n")
    broken.chmod(0o755)
    product = start_product(tmp_path, PATH=f"{broken.parent}:{os.environ['PATH']}")

    assert product.process.wait(60) == 1
    wait_until(lambda: "redis ended (exit status 3)" in product.log(), "the reason")
    assert any(line.startswith("redis") and "no room left" in line for line in product.lines)
    wait_until(lambda: not product.pids(), "the end of everything", seconds=5)

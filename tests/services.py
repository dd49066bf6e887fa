"""Real servers for tests, each on a free port with a folder of its own, each gone when its block ends."""

import atexit
import contextlib
import functools
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import boto3
import psycopg
import redis

from transcriber import env as environment

ROOT = environment.BASE_DIR
START_SECONDS = 90.0
STOP_SECONDS = 25.0
DIE_WITH_TESTS = ("setpriv", "--pdeathsig", "KILL", "--")
READY = re.compile(r" is ready: (http://\S+)")


def free_port() -> int:
    """A port nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_until(condition: Callable[[], bool], what: str, seconds: float = START_SECONDS) -> None:
    """Poll until `condition` holds. AssertionError naming `what` when it never does."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"{what} did not happen within {seconds:.0f} s"
        time.sleep(0.05)


# PostgreSQL -----------------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def postgresql() -> Iterator[str]:
    """A PostgreSQL server with an empty database. Yields its address, as DATABASE_URL takes it."""
    programs = max(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
    owner = "postgres" if os.getuid() == 0 else None  # the server refuses to run as root
    with tempfile.TemporaryDirectory(prefix="transcriber-pg-", ignore_cleanup_errors=True) as folder:
        data = Path(folder) / "data"
        if owner:
            shutil.chown(folder, owner)
        initdb = [programs / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync"]
        subprocess.run(initdb, user=owner, cwd=folder, check=True, capture_output=True)
        port = free_port()
        options = {"port": port, "listen_addresses": "127.0.0.1", "unix_socket_directories": "", "fsync": "off"}
        settings = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
        address = f"postgres://postgres@127.0.0.1:{port}/postgres"
        with _server([programs / "postgres", "-D", data, *settings], stop=signal.SIGINT, user=owner, folder=folder):
            wait_until(lambda: _can_connect(address), "PostgreSQL answering")
            yield address


def _can_connect(address: str) -> bool:
    try:
        psycopg.connect(address, connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True


# Redis and S3 ---------------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def redis_server(port: int | None = None) -> Iterator[str]:
    """An empty Redis. Yields its address, as REDIS_URL takes it."""
    port = port or free_port()
    address = f"redis://127.0.0.1:{port}/0"
    with tempfile.TemporaryDirectory(prefix="transcriber-redis-") as folder:
        argv = ["redis-server", "--port", port, "--bind", "127.0.0.1", "--dir", folder, "--save", ""]
        with _server(argv, stop=signal.SIGTERM, folder=folder):
            client = redis.Redis.from_url(address)
            wait_until(lambda: _pings(client), "Redis answering")
            client.close()
            yield address


def _pings(client: redis.Redis) -> bool:
    try:
        return bool(client.ping())
    except redis.RedisError:
        return False


@dataclass(frozen=True)
class S3:
    """An S3-compatible store with one bucket, and the variables that lead the product to it."""

    endpoint: str
    bucket: str

    @property
    def variables(self) -> dict[str, str]:
        return {
            "S3_BUCKET": self.bucket,
            "S3_ENDPOINT_URL": self.endpoint,
            "S3_REGION": "us-east-1",
            "S3_ACCESS_KEY": "testing",
            "S3_SECRET_KEY": "testing",
        }


@contextlib.contextmanager
def s3_server() -> Iterator[S3]:
    """A store with an empty private bucket."""
    port = free_port()
    store = S3(f"http://127.0.0.1:{port}", "recordings")
    with _server([sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", port], stop=signal.SIGTERM):
        wait_until(lambda: _accepts(port), "the S3 server answering")
        names = {"endpoint_url": store.endpoint, "region_name": "us-east-1"}
        client = boto3.client("s3", aws_access_key_id="testing", aws_secret_access_key="testing", **names)
        client.create_bucket(Bucket=store.bucket)
        yield store


def _accepts(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@contextlib.contextmanager
def _server(
    argv: list[object], *, stop: signal.Signals, user: str | None = None, folder: str | None = None
) -> Iterator[None]:
    command = [*DIE_WITH_TESTS, *map(str, argv)]
    process = subprocess.Popen(
        command, user=user, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    try:
        yield
    finally:
        process.send_signal(stop)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


# The whole product ----------------------------------------------------------------------------------------------------


@dataclass
class Product:
    """`manage.py serve` as a test sees it."""

    url: str
    data_dir: Path
    process: "subprocess.Popen[str]"
    mark: str
    setup_token: str
    variables: dict[str, str]
    lines: list[str] = field(default_factory=list)

    def pids(self) -> dict[int, str]:
        """Every living process of it, however deep, with its command line."""
        return _processes_with(self.mark, str(self.data_dir))

    def pids_of(self, text: str) -> list[int]:
        """Those whose command line contains `text`, such as "work --lane gpu" or "work_child"."""
        return [pid for pid, command in self.pids().items() if text in command and "setpriv" not in command]

    def log(self) -> str:
        return "\n".join(self.lines)

    def manage(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """Run a management command on the same settings."""
        return _manage(self.variables, *arguments)

    def wait_until_ready(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while not self.url and self.process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.05)
        assert self.url, f"the product did not become ready:\n{self.log()}"

    def stop(self) -> int:
        """Ask it to stop, as Ctrl-C does, and wait. Returns its exit status; AssertionError when something is left."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(STOP_SECONDS)
        wait_until(lambda: not self.pids(), f"the end of {self.pids()}", 5.0)
        return status


@contextlib.contextmanager
def running_product(folder: Path, **variables: str) -> Iterator[Product]:
    """Run the whole product on a free port with its data in `folder`, until the block ends.

    Args:
        variables: Settings that differ from plain http, SQLite, local files, no downloads, one worker a lane.

    Raises:
        AssertionError: It did not become ready, or left a process behind.
    """
    product = start_product(folder, **variables)
    try:
        product.wait_until_ready()
        yield product
    finally:
        try:
            product.stop()
        finally:
            for pid in product.pids():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)


def start_product(folder: Path, **variables: str) -> Product:
    """Start the product without waiting for it: `url` is empty until it says that it is ready."""
    mark = f"test-{uuid.uuid4()}"
    everything = product_variables(folder, **variables) | {"TRANSCRIBER_TEST_MARK": mark}
    prepare(everything)
    process = subprocess.Popen(
        [*DIE_WITH_TESTS, sys.executable, "manage.py", "serve"],
        cwd=ROOT,
        env=everything,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    product = Product("", Path(everything["DATA_DIR"]), process, mark, everything["SETUP_TOKEN"], everything)
    threading.Thread(target=_read, args=(product,), daemon=True).start()
    return product


def prepare(variables: dict[str, str]) -> None:
    """Make database and static files ready, from a copy of ready ones where that does."""
    data = Path(variables["DATA_DIR"])
    if not data.exists() and "DATABASE_URL" not in variables:
        shutil.copytree(_prepared_data(), data)
        return
    prepared = _manage(variables, "prepare")
    assert prepared.returncode == 0, prepared.stderr


@functools.cache
def _prepared_data() -> Path:
    """A data folder with an empty database and static files, made once."""
    folder = Path(tempfile.mkdtemp(prefix="transcriber-prepared-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    (folder / "data").mkdir()
    prepare(product_variables(folder))
    return folder / "data"


def product_variables(folder: Path, **variables: str) -> dict[str, str]:
    """The environment of a product of its own: nothing of this machine's settings, only what is said here."""
    ours = {name: value for name, value in os.environ.items() if not hasattr(environment.Env, name)}
    return {
        **ours,
        "ENV_FILE": "",
        "DATA_DIR": str(folder / "data"),
        "PORT": str(free_port()),
        "DEBUG": "0",
        "HTTPS": "0",
        "SECRET_KEY": "a-secret-for-tests-only",
        "ALLOWED_HOSTS": "127.0.0.1,localhost",
        "DOWNLOAD_MODELS": "0",
        "SETUP_TOKEN": "token-for-tests",
        **variables,
    }


def _read(product: Product) -> None:
    assert product.process.stdout is not None
    for line in product.process.stdout:
        product.lines.append(line.rstrip())
        if match := READY.search(line):
            product.url = match[1]


def _manage(variables: Mapping[str, str], *arguments: str) -> "subprocess.CompletedProcess[str]":
    argv = [sys.executable, "manage.py", *arguments]
    return subprocess.run(argv, cwd=ROOT, env=variables, capture_output=True, text=True, check=False)


def _processes_with(mark: str, argument: str) -> dict[int, str]:
    """Living processes with `mark` in their environment or `argument` in their command line, and those command lines.

    Redis writes its title over its environment, so it is known by the path of its socket.
    """
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
            is_marked = argument in command or mark.encode() in (folder / "environ").read_bytes()
            is_zombie = (folder / "stat").read_text().rpartition(")")[2].split()[0] == "Z"
        except OSError:  # it ended while we looked, or is not ours
            continue
        if is_marked and not is_zombie:
            found[int(folder.name)] = command
    return found

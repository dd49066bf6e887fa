"""`manage.py serve`: the whole product on one machine. What `make run` ends in."""

import asyncio
import contextlib
import errno
import fcntl
import os
import re
import secrets
import signal
import socket
import stat
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from asgiref.sync import sync_to_async
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.utils import OperationalError

from jobs import pipeline_gateway
from jobs.services import first_run
from media_pipeline import devices
from transcriber import env as environment
from transcriber.supervisor import Program, Supervisor

POLL_SECONDS = 0.1
ANSWER_SECONDS = 10.0
NAME_WIDTH = 12
BACKLOG = 256
# What Redis says at every start and stop, whatever its log level.
REDIS_NOISE = re.compile(
    "oO0Oo|Redis version=|Configuration loaded|Server initialized|overcommit"
    "|Received SIGTERM|User requested|ready to exit"
)


class Command(BaseCommand):
    help = "Run the web server, the workers, the clock and, unless REDIS_URL names one, Redis. Ctrl-C ends them all."
    requires_system_checks = ()  # those cost seconds here and run in every child

    def handle(self, **options: Any) -> None:
        _refuse_old_database()
        with _only_one(settings.DATA_DIR), _listening() as listener:
            failure = asyncio.run(self._serve(listener))
        if failure:
            raise CommandError(failure)

    async def _serve(self, listener: socket.socket) -> str | None:
        """Run everything until told to stop. Returns why it stopped when nobody asked for it."""
        supervisor = Supervisor(self._emit)
        _stop_on_signals(supervisor)
        stopped = asyncio.create_task(supervisor.wanted_stop.wait())
        starting = asyncio.create_task(self._start(supervisor, listener))
        try:
            await asyncio.wait({stopped, starting}, return_when=asyncio.FIRST_COMPLETED)
            if starting.done():
                starting.result()
            await stopped
        finally:
            starting.cancel()
            self._say("Stopping.")
            await supervisor.stop()
        self._say("Stopped.")
        return supervisor.failure

    async def _start(self, supervisor: Supervisor, listener: socket.socket) -> None:
        token = settings.ENV.SETUP_TOKEN or secrets.token_urlsafe(16)
        variables = os.environ | {"SETUP_TOKEN": token}
        if not settings.ENV.REDIS_URL:
            supervisor.keep(_redis())
            await _until_redis_answers()
        supervisor.keep(_web(listener, variables))
        await _until_web_answers(listener)  # before the others take the processor
        supervisor.is_ready = True
        for program in [*_workers(variables), _manage("clock", ["clock"], variables)]:
            supervisor.keep(program)
        self._fetch_model(supervisor, variables)
        self._say(f"{settings.ENV.SITE_NAME} is ready: {_address(listener)}")
        if await sync_to_async(first_run.is_needed)():
            self._say(f"There is no account yet. To make it from another machine, use the set-up token {token}")

    def _fetch_model(self, supervisor: Supervisor, variables: dict[str, str]) -> None:
        """Start the download of the default model beside everything else, where it is wanted and missing."""
        engine = pipeline_gateway.engine_to_fetch() if settings.ENV.DOWNLOAD_MODELS else None
        if engine is None:
            return
        self._say(
            f"The weights of Whisper model {settings.ENV.WHISPER_MODEL} for the engine {engine}, the quickest here, are"
            " not here yet; the embedded engine serves until they are."
        )
        supervisor.keep(_manage("download", ["download_models", "--engine", engine], variables, runs_once=True))

    def _emit(self, name: str, line: str) -> None:
        """A line of a program's log, led by its name; JSON lines stay as they are."""
        if name == "redis" and REDIS_NOISE.search(line):
            return
        is_json = settings.ENV.LOG_FORMAT == "json" and line.startswith("{")
        _write(self.stderr, line if is_json else f"{name:<{NAME_WIDTH}}| {line}")

    def _say(self, line: str) -> None:
        _write(self.stdout, line)


def _write(stream: Any, line: str) -> None:
    with contextlib.suppress(BrokenPipeError):  # nobody reads any more; the product goes on
        stream.write(line)
        stream.flush()


# Before anything starts -----------------------------------------------------------------------------------------------


def _refuse_old_database() -> None:
    try:
        executor = MigrationExecutor(connection)
    except OperationalError as error:
        raise CommandError(f"The database cannot be used: {error}") from error
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        raise CommandError("The database is not up to date. Run `make setup` first.")
    connection.close()


@contextlib.contextmanager
def _only_one(data_dir: Path) -> Iterator[None]:
    """Holds the data folder, so that two copies never share one Redis."""
    with (data_dir / "serve.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise CommandError(f"Already running on the data folder {data_dir}. Stop that one first.") from error
        yield


@contextlib.contextmanager
def _listening() -> Iterator[socket.socket]:
    """The socket the web server will accept on. Held here, it stays open while that is started again."""
    host, port = settings.ENV.HOST.strip("[]"), settings.ENV.PORT
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, port), family=family, backlog=BACKLOG)
    except OSError as error:
        raise CommandError(_why_not_listening(host, port, error)) from error
    with listener:
        yield listener


def _why_not_listening(host: str, port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"Port {port} on {host} is taken. Stop what uses it, or choose another one: PORT={port + 1} make run"
    return f"Port {port} on {host} cannot be used: {error.strerror or error}. Change HOST or PORT."


def _stop_on_signals(supervisor: Supervisor) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:  # ignored under nohup
            loop.add_signal_handler(number, supervisor.ask_to_stop)


# The programs ---------------------------------------------------------------------------------------------------------


def _manage(name: str, arguments: list[str], variables: dict[str, str], *, runs_once: bool = False) -> Program:
    argv = [sys.executable, str(environment.BASE_DIR / "manage.py"), *arguments]
    return Program(name, argv, variables, folder=environment.BASE_DIR, runs_once=runs_once)


def _web(listener: socket.socket, variables: dict[str, str]) -> Program:
    handle = listener.fileno()
    argv = [sys.executable, "-m", "daphne", "-v", "0", "--fd", str(handle), "transcriber.asgi:application"]
    return Program("web", argv, variables, folder=environment.BASE_DIR, handles=(handle,), is_vital=True)


def _workers(variables: dict[str, str]) -> list[Program]:
    env = settings.ENV
    own: dict[str, list[dict[str, str]]] = {
        "io": [{}] * env.WORKERS_IO,
        "cpu": [{}] * env.WORKERS_CPU,
        "gpu": devices.spread(env.WORKERS_GPU, variables.get("CUDA_VISIBLE_DEVICES")),
    }
    return [
        _manage(f"worker-{lane}" + (f"-{number}" if len(each) > 1 else ""), ["work", "--lane", lane], variables | more)
        for lane, each in own.items()
        for number, more in enumerate(each, start=1)
    ]


def _redis() -> Program:
    """Redis on a unix socket only this user can open. It replaces a socket that an earlier one left behind."""
    socket_path = environment.embedded_redis_socket(settings.DATA_DIR)
    data = settings.DATA_DIR / "redis"
    for folder in (data, socket_path.parent):
        _make_private(folder)
    options = {
        "port": "0",
        "unixsocket": str(socket_path),
        "unixsocketperm": "700",
        "dir": str(data),
        "appendonly": "yes",
        "save": "",
        "maxmemory-policy": "noeviction",
        "loglevel": "warning",
    }
    argv = ["redis-server", *(part for name, value in options.items() for part in (f"--{name}", value))]
    return Program("redis", argv, os.environ, folder=data, is_vital=True, stops_last=True)


def _make_private(folder: Path) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    status = folder.lstat()
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.getuid():
        raise CommandError(f"{folder} is not a folder of this user, so Redis cannot keep its socket there.")
    folder.chmod(0o700)


# Waiting for them -----------------------------------------------------------------------------------------------------


async def _until_redis_answers() -> None:
    path = str(environment.embedded_redis_socket(settings.DATA_DIR))
    while await _answer(asyncio.open_unix_connection(path), b"PING\r\n") != b"+PONG":  # noqa: ASYNC110
        await asyncio.sleep(POLL_SECONDS)  # there is no event for what happens in another process


async def _until_web_answers(listener: socket.socket) -> None:
    """Until a page comes that is not a server error; what went wrong stands in the log."""
    host, port = listener.getsockname()[:2]
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104
    request = f"GET / HTTP/1.0\r\nHost: {_host_header()}\r\n\r\n".encode()
    is_page = re.compile(rb"HTTP/1.\d [234]").match
    while not is_page(await _answer(asyncio.open_connection(host, port), request)):  # noqa: ASYNC110
        await asyncio.sleep(POLL_SECONDS)


async def _answer(opening: Any, question: bytes) -> bytes:
    """The first line of an answer, nothing when there is none yet."""
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            reader, writer = await opening
            try:
                writer.write(question)
                answer: bytes = await reader.readline()
            finally:
                writer.close()
    except (OSError, TimeoutError):
        return b""
    return answer.strip()


def _host_header() -> str:
    """A host name the site answers to."""
    named = [host.lstrip(".") for host in settings.ALLOWED_HOSTS if host != "*"]
    return named[0] if named else "localhost"


def _address(listener: socket.socket) -> str:
    """The address to open in a browser on this machine."""
    host, port = listener.getsockname()[:2]
    shown = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)  # noqa: S104
    return f"http://{shown}:{port}/"

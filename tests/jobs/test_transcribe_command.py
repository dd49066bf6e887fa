"""`manage.py transcribe` as people call it: a process of its own, without Redis or a server."""

import json
import os
import sqlite3
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pysubs2
import pytest
import webvtt

from tests.measures import share_within, word_error_rate
from tests.services import ROOT, prepare, product_variables
from tests.speech import Speech, conversation, render

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def talk() -> Speech:
    return render(conversation(8, seed=5, voices=("slt", "rms")))


@pytest.fixture(scope="module")
def variables(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Settings with a fresh database and a Redis that nobody runs."""
    made = product_variables(tmp_path_factory.mktemp("command"), REDIS_URL="redis://127.0.0.1:1/0", THREADS="1")
    prepare(made)
    return made


def transcribe(variables: dict[str, str], *arguments: str | Path) -> "subprocess.CompletedProcess[str]":
    argv = [sys.executable, "manage.py", "transcribe", *map(str, arguments)]
    return subprocess.run(argv, cwd=ROOT, env=variables, capture_output=True, text=True, check=False)


def test_the_words_and_their_times_are_right(variables: dict[str, str], talk: Speech) -> None:
    done = transcribe(variables, talk.path, "--format", "json")

    assert done.returncode == 0, done.stderr
    segments = json.loads(done.stdout)["segments"]
    heard = [(word["text"], word["start"], word["end"]) for segment in segments for word in segment["words"]]
    said = [(word.text, word.start, word.end) for word in talk.words]
    assert word_error_rate(talk.text, " ".join(word for word, *_ in heard)) <= 0.15
    assert share_within(said, heard, 0.3) >= 0.9


@pytest.mark.parametrize("name", ["srt", "vtt"])
def test_subtitles_parse_without_repair(variables: dict[str, str], talk: Speech, tmp_path: Path, name: str) -> None:
    target = tmp_path / f"talk.{name}"

    done = transcribe(variables, talk.path, "--format", name, "--output", target, "--speakers", "2")

    assert (done.returncode, done.stdout) == (0, "")
    assert f"{len(pysubs2.load(str(target)))} subtitles · " in done.stderr and "the limits" in done.stderr
    cues = webvtt.read(str(target)) if name == "vtt" else webvtt.from_srt(str(target))
    events = pysubs2.load(str(target))
    assert len(cues) == len(events) > 5
    assert all(one.end <= two.start for one, two in pairwise(events))
    assert word_error_rate(talk.text, " ".join(cue.text for cue in cues)) <= 0.35  # with the speakers' names in it


def test_nothing_of_it_stays(variables: dict[str, str]) -> None:
    data = Path(variables["DATA_DIR"])
    with sqlite3.connect(data / "db.sqlite3") as database:
        assert database.execute("SELECT count(*) FROM jobs_recording").fetchone() == (0,)
    assert [path for path in (data / "storage").rglob("*") if path.is_file()] == []


@pytest.mark.parametrize(
    ("content", "word"), [(b"", "empty"), (b"only text\n" * 99, "not a recording"), (None, "no file")]
)
def test_bad_input_is_one_line_and_no_traceback(
    variables: dict[str, str], tmp_path: Path, content: bytes | None, word: str
) -> None:
    path = tmp_path / "input.mp3"
    if content is not None:
        path.write_bytes(content)

    done = transcribe(variables, path)

    assert (done.returncode, done.stdout) == (1, "")
    assert len(done.stderr.strip().splitlines()) == 1
    assert word in done.stderr


def test_an_unknown_engine_is_named_with_the_choices(variables: dict[str, str], talk: Speech) -> None:
    done = transcribe(variables, talk.path, "--engine", "nope")

    assert done.returncode == 1
    assert "pocketsphinx" in done.stderr and "Traceback" not in done.stderr


@pytest.mark.parametrize("speakers", ["three", "0", "21", "-1", "4-2", "2-21", "1-2-3", "2-"])
def test_a_number_of_speakers_that_makes_no_sense_is_refused(
    variables: dict[str, str], talk: Speech, speakers: str
) -> None:
    done = transcribe(variables, talk.path, f"--speakers={speakers}")

    assert (done.returncode, done.stdout) == (2, "")
    assert "none, auto, a number from 1 to 20, or a range such as 2-4" in done.stderr


@pytest.mark.parametrize(("place", "word"), [("nowhere/talk.txt", "no folder"), (".", "is a folder")])
def test_a_place_that_cannot_be_written_is_refused_before_the_work(
    variables: dict[str, str], talk: Speech, tmp_path: Path, place: str, word: str
) -> None:
    done = transcribe(variables, talk.path, "--output", tmp_path / place)

    assert (done.returncode, len(done.stderr.strip().splitlines())) == (1, 1)
    assert word in done.stderr


def test_whisper_from_a_checkpoint_by_path(variables: dict[str, str], talk: Speech) -> None:
    checkpoint = ROOT / "tests" / "checkpoints" / "tiny-test.pt"

    done = transcribe(variables, talk.path, "--engine", "whisper", "--model", checkpoint)

    assert done.returncode == 0, done.stderr
    assert word_error_rate(talk.text, done.stdout) <= 0.15


def test_the_environment_of_these_tests_is_their_own(variables: dict[str, str]) -> None:
    assert variables["DATA_DIR"] != os.environ["DATA_DIR"]

"""Files for programs: tables without formulas, JSON of both shapes, speaker turns, labels, archives."""

import csv
import io
import json
import random
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media_pipeline.evaluation.reference import read
from media_pipeline.exports.files import whole
from media_pipeline.exports.options import ExportOptions
from media_pipeline.exports.registry import EXPORTERS
from media_pipeline.exports.zip import zipped
from media_pipeline.transcript import Segment, Transcript
from tests.media_pipeline.said import NAMES, NASTY, discussion, spoken

FORMULAS = ["=cmd()", "+1", "-1", "@SUM(A1)", "\t=1", " =1", "\r\n=1", "＝1", "|x", "%0A", "\x00=1", "\ufeff=1"]


def made(name: str, transcript: Transcript, names: dict[str, str] = NAMES, **options: bool) -> str:
    return whole(EXPORTERS[name], transcript, names, ExportOptions(**options)).decode()


def table(text: str, delimiter: str = ",") -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text), delimiter=delimiter))


def is_formula(cell: str) -> bool:
    return cell.strip().startswith(("=", "+", "-", "@", "＝", "＋", "－", "＠"))


@pytest.mark.parametrize(("name", "delimiter"), [("csv", ","), ("tsv", "\t")])
@given(text=st.one_of(st.sampled_from(FORMULAS), st.text(min_size=1)))
def test_no_cell_begins_a_formula(name: str, delimiter: str, text: str) -> None:
    said = spoken([text], speaker="SPEAKER_00")

    for row in table(made(name, said, {"SPEAKER_00": text}), delimiter):
        assert not any(is_formula(cell) for cell in row.values())
        assert None not in row


def test_a_table_holds_times_speakers_and_text() -> None:
    first, *_, last = table(made("csv", discussion()))

    assert first == {
        "start": "0.500",
        "end": "3.600",
        "duration": "3.100",
        "speaker": "Anna & <Co>",
        "text": "Good morning. --> Is the budget for R&D ready?",
        "confidence": "0.900",
    }
    assert (last["speaker"], last["text"]) == ("", "Thank you.")


@pytest.mark.parametrize(("name", "delimiter"), [("csv", ","), ("tsv", "\t")])
def test_a_table_has_a_row_for_each_text_whatever_it_is(name: str, delimiter: str) -> None:
    assert len(table(made(name, spoken(NASTY), by_turn=False), delimiter)) == len(NASTY)


def test_verbose_json_has_the_shape_of_openai() -> None:
    content = json.loads(made("verbose_json", discussion()))

    assert content["task"] == "transcribe"
    assert content["language"] == "english"
    assert content["text"].startswith("Good morning. --> Is the budget")
    assert content["words"][0] == {"word": "Good", "start": 0.5, "end": 0.8}
    assert content["segments"][0].keys() == {
        *("id", "seek", "start", "end", "text", "tokens"),
        *("temperature", "avg_logprob", "compression_ratio", "no_speech_prob"),
    }
    assert content["segments"][0]["avg_logprob"] == pytest.approx(-0.1054)


@pytest.mark.parametrize("name", ["json", "verbose_json"])
@pytest.mark.parametrize("texts", [[], NASTY], ids=["nothing", "anything"])
def test_json_is_read_whatever_was_said(name: str, texts: list[str]) -> None:
    content = json.loads(made(name, spoken(texts)))

    assert [segment["text"] for segment in content["segments"]] == texts


def test_speaker_turns_are_read_again(tmp_path: Path) -> None:
    path = tmp_path / "meeting.rttm"
    path.write_text(made("rttm", discussion(), {"SPEAKER_00": "Anna Smith"}))

    turns = read(path, "recording").turns

    assert path.read_text().splitlines()[0] == "SPEAKER recording 1 0.500 3.100 <NA> <NA> Anna_Smith <NA> <NA>"
    assert [turn.speaker for turn in turns] == ["Anna_Smith", "Speaker_2", "Speaker_2"]


def test_labels_are_lines_of_three_columns() -> None:
    lines = made("labels", spoken(NASTY, speaker="SPEAKER_00"), by_turn=False).splitlines()

    assert len(lines) == len(NASTY)
    assert all(len(line.split("\t")) == 3 for line in lines)
    assert lines[0] == "0.000000\t4.000000\tAnna & <Co>: an arrow --> and back"


def pieces_of(size: int) -> Iterator[bytes]:
    source = random.Random(size)
    return (source.randbytes(10_000) for _ in range(size // 10_000))


def test_an_archive_comes_piece_by_piece_and_opens() -> None:
    found = list(zipped([("Встреча.txt", [b"a", b"b"]), ("b.bin", pieces_of(1_000_000))]))

    archive = zipfile.ZipFile(io.BytesIO(b"".join(found)))
    assert archive.testzip() is None
    assert archive.namelist() == ["Встреча.txt", "b.bin"]
    assert archive.read("Встреча.txt") == b"ab"
    assert len(archive.read("b.bin")) == 1_000_000
    assert max(map(len, found)) < 100_000


def test_names_in_an_archive_are_told_apart() -> None:
    found = b"".join(zipped([("A 1.5.txt", [b"1"]), ("a 1.5.txt", [b"2"]), ("A 1.5.srt", [b"3"])]))

    assert zipfile.ZipFile(io.BytesIO(found)).namelist() == ["A 1.5.txt", "a 1.5 (2).txt", "A 1.5.srt"]


def test_a_segment_that_ends_before_it_begins_breaks_nothing() -> None:
    backwards = Transcript("en", (Segment(5.0, 4.0, "Hm.", speaker="SPEAKER_00"),), 6.0, "any", "any")

    assert made("rttm", backwards) == ""
    assert "0.000" in made("csv", backwards)

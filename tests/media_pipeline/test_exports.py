"""Files people take away: equal to the golden ones, and readable by other programs whatever was said."""

import io
import json
from pathlib import Path

import pysubs2
import pytest
import webvtt
from docx import Document
from pypdf import PdfReader

from media_pipeline.errors import PipelineError
from media_pipeline.exports.base import clean, clock, speaker_name
from media_pipeline.exports.cues import cues, prefixed
from media_pipeline.exports.files import whole, write
from media_pipeline.exports.options import About, ExportOptions
from media_pipeline.exports.registry import EXPORTERS, exporter
from media_pipeline.transcript import Mark, Segment, Transcript, Word
from tests.media_pipeline.said import NAMES, NASTY, discussion, spoken

GOLDEN = Path(__file__).parent / "golden"
GOLDEN_SUFFIXES = {"docx": ".docx.xml", "pdf": ".pdf.txt"}
TEXTS = [name for name in EXPORTERS if name not in ("docx", "pdf")]
OPTIONS = ExportOptions(
    about=About(
        title="R&D: <budget> & plans",
        address="https://example.org/recordings/1/",
        created="2026-11-21T09:00:00+00:00",
        media="meeting.mp3",
        facts=(("Date", "21 November 2026"), ("Говорят", "Anna & <Co>, Speaker 2")),
    )
)


def text_of(name: str, transcript: Transcript, names: dict[str, str]) -> str:
    return whole(EXPORTERS[name], transcript, names).decode()


def readable(path: Path) -> str:
    """What a golden file holds: text as it is, of a Word document its main part, of a PDF its text by page."""
    if path.suffix == ".docx":
        return Document(str(path)).element.body.xml
    if path.suffix == ".pdf":
        return "\f\n".join(page.extract_text() for page in PdfReader(path).pages) + "\n"
    return path.read_text()


@pytest.mark.parametrize("name", EXPORTERS)
def test_equals_the_golden_file(name: str, tmp_path: Path) -> None:
    (path,) = write(discussion(), NAMES, [name], tmp_path, OPTIONS)

    assert readable(path) == (GOLDEN / path.name).with_suffix(GOLDEN_SUFFIXES.get(name, path.suffix)).read_text()


@pytest.mark.parametrize("name", EXPORTERS)
def test_the_same_words_make_the_same_bytes(name: str) -> None:
    assert whole(EXPORTERS[name], discussion(), NAMES, OPTIONS) == whole(EXPORTERS[name], discussion(), NAMES, OPTIONS)


@pytest.mark.parametrize("speaker", [None, "SPEAKER_00"])
def test_subtitles_of_anything_are_read_by_other_programs(speaker: str | None) -> None:
    transcript = spoken(NASTY, speaker=speaker)

    srt_text = text_of("srt", transcript, NAMES)
    srt = pysubs2.SSAFile.from_string(srt_text, "srt")
    text = text_of("vtt", transcript, NAMES)
    vtt = webvtt.from_buffer(io.StringIO(text))

    assert len(srt) == len(list(prefixed(transcript, NAMES, OPTIONS))) == srt_text.count("-->")
    assert len(vtt) == len(cues(transcript, NAMES))
    assert len(pysubs2.SSAFile.from_string(text, "vtt")) == len(vtt)
    assert all(cue.text.strip() for cue in vtt)


def test_srt_and_vtt_have_the_same_cues_when_nobody_is_named() -> None:
    transcript = spoken(NASTY)

    srt, vtt = (pysubs2.SSAFile.from_string(text_of(name, transcript, {}), name) for name in ("srt", "vtt"))

    assert [(event.start, event.end) for event in srt] == [(event.start, event.end) for event in vtt]


def test_vtt_marks_voices_and_nothing_else() -> None:
    text = text_of("vtt", spoken(["<v Eve> & all"], speaker="SPEAKER_00"), NAMES)

    assert "<v Anna &amp; &lt;Co&gt;>&lt;v Eve&gt; &amp; all" in text


def test_text_begins_a_paragraph_with_each_speaker_and_each_minute() -> None:
    text = text_of("txt", spoken(["one two"] * 30), {})

    assert text.count("[00:") == 3


@pytest.mark.parametrize("name", TEXTS)
@pytest.mark.parametrize("transcript", [spoken([]), spoken(["", " \n "])], ids=["no segments", "empty segments"])
def test_silence_gives_a_file_without_words(name: str, transcript: Transcript, tmp_path: Path) -> None:
    (path,) = write(transcript, {}, [name], tmp_path)

    text = path.read_text().strip()
    assert text == {"txt": "", "srt": "", "vtt": "WEBVTT", "rttm": "", "labels": ""}.get(name, text)


def test_json_carries_everything_exactly() -> None:
    transcript = discussion()

    content = json.loads(text_of("json", transcript, NAMES))

    assert [segment["text"] for segment in content["segments"]] == [segment.text for segment in transcript.segments]
    assert [{key: one[key] for key in ("id", "name")} for one in content["speakers"]] == [
        {"id": "SPEAKER_00", "name": "Anna & <Co>"},
        {"id": "SPEAKER_01", "name": "Speaker 2"},
    ]
    assert sum(len(segment["words"]) for segment in content["segments"]) == sum(
        len(segment.words) for segment in transcript.segments
    )


def test_json_says_what_to_listen_to_again() -> None:
    words = (Word("Yes,", 0.0, 0.4, marks=(Mark.OVERLAP,)), Word("no.", 0.5, 0.8))
    doubted = Segment(0.0, 0.8, "Yes, no.", words, marks=(Mark.OVERLAP, Mark.DOUBTFUL))

    content = json.loads(text_of("json", Transcript("en", (doubted,), 1.0, "whisper", "tiny"), {}))

    (segment,) = content["segments"]
    assert segment["marks"] == ["overlap", "doubtful"]
    assert [word["marks"] for word in segment["words"]] == [["overlap"], []]


def test_every_format_can_be_written_as_utf8(tmp_path: Path) -> None:
    paths = list(write(spoken(NASTY, speaker="SPEAKER_00"), {"SPEAKER_00": "\ud800"}, TEXTS, tmp_path))

    assert all(path.read_bytes().decode("utf-8") for path in paths)


def test_an_unknown_format_lists_the_choices() -> None:
    with pytest.raises(PipelineError, match="txt or docx or pdf"):
        exporter("odt")


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0, "00:00:00,000"), (59.9996, "00:01:00,000"), (-1, "00:00:00,000"), (360_000.5, "100:00:00,500")],
)
def test_clocks_are_rounded_to_milliseconds(seconds: float, shown: str) -> None:
    assert clock(seconds, ",") == shown


@pytest.mark.parametrize(("label", "shown"), [("SPEAKER_00", "Anna"), ("SPEAKER_09", "Speaker 10"), ("Eve", "Eve")])
def test_speakers_are_named_as_people_named_them_or_numbered(label: str, shown: str) -> None:
    assert speaker_name(label, {"SPEAKER_00": " Anna\n"}) == shown


@pytest.mark.parametrize(
    ("text", "cleaned"), [("a \n\n b", "a b"), ("a\x00\x1bb", "ab"), ("\u2028", ""), ("é\ud800", "é"), ("  a", "a")]
)
def test_clean_text_is_one_line_that_can_be_written(text: str, cleaned: str) -> None:
    assert clean(text) == cleaned

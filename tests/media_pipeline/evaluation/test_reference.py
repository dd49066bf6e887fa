"""Each format is read as its tools write it, and what cannot be read is named."""

import json
from pathlib import Path

import pytest

from media_pipeline.errors import InputError
from media_pipeline.evaluation.reference import Passage, Reference, read
from media_pipeline.exports import files as exports
from media_pipeline.media import SpeakerTurn
from media_pipeline.transcript import Segment, Transcript, Word

TRANSCRIPT = Transcript(
    "en",
    (
        Segment(0.5, 1.5, "Good morning.", (Word("Good", 0.5, 0.9), Word("morning.", 1.0, 1.5)), "SPEAKER_00"),
        Segment(2.0, 2.4, "Tea & cake?", (Word("Tea", 2.0, 2.1), Word("& cake?", 2.1, 2.4)), "SPEAKER_01"),
    ),
    3.0,
    "whisper",
    "base",
)


def reference(folder: Path, name: str, text: str | bytes, recording: str = "talk") -> Reference:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read(path, recording)


def exported(folder: Path, name: str, **names: str) -> Reference:
    [path] = exports.write(TRANSCRIPT, names, (name,), folder)
    return read(path, "talk")


def test_text_is_taken_as_it_is(tmp_path: Path) -> None:
    found = reference(tmp_path, "talk.txt", "\ufeffПривет, мир.\nWhat time: 10:30?\n")

    assert found.text.split() == ["Привет,", "мир.", "What", "time:", "10:30?"]
    assert (found.turns, found.has_times) == ((), False)


def test_our_own_text_export_is_read_without_its_times_and_names(tmp_path: Path) -> None:
    found = exported(tmp_path, "txt", SPEAKER_00="Ann Lee")

    assert found.text.split() == ["Good", "morning.", "Tea", "&", "cake?"]


@pytest.mark.parametrize("name", ["srt", "vtt"])
def test_subtitles_give_cues_with_times(tmp_path: Path, name: str) -> None:
    mark = "," if name == "srt" else "."
    head = "" if name == "srt" else "WEBVTT\n\nNOTE by hand\n\n"
    text = f"{head}1\n00:00:01{mark}000 --> 00:00:02{mark}500\n<i>One</i> two\nthree &amp; four\n\n"
    found = reference(tmp_path, f"talk.{name.upper()}", text)

    assert found.passages == (Passage("One two three & four", 1.0, 2.5),)
    assert found.has_times


def test_voices_in_our_subtitles_are_no_words(tmp_path: Path) -> None:
    found = exported(tmp_path, "vtt", SPEAKER_00="Ann <Lee>")

    assert found.text == "Good morning. Tea & cake?"


def test_stm_has_words_times_and_speakers(tmp_path: Path) -> None:
    found = reference(
        tmp_path,
        "talk.stm",
        ";; a comment\n"
        "talk 1 bob 4.5 6 <o,f0,male> (uh) {its / it's} mine\n"
        "talk 1 inter_segment_gap 3 4.5 <o,f0,>\n"
        "talk 1 ann 1.25 3.00 Hello there.\n"
        "talk 1 ann 7 8 ignore_time_segment_in_scoring\n"
        "talk 1 ann 8 9 IGNORE_TIME_SEGMENT_IN_SCORING\n",
    )

    assert found.text.split() == ["Hello", "there.", "its", "mine", "ignore_time_segment_in_scoring"]
    assert found.turns[:2] == (SpeakerTurn(1.25, 3.0, "ann"), SpeakerTurn(4.5, 6.0, "bob"))
    assert found.passages[0] == Passage("Hello there.", 1.25, 3.0)


def test_rttm_has_turns_only(tmp_path: Path) -> None:
    found = reference(
        tmp_path,
        "talk.rttm",
        "SPKR-INFO talk 1 <NA> <NA> <NA> unknown bob <NA> <NA>\n"
        "SPEAKER talk 1 2.0 .5 <NA> <NA> bob <NA> <NA>\n"
        "SPEAKER talk 1 0.5 1.0 <NA> <NA> ann <NA> <NA>\n",
    )

    assert found == Reference(turns=(SpeakerTurn(0.5, 1.5, "ann"), SpeakerTurn(2.0, 2.5, "bob")))


@pytest.mark.parametrize(
    ("name", "line"),
    [("all.stm", "{} 1 ann 0 1 words of {}"), ("all.rttm", "SPEAKER {} 1 0 1 <NA> <NA> {} <NA> <NA>")],
)
def test_of_several_recordings_the_lines_of_this_one_count(tmp_path: Path, name: str, line: str) -> None:
    text = "\n".join(line.format(recording, recording) for recording in ("other", "talk"))

    assert "talk" in str(reference(tmp_path, name, text))
    assert "other" not in str(reference(tmp_path, name, text))
    with pytest.raises(InputError, match="not of third"):
        reference(tmp_path, name, text, "third")


def test_our_json_export_has_words_with_times_and_speakers(tmp_path: Path) -> None:
    found = exported(tmp_path, "json")

    assert found.has_word_times
    assert [passage.text for passage in found.passages] == ["Good", "morning.", "Tea", "& cake?"]
    assert found.passages[1] == Passage("morning.", 1.0, 1.5)
    assert found.turns == (SpeakerTurn(0.5, 1.5, "SPEAKER_00"), SpeakerTurn(2.0, 2.4, "SPEAKER_01"))


@pytest.mark.parametrize("has_words", [True, False])
def test_json_as_whisper_writes_it_is_read(tmp_path: Path, has_words: bool) -> None:
    words = [{"word": " One", "start": 0.1, "end": 0.4}, {"word": " 2"}]
    segment = {"id": 0, "start": 0.0, "end": 1.0, "text": " One 2", **({"words": words} if has_words else {})}
    found = reference(tmp_path, "talk.json", json.dumps({"text": " One 2", "segments": [segment]}))

    assert found.text.split() == ["One", "2"]
    assert found.has_word_times is has_words
    assert found.turns == ()
    assert found.passages[-1] == (Passage(" 2") if has_words else Passage(" One 2", 0.0, 1.0))


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("talk.docx", "words", "ends in one of .txt, .srt"),
        ("talk.txt", " \n", "holds no words"),
        ("talk.txt", b"\xff\xfe\x00caf\xe9", "UTF-8"),
        ("talk.srt", "no subtitles at all\n", "holds no words"),
        ("talk.vtt", "", "holds no words"),
        ("talk.stm", "talk 1 ann 1,5 3 Hello\n", "line 1 has '1,5' where a time"),
        ("talk.stm", "talk 1\n", "line 1 has only 2 fields"),
        ("talk.rttm", ";; nothing\n", "no line that begins with SPEAKER"),
        ("talk.rttm", "SPEAKER talk 1 2.0 1 <NA>\n", "line 1 has only 6 fields"),
        ("talk.json", "{", "is no JSON"),
        ("talk.json", "[1]", "no list of “segments”"),
        ("talk.json", '{"segments": [{"start": 1}]}', "a segment is not as expected"),
        ("talk.json", '{"segments": [{"text": 5}]}', "a segment is not as expected"),
    ],
)
def test_what_cannot_be_read_is_named(tmp_path: Path, name: str, text: str | bytes, says: str) -> None:
    with pytest.raises(InputError, match=f"^{name}.*{says}"):
        reference(tmp_path, name, text)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"There is no file .*absent\.txt"):
        read(tmp_path / "absent.txt", "talk")

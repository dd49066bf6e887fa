"""The table people read and the JSON a script reads."""

import json

from media_pipeline.evaluation.comparison import Entry, as_json, table
from media_pipeline.evaluation.reference import Passage, Reference
from media_pipeline.evaluation.trial import Outcome
from media_pipeline.media import Diarization, SpeakerTurn
from media_pipeline.transcript import Segment, Transcript, Word

WORDS = Reference((Passage("Good", 0.5, 1.0), Passage("morning.", 1.0, 2.0)), has_word_times=True)


def heard(*words: str) -> Transcript:
    said = tuple(Word(word, 0.5 + number, 1.0 + number) for number, word in enumerate(words))
    return Transcript("en", (Segment(0.5, 3.0, " ".join(words), said),), 4.0, "whisper", "base")


def an_entry() -> Entry:
    entry = Entry("stt", "whisper", "/models/base.pt")
    entry.add("one.mp3", 4.0, WORDS, Outcome(heard("good", "morning"), "cpu", 2.0, 1.5, 300 << 20, 0))
    entry.add("two.mp3", 12.0, WORDS, Outcome(heard("good", "mourning"), "cpu", 2.0, 0.0, 310 << 20, 0))
    return entry


def test_each_recording_has_a_line_and_so_have_all_together() -> None:
    lines = [" ".join(line.split()) for line in table([an_entry()]).splitlines()]

    assert lines[0].startswith("engine file words wrong characters wrong times off: median, 90 %")
    assert lines[1] == "whisper base one.mp3 0.0% of 2 0.0% of 11 0.25 s, 0.50 s 0.500 2x 1.5 s 310 MiB cpu"
    assert lines[2].startswith("whisper base two.mp3 50.0% of 2 9.1% of 11 0.00 s, 0.00 s 0.167 6x")
    assert lines[3].startswith("whisper base all 25.0% of 4 4.5% of 22 0.00 s, 0.50 s 0.250 4x")


def test_speakers_have_a_table_of_their_own_and_problems_come_last() -> None:
    speakers = Entry("diarization", "embedded", "")
    turns = (SpeakerTurn(0, 2, "SPEAKER_00"),)
    right = Reference(turns=(SpeakerTurn(0, 4, "ann"),))
    speakers.add("one.mp3", 4.0, right, Outcome(Diarization("embedded", turns), "cuda", 1.0, 0, 1 << 20, 5 << 20))
    absent = Entry("diarization", "pyannote", "", problem="Get it.", is_left_out=True)

    blocks = table([an_entry(), speakers, absent]).split("\n\n")

    assert "embedded  one.mp3  50.0% of 4          1               0.250               4x" in blocks[1]
    assert blocks[1].endswith("cuda, 5 MiB")
    assert blocks[2] == "pyannote was left out: Get it."


def test_without_any_figure_there_is_only_the_reason() -> None:
    assert table([Entry("stt", "whisper", "base", problem="Fell over.")]) == "whisper base failed: Fell over."


def test_the_json_has_every_figure() -> None:
    content = json.loads(json.dumps(as_json([an_entry(), Entry("stt", "other", "x", problem="Fell over.")])))

    [whisper, other] = content["engines"]
    assert (whisper["engine"], whisper["model"], whisper["peak_memory_bytes"]) == ("whisper", "base", 310 << 20)
    assert [result["wer"] for result in whisper["files"]] == [0.0, 0.5]
    assert whisper["all"]["wer"] == 0.25
    assert whisper["all"]["real_time_factor"] == 0.25
    assert whisper["files"][0]["der"] is None
    assert (other["problem"], other["files"], other["all"]) == ("Fell over.", [], None)

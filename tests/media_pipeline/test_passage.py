"""A passage of a recording, cut out and heard again on the recording's clock."""

import subprocess
from pathlib import Path

import numpy as np
import pytest

from media_pipeline import ffmpeg
from media_pipeline.engines import pool
from media_pipeline.errors import InputError
from media_pipeline.media import Audio
from media_pipeline.options import Passage, TranscribeOptions
from media_pipeline.run import Machine, Run
from media_pipeline.steps.cut_passage import AROUND, cut_passage
from media_pipeline.steps.plan_passage import plan_passage
from media_pipeline.steps.transcribe import transcribe
from tests.media_pipeline.spoken import time_errors
from tests.speech import Line, Speech, render

TOLERANCE = 0.02  # seconds
SENTENCES = (
    "The report is ready and the customer has it.",
    "Please send the contract to the manager before Friday.",
    "We will discuss the budget in the meeting.",
)


@pytest.fixture
def speech() -> Speech:
    return render([Line("slt", text, 1.5) for text in SENTENCES])


@pytest.fixture
def run(tmp_path: Path) -> Run:
    folder = tmp_path / "work"
    folder.mkdir()
    return Run(folder, Machine(Path("no-models-here"), device="cpu", threads=1))


def encoded(source: Path, target: Path, *arguments: str) -> Path:
    before = ("-f", "lavfi", "-i", "testsrc=d=30:s=64x64:r=5") if target.suffix in (".mkv", ".mp4") else ()
    subprocess.run(
        ["ffmpeg", "-y", "-v", "error", *before, *arguments, "-i", source, "-shortest", target],
        check=True,
    )
    return target


def shift(whole: Audio, part: Audio, start: float) -> float:
    """How much later `part` has what `whole` has at `start`, in seconds."""
    near = whole.read(start - 0.5, start + 1.5) / whole.facts.gain
    own = part.read(start, start + 1.0) / part.facts.gain
    scores = np.correlate(near, own, mode="valid")
    return float(0.5 - scores.argmax() / 16_000)


@pytest.mark.parametrize(
    ("name", "arguments"),
    [("a.wav", ()), ("a.mp3", ()), ("a.m4a", ()), ("a.ogg", ()), ("late.mkv", ("-itsoffset", "2"))],
)
def test_a_passage_begins_where_the_whole_recording_has_it(
    name: str, arguments: tuple[str, ...], speech: Speech, run: Run, tmp_path: Path
) -> None:
    media = encoded(speech.path, tmp_path / name, *arguments)
    info = ffmpeg.probe(media)
    whole = tmp_path / "whole.wav"
    ffmpeg.decode(media, whole, info, 3600, run)
    start = speech.utterances[1].start

    part = cut_passage(media, info, Passage(start, start + 3), run)

    assert part.begin == start - AROUND
    assert part.facts.duration == pytest.approx(3 + 2 * AROUND, abs=TOLERANCE)
    assert abs(shift(Audio(whole, part.facts), part, start)) < TOLERANCE


def test_words_are_on_the_clock_of_the_recording(speech: Speech, run: Run) -> None:
    said = speech.utterances[1]
    options = TranscribeOptions("pocketsphinx", "en-us", passage=Passage(said.start, said.end))
    audio = cut_passage(speech.path, ffmpeg.probe(speech.path), Passage(said.start, said.end), run)

    plan = plan_passage(audio, pool.get("vad", "silero", "", run.machine), options, run)
    engine = pool.get("stt", "pocketsphinx", "en-us", run.machine)
    heard = transcribe(audio, plan.chunks[0], options, engine, run)

    words = [word for segment in heard.segments for word in segment.words]
    off = sorted(time_errors(said.words, words))
    assert len(plan.chunks) == 1
    assert len(off) >= 6 and off[len(off) // 2] < 0.12
    assert heard.start == pytest.approx(audio.begin, abs=0.01)


def test_all_of_a_passage_is_heard_where_no_speech_is_found(speech: Speech, run: Run) -> None:
    class Deaf:
        def detect(self, audio: Audio, run: Run) -> tuple[()]:
            return ()

    said = speech.utterances[1]
    options = TranscribeOptions("pocketsphinx", "en-us")
    audio = cut_passage(speech.path, ffmpeg.probe(speech.path), Passage(said.start, said.end), run)

    plan = plan_passage(audio, Deaf(), options, run)  # type: ignore[arg-type]

    assert [(region.start, region.end) for region in plan.regions] == [
        (pytest.approx(audio.begin), pytest.approx(audio.begin + audio.facts.duration))
    ]


def test_there_is_nothing_to_hear_in_silence(tmp_path: Path, run: Run) -> None:
    silent = tmp_path / "silent.wav"
    subprocess.run(
        ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", "anullsrc=r=16000:cl=mono", "-t", "12", silent], check=True
    )
    audio = cut_passage(silent, ffmpeg.probe(silent), Passage(4.0, 8.0), run)

    plan = plan_passage(audio, pool.get("vad", "silero", "", run.machine), TranscribeOptions("e", "m"), run)

    assert plan.chunks == ()
    assert run.warnings == ["This passage is silent."]


def test_a_passage_behind_the_end_is_refused(speech: Speech, run: Run) -> None:
    with pytest.raises(InputError) as refused:
        cut_passage(speech.path, ffmpeg.probe(speech.path), Passage(500.0, 503.0), run)

    assert refused.value.code == "empty"


def test_the_sound_of_a_passage_is_read_by_the_recordings_clock(tmp_path: Path, speech: Speech) -> None:
    from media_pipeline.media import AudioFacts

    facts = AudioFacts(speech.duration, gain=1.0, loudness_db=-20.0, peak=0.5)

    late = Audio(speech.path, facts, begin=100.0)

    assert np.array_equal(late.read(101.0, 102.0), Audio(speech.path, facts).read(1.0, 2.0))

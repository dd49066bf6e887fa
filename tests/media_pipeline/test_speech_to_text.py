"""What every engine that turns speech into text must do, on speech whose words are known."""

from pathlib import Path

import pytest

from media_pipeline.engines import pool
from media_pipeline.engines.base import SpeechToText
from media_pipeline.errors import Cancelled, EngineUnavailable
from media_pipeline.media import Audio, Window
from media_pipeline.run import Run
from media_pipeline.windows import pack_windows
from tests.media_pipeline.spoken import CHECKPOINT, CT2_CHECKPOINT, MACHINE, options, prepared, word_error_rate
from tests.speech import Line, Speech, render

LINES = [
    Line("slt", "We will discuss the budget today.", 1.0),
    Line("rms", "Please send the report to Anna.", 0.6),
    Line("slt", "The meeting starts at nine o'clock in the library.", 1.5),
    Line("rms", "Thank you very much, Peter.", 0.4),
]
ENGINES = [("pocketsphinx", "en-us"), ("whisper", CHECKPOINT), ("faster_whisper", CT2_CHECKPOINT)]


@pytest.fixture(scope="module")
def speech() -> Speech:
    return render(LINES)


@pytest.fixture(scope="module", params=ENGINES, ids=[name for name, _ in ENGINES])
def engine(request: pytest.FixtureRequest) -> SpeechToText:
    name, model = request.param
    return pool.get("stt", name, model, MACHINE)


def heard_windows(speech: Speech) -> tuple[Audio, tuple[Window, ...]]:
    audio, plan = prepared(speech.path)
    return audio, tuple(window for chunk in plan.chunks for window in pack_windows(chunk, 6.0))


def test_understands_clear_speech(engine: SpeechToText, speech: Speech, tmp_path: Path) -> None:
    audio, windows = heard_windows(speech)

    found = list(engine.transcribe(audio, windows, options(engine.info.name), Run(tmp_path, MACHINE)))

    text = " ".join(segment.text for result in found for segment in result.segments)
    assert word_error_rate(speech, text) <= 0.15
    assert {result.language for result in found} == {"en"}
    assert engine.device == "cpu"


def test_words_lie_in_their_window_in_order(engine: SpeechToText, speech: Speech, tmp_path: Path) -> None:
    audio, windows = heard_windows(speech)

    for result in engine.transcribe(audio, windows, options(engine.info.name), Run(tmp_path, MACHINE)):
        words = [word for segment in result.segments for word in segment.words]
        assert words == sorted(words, key=lambda word: word.start)
        for word in words:
            assert result.window.start <= word.start <= word.end <= result.window.end
            assert word.confidence is not None
            assert 0 <= word.confidence <= 1
            assert word.text == word.text.strip() != ""


def test_windows_may_come_in_any_order(engine: SpeechToText, speech: Speech, tmp_path: Path) -> None:
    audio, windows = heard_windows(speech)
    wanted, run = options(engine.info.name, language="en"), Run(tmp_path, MACHINE)

    forwards = list(engine.transcribe(audio, windows, wanted, run))
    backwards = list(engine.transcribe(audio, windows[::-1], wanted, run))

    assert len(windows) > 1
    assert sorted(forwards, key=lambda result: result.window.start) == sorted(
        backwards, key=lambda result: result.window.start
    )


def test_yields_words_before_it_is_done(engine: SpeechToText, speech: Speech, tmp_path: Path) -> None:
    audio, windows = heard_windows(speech)

    first = next(iter(engine.transcribe(audio, windows, options(engine.info.name), Run(tmp_path, MACHINE))))

    assert first.window.end < speech.duration / 2
    assert first.segments


def test_stops_when_cancelled(engine: SpeechToText, speech: Speech, tmp_path: Path) -> None:
    audio, windows = heard_windows(speech)
    run = Run(tmp_path, MACHINE, is_cancelled=lambda: True)

    with pytest.raises(Cancelled):
        list(engine.transcribe(audio, windows, options(engine.info.name), run))


def test_nothing_to_hear_gives_nothing(engine: SpeechToText, speech: Speech, tmp_path: Path) -> None:
    audio, _ = prepared(speech.path)

    assert list(engine.transcribe(audio, (), options(engine.info.name), Run(tmp_path, MACHINE))) == []


def test_refuses_a_language_it_does_not_know(engine: SpeechToText, speech: Speech, tmp_path: Path) -> None:
    audio, windows = heard_windows(speech)

    with pytest.raises(EngineUnavailable) as caught:
        list(engine.transcribe(audio, windows, options(engine.info.name, language="tlh"), Run(tmp_path, MACHINE)))

    assert caught.value.code == "language_unknown"


def test_an_unknown_model_lists_what_there_is(engine: SpeechToText) -> None:
    problem = type(engine).missing("enormous", MACHINE)

    assert problem is not None
    assert engine.info.default_model in problem

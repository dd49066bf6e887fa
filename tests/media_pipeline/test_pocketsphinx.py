from pathlib import Path

import pytest

from media_pipeline.engines import pool
from media_pipeline.errors import EngineUnavailable
from media_pipeline.run import Run
from media_pipeline.steps.transcribe import transcribe
from tests.media_pipeline.spoken import MACHINE, options, prepared, time_errors, word_error_rate
from tests.speech import Line, Speech, conversation, render

EVERYDAY = [
    "the weather was cold and it rained for most of the day",
    "she opened the window and looked out at the garden",
    "many people believe that music is good for children",
    "the president will visit three countries in europe next month",
    "my brother lives in a small house near the river",
    "we will discuss the budget and the schedule for the next meeting",
]


def two_voices(texts: list[str]) -> Speech:
    return render([Line(("slt", "rms")[number % 2], text, 0.6) for number, text in enumerate(texts)])


@pytest.mark.parametrize("speech", [two_voices(EVERYDAY), render(conversation(20, 12, ("slt", "rms")))])
def test_understands_two_voices_and_knows_when_words_are_said(speech: Speech, tmp_path: Path) -> None:
    audio, plan = prepared(speech.path)
    engine = pool.get("stt", "pocketsphinx", "", MACHINE)

    parts = [transcribe(audio, chunk, options(), engine, Run(tmp_path, MACHINE)) for chunk in plan.chunks]

    words = [word for part in parts for segment in part.segments for word in segment.words]
    errors = time_errors(speech.words, words)
    assert word_error_rate(speech, " ".join(word.text for word in words)) <= 0.15
    assert sum(error <= 0.3 for error in errors) / len(errors) >= 0.9


def test_words_carry_no_marks_of_the_dictionary(tmp_path: Path) -> None:
    speech = render([Line("slt", "The manager read a book to the customer, and they have a use for it.", 0.5)])
    audio, plan = prepared(speech.path)

    part = transcribe(
        audio, plan.chunks[0], options(), pool.get("stt", "pocketsphinx", "", MACHINE), Run(tmp_path, MACHINE)
    )

    assert part.segments
    assert not set("()<>[]+") & set("".join(segment.text for segment in part.segments))


@pytest.mark.parametrize("language", ["en", "en-US", "EN-gb", None])
def test_takes_any_kind_of_english(language: str | None, tmp_path: Path) -> None:
    speech = two_voices(EVERYDAY[:1])
    audio, plan = prepared(speech.path)
    engine = pool.get("stt", "pocketsphinx", "", MACHINE)

    part = transcribe(audio, plan.chunks[0], options(language=language), engine, Run(tmp_path, MACHINE))

    assert part.language == "en"


def test_says_that_it_knows_english_only(tmp_path: Path) -> None:
    audio, plan = prepared(two_voices(EVERYDAY[:1]).path)
    engine = pool.get("stt", "pocketsphinx", "", MACHINE)

    with pytest.raises(EngineUnavailable, match="knows English only"):
        transcribe(audio, plan.chunks[0], options(language="de"), engine, Run(tmp_path, MACHINE))

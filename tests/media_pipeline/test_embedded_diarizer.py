"""Voices of speech synthesis are told apart; who speaks when is known exactly."""

from itertools import pairwise
from pathlib import Path

import pytest

from media_pipeline.engines.diarization.embedded import EmbeddedDiarizer
from media_pipeline.errors import Cancelled, EngineUnavailable
from media_pipeline.evaluation.measures import diarization_errors
from media_pipeline.media import Diarization, SpeakerTurn, SpeechRegion
from media_pipeline.options import SpeakerOptions
from media_pipeline.run import Run
from media_pipeline.steps.diarize import diarize
from tests.media_pipeline.spoken import MACHINE, prepared
from tests.speech import Line, Speech, conversation, render

SENTENCES = 60  # about three minutes


@pytest.fixture(scope="module")
def engine() -> EmbeddedDiarizer:
    return EmbeddedDiarizer("statistics", MACHINE)


def talk(*voices: str, count: int = SENTENCES) -> Speech:
    return render(conversation(count, seed=len(voices), voices=voices))


def heard(speech: Speech, engine: EmbeddedDiarizer, tmp_path: Path, speakers: SpeakerOptions) -> Diarization:
    audio, plan = prepared(speech.path)
    return diarize(audio, plan, speakers, engine, Run(tmp_path, MACHINE))


def error_rate(speech: Speech, found: Diarization) -> float:
    said = [SpeakerTurn(utterance.start, utterance.end, utterance.speaker) for utterance in speech.utterances]
    return diarization_errors(said, found.turns, speech.duration).rate


def labels(found: Diarization) -> list[str]:
    """In order of first appearance."""
    return list(dict.fromkeys(turn.speaker for turn in found.turns))


@pytest.mark.parametrize("voices", [("slt", "rms"), ("slt", "awb"), ("slt", "rms", "awb")], ids="-".join)
def test_finds_out_how_many_speak_and_who_when(
    voices: tuple[str, ...], engine: EmbeddedDiarizer, tmp_path: Path
) -> None:
    speech = talk(*voices)

    found = heard(speech, engine, tmp_path, SpeakerOptions())

    assert labels(found) == [f"SPEAKER_{number:02d}" for number in range(len(voices))]
    assert error_rate(speech, found) <= 0.15


@pytest.mark.parametrize("count", [1, 2, 5])
def test_an_exact_count_is_respected(count: int, engine: EmbeddedDiarizer, tmp_path: Path) -> None:
    found = heard(talk("slt", "rms", count=20), engine, tmp_path, SpeakerOptions(exact=count))

    assert len(labels(found)) == count


def test_bounds_are_respected(engine: EmbeddedDiarizer, tmp_path: Path) -> None:
    speech = talk("slt", "rms", count=20)

    assert len(labels(heard(speech, engine, tmp_path, SpeakerOptions(maximum=1)))) == 1
    assert len(labels(heard(speech, engine, tmp_path, SpeakerOptions(minimum=3)))) >= 3


@pytest.mark.parametrize("voice", ["slt", "rms", "awb"])
def test_one_voice_is_one_speaker(voice: str, engine: EmbeddedDiarizer, tmp_path: Path) -> None:
    found = heard(talk(voice, count=15), engine, tmp_path, SpeakerOptions())

    assert labels(found) == ["SPEAKER_00"]


def test_turns_are_in_order_and_lie_in_speech(engine: EmbeddedDiarizer, tmp_path: Path) -> None:
    audio, plan = prepared(talk("slt", "rms", count=20).path)
    regions = [region for chunk in plan.chunks for region in chunk.regions]

    turns = engine.diarize(audio, regions, SpeakerOptions(), Run(tmp_path, MACHINE)).turns

    assert all(earlier.end <= later.start for earlier, later in pairwise(turns))
    assert sum(turn.end - turn.start for turn in turns) == pytest.approx(
        sum(region.end - region.start for region in regions)
    )


def test_speech_too_short_to_tell_is_one_speaker(engine: EmbeddedDiarizer, tmp_path: Path) -> None:
    audio, _ = prepared(render([Line("slt", "Yes.", 0.5)]).path)

    found = engine.diarize(audio, [SpeechRegion(0.5, 0.6)], SpeakerOptions(), Run(tmp_path, MACHINE))

    assert labels(found) == ["SPEAKER_00"]


def test_nobody_speaking_gives_no_turns(engine: EmbeddedDiarizer, tmp_path: Path) -> None:
    audio, _ = prepared(render([Line("slt", "Yes.", 0.5)]).path)

    assert engine.diarize(audio, [], SpeakerOptions(), Run(tmp_path, MACHINE)).turns == ()


def test_stops_when_cancelled(engine: EmbeddedDiarizer, tmp_path: Path) -> None:
    audio, plan = prepared(talk("slt", "rms", count=20).path)

    with pytest.raises(Cancelled):
        diarize(audio, plan, SpeakerOptions(), engine, Run(tmp_path, MACHINE, is_cancelled=lambda: True))


def test_an_unknown_model_lists_what_there_is() -> None:
    with pytest.raises(EngineUnavailable, match="choose statistics"):
        EmbeddedDiarizer("enormous", MACHINE)

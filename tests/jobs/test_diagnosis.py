"""What the doctor says of models: which would be used, with how much of the machine, and whether they load."""

from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from jobs import pipeline_gateway
from jobs.services import diagnosis
from jobs.services.diagnosis import Finding
from media_pipeline import devices
from media_pipeline.engines import pool
from media_pipeline.engines.diarization.embedded import EmbeddedDiarizer
from tests.media_pipeline.spoken import CHECKPOINT
from transcriber.env import Env


def found(name: str) -> Finding:
    return {finding.name: finding for finding in diagnosis.examine()}[name]


@pytest.mark.parametrize(
    ("variables", "state", "has_problem"),
    [
        (Env(WORKERS_GPU=1), "8 for a model: 8 cores, WORKERS_GPU=1", False),
        (Env(WORKERS_GPU=3), "2 for a model: 8 cores, WORKERS_GPU=3", False),
        (Env(WORKERS_GPU=20), "1 for a model: 8 cores, WORKERS_GPU=20", True),
        (Env(WORKERS_GPU=2, THREADS=8), "8 for a model: 8 cores, WORKERS_GPU=2", True),
    ],
)
def test_threads_that_would_fight_are_told(
    variables: Env, state: str, has_problem: bool, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(devices, "cores", lambda: 8)
    settings.ENV = variables

    finding = diagnosis._threads()

    assert (finding.state, bool(finding.problem), finding.is_fatal) == (state, has_problem, False)


@pytest.mark.parametrize(
    ("variables", "told"),
    [
        ({"DEFAULT_ENGINE": "pocketsphinx"}, "pocketsphinx, model en-us: DEFAULT_ENGINE says so"),
        ({}, "pocketsphinx, model en-us: nothing better can be used"),
        ({"WHISPER_MODEL": CHECKPOINT}, "whisper, model tiny-test: of those that can be used the quickest on cpu"),
        (
            {"DEFAULT_ENGINE": "whisper"},
            "pocketsphinx, model en-us: whisper, which DEFAULT_ENGINE names, cannot be used",
        ),
    ],
)
def test_what_automatic_takes_is_told_with_its_reason(
    variables: dict[str, Any], told: str, settings: Any, tmp_path: Path
) -> None:
    settings.ENV = Env(DEVICE="cpu", MODELS_DIR=tmp_path / "models", **variables)

    assert diagnosis._automatic_text() == told


@pytest.mark.django_db
def test_models_that_are_here_are_named(settings: Any, tmp_path: Path) -> None:
    weights = tmp_path / "models" / "whisper" / "small.pt"
    weights.parent.mkdir(parents=True)
    weights.touch()
    settings.ENV = Env(DEVICE="cpu", MODELS_DIR=tmp_path / "models", WHISPER_MODEL="base")

    finding = found("engine whisper")

    assert finding.state == "Whisper: small"
    assert "download_models base" in finding.problem
    assert found("automatic speakers").state == "embedded: nothing better can be used"
    assert "pyannote/community-1" in found("speakers by pyannote").problem


@pytest.mark.django_db
def test_a_wrong_setting_keeps_the_doctor_from_guessing_not_from_telling(settings: Any) -> None:
    settings.ENV = Env(DEVICE="cpu", DIARIZATION_ENGINE="ears")

    findings = {finding.name: finding for finding in diagnosis.examine()}

    assert "DIARIZATION_ENGINE is “ears”" in findings["settings"].problem
    assert "automatic speakers" not in findings


def test_models_are_loaded_when_asked_for_and_let_go_again(settings: Any) -> None:
    settings.ENV = Env(DEVICE="cpu", WHISPER_MODEL=CHECKPOINT, THREADS=1)

    text, speakers = diagnosis.load()

    assert (text.name, speakers.name) == ("loading whisper", "loading embedded")
    assert text.is_ok
    assert ", device cpu, batch " in text.state
    assert pool.is_empty()


def test_a_model_that_cannot_be_loaded_is_told_with_its_reason(
    settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*args: object) -> None:
        raise RuntimeError("CUDA error: no kernel image is available")

    damaged = tmp_path / "damaged.pt"
    damaged.write_bytes(b"no weights")
    settings.ENV = Env(DEVICE="cpu", WHISPER_MODEL=str(damaged), THREADS=1)
    monkeypatch.setattr(EmbeddedDiarizer, "__init__", refuse)

    text, speakers = diagnosis.load()

    assert "damaged.pt is not a Whisper checkpoint" in text.problem
    assert "RuntimeError" in speakers.problem


@pytest.mark.django_db
def test_the_command_loads_only_when_asked_to(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(diagnosis, "load", lambda: iter([Finding("loading something", "1.0 s")]))

    call_command("doctor")
    plain = capsys.readouterr().out
    call_command("doctor", "--load")

    assert "automatic text" in plain
    assert "loading something" not in plain
    assert "loading something" in capsys.readouterr().out


def test_the_engine_named_for_speakers_is_taken_whatever_else_is_there(settings: Any) -> None:
    settings.ENV = Env(DEVICE="cpu", DIARIZATION_ENGINE="pyannote")

    assert pipeline_gateway.diarization_engine() == "pyannote"
    assert diagnosis._automatic_speakers() == "pyannote: DIARIZATION_ENGINE says so"

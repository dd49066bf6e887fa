import io
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import SystemCheckError

from jobs import pipeline_gateway
from media_pipeline import devices
from media_pipeline.errors import EngineUnavailable
from media_pipeline.options import SpeakerOptions
from transcriber.env import Env


def use(settings: Any, folder: Path, **variables: Any) -> None:
    settings.ENV = Env(DATA_DIR=folder, DEVICE="cpu", **variables)


def test_an_unknown_default_engine_is_an_error_that_lists_the_choices(settings: Any, tmp_path: Path) -> None:
    use(settings, tmp_path, DEFAULT_ENGINE="wisper")

    with pytest.raises(EngineUnavailable, match=r"wisper.*pocketsphinx or whisper"):
        pipeline_gateway.transcribe_options()


@pytest.mark.parametrize("name", ["DEFAULT_ENGINE", "DIARIZATION_ENGINE", "DEVICE"])
def test_a_setting_that_names_nothing_known_stops_the_start(settings: Any, tmp_path: Path, name: str) -> None:
    use(settings, tmp_path)
    settings.ENV = Env(**{name: "wisper"})

    with pytest.raises(SystemCheckError, match=rf"{name} is .wisper., and must be auto"):
        call_command("check", stderr=io.StringIO())


@pytest.mark.parametrize(("asked", "taken"), [("EN", "en"), ("En-US", "en-US"), ("en", "en")])
def test_language_codes_are_taken_in_any_case(asked: str, taken: str) -> None:
    assert pipeline_gateway.transcribe_options(engine="pocketsphinx", language=asked).language == taken


def test_a_language_the_engine_does_not_know_is_refused() -> None:
    with pytest.raises(EngineUnavailable, match="knows: en"):
        pipeline_gateway.transcribe_options(engine="pocketsphinx", language="de")


def test_the_note_says_how_to_get_a_better_engine(settings: Any, tmp_path: Path) -> None:
    use(settings, tmp_path, WHISPER_MODEL="small")

    assert "manage.py download_models small --engine faster_whisper" in pipeline_gateway.engine_note()

    use(settings, tmp_path, WHISPER_MODEL="small", DEFAULT_ENGINE="whisper")

    assert "manage.py download_models small”" in pipeline_gateway.engine_note()


def test_the_note_tells_nobody_where_a_checkpoint_lies(settings: Any, tmp_path: Path) -> None:
    checkpoint = Path(__file__).parents[1] / "checkpoints" / "tiny-test.pt"

    use(settings, tmp_path, WHISPER_MODEL=str(checkpoint))
    assert pipeline_gateway.engine_note().endswith("with the model tiny-test.")

    use(settings, tmp_path, WHISPER_MODEL="/secret/place/own.pt")
    note = pipeline_gateway.engine_note()
    assert "WHISPER_MODEL" in note
    assert "/secret" not in note and "download_models" not in note


def give(folder: Path, *engines: str) -> None:
    """Files that look like the weights of model "base" for these engines."""
    files = {
        "whisper": ["whisper/base.pt"],
        "faster_whisper": [
            f"faster_whisper/base/{name}" for name in ("config.json", "model.bin", "tokenizer.json", "vocabulary.txt")
        ],
    }
    for name in (name for engine in engines for name in files[engine]):
        path = folder / "models" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


@pytest.mark.parametrize(("device", "engine"), [("cpu", "faster_whisper"), ("cuda", "whisper")])
def test_weights_are_fetched_for_the_engine_that_is_quick_here(
    device: str, engine: str, settings: Any, tmp_path: Path
) -> None:
    settings.ENV = Env(DATA_DIR=tmp_path, DEVICE=device)
    assert pipeline_gateway.engine_to_fetch() == engine

    give(tmp_path, "whisper")
    assert pipeline_gateway.engine_to_fetch() is None


@pytest.mark.parametrize(
    ("variables", "engine"),
    [
        ({"DEFAULT_ENGINE": "whisper"}, "whisper"),
        ({"DEFAULT_ENGINE": "pocketsphinx"}, None),
        ({"WHISPER_MODEL": "/models/own.pt"}, None),
        ({"WHISPER_MODEL": "distil-small.en"}, "faster_whisper"),
    ],
)
def test_what_is_fetched_is_what_the_settings_would_use(
    variables: dict[str, str], engine: str | None, settings: Any, tmp_path: Path
) -> None:
    use(settings, tmp_path, **variables)

    assert pipeline_gateway.engine_to_fetch() == engine


@pytest.mark.parametrize(
    ("device", "there", "taken"),
    [
        ("cpu", ("whisper", "faster_whisper"), "faster_whisper"),
        ("cpu", ("whisper",), "whisper"),
        ("cuda", ("whisper", "faster_whisper"), "whisper"),
        ("cuda", ("faster_whisper",), "faster_whisper"),
        ("cuda", (), "pocketsphinx"),
    ],
)
@pytest.mark.parametrize("is_told", [True, False])
def test_automatic_takes_what_is_there_and_quick_on_the_device(
    is_told: bool,
    device: str,
    there: tuple[str, ...],
    taken: str,
    settings: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings.ENV = Env(DATA_DIR=tmp_path, DEVICE=device if is_told else "auto")
    gpus = tmp_path / "gpus"
    gpus.mkdir()
    if device == "cuda":
        (gpus / "0000:01:00.0").mkdir()
    monkeypatch.setattr(devices, "_NVIDIA_GPUS", tmp_path / "nowhere" if is_told else gpus)
    give(settings.ENV.models_dir.parent, *there)

    chosen = pipeline_gateway.auto_engine()

    assert chosen.name == taken
    assert f"Automatic uses {chosen.title}" in pipeline_gateway.engine_note()


def test_the_engine_chosen_as_default_comes_before_the_quicker_one(settings: Any, tmp_path: Path) -> None:
    use(settings, tmp_path, DEFAULT_ENGINE="whisper")
    give(settings.ENV.models_dir.parent, "whisper", "faster_whisper")

    assert pipeline_gateway.auto_engine().name == "whisper"


def test_a_checkpoint_of_ones_own_comes_before_the_official_models(settings: Any, tmp_path: Path) -> None:
    checkpoints = Path(__file__).parents[1] / "checkpoints"
    for model, engine in [("tiny-test.pt", "whisper"), ("tiny-test-ct2", "faster_whisper")]:
        use(settings, tmp_path, WHISPER_MODEL=str(checkpoints / model))
        give(settings.ENV.models_dir.parent, "whisper", "faster_whisper")

        taken = pipeline_gateway.transcribe_options()

        assert (taken.engine, taken.model) == (engine, str(checkpoints / model))
        assert {pipeline_gateway.default_model(name) for name in ("whisper", "faster_whisper")} == {taken.model, "base"}


def test_the_note_says_how_to_get_the_engine_chosen_as_default(settings: Any, tmp_path: Path) -> None:
    use(settings, tmp_path, WHISPER_MODEL="distil-small.en")
    assert "download_models distil-small.en --engine faster_whisper" in pipeline_gateway.engine_note()

    use(settings, tmp_path, DEFAULT_ENGINE="faster_whisper", WHISPER_MODEL="small")
    assert "download_models small --engine faster_whisper" in pipeline_gateway.engine_note()


def test_an_embedded_engine_that_was_chosen_needs_no_advice(settings: Any, tmp_path: Path) -> None:
    use(settings, tmp_path, DEFAULT_ENGINE="pocketsphinx")

    assert "download_models" not in pipeline_gateway.engine_note()


@pytest.mark.parametrize(
    ("asked", "code"),
    [({"mixed_languages": True}, "languages_not_mixed"), ({"carry_context": True}, "context_not_used")],
)
def test_an_option_without_effect_is_refused(asked: dict[str, bool], code: str) -> None:
    with pytest.raises(EngineUnavailable) as refused:
        pipeline_gateway.transcribe_options(engine="pocketsphinx", **asked)  # type: ignore[arg-type]

    assert refused.value.code == code
    assert "PocketSphinx" in refused.value.message


def test_the_pipeline_of_the_settings_goes_to_the_engine_that_can_have_it(settings: Any, tmp_path: Path) -> None:
    pipeline = tmp_path / "voices"
    pipeline.mkdir()
    (pipeline / "config.yaml").touch()

    use(settings, tmp_path, DIARIZATION_MODEL=str(pipeline))
    found = pipeline_gateway.transcribe_options(engine="pocketsphinx")
    assert (found.diarization_engine, found.diarization_model) == ("pyannote", str(pipeline))

    use(settings, tmp_path, DIARIZATION_MODEL=str(pipeline), DIARIZATION_ENGINE="embedded")
    assert pipeline_gateway.transcribe_options(engine="pocketsphinx").diarization_model == ""
    again = pipeline_gateway.with_speakers(found, SpeakerOptions(exact=2))
    assert (again.diarization_engine, again.diarization_model) == ("embedded", "")


def test_a_token_lets_a_pipeline_be_fetched_and_is_not_shown(settings: Any, tmp_path: Path) -> None:
    use(settings, tmp_path, DIARIZATION_MODEL="someone/voices")
    assert pipeline_gateway.diarization_engine() == "embedded"

    use(settings, tmp_path, DIARIZATION_MODEL="someone/voices", HF_TOKEN="hf_secret")

    assert pipeline_gateway.diarization_engine() == "pyannote"
    assert pipeline_gateway.machine().hub_token == "hf_secret"
    assert "hf_secret" not in f"{settings.ENV!r} {pipeline_gateway.machine()!r}"

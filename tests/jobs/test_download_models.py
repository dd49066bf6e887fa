import io
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from media_pipeline import downloads
from media_pipeline.errors import EngineUnavailable
from transcriber.env import Env


@pytest.fixture
def asked(settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, ...]]:
    """What is asked for, instead of being fetched."""
    settings.ENV = Env(DATA_DIR=tmp_path)
    calls: list[tuple[str, ...]] = []

    def pretend(engine: str, name: str, models_dir: Path, report: downloads.Report) -> Path:
        calls.append((engine, name))
        if name == "enormous":
            raise EngineUnavailable("unknown_model", "There is no such model.")
        report(1.0)
        return models_dir / engine / name

    monkeypatch.setattr(downloads, "download", pretend)
    return calls


@pytest.mark.parametrize(
    ("arguments", "fetched"),
    [
        ([], ("whisper", "base")),
        (["small"], ("whisper", "small")),
        (["distil-small.en"], ("faster_whisper", "distil-small.en")),
        (["base", "--engine", "faster_whisper"], ("faster_whisper", "base")),
    ],
)
def test_fetches_a_model_in_the_form_of_an_engine(
    arguments: list[str], fetched: tuple[str, str], asked: list[tuple[str, ...]], tmp_path: Path
) -> None:
    told = io.StringIO()

    call_command("download_models", *arguments, stderr=told)

    assert asked == [fetched]
    assert f"is at {tmp_path / 'models' / fetched[0] / fetched[1]}" in told.getvalue()


def test_what_goes_wrong_is_said_in_a_sentence(asked: list[tuple[str, ...]]) -> None:
    told = io.StringIO()

    with pytest.raises(SystemExit) as ended:
        call_command("download_models", "enormous", stderr=told)

    assert ended.value.code == 1
    assert told.getvalue() == "There is no such model.\n"

import subprocess
import sys

import pytest

from media_pipeline.engines import registry
from media_pipeline.errors import EngineUnavailable

HEAVY = ("torch", "whisper", "pyannote.audio", "pocketsphinx", "scipy")


@pytest.mark.parametrize("kind", ["stt", "vad", "diarization"])
def test_describes_every_engine_under_its_own_name(kind: str) -> None:
    for name in registry.names(kind):
        info = registry.info(kind, name)

        assert info.name == name
        assert info.title
        assert info.note
        assert info.default_model in info.models


def test_an_unknown_name_lists_the_choices() -> None:
    with pytest.raises(EngineUnavailable, match="pocketsphinx or whisper") as caught:
        registry.info("stt", "sphinx")

    assert caught.value.code == "unknown_engine"


def test_an_unknown_kind_lists_the_choices() -> None:
    with pytest.raises(EngineUnavailable, match="stt or vad or diarization"):
        registry.names("music")


def test_describing_engines_and_recipes_loads_nothing_heavy() -> None:
    program = f"""
import sys
from pathlib import Path
from media_pipeline import downloads, recipes
from media_pipeline.engines import registry
from media_pipeline.exports.registry import EXPORTERS
from media_pipeline.run import Machine
for kind in ("stt", "vad", "diarization"):
    for name in registry.names(kind):
        engine = registry.engine_class(kind, name)
        engine.missing(engine.info.default_model, Machine(Path("nowhere")))
print([name for name in {HEAVY} if name in sys.modules])
"""

    printed = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True).stdout

    assert printed.strip() == "[]"

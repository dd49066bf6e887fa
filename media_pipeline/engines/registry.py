"""Engines by kind and name. A module is imported when its engine is first asked for, never before."""

from importlib import import_module
from typing import Literal, TypeAlias, overload

from media_pipeline.engines.base import Diarizer, Engine, EngineInfo, SpeechToText, VoiceActivityDetector
from media_pipeline.errors import EngineUnavailable
from media_pipeline.wording import say

Kind: TypeAlias = Literal["stt", "vad", "diarization"]

_PACKAGE = "media_pipeline.engines"
_PATHS: dict[str, dict[str, str]] = {
    "stt": {
        "pocketsphinx": f"{_PACKAGE}.stt.pocketsphinx.PocketSphinx",
        "whisper": f"{_PACKAGE}.stt.whisper.OpenAIWhisper",
        "faster_whisper": f"{_PACKAGE}.stt.faster_whisper.FasterWhisper",
    },
    "vad": {
        "silero": f"{_PACKAGE}.vad.silero.SileroVad",
    },
    "diarization": {
        "embedded": f"{_PACKAGE}.diarization.embedded.EmbeddedDiarizer",
        "pyannote": f"{_PACKAGE}.diarization.pyannote.PyannoteDiarizer",
    },
}


def names(kind: str) -> tuple[str, ...]:
    """All engines of `kind`, in the order in which to offer them."""
    return tuple(_engines(kind))


def info(kind: str, name: str) -> EngineInfo:
    """What is said about an engine without loading it."""
    return engine_class(kind, name).info


@overload
def engine_class(kind: Literal["stt"], name: str) -> type[SpeechToText]: ...
@overload
def engine_class(kind: Literal["vad"], name: str) -> type[VoiceActivityDetector]: ...
@overload
def engine_class(kind: Literal["diarization"], name: str) -> type[Diarizer]: ...
@overload
def engine_class(kind: str, name: str) -> type[Engine]: ...
def engine_class(kind: str, name: str) -> type[Engine]:
    """The class behind a name.

    Raises:
        EngineUnavailable: `unknown_engine`; the message lists the choices.
    """
    engines = _engines(kind)
    if name not in engines:
        raise EngineUnavailable(
            "unknown_engine",
            say(
                "There is no {kind} engine {name}; choose {choices}.",
                kind=kind,
                name=repr(name),
                choices=_listed(engines),
            ),
        )
    module, _, attribute = engines[name].rpartition(".")
    found: type[Engine] = getattr(import_module(module), attribute)
    return found


def _engines(kind: str) -> dict[str, str]:
    if kind not in _PATHS:
        raise EngineUnavailable(
            "unknown_engine",
            say("There is no kind of engine {kind}; choose {choices}.", kind=repr(kind), choices=_listed(_PATHS)),
        )
    return _PATHS[kind]


def _listed(choices: dict[str, str] | dict[str, dict[str, str]]) -> str:
    return " or ".join(choices)

"""Loaded engines, kept between the steps of one process: loading a model can take longer than using it."""

import gc
import sys
import threading
from typing import Literal, overload

from media_pipeline.engines import registry
from media_pipeline.engines.base import Diarizer, Engine, SpeechToText, VoiceActivityDetector
from media_pipeline.errors import EngineUnavailable
from media_pipeline.run import Machine

_Key = tuple[str, str, str, Machine]

_loaded: dict[_Key, Engine] = {}
_lock = threading.Lock()


@overload
def get(kind: Literal["stt"], name: str, model: str, machine: Machine) -> SpeechToText: ...
@overload
def get(kind: Literal["vad"], name: str, model: str, machine: Machine) -> VoiceActivityDetector: ...
@overload
def get(kind: Literal["diarization"], name: str, model: str, machine: Machine) -> Diarizer: ...
def get(kind: registry.Kind, name: str, model: str, machine: Machine) -> Engine:
    """The engine, loaded on first use. An empty `model` means its default.

    Two threads that ask at once get the same object. An engine does one thing at a time: whoever shares it
    between threads must take turns.

    Raises:
        EngineUnavailable: Unknown, or it cannot be used here; the message says what to do.
    """
    engine_class = registry.engine_class(kind, name)
    key = (kind, name, model or engine_class.info.default_model, machine)
    with _lock:
        if key not in _loaded:
            _loaded[key] = _load(engine_class, key[2], machine)
        return _loaded[key]


def unload_all() -> None:
    """Forget all engines and give their memory back, that of the GPU too."""
    with _lock:
        _loaded.clear()
    gc.collect()
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_available():
        torch.cuda.empty_cache()


def _load(engine_class: type[Engine], model: str, machine: Machine) -> Engine:
    problem = engine_class.missing(model, machine)
    if problem:
        raise EngineUnavailable("engine_unavailable", problem)
    return engine_class(model, machine)

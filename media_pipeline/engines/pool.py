"""Loaded engines, kept between the steps of one process: loading a model can take longer than using it.

Memory is finite, so there is one of each kind at a time, and none is left after a crash.
"""

import gc
import sys
import threading
import traceback
from collections.abc import Callable
from functools import wraps
from typing import Literal, ParamSpec, TypeVar, overload

from media_pipeline.engines import registry
from media_pipeline.engines.base import Diarizer, Engine, SpeechToText, VoiceActivityDetector
from media_pipeline.errors import EngineCrashed, EngineUnavailable
from media_pipeline.run import Machine

P = ParamSpec("P")
T = TypeVar("T")

_Key = tuple[str, str, Machine]

_loaded: dict[registry.Kind, tuple[_Key, Engine]] = {}
_lock = threading.Lock()


@overload
def get(kind: Literal["stt"], name: str, model: str, machine: Machine) -> SpeechToText: ...
@overload
def get(kind: Literal["vad"], name: str, model: str, machine: Machine) -> VoiceActivityDetector: ...
@overload
def get(kind: Literal["diarization"], name: str, model: str, machine: Machine) -> Diarizer: ...
def get(kind: registry.Kind, name: str, model: str, machine: Machine) -> Engine:
    """The engine, loaded on first use. An empty `model` means its default.

    Another engine of the same kind is let go first: two large models at once may be more than fits.

    Two threads that ask at once get the same object. An engine does one thing at a time: whoever shares it
    between threads must take turns.

    Raises:
        EngineUnavailable: Unknown, or it cannot be used here; the message says what to do.
        EngineCrashed: `out_of_memory`.
    """
    engine_class = registry.engine_class(kind, name)
    key = (name, model or engine_class.info.default_model, machine)
    with _lock:
        if kind not in _loaded or _loaded[kind][0] != key:
            problem = engine_class.missing(key[1], machine)
            if problem:
                raise EngineUnavailable("engine_unavailable", problem)
            _loaded.pop(kind, None)
            _give_memory_back()
            _loaded[kind] = key, engine_class(key[1], machine)
        return _loaded[kind][1]


def is_empty() -> bool:
    """Whether no engine is loaded."""
    return not _loaded


def unload_all() -> None:
    """Forget all engines and give their memory back, that of the GPU too."""
    with _lock:
        _loaded.clear()
        _give_memory_back()


def emptied_by_crash(work: Callable[P, T]) -> Callable[P, T]:
    """`work`, such that when an engine crashes in it, all are unloaded before the error goes on.

    Most crashes are a memory run full: the next attempt, here or in a process beside this one, finds it free.
    """

    @wraps(work)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return work(*args, **kwargs)
        except EngineCrashed as crash:
            _forget_locals(crash)
            unload_all()
            raise

    return guarded


def _forget_locals(error: BaseException | None) -> None:
    """Empty the frames an error carries with it: their variables hold models and tensors."""
    while error is not None:
        traceback.clear_frames(error.__traceback__)
        error = error.__cause__ or error.__context__


def _give_memory_back() -> None:
    gc.collect()
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_initialized():
        torch.cuda.empty_cache()

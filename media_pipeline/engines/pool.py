"""Loaded engines, kept between the steps of one process: loading a model can take longer than using it.

Memory is finite, so there is one of each kind at a time, the one used longest ago is let go when another does not
fit, and none is left after a crash.
"""

import ctypes
import gc
import logging
import sys
import threading
import traceback
from collections.abc import Callable
from functools import wraps
from typing import Literal, ParamSpec, TypeVar, overload

from media_pipeline import devices
from media_pipeline.engines import registry
from media_pipeline.engines.base import Diarizer, Engine, SpeechToText, VoiceActivityDetector
from media_pipeline.errors import EngineCrashed, EngineUnavailable
from media_pipeline.run import Machine
from media_pipeline.wording import say

P = ParamSpec("P")
T = TypeVar("T")

log = logging.getLogger(__name__)

_Key = tuple[str, str, Machine]

_loaded: dict[registry.Kind, tuple[_Key, Engine]] = {}  # in the order of their last use
_lock = threading.RLock()  # an engine may ask for room while it is being loaded
_gpu_is_lost = threading.Event()


@overload
def get(kind: Literal["stt"], name: str, model: str, machine: Machine) -> SpeechToText: ...
@overload
def get(kind: Literal["vad"], name: str, model: str, machine: Machine) -> VoiceActivityDetector: ...
@overload
def get(kind: Literal["diarization"], name: str, model: str, machine: Machine) -> Diarizer: ...
def get(kind: registry.Kind, name: str, model: str, machine: Machine) -> Engine:
    """The engine, loaded on first use. An empty `model` means its default.

    Another engine of the same kind is let go first: two large models at once may be more than fits. When the new one
    does not fit all the same, the other kinds go as well, the one used longest ago first. Whoever holds an engine
    keeps it: only the pool forgets.

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
            _loaded[kind] = key, _fitted_in(lambda: engine_class(key[1], machine))
        _loaded[kind] = _loaded.pop(kind)
        return _loaded[kind][1]


def _fitted_in(load: Callable[[], Engine]) -> Engine:
    """What `load` returns, called again after letting go of one engine after the other while memory is too small."""
    while True:
        try:
            return load()
        except EngineCrashed as crash:
            if crash.code != "out_of_memory" or not _loaded:
                raise
            _forget_locals(crash)
        _let_oldest_go()  # outside the block above: its error holds what filled the memory


def _let_oldest_go() -> None:
    kind = next(iter(_loaded))
    (name, model, _), _engine = _loaded.pop(kind)
    del _engine
    log.warning("memory is short: %s engine %s %s is unloaded", kind, name, model)
    _give_memory_back()


def unload_oldest() -> bool:
    """Let go of the engine used longest ago, never of the one asked for last. False when there is no other."""
    with _lock:
        if len(_loaded) < 2:
            return False
        _let_oldest_go()
        return True


def is_empty() -> bool:
    """Whether no engine is loaded."""
    return not _loaded


def unload_all() -> None:
    """Forget all engines and give their memory back, that of the GPU too."""
    with _lock:
        _loaded.clear()
        _give_memory_back()


def is_spent() -> bool:
    """Whether the GPU is lost to this process, so that only another one can go on."""
    return _gpu_is_lost.is_set()


def emptied_by_crash(work: Callable[P, T]) -> Callable[P, T]:
    """`work`, such that when an engine crashes in it, all are unloaded before the error goes on.

    Most crashes are a memory run full: the next attempt, here or in a process beside this one, finds it free. A GPU
    that reports an error of its own is lost to this process (`is_spent`), and with it all that is loaded there.

    Raises:
        EngineCrashed: `gpu_lost`, beside all that `work` raises.
    """

    @wraps(work)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return work(*args, **kwargs)
        except Exception as error:
            reason = devices.loss(error)
            if reason is not None:
                _gpu_is_lost.set()
                raise _gpu_lost(reason) from error
            if isinstance(error, EngineCrashed):
                _forget_locals(error)
                unload_all()
            raise

    return guarded


def _gpu_lost(reason: str) -> EngineCrashed:
    return EngineCrashed(
        "gpu_lost",
        say(
            "The GPU failed in the middle of this step ({reason}). Start the job again; it goes on from here.",
            reason=reason,
        ),
    )


def _forget_locals(error: BaseException | None) -> None:
    """Empty the frames an error carries with it: their variables hold models and tensors."""
    while error is not None:
        traceback.clear_frames(error.__traceback__)
        error = error.__cause__ or error.__context__


def _give_memory_back() -> None:
    gc.collect()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # of glibc; others have none
    if trim is not None:
        trim(0)  # else what was freed in small pieces stays with the process: hundreds of megabytes of a Whisper base
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_initialized():
        torch.cuda.empty_cache()

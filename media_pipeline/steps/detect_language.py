"""Find the language of a recording once, so that all its chunks are transcribed in the same one."""

from itertools import pairwise

from media_pipeline.engines.base import SpeechToText
from media_pipeline.media import Audio, SpeechPlan, Window
from media_pipeline.run import Run
from media_pipeline.transcript import Seconds
from media_pipeline.windows import pack_windows

WINDOWS = 5


def detect_language(audio: Audio, plan: SpeechPlan, engine: SpeechToText, run: Run) -> str:
    """The language most probable over a few windows spread over the whole recording, BCP 47.

    Raises:
        EngineUnavailable, EngineCrashed: As the engine does.
    """
    run.report(0.0)
    language = engine.detect_language(audio, samples_of(plan), run)
    run.report(1.0)
    return language


def samples_of(plan: SpeechPlan, count: int = WINDOWS) -> tuple[Window, ...]:
    """At most `count` windows in time order: of each part of the recording the one with the most speech in it."""
    windows = [window for chunk in plan.chunks for window in pack_windows(chunk)]
    count = min(count, len(windows))
    edges = [len(windows) * part // count for part in range(count + 1)] if count else [0]
    return tuple(max(windows[first:last], key=_speech) for first, last in pairwise(edges))


def _speech(window: Window) -> Seconds:
    return sum(region.end - region.start for region in window.regions)

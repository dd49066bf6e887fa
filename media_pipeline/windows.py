"""Pack the speech of a chunk into windows that a model hears at once."""

import math
from collections.abc import Iterator
from itertools import pairwise

from media_pipeline.media import Chunk, SpeechRegion, Window
from media_pipeline.transcript import Seconds


def pack_windows(chunk: Chunk, max_seconds: Seconds = 30.0) -> tuple[Window, ...]:
    """Windows of at most `max_seconds` that hold all speech of `chunk`, each stretch once, in time order.

    Neighboring regions share a window while they fit, with the silence between them as it was. A region longer
    than a window is cut into equal parts; `detect_speech` has already cut long ones where they are quietest.
    """
    windows: list[Window] = []
    packed: list[SpeechRegion] = []
    for region in _fitting(chunk.regions, max_seconds):
        if packed and region.end - packed[0].start > max_seconds:
            windows.append(_window(packed))
            packed = []
        packed.append(region)
    if packed:
        windows.append(_window(packed))
    return tuple(windows)


def _window(regions: list[SpeechRegion]) -> Window:
    return Window(regions[0].start, regions[-1].end, tuple(regions))


def _fitting(regions: tuple[SpeechRegion, ...], max_seconds: Seconds) -> Iterator[SpeechRegion]:
    for region in regions:
        length = region.end - region.start
        parts = max(1, math.ceil(length / max_seconds))
        edges = [region.start + length * part / parts for part in range(parts)] + [region.end]
        yield from (SpeechRegion(start, end) for start, end in pairwise(edges))

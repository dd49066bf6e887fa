"""Find where somebody speaks, and cut the recording there into chunks for many workers."""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import pairwise

import numpy as np

from media_pipeline.engines.base import VoiceActivityDetector
from media_pipeline.media import SAMPLE_RATE_HZ, Audio, Chunk, SpeechPlan, SpeechRegion
from media_pipeline.options import TranscribeOptions
from media_pipeline.run import Run
from media_pipeline.transcript import Seconds

# Speech without a pause is cut into pieces that leave room in a window of 30 s.
MAX_REGION: Seconds = 28.0
MAX_SLACK: Seconds = 30.0
SLACK_SHARE = 0.25

_TICK_SAMPLES = 320  # 20 ms
_SMOOTHED_TICKS = 5

FindQuietest = Callable[[Seconds, Seconds], Seconds]


def detect_speech(audio: Audio, vad: VoiceActivityDetector, options: TranscribeOptions, run: Run) -> SpeechPlan:
    """Where speech is, and chunks of about `options.chunk_seconds` that hold all of it. No chunks for silence."""
    regions = vad.detect(audio, run)
    return plan(regions, audio.facts.duration, options.chunk_seconds, lambda start, end: quietest(audio, start, end))


def plan(
    regions: Sequence[SpeechRegion], duration: Seconds, chunk_seconds: Seconds, find_quietest: FindQuietest
) -> SpeechPlan:
    """Cut into chunks of about `chunk_seconds`, without overlap.

    A cut falls into the longest silence near each mark (within 30 s, or a quarter of a shorter chunk), else
    where the speech near it is quietest. Stretches without speech belong to no chunk.

    Args:
        regions: In time order, not overlapping.
        find_quietest: Asked for the quietest place between two times.
    """
    cuts = [0.0, *_cuts(regions, duration, chunk_seconds, find_quietest), duration]
    pieces = list(_split_long(_split_at(regions, cuts), find_quietest))
    starts = [piece.start for piece in pieces]
    chunks: list[Chunk] = []
    for start, end in pairwise(cuts):
        inside = tuple(pieces[bisect_left(starts, start) : bisect_left(starts, end)])
        if inside:
            chunks.append(Chunk(len(chunks), start, end, inside))
    return SpeechPlan(duration, tuple(chunks))


def quietest(audio: Audio, start: Seconds, end: Seconds) -> Seconds:
    """The middle of the quietest 100 ms between `start` and `end`; the middle of all when that is shorter."""
    samples = audio.read(start, end)
    ticks = samples.size // _TICK_SAMPLES
    if ticks < _SMOOTHED_TICKS:
        return (start + end) / 2
    grid = samples[: ticks * _TICK_SAMPLES].reshape(ticks, _TICK_SAMPLES)
    energy = np.einsum("ij,ij->i", grid, grid)
    smooth = np.convolve(energy, np.ones(_SMOOTHED_TICKS), mode="valid")
    middle_tick = int(smooth.argmin()) + _SMOOTHED_TICKS / 2
    return start + middle_tick * _TICK_SAMPLES / SAMPLE_RATE_HZ


def _cuts(
    regions: Sequence[SpeechRegion], duration: Seconds, chunk_seconds: Seconds, find_quietest: FindQuietest
) -> Iterator[Seconds]:
    """Where chunks meet, in time order, strictly inside the recording."""
    slack = min(MAX_SLACK, chunk_seconds * SLACK_SHARE)
    start = 0.0
    while duration - start > chunk_seconds + slack:
        low, high = start + chunk_seconds - slack, start + chunk_seconds + slack
        silence = max(_silences(regions, low, high), key=lambda gap: gap[1] - gap[0], default=None)
        start = sum(silence) / 2 if silence else find_quietest(low, high)
        yield start


def _silences(regions: Sequence[SpeechRegion], low: Seconds, high: Seconds) -> Iterator[tuple[Seconds, Seconds]]:
    """What lies between regions, as far as it lies between `low` and `high`."""
    cursor = low
    for region in regions:
        if region.end <= low:
            continue
        if region.start >= high:
            break
        if region.start > cursor:
            yield cursor, region.start
        cursor = region.end
    if cursor < high:
        yield cursor, high


def _split_at(regions: Iterable[SpeechRegion], cuts: Sequence[Seconds]) -> Iterator[SpeechRegion]:
    """`regions`, each cut wherever one of `cuts` falls inside it."""
    for region in regions:
        inner = cuts[bisect_right(cuts, region.start) : bisect_left(cuts, region.end)]
        edges = [region.start, *inner, region.end]
        yield from (SpeechRegion(start, end) for start, end in pairwise(edges))


def _split_long(regions: Iterable[SpeechRegion], find_quietest: FindQuietest) -> Iterator[SpeechRegion]:
    """`regions`, those beyond `MAX_REGION` cut where they are quietest."""
    for region in regions:
        start = region.start
        while region.end - start > MAX_REGION:
            cut = find_quietest(start + MAX_REGION / 2, min(start + MAX_REGION, region.end - 1.0))
            yield SpeechRegion(start, cut)
            start = cut
        yield SpeechRegion(start, region.end)

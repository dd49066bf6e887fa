"""Find where somebody speaks, and cut the recording there into chunks for many workers."""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence

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
# What two chunks both hear where nobody pauses near their mark.
MAX_OVERLAP: Seconds = 10.0

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
    """Cut into chunks of about `chunk_seconds`.

    A cut falls into the longest silence near each mark (within 30 s, or a quarter of a shorter chunk). Where there
    is none, the two chunks overlap by 10 s (or half of that slack) around the quietest place, and `text.merge` finds
    the word to go over at. Stretches without speech belong to no chunk.

    Args:
        regions: In time order, not overlapping. Their detector parts them only at silences of 0.3 s or more, of which
            it may keep some as padding: so any gap, even an empty one, is such a silence.
        find_quietest: Asked for the quietest place between two times.
    """
    chunks: list[Chunk] = []
    for start, end in _spans(regions, duration, chunk_seconds, find_quietest):
        inside = tuple(_split_long(_clipped(regions, start, end), find_quietest))
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


def _spans(
    regions: Sequence[SpeechRegion], duration: Seconds, chunk_seconds: Seconds, find_quietest: FindQuietest
) -> Iterator[tuple[Seconds, Seconds]]:
    """Start and end of one chunk after the other; together they hold the whole recording."""
    slack = min(MAX_SLACK, chunk_seconds * SLACK_SHARE)
    start = mark = 0.0
    while duration - mark > chunk_seconds + slack:
        low, high = mark + chunk_seconds - slack, mark + chunk_seconds + slack
        silence = max(_silences(regions, low, high), key=lambda gap: gap[1] - gap[0], default=None)
        mark = sum(silence) / 2 if silence else find_quietest(low, high)
        shared = 0.0 if silence else min(MAX_OVERLAP, slack / 2)
        yield start, min(duration, mark + shared / 2)
        start = mark - shared / 2
    yield start, duration


def _silences(regions: Sequence[SpeechRegion], low: Seconds, high: Seconds) -> Iterator[tuple[Seconds, Seconds]]:
    """What lies between regions, as far as it is between `low` and `high`; 0 s between two that touch."""
    cursor = low
    for region in regions[bisect_right(regions, low, key=_end) :]:
        if region.start >= high:
            break
        if region.start > cursor or (cursor > low and region.start == cursor):
            yield cursor, region.start
        cursor = region.end
    if cursor < high:
        yield cursor, high


def _clipped(regions: Sequence[SpeechRegion], start: Seconds, end: Seconds) -> Iterator[SpeechRegion]:
    """The regions, and pieces of regions, between `start` and `end`."""
    for region in regions[bisect_right(regions, start, key=_end) :]:
        if region.start >= end:
            break
        yield SpeechRegion(max(region.start, start), min(region.end, end))


def _end(region: SpeechRegion) -> Seconds:
    return region.end


def _split_long(regions: Iterable[SpeechRegion], find_quietest: FindQuietest) -> Iterator[SpeechRegion]:
    """`regions`, those beyond `MAX_REGION` cut where they are quietest."""
    for region in regions:
        start = region.start
        while region.end - start > MAX_REGION:
            cut = find_quietest(start + MAX_REGION / 2, min(start + MAX_REGION, region.end - 1.0))
            yield SpeechRegion(start, cut)
            start = cut
        yield SpeechRegion(start, region.end)

"""Some seconds of a speaker's voice, to know them by."""

import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import msgspec

from jobs import storage
from jobs.models import Recording, Speaker, Transcript
from jobs.services import statistics
from jobs.services.statistics import Said
from media_pipeline import ffmpeg
from media_pipeline.media import MediaInfo
from media_pipeline.transcript import Seconds

LONGEST: Seconds = 10.0
# A pause that a person makes while they go on speaking.
LONGEST_PAUSE: Seconds = 1.5


@dataclass(frozen=True, slots=True)
class Sample:
    """Where in the recording somebody is heard well."""

    start: Seconds
    length: Seconds


def find_sample(transcript: Transcript, speaker: Speaker) -> Sample | None:
    """The beginning of what they say longest with nobody else heard; with others, where there is no such place.

    None when they say nothing.
    """
    said = list(statistics.said_in(transcript))
    alone = _pieces(said, speaker.pk, is_alone=True)
    best = max(alone or _pieces(said, speaker.pk, is_alone=False), key=lambda sample: sample.length, default=None)
    return best and Sample(best.start, min(LONGEST, best.length))


def _pieces(said: Iterable[Said], speaker: int, *, is_alone: bool) -> list[Sample]:
    found = []
    for is_wanted, group in groupby(said, lambda one: one.speaker == speaker and not (is_alone and one.is_overlapped)):
        if is_wanted:
            found += [Sample(start, end - start) for start, end in _without_long_pauses(group) if end > start]
    return found


def _without_long_pauses(said: Iterable[Said]) -> Iterator[tuple[Seconds, Seconds]]:
    start = end = None
    for one in said:
        if start is None or end is None:
            start, end = one.start, one.end
        elif one.start > end + LONGEST_PAUSE:
            yield start, end
            start, end = one.start, one.end
        else:
            end = max(end, one.end)
    if start is not None and end is not None:
        yield start, end


def cut_sample(recording: Recording, sample: Sample) -> bytes:
    """The sample as a small MP3.

    Raises:
        FileNotFoundError: The media is gone.
        InputError, EngineError: See `ffmpeg.cut`.
    """
    if not storage.exists(recording.media_key):
        raise FileNotFoundError(recording.media_key)
    source = storage.local_path(recording.media_key)
    info = msgspec.convert(recording.media_info, MediaInfo) if recording.media_info else ffmpeg.probe(source)
    with tempfile.TemporaryDirectory(prefix="sample-") as folder:
        target = Path(folder) / "sample.mp3"
        ffmpeg.cut(source, target, info, sample.start, sample.length)
        return target.read_bytes()

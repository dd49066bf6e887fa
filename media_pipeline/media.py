"""What passes between steps."""

import wave
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from media_pipeline.transcript import Seconds, Segment

SAMPLE_RATE_HZ = 16_000
Samples = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class MediaInfo:
    """What ffprobe found. `audio_stream` is the index of the stream to decode.

    `audio_delay` is how much later than the file that stream begins: the decoded sound has no such silence in front.
    """

    container: str
    duration: Seconds | None
    audio_codec: str
    audio_stream: int
    sample_rate_hz: int
    channels: int
    has_video: bool
    size_bytes: int
    audio_delay: Seconds = 0.0


@dataclass(frozen=True, slots=True)
class VideoInfo:
    """What ffprobe found in a file with a moving picture.

    Attributes:
        width: As it is shown: upright, in square pixels. So is `height`.
        frames_per_second: For a video with as many in every second; 12 to 60.
        sounds: (index of the stream, codec) of each sound track.
        audio_delay: As in `MediaInfo`: what is at 0 on the recording's clock is so late in the file.
    """

    container: str
    duration: Seconds | None
    size_bytes: int
    picture_stream: int
    picture_codec: str
    width: int
    height: int
    frames_per_second: float
    sounds: tuple[tuple[int, str], ...]
    audio_delay: Seconds = 0.0


@dataclass(frozen=True, slots=True)
class AudioFacts:
    """What `normalize` measured. `gain` is the linear factor that brings speech to the working loudness."""

    duration: Seconds
    gain: float
    loudness_db: float | None
    peak: float


@dataclass(frozen=True, slots=True)
class Audio:
    """Normalized audio on disk: 16 kHz mono 16-bit WAV, read by window so memory does not grow with length.

    `begin` is where on the recording's clock the WAV begins: later than 0 when it holds a passage only.
    """

    path: Path
    facts: AudioFacts
    begin: Seconds = 0.0

    def read(self, start: Seconds, end: Seconds) -> Samples:
        """Samples from `start` to `end`: float32, shape (num_samples,), -1..1, gain applied."""
        first = max(0, round((start - self.begin) * SAMPLE_RATE_HZ))
        with wave.open(str(self.path), "rb") as wav:
            first = min(first, wav.getnframes())
            wav.setpos(first)
            raw = wav.readframes(max(0, round((end - self.begin) * SAMPLE_RATE_HZ) - first))
        samples = np.frombuffer(raw, dtype="<i2").astype(np.float32)
        samples *= self.facts.gain / 32768.0
        return np.clip(samples, -1.0, 1.0, out=samples)


@dataclass(frozen=True, slots=True)
class SpeechRegion:
    """A stretch in which somebody speaks."""

    start: Seconds
    end: Seconds


@dataclass(frozen=True, slots=True)
class Chunk:
    """A piece of the recording cut in silence: the unit of fan-out and retry.

    Where nobody paused, it overlaps its neighbor, and both hold the regions of the seconds they share.
    """

    index: int
    start: Seconds
    end: Seconds
    regions: tuple[SpeechRegion, ...]


@dataclass(frozen=True, slots=True)
class SpeechPlan:
    """What `detect_speech` decided: where speech is, and how the recording is cut."""

    duration: Seconds
    chunks: tuple[Chunk, ...]

    @property
    def regions(self) -> tuple[SpeechRegion, ...]:
        """All speech once, in time order, also where chunks overlap."""
        found: list[SpeechRegion] = []
        heard_until: Seconds = 0.0
        for chunk in self.chunks:
            for region in chunk.regions:
                if region.end > heard_until:
                    found.append(SpeechRegion(max(region.start, heard_until), region.end))
                    heard_until = region.end
        return tuple(found)

    @property
    def speech_seconds(self) -> Seconds:
        return sum(region.end - region.start for region in self.regions)


@dataclass(frozen=True, slots=True)
class Window:
    """At most 30 s packed from neighboring speech regions of one chunk, silence between them kept."""

    start: Seconds
    end: Seconds
    regions: tuple[SpeechRegion, ...]


@dataclass(frozen=True, slots=True)
class ChunkTranscript:
    """The words of one chunk, on the recording's clock."""

    chunk: int
    start: Seconds
    end: Seconds
    language: str
    engine: str
    model: str
    device: str
    segments: tuple[Segment, ...]
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SpeakerTurn:
    """Who spoke when. `speaker` is a label such as SPEAKER_00, numbered in order of first appearance."""

    start: Seconds
    end: Seconds
    speaker: str


@dataclass(frozen=True, slots=True)
class Diarization:
    """Turns in time order; turns of different speakers may overlap.

    Attributes:
        overlaps: Where several people speak at once, in time order and apart; empty when the engine cannot tell.
    """

    engine: str
    turns: Sequence[SpeakerTurn]
    overlaps: Sequence[SpeechRegion] = ()

"""What a job was asked to do. Frozen: stored on the job's row and read back unchanged by every attempt."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from media_pipeline.transcript import Seconds


def model_title(model: str) -> str:
    """What people are told of a model: its name, and of a checkpoint only its file's, never where it lies."""
    return Path(model).stem if "/" in model else model


@dataclass(frozen=True, slots=True)
class SpeakerOptions:
    """How many speakers to look for. All None: find out."""

    exact: int | None = None
    minimum: int | None = None
    maximum: int | None = None


@dataclass(frozen=True, slots=True)
class Passage:
    """A part of a recording, on its clock."""

    start: Seconds
    end: Seconds

    @property
    def seconds(self) -> Seconds:
        return self.end - self.start


class SubtitleMode(StrEnum):
    """How subtitles are in a video."""

    TRACK = "track"  # beside the picture: people can switch them off
    BURNED = "burned"  # part of the picture


@dataclass(frozen=True, slots=True)
class SubtitledVideo:
    """A video with subtitles, and which text they are made of: the id of a version and its last change."""

    mode: SubtitleMode
    transcript: int
    revision: int


@dataclass(frozen=True, slots=True)
class TranscribeOptions:
    """Options of a transcription.

    `engine` and `model` are concrete names (never "auto"); `requested_engine` keeps what the user chose.
    `language` is BCP 47, or None to detect it; with `mixed_languages` each window may be in another one.
    `speakers` is None when nobody asked who spoke; an empty `diarization_model` is its engine's default. With
    `carry_context`, engines that can are told what was said before; chunks then have to wait for each other.
    `passage` is what of the recording to hear; None for all of it. `video` is what to make of text there is already.
    """

    engine: str
    model: str
    language: str | None = None
    requested_engine: str = "auto"
    speakers: SpeakerOptions | None = None
    diarization_engine: str = "embedded"
    diarization_model: str = ""
    vocabulary: str = ""
    mixed_languages: bool = False
    carry_context: bool = False
    chunk_seconds: Seconds = 600.0
    max_duration: Seconds = 36_000.0
    export_formats: tuple[str, ...] = ("txt", "srt", "vtt")
    passage: Passage | None = None
    video: SubtitledVideo | None = None

"""What an engine of each kind must do, and what is said about it without loading it.

Engine modules import heavy libraries (torch, whisper, pyannote) inside functions only, so that
describing an engine costs nothing.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Protocol

from media_pipeline.media import Audio, Diarization, SpeechRegion, Window
from media_pipeline.options import SpeakerOptions, TranscribeOptions
from media_pipeline.run import Machine, Run
from media_pipeline.transcript import Segment


@dataclass(frozen=True, slots=True)
class EngineInfo:
    """What a form, a doctor and a page say about an engine.

    Attributes:
        title: For people.
        models: Names to offer, smallest first. A path to a checkpoint is accepted where `takes_paths`.
        languages: BCP 47 codes it knows; empty when it knows many and detects them.
        note: One honest sentence about its limits.
        uses_context: Whether it can make use of what was said before (`Hints.context`).
    """

    name: str
    title: str
    models: tuple[str, ...]
    default_model: str
    languages: tuple[str, ...] = ()
    takes_paths: bool = False
    note: str = ""
    uses_context: bool = False


@dataclass(frozen=True, slots=True)
class WindowTranscript:
    """The words of one window, on the recording's clock."""

    window: Window
    language: str
    segments: tuple[Segment, ...]


@dataclass(frozen=True, slots=True)
class Hints:
    """What a step knows beyond the user's options.

    Attributes:
        language: Found for the whole recording, BCP 47. None: not known.
        context: Words right before the first window, as text; only with `TranscribeOptions.carry_context`.
        attempt: 0 at first; 1 or 2 where speech was left without words: try harder, with other settings.
    """

    language: str | None = None
    context: str = ""
    attempt: int = 0


NO_HINTS = Hints()


class SpeechToText(Protocol):
    """Turns windows of speech into segments with word times."""

    info: ClassVar[EngineInfo]

    @classmethod
    def missing(cls, model: str, machine: Machine) -> str | None:
        """None when `model` can be used here; else one sentence that says what to do."""

    def __init__(self, model: str, machine: Machine) -> None:
        """Load the model; it stays loaded for as long as the object lives."""

    @property
    def device(self) -> str:
        """What it runs on: "cpu" or "cuda"."""

    def detect_language(self, audio: Audio, windows: Sequence[Window], run: Run) -> str:
        """The language most probable over all `windows` together, BCP 47."""

    def transcribe(
        self, audio: Audio, windows: Sequence[Window], options: TranscribeOptions, run: Run, hints: Hints = NO_HINTS
    ) -> Iterator[WindowTranscript]:
        """Yield each window's words as soon as they are known. Windows may come in any order.

        The language is, in this order: `options.language`; each window's own with `options.mixed_languages`;
        `hints.language`; the most probable of these windows.
        """


class VoiceActivityDetector(Protocol):
    """Finds where somebody speaks."""

    info: ClassVar[EngineInfo]

    @classmethod
    def missing(cls, model: str, machine: Machine) -> str | None: ...

    def __init__(self, model: str, machine: Machine) -> None: ...

    def detect(self, audio: Audio, run: Run) -> tuple[SpeechRegion, ...]:
        """Speech regions in time order, not overlapping; empty when nobody speaks."""


class Diarizer(Protocol):
    """Finds who spoke when."""

    info: ClassVar[EngineInfo]

    @classmethod
    def missing(cls, model: str, machine: Machine) -> str | None: ...

    def __init__(self, model: str, machine: Machine) -> None: ...

    def diarize(self, audio: Audio, regions: Sequence[SpeechRegion], speakers: SpeakerOptions, run: Run) -> Diarization:
        """Speaker turns for the whole recording, labels numbered in order of first appearance."""


Engine = SpeechToText | VoiceActivityDetector | Diarizer


def models_path(machine: Machine, engine: str) -> Path:
    """Folder in which an engine keeps its weights."""
    return machine.models_dir / engine

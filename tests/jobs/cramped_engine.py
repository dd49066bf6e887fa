"""A speech engine on a GPU that is too small for it: it hears instantly, but only on the CPU."""

from collections.abc import Iterator, Sequence
from typing import ClassVar

import torch

from media_pipeline.engines.base import NO_HINTS, EngineInfo, Hints, WindowTranscript
from media_pipeline.engines.torch_memory import Room
from media_pipeline.media import Audio, Window
from media_pipeline.options import TranscribeOptions
from media_pipeline.run import Machine, Run
from media_pipeline.transcript import Segment, Word

BATCH = 8


class CrampedEngine:
    """Says one word for each window.

    Attributes:
        fits: How many windows at once the GPU holds; 0 for none. The CPU holds all.
        tried: (batch, device) of every attempt, in order.
    """

    info: ClassVar[EngineInfo] = EngineInfo("cramped", "Cramped", ("large",), "large")
    fits: ClassVar[int] = 0
    tried: ClassVar[list[tuple[int, str]]] = []

    @classmethod
    def missing(cls, model: str, machine: Machine) -> str | None:
        return None

    def __init__(self, model: str, machine: Machine) -> None:
        self._moves = 0
        self._room = Room(BATCH, "cuda", self._to_cpu)

    @property
    def device(self) -> str:
        return self._room.device

    def detect_language(self, audio: Audio, windows: Sequence[Window], run: Run) -> str:
        return "en"

    def transcribe(
        self, audio: Audio, windows: Sequence[Window], options: TranscribeOptions, run: Run, hints: Hints = NO_HINTS
    ) -> Iterator[WindowTranscript]:
        left = list(windows)
        while left:
            batch = self._room.fit(lambda size: self._hear(left[:size], size), run)
            del left[: len(batch)]
            yield from batch

    def _hear(self, windows: Sequence[Window], size: int) -> list[WindowTranscript]:
        self.tried.append((size, self.device))
        if self.device == "cuda" and size > self.fits:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")
        return [WindowTranscript(window, "en", (_segment(window),)) for window in windows]

    def _to_cpu(self) -> None:
        self._moves += 1
        assert self._moves == 1


def _segment(window: Window) -> Segment:
    return Segment(window.start, window.end, "Heard.", (Word("Heard.", window.start, window.end, 0.9),))

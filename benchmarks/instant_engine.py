"""A speech engine that costs nothing: what remains is the price of everything around an engine."""

from collections.abc import Iterator, Sequence
from typing import ClassVar

from media_pipeline.engines.base import NO_HINTS, EngineInfo, Hints, WindowTranscript
from media_pipeline.media import Audio, Window
from media_pipeline.options import TranscribeOptions
from media_pipeline.run import Machine, Run
from media_pipeline.transcript import Segment, Word

SECONDS_PER_WORD = 0.4
WORDS_PER_SEGMENT = 12


class InstantEngine:
    """Hears a word every 0.4 s of each window, in sentences of twelve. Reads the samples, as a real one must."""

    info: ClassVar[EngineInfo] = EngineInfo("instant", "Instant", ("none",), "none")

    @classmethod
    def missing(cls, model: str, machine: Machine) -> str | None:
        return None

    def __init__(self, model: str, machine: Machine) -> None:
        self.device = "cpu"

    def detect_language(self, audio: Audio, windows: Sequence[Window], run: Run) -> str:
        """English: it knows nothing else."""
        return "en"

    def transcribe(
        self, audio: Audio, windows: Sequence[Window], options: TranscribeOptions, run: Run, hints: Hints = NO_HINTS
    ) -> Iterator[WindowTranscript]:
        for window in windows:
            audio.read(window.start, window.end)
            yield WindowTranscript(window, "en", tuple(sentences(window.start, window.end)))


def sentences(start: float, end: float) -> Iterator[Segment]:
    """Segments of at most twelve words from `start` to `end`."""
    count = int((end - start) / SECONDS_PER_WORD)
    words = [
        Word(_text(index), start + index * SECONDS_PER_WORD, start + (index + 1) * SECONDS_PER_WORD, 0.9)
        for index in range(count)
    ]
    for first in range(0, count, WORDS_PER_SEGMENT):
        own = tuple(words[first : first + WORDS_PER_SEGMENT])
        yield Segment(own[0].start, own[-1].end, " ".join(word.text for word in own), own)


def _text(index: int) -> str:
    place = index % WORDS_PER_SEGMENT
    return "Word" if place == 0 else "word." if place == WORDS_PER_SEGMENT - 1 else "word"

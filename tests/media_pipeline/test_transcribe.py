"""One chunk through an engine, heard again where it found no words although somebody speaks."""

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import ClassVar

import pytest

from media_pipeline.engines.base import NO_HINTS, EngineInfo, Hints, WindowTranscript
from media_pipeline.media import Audio, AudioFacts, Chunk, ChunkTranscript, SpeechRegion, Window
from media_pipeline.options import TranscribeOptions
from media_pipeline.run import Machine, Run
from media_pipeline.steps.transcribe import CONTEXT_CHARACTERS, transcribe, without_words, words_before
from media_pipeline.transcript import Segment, Word

AUDIO = Audio(Path("unread.wav"), AudioFacts(3600, gain=1.0, loudness_db=-20.0, peak=0.5))
OPTIONS = TranscribeOptions(engine="scripted", model="none")
MACHINE = Machine(Path("unused"))

Hears = Callable[[Window, Hints], bool]


class ScriptedEngine:
    """Says "word" every second of the windows that `hears` names, and notes what it was asked."""

    info: ClassVar[EngineInfo] = EngineInfo("scripted", "Scripted", ("none",), "none", uses_context=True)
    device = "cpu"

    @classmethod
    def missing(cls, model: str, machine: Machine) -> str | None:
        return None

    def __init__(self, hears: Hears, language: str = "de") -> None:
        self.hears, self.language = hears, language
        self.asked: list[tuple[tuple[Window, ...], Hints]] = []

    def detect_language(self, audio: Audio, windows: Sequence[Window], run: Run) -> str:
        return self.language

    def transcribe(
        self, audio: Audio, windows: Sequence[Window], options: TranscribeOptions, run: Run, hints: Hints = NO_HINTS
    ) -> Iterator[WindowTranscript]:
        self.asked.append((tuple(windows), hints))
        for window in windows:
            words = self._words(window) if self.hears(window, hints) else ()
            segments = (Segment(words[0].start, words[-1].end, "word", words),) if words else ()
            yield WindowTranscript(window, self.language, segments)

    def _words(self, window: Window) -> tuple[Word, ...]:
        starts = [window.start + second for second in range(round(window.end - window.start))]
        return tuple(Word("word", start, min(window.end, start + 0.9)) for start in starts)


class GapEngine(ScriptedEngine):
    """At first it hears the beginning and the end of a window only."""

    def _words(self, window: Window) -> tuple[Word, ...]:
        if self.asked[-1][1].attempt:
            return super()._words(window)
        start, end = window.start, window.end
        return Word("before", start, start + 1), Word("stretched", start + 1, end - 2), Word("after", end - 1, end)


def chunk_of(*spans: tuple[float, float], end: float = 600.0) -> Chunk:
    return Chunk(2, 0.0, end, tuple(SpeechRegion(*span) for span in spans))


def pieces(start: float, end: float) -> list[tuple[float, float]]:
    """Speech from `start` to `end` without much of a pause, as the detector leaves it."""
    return [(float(second), second + 9.7) for second in range(int(start), int(end), 10)]


def everything(window: Window, hints: Hints) -> bool:
    return True


def not_between(start: float, end: float, attempts: int) -> Hears:
    """Hears nothing of windows that touch this stretch, until `attempts` have failed."""
    return lambda window, hints: window.end <= start or window.start >= end or hints.attempt >= attempts


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return Run(tmp_path, MACHINE)


def words(part: ChunkTranscript) -> list[Word]:
    return [word for segment in part.segments for word in segment.words]


def test_what_has_words_is_heard_once(run: Run) -> None:
    engine = ScriptedEngine(everything)

    part = transcribe(AUDIO, chunk_of(*pieces(0, 60)), OPTIONS, engine, run)

    assert len(engine.asked) == 1
    assert (part.chunk, part.language, part.device, part.warnings) == (2, "de", "cpu", ())


@pytest.mark.parametrize("attempts", [1, 2])
def test_a_stretch_of_speech_without_words_is_heard_again_in_shorter_windows(run: Run, attempts: int) -> None:
    engine = ScriptedEngine(not_between(30, 60, attempts))

    part = transcribe(AUDIO, chunk_of(*pieces(0, 120)), OPTIONS, engine, run)

    assert [hints.attempt for _, hints in engine.asked] == list(range(attempts + 1))
    longest = [max(window.end - window.start for window in windows) for windows, _ in engine.asked]
    assert longest == sorted(longest, reverse=True)
    assert all(window.start >= 29 and window.end <= 60 for windows, _ in engine.asked[1:] for window in windows)
    assert part.warnings == ()
    assert without_words(chunk_of(*pieces(0, 120)), part.segments) == []
    assert all(a.end <= b.start for a, b in pairwise(words(part)))


def test_what_was_heard_again_stands_where_it_was_said(run: Run) -> None:
    """The stretch without words lies between the words of one window, the last of which before it was stretched."""
    engine = GapEngine(everything)

    part = transcribe(AUDIO, chunk_of(*pieces(0, 30)), OPTIONS, engine, run)

    assert [hints.attempt for _, hints in engine.asked] == [0, 1]
    said = [word.text for word in words(part)]
    assert said == ["before", "stretched", *["word"] * (len(said) - 3), "after"]
    assert len(said) > 20
    assert all(a.end <= b.start for a, b in pairwise(words(part)))
    assert all(a.end <= b.start for a, b in pairwise(part.segments))
    assert [segment.text for segment in part.segments][:: len(part.segments) - 1] == ["before stretched", "after"]


def test_what_stays_without_words_is_named_with_its_time_after_two_more_hearings(run: Run) -> None:
    engine = ScriptedEngine(not_between(60, 90, 9))

    part = transcribe(AUDIO, chunk_of(*pieces(0, 120)), OPTIONS, engine, run)

    assert len(engine.asked) == 3
    assert part.warnings == ("No words were found from 1:00 to 1:29, although somebody seems to speak there.",)


def test_a_chunk_without_any_word_is_named_whole(run: Run) -> None:
    part = transcribe(AUDIO, chunk_of((3, 13), (14, 24)), OPTIONS, ScriptedEngine(lambda *_: False), run)

    assert part.segments == ()
    assert part.warnings == ("No words were found from 0:03 to 0:24, although somebody seems to speak there.",)


def test_little_speech_in_much_silence_is_not_missed(run: Run) -> None:
    engine = ScriptedEngine(lambda window, hints: window.start < 10)

    part = transcribe(AUDIO, chunk_of((0, 9), (100, 107), (300, 307)), OPTIONS, engine, run)

    assert len(engine.asked) == 1
    assert part.warnings == ()


def test_a_word_stretched_over_what_was_not_understood_hides_nothing() -> None:
    stretched = Segment(0, 29, "well", (Word("well", 0, 29),))

    assert len(without_words(chunk_of(*pieces(0, 30)), [stretched])) == 1


def test_an_engine_without_word_times_is_trusted_for_its_segments() -> None:
    assert without_words(chunk_of(*pieces(0, 30)), [Segment(0, 29, "a sentence")]) == []


def test_hearing_again_keeps_the_language_found_first_and_drops_the_context(run: Run) -> None:
    engine = ScriptedEngine(not_between(30, 60, 9))

    transcribe(AUDIO, chunk_of(*pieces(0, 120)), OPTIONS, engine, run, hints=Hints(context="said before"))

    assert [hints for _, hints in engine.asked] == [
        Hints(context="said before"),
        Hints(language="de", attempt=1),
        Hints(language="de", attempt=2),
    ]


def test_where_languages_are_mixed_each_window_has_its_own_also_when_heard_again(run: Run) -> None:
    engine = ScriptedEngine(not_between(30, 60, 9))
    mixed = TranscribeOptions(engine="scripted", model="none", mixed_languages=True)

    transcribe(AUDIO, chunk_of(*pieces(0, 120)), mixed, engine, run)

    assert [hints.language for _, hints in engine.asked] == [None, None, None]


@pytest.mark.parametrize("attempts", [0, 1, 9])
def test_progress_never_falls_and_nothing_is_shown_twice(tmp_path: Path, attempts: int) -> None:
    told: list[float] = []
    shown: list[Segment] = []
    run = Run(tmp_path, MACHINE, on_progress=told.append, on_segments=shown.extend)

    part = transcribe(AUDIO, chunk_of(*pieces(0, 120)), OPTIONS, ScriptedEngine(not_between(30, 60, attempts)), run)

    assert told == sorted(told)
    assert told[-1] == 1.0
    shown.sort(key=lambda segment: segment.start)
    assert [word for segment in shown for word in segment.words] == [
        word for segment in part.segments for word in segment.words
    ]


def test_the_context_is_what_was_said_last_before_the_next_chunk() -> None:
    said = tuple(Word(f"word{second}", second, second + 0.9) for second in range(100))
    part = ChunkTranscript(0, 0, 100, "en", "any", "any", "cpu", (Segment(0, 99.9, "", said),))

    context = words_before(part, 95.0)

    assert context.endswith("word93 word94")
    assert len(context) <= CONTEXT_CHARACTERS
    assert all(token.startswith("word") for token in context.split())


def test_the_context_of_a_short_text_is_all_of_it() -> None:
    part = ChunkTranscript(0, 0, 9, "en", "any", "any", "cpu", (Segment(0, 1, "Good morning."),))

    assert words_before(part, 9.0) == "Good morning."
    assert words_before(part, 0.5) == ""

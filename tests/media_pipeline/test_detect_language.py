"""The language of a recording is found once, from windows all over it, when its chunks could disagree."""

from pathlib import Path
from unittest.mock import Mock

import pytest

from media_pipeline.engines import pool, registry
from media_pipeline.media import Chunk, ChunkTranscript, SpeechPlan, SpeechRegion
from media_pipeline.options import TranscribeOptions
from media_pipeline.recipes.transcribe import TRANSCRIBE
from media_pipeline.run import Machine, Run
from media_pipeline.steps.detect_language import detect_language, samples_of
from media_pipeline.transcript import Segment, Word
from tests.media_pipeline.test_transcribe import AUDIO, ScriptedEngine

STEP = TRANSCRIBE.step("detect_language")


def plan_of(chunks: int, *, speech: float = 20.0, silence: float = 10.0, per_chunk: int = 10) -> SpeechPlan:
    length = per_chunk * (speech + silence)
    return SpeechPlan(
        chunks * length,
        tuple(
            Chunk(
                index,
                index * length,
                (index + 1) * length,
                tuple(
                    SpeechRegion(start, start + speech)
                    for start in (index * length + place * (speech + silence) for place in range(per_chunk))
                ),
            )
            for index in range(chunks)
        ),
    )


def options(**values: object) -> TranscribeOptions:
    return TranscribeOptions(**{"engine": "scripted", "model": "none", **values})  # type: ignore[arg-type]


@pytest.fixture(autouse=True)
def scripted(monkeypatch: pytest.MonkeyPatch) -> None:
    path = f"{ScriptedEngine.__module__}.{ScriptedEngine.__qualname__}"
    monkeypatch.setitem(registry._PATHS["stt"], "scripted", path)


def test_windows_are_spread_over_the_whole_recording() -> None:
    plan = plan_of(6)

    windows = samples_of(plan)

    assert len(windows) == 5
    fifths = [int(5 * window.start / plan.duration) for window in windows]
    assert fifths == [0, 1, 2, 3, 4]


def test_a_short_recording_has_fewer_windows_and_silence_none() -> None:
    assert len(samples_of(plan_of(1, per_chunk=2))) == 2
    assert samples_of(SpeechPlan(10.0, ())) == ()


def test_windows_with_much_speech_are_preferred() -> None:
    regions = (SpeechRegion(0, 2), SpeechRegion(40, 68), SpeechRegion(100, 103))

    windows = samples_of(SpeechPlan(200, (Chunk(0, 0, 200, regions),)), count=1)

    assert [(window.start, window.end) for window in windows] == [(40, 68)]


def test_the_language_is_what_the_engine_hears(tmp_path: Path) -> None:
    told: list[float] = []
    run = Run(tmp_path, Machine(tmp_path), on_progress=told.append)

    assert detect_language(AUDIO, plan_of(2), ScriptedEngine(lambda *_: True, "fr"), run) == "fr"
    assert told[-1] == 1.0


def test_it_runs_only_when_the_language_is_open_and_the_engine_knows_several() -> None:
    assert STEP.when(options())
    assert not STEP.when(options(language="de"))
    assert not STEP.when(options(mixed_languages=True))
    assert not STEP.when(options(engine="pocketsphinx"))


@pytest.mark.parametrize(("chunks", "parts"), [(0, 0), (1, 0), (2, 1), (60, 1)])
def test_it_is_skipped_where_a_single_chunk_finds_the_language_itself(chunks: int, parts: int) -> None:
    files = Mock(load=Mock(return_value=plan_of(chunks)))

    assert STEP.parts is not None
    assert STEP.parts(files) == parts


def test_all_parts_are_told_the_language(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    engine = ScriptedEngine(lambda *_: True)
    files = StoredFiles(language="fr")
    monkeypatch.setattr(pool, "get", Mock(return_value=engine))

    TRANSCRIBE.step("transcribe").function(files, options(), Run(tmp_path, Machine(tmp_path)), 1)

    assert [(hints.language, hints.context) for _, hints in engine.asked] == [("fr", "")]


def test_a_part_is_told_what_was_said_before_when_context_is_carried(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    engine = ScriptedEngine(lambda *_: True)
    files = StoredFiles()
    monkeypatch.setattr(pool, "get", Mock(return_value=engine))
    wanted = options(carry_context=True, language="en")

    for part in (0, 1):
        TRANSCRIBE.step("transcribe").function(files, wanted, Run(tmp_path, Machine(tmp_path)), part)

    assert [hints.context for _, hints in engine.asked] == ["", "Said before."]
    assert TRANSCRIBE.step("transcribe").in_order(wanted)


def test_parts_do_not_wait_for_each_other_unless_asked_to_and_the_engine_can_use_it() -> None:
    in_order = TRANSCRIBE.step("transcribe").in_order

    assert not in_order(options())
    assert not in_order(options(engine="pocketsphinx", carry_context=True))


class StoredFiles(Mock):
    """Files of a job of two chunks, the first of which is transcribed."""

    def __init__(self, language: str | None = None, **values: object) -> None:
        super().__init__(**values)
        said = Segment(298, 299, "Said before.", (Word("Said", 298, 298.4), Word("before.", 298.5, 299)))
        stored = {
            ("normalize", "facts.json", 0): AUDIO.facts,
            ("detect_speech", "plan.json", 0): plan_of(2),
            ("detect_language", "language.json", 0): language,
            ("transcribe", "chunk.json", 0): ChunkTranscript(0, 0, 300, "en", "any", "any", "cpu", (said,)),
        }
        self.load = lambda step, name, kind, part=0: stored[step, name, part]
        self.path = lambda step, name, part=0: AUDIO.path
        self.has = lambda step: step != "detect_language" or language is not None

import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import faster_whisper
import numpy as np
import pytest

from media_pipeline.engines.base import Hints, WindowTranscript
from media_pipeline.engines.stt.ctranslate2_network import Decoded, is_complete, rows_of
from media_pipeline.engines.stt.faster_whisper import MODELS, FasterWhisper, weights_folder
from media_pipeline.engines.stt.whisper_text import Trust
from media_pipeline.engines.torch_memory import Room
from media_pipeline.errors import Cancelled, EngineCrashed, EngineUnavailable
from media_pipeline.media import Audio, Window
from media_pipeline.run import Run
from media_pipeline.transcript import Mark, Word
from media_pipeline.windows import pack_windows
from tests.media_pipeline.spoken import CT2_CHECKPOINT, MACHINE, options, prepared, time_errors, word_error_rate
from tests.speech import Line, Speech, conversation, render

FULL = RuntimeError("CUDA failed with error out of memory")
GOOD = Decoded("Hello.", (1,), Trust(1.0, -0.2, 0.1), 0.0)
LOOP = Decoded("no no no", (1, 2, 3), Trust(9.0, -0.1, 0.1), 0.0)
GUESS = Decoded("Perhaps.", (4,), Trust(1.0, -1.5, 0.1), 0.0)
INVENTED = Decoded("Thank you.", (5,), Trust(1.0, -1.5, 0.9), 0.0)


@pytest.fixture
def engine() -> FasterWhisper:
    return FasterWhisper(CT2_CHECKPOINT, MACHINE)


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return Run(tmp_path, MACHINE)


def windows_of(speech: Speech, seconds: float = 30.0) -> tuple[Audio, tuple[Window, ...]]:
    audio, plan = prepared(speech.path)
    return audio, tuple(window for chunk in plan.chunks for window in pack_windows(chunk, seconds))


def office_talk(count: int = 8, seconds: float = 8.0) -> tuple[Audio, tuple[Window, ...]]:
    """Some windows of English."""
    return windows_of(render(conversation(count, 3)), seconds)


def hear(engine: FasterWhisper, speech: Speech, run: Run, **wanted: Any) -> list[WindowTranscript]:
    audio, windows = windows_of(speech)
    return list(engine.transcribe(audio, windows, options("faster_whisper", **wanted), run))


def text(results: Sequence[WindowTranscript]) -> str:
    return " ".join(segment.text for result in results for segment in result.segments)


def words(results: Sequence[WindowTranscript]) -> list[Word]:
    return [word for result in results for segment in result.segments for word in segment.words]


class Decoder:
    """Stands in for the network's own decoding: gives what `answer` says for (temperature, row's code)."""

    def __init__(self, answer: Callable[[float], Sequence[Decoded]]) -> None:
        self.answer = answer
        self.calls: list[tuple[int, float, int]] = []  # rows, temperature, beams
        self.prompts: list[Sequence[int]] = []

    def __call__(
        self, encoded: Any, codes: Sequence[str], prompt: Sequence[int], temperature: float, beams: int
    ) -> Sequence[Decoded]:
        assert encoded.shape[0] == len(codes)
        self.calls.append((len(codes), temperature, beams))
        self.prompts.append(tuple(prompt))
        return [replace(text, temperature=temperature) for text in self.answer(temperature)[: len(codes)]]


def plant(
    engine: FasterWhisper, monkeypatch: pytest.MonkeyPatch, answer: Callable[[float], Sequence[Decoded]]
) -> Decoder:
    decoder = Decoder(answer)
    monkeypatch.setattr(engine._network, "decode", decoder)
    return decoder


# Speech ---------------------------------------------------------------------------------------------------------------


def test_understands_office_talk_and_knows_when_it_was_said(engine: FasterWhisper, run: Run) -> None:
    speech = render(conversation(30, 7))

    found = hear(engine, speech, run)

    assert word_error_rate(speech, text(found)) <= 0.05
    errors = time_errors(speech.words, words(found))
    assert np.median(errors) < 0.2
    assert np.quantile(errors, 0.9) < 0.5
    assert all(not word.marks for word in words(found))


def test_how_much_is_heard_at_once_changes_no_text(engine: FasterWhisper, run: Run) -> None:
    audio, windows = office_talk()
    wanted = options("faster_whisper", language="en")

    together = list(engine.transcribe(audio, windows, wanted, run))
    engine._room.batch = 1
    alone = list(engine.transcribe(audio, windows, wanted, run))

    assert len(windows) > 2
    assert text(together) == text(alone)


def test_finds_the_language_by_itself(engine: FasterWhisper, run: Run) -> None:
    speech = render([Line("es", "La reunión es mañana a las nueve.", 0.5), Line("es", "Muchas gracias, Ana.", 0.5)])
    audio, windows = windows_of(speech)

    assert {result.language for result in hear(engine, speech, run)} == {"es"}
    assert "reunión" in text(hear(engine, speech, run))
    assert engine.detect_language(audio, windows, run) == "es"


def test_keeps_to_the_language_asked_for_before_the_one_found(engine: FasterWhisper, run: Run) -> None:
    audio, windows = windows_of(render([Line("slt", "Good morning, Maria.", 0.5)]))
    hints = Hints(language="en")

    asked = list(engine.transcribe(audio, windows, options("faster_whisper", language="es-MX"), run, hints))
    found = list(engine.transcribe(audio, windows, options("faster_whisper"), run, Hints(language="es")))

    assert {result.language for result in asked} == {"es"} == {result.language for result in found}


def test_each_window_of_a_mixed_recording_has_its_own_language(engine: FasterWhisper, run: Run) -> None:
    speech = render(
        [
            Line("slt", "We will discuss the budget today.", 0.5),
            Line("es", "La reunión es mañana a las nueve.", 2.0),
            Line("rms", "Please send the report to Anna.", 2.0),
        ]
    )
    audio, windows = windows_of(speech, 5.0)
    wanted = options("faster_whisper", mixed_languages=True)

    found = list(engine.transcribe(audio, windows, wanted, run, Hints(language="en")))

    assert [result.language for result in found] == ["en", "es", "en"]
    assert "reunión" in text(found)
    assert all(result.segments[0].words for result in found)


def test_silence_gives_nothing(engine: FasterWhisper, run: Run) -> None:
    audio, _ = prepared(render([Line("slt", "Good morning, Maria.", 12.0)]).path)

    (found,) = engine.transcribe(audio, [Window(0.0, 10.0, ())], options("faster_whisper", language="en"), run)

    assert found.segments == ()


# Prompts --------------------------------------------------------------------------------------------------------------


def test_a_vocabulary_stands_before_every_window(
    engine: FasterWhisper, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    audio, windows = office_talk()
    engine._room.batch = 2
    decoder = plant(engine, monkeypatch, lambda _: [GOOD, GOOD])

    list(engine.transcribe(audio, windows, options("faster_whisper", language="en", vocabulary="Anna, Peter"), run))

    assert len(decoder.prompts) > 1
    assert set(decoder.prompts) == {tuple(engine._network.tokens("Anna, Peter"))} != {()}


def test_a_vocabulary_leaves_the_text_as_good(engine: FasterWhisper, run: Run) -> None:
    speech = render(conversation(12, 5))

    assert word_error_rate(speech, text(hear(engine, speech, run, vocabulary="Anna, Peter, library"))) <= 0.1


def test_a_vocabulary_that_is_too_long_is_said_to_be(engine: FasterWhisper, run: Run) -> None:
    speech = render([Line("slt", "Good morning, Maria.", 0.5)])

    found = hear(engine, speech, run, vocabulary="Anna, Peter, " * 100)

    assert len(found) == 1
    assert "first of them" in run.warnings[0]


def test_context_goes_from_window_to_window_unless_it_is_a_loop(
    engine: FasterWhisper, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    audio, windows = office_talk()
    answers = iter([GOOD, *[LOOP] * 6, GUESS, *[GUESS] * 5, GOOD])
    decoder = plant(engine, monkeypatch, lambda _: [next(answers)])
    wanted = options("faster_whisper", language="en", carry_context=True)

    list(engine.transcribe(audio, windows[:4], wanted, run, Hints(context="Before.")))

    before = tuple(engine._network.tokens("Before."))
    first_of_each = [decoder.prompts[call] for call in (0, 1, 7, 13)]
    assert first_of_each == [before, (*before, *GOOD.tokens), (), ()]


# Trust ----------------------------------------------------------------------------------------------------------------


def test_only_what_fails_is_decoded_again(engine: FasterWhisper, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    audio, windows = office_talk()
    decoder = plant(
        engine, monkeypatch, lambda t: [GOOD, LOOP, GUESS] if t == 0 else [GUESS, GOOD] if t < 0.3 else [GOOD]
    )

    found = list(engine.transcribe(audio, windows[:3], options("faster_whisper", language="en"), run))

    assert decoder.calls == [(3, 0.0, 1), (2, 0.2, 1), (1, 0.4, 1)]
    assert text(found) == "Hello. Hello. Hello."
    assert all(not segment.marks for result in found for segment in result.segments)


def test_what_stays_a_loop_is_kept_and_marked(engine: FasterWhisper, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    audio, windows = office_talk()
    decoder = plant(engine, monkeypatch, lambda _: [LOOP])

    (found,) = engine.transcribe(audio, windows[:1], options("faster_whisper", language="en"), run)

    assert len(decoder.calls) == 6
    assert found.segments[0].marks == (Mark.REPEATED,)
    assert all(word.marks == (Mark.REPEATED,) for word in found.segments[0].words)


def test_of_many_failures_a_guess_is_kept_before_a_loop(
    engine: FasterWhisper, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    audio, windows = office_talk()
    plant(engine, monkeypatch, lambda temperature: [GUESS if temperature == 0.4 else LOOP])

    (found,) = engine.transcribe(audio, windows[:1], options("faster_whisper", language="en"), run)

    assert (found.segments[0].text, found.segments[0].marks) == (GUESS.text, (Mark.DOUBTFUL,))


def test_text_that_may_be_invented_is_marked_where_somebody_speaks_and_left_out_where_nobody_does(
    engine: FasterWhisper, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    audio, windows = office_talk()
    decoder = plant(engine, monkeypatch, lambda _: [INVENTED] * 2)
    silence = replace(windows[1], regions=())

    spoken, silent = engine.transcribe(audio, [windows[0], silence], options("faster_whisper", language="en"), run)

    assert decoder.calls == [(2, 0.0, 1)]
    assert [segment.marks for segment in spoken.segments] == [(Mark.DOUBTFUL,)]
    assert silent.segments == ()


@pytest.mark.parametrize(("attempt", "temperatures"), [(1, [0.0, 0.2, 0.4]), (2, [0.4, 0.6])])
def test_where_speech_was_left_without_words_it_tries_harder(
    attempt: int, temperatures: list[float], engine: FasterWhisper, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    audio, windows = office_talk()
    nothing = Decoded("", (), Trust(0.0, -0.1, 0.9), 0.0)
    answers = iter([*[nothing, INVENTED][-len(temperatures) + 1 :], GOOD])
    decoder = plant(engine, monkeypatch, lambda _: [next(answers)])

    (found,) = engine.transcribe(
        audio, windows[:1], options("faster_whisper", language="en"), run, Hints(attempt=attempt)
    )

    assert decoder.calls == [(1, temperature, 5) for temperature in temperatures]
    assert text([found]) == "Hello."


def test_several_beams_and_high_temperatures_go_through_the_real_library(
    engine: FasterWhisper, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    audio, windows = office_talk()
    monkeypatch.setattr(Trust, "passes", lambda trust, attempt: False)

    found = list(engine.transcribe(audio, windows[:2], options("faster_whisper", language="en"), run, Hints(attempt=1)))

    assert len(text(found).split()) > 5


def test_a_text_may_fill_all_the_decoder_has_room_for(engine: FasterWhisper) -> None:
    network = engine._network
    encoded = network.encode([np.zeros((80, 3000), np.float32)])
    network._suppressed = [*network._suppressed, *range(network._tokenizer("en").eot, 51865)]

    (endless,) = network.decode(encoded, ["en"], [], 0.0, 1)
    (prompted,) = network.decode(encoded, ["en"], [1000] * 223, 0.0, 1)

    assert 224 < len(endless.tokens) <= 443
    assert len(prompted.tokens) <= 219
    assert network.align(encoded, "en", [range(1000, 1443)], [3000])[0]


def test_rows_are_taken_in_the_order_asked_for(engine: FasterWhisper) -> None:
    mels = [np.full((80, 100), value, np.float32) for value in (0.1, 0.2, 0.3)]
    encoded = engine._network.encode(mels)

    some = np.asarray(rows_of(encoded, [2, 0]))

    assert rows_of(encoded, [0, 1, 2]) is encoded
    assert np.array_equal(some, np.asarray(encoded)[[2, 0]])


# Memory, cancelling, weights ------------------------------------------------------------------------------------------


def test_when_memory_is_short_it_hears_less_at_once(
    engine: FasterWhisper, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    audio, windows = office_talk()
    wanted = options("faster_whisper", language="en")
    expected = text(list(engine.transcribe(audio, windows, wanted, run)))
    decode, sizes = engine._network.decode, []

    def narrow(encoded: Any, codes: Sequence[str], *how: Any) -> list[Decoded]:
        sizes.append(len(codes))
        if len(codes) > 1:
            raise FULL
        return decode(encoded, codes, *how)

    monkeypatch.setattr(engine._network, "decode", narrow)
    found = text(list(engine.transcribe(audio, windows, wanted, run)))

    assert found == expected
    assert max(sizes) > 2
    assert sizes[-1] == engine._room.batch == 1
    assert "less at once" in run.warnings[0]


def test_when_the_gpu_is_too_small_it_goes_on_on_the_cpu(
    engine: FasterWhisper, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    audio, windows = office_talk()
    engine._room = Room(2, "cuda", engine._move_to_cpu)

    def overflow(*args: Any) -> None:
        raise FULL

    monkeypatch.setattr(engine._network, "encode", overflow)
    found = list(engine.transcribe(audio, windows, options("faster_whisper", language="en"), run))

    assert len(found) == len(windows)
    assert text(found)
    assert engine.device == "cpu"
    assert "on the CPU" in run.warnings[-1]


def test_when_even_that_is_too_much_the_error_has_a_code(
    engine: FasterWhisper, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    audio, windows = office_talk()

    def overflow(*args: Any) -> None:
        raise MemoryError

    monkeypatch.setattr(engine._network, "encode", overflow)

    with pytest.raises(EngineCrashed) as caught:
        list(engine.transcribe(audio, windows, options("faster_whisper", language="en"), run))
    assert caught.value.code == "out_of_memory"


def test_cancelling_is_noticed_between_two_tries(
    engine: FasterWhisper, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    audio, windows = office_talk()
    decoder = plant(engine, monkeypatch, lambda _: [LOOP] * 8)
    run.is_cancelled = lambda: len(decoder.calls) == 2

    with pytest.raises(Cancelled):
        list(engine.transcribe(audio, windows, options("faster_whisper", language="en"), run))
    assert len(decoder.calls) == 2


def test_offers_only_models_the_package_knows() -> None:
    assert set(MODELS) <= set(faster_whisper.available_models())


def test_weights_of_an_official_model_lie_in_the_models_folder(tmp_path: Path) -> None:
    machine = replace(MACHINE, models_dir=tmp_path)
    problem = FasterWhisper.missing("small", machine)
    assert problem is not None
    assert "manage.py download_models small --engine faster_whisper" in problem

    folder = weights_folder("small", tmp_path)
    folder.mkdir(parents=True)
    for name in ("config.json", "tokenizer.json", "vocabulary.txt"):
        (folder / name).touch()
    assert not is_complete(folder)
    (folder / "model.bin").touch()

    assert FasterWhisper.missing("small", machine) is None
    assert folder == tmp_path / "faster_whisper" / "small"


def test_a_file_is_no_folder_of_weights() -> None:
    problem = FasterWhisper.missing(str(Path(CT2_CHECKPOINT).with_name("tiny-test.pt")), MACHINE)

    assert problem is not None
    assert "no faster-whisper model or folder" in problem


@pytest.mark.parametrize("damaged", ["model.bin", "tokenizer.json", "config.json"])
def test_damaged_weights_are_said_to_be_damaged(damaged: str, tmp_path: Path) -> None:
    for file in Path(CT2_CHECKPOINT).iterdir():
        content = file.read_bytes()
        (tmp_path / file.name).write_bytes(content[: len(content) // 2] if file.name == damaged else content)

    with pytest.raises(EngineUnavailable) as caught:
        FasterWhisper(str(tmp_path), MACHINE)

    assert caught.value.code == "bad_weights"


def test_a_gpu_that_is_asked_for_by_name_must_be_there() -> None:
    with pytest.raises(EngineUnavailable) as caught:
        FasterWhisper(CT2_CHECKPOINT, replace(MACHINE, device="cuda"))

    assert caught.value.code == "no_cuda"


def test_a_library_of_cuda_that_is_not_there_is_named(engine: FasterWhisper, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(mels: Any) -> None:
        raise RuntimeError("Library libcublas.so.12 is not found or cannot be loaded")

    monkeypatch.setattr(engine._network, "encode", refuse)

    with pytest.raises(EngineUnavailable, match=r"libcublas\.so\.12.*DEVICE=cpu") as caught:
        engine._network._try_cuda(Path("base"))
    assert caught.value.code == "no_cuda_library"


def test_needs_no_torch() -> None:
    script = """
import sys
from pathlib import Path
from media_pipeline.engines.stt.faster_whisper import FasterWhisper
from media_pipeline.media import Audio, AudioFacts, Window
from media_pipeline.options import TranscribeOptions
from media_pipeline.run import Machine, Run
machine = Machine(Path("nowhere"), "cpu", 1)
engine = FasterWhisper(sys.argv[1], machine)
audio = Audio(Path(sys.argv[2]), AudioFacts(3.0, 1.0, None, 1.0))
wanted = TranscribeOptions("faster_whisper", sys.argv[1])
list(engine.transcribe(audio, [Window(0.0, 3.0, ())], wanted, Run(Path(), machine)))
print("torch" in sys.modules)
"""
    speech = render([Line("slt", "We will discuss the budget today.", 1.0)])
    arguments = [CT2_CHECKPOINT, str(speech.path)]
    printed = subprocess.run(
        [sys.executable, "-c", script, *arguments], check=True, stdout=subprocess.PIPE, text=True
    ).stdout

    assert printed.splitlines()[-1] == "False"

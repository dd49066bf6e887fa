import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
import whisper

from media_pipeline.engines import pool
from media_pipeline.engines.stt.whisper import MODELS, OpenAIWhisper, _words, weights_file
from media_pipeline.errors import EngineCrashed, EngineUnavailable
from media_pipeline.media import Window
from media_pipeline.run import Run
from media_pipeline.steps.transcribe import transcribe
from tests.media_pipeline.spoken import CHECKPOINT, MACHINE, options, prepared, word_error_rate
from tests.speech import Line, conversation, render

WINDOW = Window(100.0, 130.0, ())


@pytest.fixture
def engine() -> OpenAIWhisper:
    engine = pool.get("stt", "whisper", CHECKPOINT, MACHINE)
    assert isinstance(engine, OpenAIWhisper)
    return engine


def test_knows_all_official_models() -> None:
    assert set(MODELS) == set(whisper.available_models())


@pytest.mark.slow
def test_is_as_good_as_whisper_on_the_whole_file(engine: OpenAIWhisper, tmp_path: Path) -> None:
    speech = render(conversation(50, 7))
    audio, plan = prepared(speech.path)

    parts = [transcribe(audio, chunk, options("whisper"), engine, Run(tmp_path, MACHINE)) for chunk in plan.chunks]
    whole = whisper.load_model(CHECKPOINT).transcribe(str(speech.path), fp16=False)

    ours = word_error_rate(speech, " ".join(segment.text for part in parts for segment in part.segments))
    assert speech.duration > 160
    assert ours <= word_error_rate(speech, whole["text"]) + 0.02


def test_finds_the_language_by_itself(engine: OpenAIWhisper, tmp_path: Path) -> None:
    speech = render([Line("es", "La reunión es mañana a las nueve.", 0.5), Line("es", "Muchas gracias, Ana.", 0.5)])
    audio, plan = prepared(speech.path)

    part = transcribe(audio, plan.chunks[0], options("whisper"), engine, Run(tmp_path, MACHINE))

    assert part.language == "es"
    assert "reunión" in " ".join(segment.text for segment in part.segments)


def test_keeps_to_the_language_asked_for(engine: OpenAIWhisper, tmp_path: Path) -> None:
    audio, plan = prepared(render([Line("slt", "Good morning, Maria.", 0.5)]).path)

    part = transcribe(audio, plan.chunks[0], options("whisper", language="es-MX"), engine, Run(tmp_path, MACHINE))

    assert part.language == "es"


def test_a_vocabulary_becomes_the_prompt_of_every_window(
    engine: OpenAIWhisper, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    audio, plan = prepared(render(conversation(20, 12, ("slt", "rms"))).path)
    prompts = []

    def decode(mel: torch.Tensor, wanted: whisper.DecodingOptions) -> whisper.DecodingResult:
        prompts.append(wanted.prompt)
        return whisper.decode(engine._model, mel, wanted)

    monkeypatch.setattr(engine._model, "decode", decode)
    transcribe(audio, plan.chunks[0], options("whisper", vocabulary="Anna, Peter"), engine, Run(tmp_path, MACHINE))

    assert len(prompts) > 1
    assert {tuple(prompt) for prompt in prompts} == {tuple(prompts[0])} != {()}


def test_out_of_memory_has_a_code_of_its_own(
    engine: OpenAIWhisper, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    audio, plan = prepared(render([Line("slt", "Good morning, Maria.", 0.5)]).path)

    def overflow(*args: object, **kwargs: object) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(engine._model, "transcribe", overflow)

    with pytest.raises(EngineCrashed) as caught:
        transcribe(audio, plan.chunks[0], options("whisper", language="en"), engine, Run(tmp_path, MACHINE))
    assert caught.value.code == "out_of_memory"


def test_the_cpu_running_full_is_out_of_memory_too(
    engine: OpenAIWhisper, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    audio, plan = prepared(render([Line("slt", "Good morning, Maria.", 0.5)]).path)
    monkeypatch.setattr(engine._model, "transcribe", lambda *args, **kwargs: torch.empty(1 << 50))

    with pytest.raises(EngineCrashed) as caught:
        transcribe(audio, plan.chunks[0], options("whisper", language="en"), engine, Run(tmp_path, MACHINE))
    assert caught.value.code == "out_of_memory"


def test_other_errors_are_not_taken_for_it(
    engine: OpenAIWhisper, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    audio, plan = prepared(render([Line("slt", "Good morning, Maria.", 0.5)]).path)
    monkeypatch.setattr(engine._model, "transcribe", lambda *args, **kwargs: torch.zeros(2) @ torch.zeros(3))

    with pytest.raises(RuntimeError):
        transcribe(audio, plan.chunks[0], options("whisper", language="en"), engine, Run(tmp_path, MACHINE))


def test_keeps_to_the_number_of_threads_it_is_given() -> None:
    """In a process of its own: what raised the number, numba, does so once, when it is first used."""
    script = """
import torch
from tests.media_pipeline.test_whisper import *
audio, plan = prepared(render([Line("slt", "Good morning, Maria.", 0.5)]).path)
engine = pool.get("stt", "whisper", CHECKPOINT, MACHINE)
transcribe(audio, plan.chunks[0], options("whisper", language="en"), engine, Run(Path(), MACHINE))
print("threads:", torch.get_num_threads())
"""
    root = Path(__file__).parents[2]
    printed = subprocess.run([sys.executable, "-c", script], cwd=root, check=True, stdout=subprocess.PIPE, text=True)

    assert printed.stdout.splitlines()[-1] == "threads: 1"


def test_weights_of_an_official_model_lie_in_the_models_folder(tmp_path: Path) -> None:
    machine = replace(MACHINE, models_dir=tmp_path)
    assert OpenAIWhisper.missing("small", machine) is not None

    (tmp_path / "whisper").mkdir()
    (tmp_path / "whisper" / "small.pt").touch()

    assert OpenAIWhisper.missing("small", machine) is None
    assert weights_file("small", tmp_path) == tmp_path / "whisper" / "small.pt"


def test_a_damaged_checkpoint_is_said_to_be_damaged(tmp_path: Path) -> None:
    damaged = tmp_path / "damaged.pt"
    damaged.write_bytes(Path(CHECKPOINT).read_bytes()[:100_000])

    with pytest.raises(EngineUnavailable) as caught:
        OpenAIWhisper(str(damaged), MACHINE)

    assert caught.value.code == "bad_weights"


def test_a_file_that_is_something_else_is_said_to_be_damaged(tmp_path: Path) -> None:
    other = tmp_path / "other.pt"
    torch.save({"weights": torch.zeros(3)}, other)

    with pytest.raises(EngineUnavailable) as caught:
        OpenAIWhisper(str(other), MACHINE)

    assert caught.value.code == "bad_weights"


def test_sets_the_alignment_heads_of_a_named_model(tmp_path: Path) -> None:
    dims = whisper.ModelDimensions(80, 1500, 384, 6, 4, 51865, 448, 384, 6, 4)
    (tmp_path / "whisper").mkdir()
    model = whisper.model.Whisper(dims)
    torch.save({"dims": dims.__dict__, "model_state_dict": model.half().state_dict()}, tmp_path / "whisper" / "tiny.pt")

    engine = OpenAIWhisper("tiny", replace(MACHINE, models_dir=tmp_path))

    model.set_alignment_heads(whisper._ALIGNMENT_HEADS["tiny"])
    assert torch.equal(engine._model.alignment_heads.to_dense(), model.alignment_heads.to_dense())


def test_a_file_named_like_a_model_may_have_other_dimensions(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    renamed = tmp_path / "base.pt"
    shutil.copy(CHECKPOINT, renamed)

    engine = OpenAIWhisper(str(renamed), MACHINE)

    assert engine._model.alignment_heads.to_dense().any()
    assert "default alignment" in caplog.text


def piece(text: str, start: float, end: float) -> dict[str, object]:
    return {"word": text, "start": start, "end": end, "probability": 0.5}


def test_pieces_without_a_space_belong_to_the_word_before() -> None:
    pieces = [piece(" well", 0.0, 0.2), piece("-known", 0.2, 0.5), piece(" 3", 0.6, 0.7), piece(",000", 0.7, 0.9)]

    words = list(_words(pieces, WINDOW, is_spaced=True))

    assert [(word.text, word.start, word.end) for word in words] == [
        ("well-known", 100.0, 100.5),
        ("3,000", 100.6, 100.9),
    ]


def test_where_words_are_written_together_each_stays_a_word() -> None:
    pieces = [piece("你", 0.0, 0.2), piece("好", 0.2, 0.5), piece(" OK", 0.6, 0.7)]

    words = list(_words(pieces, WINDOW, is_spaced=False))

    assert [word.text for word in words] == ["你", "好", " OK"]


def test_words_never_leave_their_window() -> None:
    (word,) = _words([piece(" end", 29.5, 31.0)], WINDOW, is_spaced=True)

    assert word.end == 130.0

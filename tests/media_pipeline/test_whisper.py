import gc
import shutil
import subprocess
import sys
import weakref
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import pytest
import torch
import whisper
from torch.utils._python_dispatch import TorchDispatchMode
from whisper.timing import find_alignment, merge_punctuations

from media_pipeline.engines import pool
from media_pipeline.engines.base import Hints, WindowTranscript
from media_pipeline.engines.stt import whisper_decoder
from media_pipeline.engines.stt.whisper import MODELS, OpenAIWhisper, weights_file
from media_pipeline.engines.stt.whisper_decoder import Decoded, DecoderBatch, Request
from media_pipeline.engines.stt.whisper_network import Network
from media_pipeline.engines.torch_memory import Room
from media_pipeline.errors import EngineCrashed, EngineUnavailable
from media_pipeline.media import SAMPLE_RATE_HZ, Samples, SpeechRegion, Window
from media_pipeline.run import Run
from media_pipeline.steps.transcribe import transcribe
from media_pipeline.transcript import Mark
from media_pipeline.windows import pack_windows
from tests.media_pipeline.spoken import CHECKPOINT, MACHINE, options, prepared, word_error_rate
from tests.speech import Line, conversation, render


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


def test_hears_each_window_in_its_own_language(engine: OpenAIWhisper, tmp_path: Path) -> None:
    lines = [Line("es", "La reunión es mañana a las nueve.", 2.0), Line("slt", "Please send the report to Anna.", 0.5)]
    audio, plan = prepared(render(lines).path)
    windows = pack_windows(plan.chunks[0], 4.0)

    found = list(engine.transcribe(audio, windows, options("whisper", mixed_languages=True), Run(tmp_path, MACHINE)))

    assert {result.language for result in found} == {"es", "en"}


def test_a_vocabulary_becomes_the_prompt_of_every_window(
    engine: OpenAIWhisper, tmp_path: Path, requests: list[Request]
) -> None:
    audio, plan = prepared(render(conversation(20, 12, ("slt", "rms"))).path)

    transcribe(audio, plan.chunks[0], options("whisper", vocabulary="Anna, Peter"), engine, Run(tmp_path, MACHINE))

    before = {request.prompt[: request.prompt.index(engine._network.tokenizer.sot)] for request in requests}
    assert len(requests) > 1
    assert len(before) == 1
    assert engine._network.tokenizer.decode(list(before.pop())[1:]).strip() == "Anna, Peter"


def test_carries_over_what_was_said_when_asked_to(
    engine: OpenAIWhisper, tmp_path: Path, requests: list[Request]
) -> None:
    audio, plan = prepared(render(conversation(20, 12, ("slt", "rms"))).path)
    windows = pack_windows(plan.chunks[0])
    hints = Hints(context="Good evening.")

    found = list(
        engine.transcribe(audio, windows, options("whisper", carry_context=True), Run(tmp_path, MACHINE), hints)
    )

    decode = engine._network.tokenizer.decode
    assert [result.window for result in found] == list(windows)
    assert "Good evening." in decode(list(requests[0].prompt))
    assert found[0].segments[0].text in decode(list(requests[1].prompt))


@pytest.mark.parametrize(("with_timestamps", "count"), [(False, 100), (True, 30)])
def test_decodes_as_openai_whisper_does_token_by_token(
    engine: OpenAIWhisper, with_timestamps: bool, count: int
) -> None:
    features = [engine._network.encode([samples])[0] for samples in cuts(count, longest=14.0)]

    ours = decoded_in_slots(engine._network, features, with_timestamps=with_timestamps)

    wanted = whisper.DecodingOptions(language="en", without_timestamps=not with_timestamps, fp16=False)
    model = whisper.load_model(CHECKPOINT)
    for found, heard in zip(ours, features, strict=True):
        theirs = whisper.decode(model, heard, wanted)
        assert isinstance(theirs, whisper.DecodingResult)
        assert list(found.tokens) == theirs.tokens
        assert found.log_probability == pytest.approx(theirs.avg_logprob, abs=1e-4)
        assert found.no_speech_probability == pytest.approx(theirs.no_speech_prob, abs=1e-4)


def test_decodes_as_openai_whisper_does_with_random_weights_of_true_size(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(whisper_decoder, "MAX_NEW_TOKENS", 24)
    path = random_checkpoint(tmp_path / "base.pt", (80, 1500, 512, 8, 6, 51865, 448, 512, 8, 6))
    network = Network(path, "cpu")
    features = [network.encode([samples])[0] for samples in cuts(3)]

    ours = decoded_in_slots(network, features)

    wanted = whisper.DecodingOptions(language="en", without_timestamps=True, fp16=False, sample_len=24)
    model = whisper.load_model(str(path))
    for found, heard in zip(ours, features, strict=True):
        theirs = whisper.decode(model, heard, wanted)
        assert isinstance(theirs, whisper.DecodingResult)
        assert list(found.tokens) == theirs.tokens


def test_a_step_brings_no_numbers_to_the_device_and_asks_it_for_none(engine: OpenAIWhisper) -> None:
    """A CUDA graph can hold neither; indexing with a list, for one, copies the list to the device."""
    network = engine._network
    features = network.encode(cuts(1))[0]
    prompt = network.prompt("en", (), with_timestamps=True)
    slots = DecoderBatch(network.decoder, 2)
    slots.admit([Request(0, features, prompt, temperature=0.4, with_timestamps=True)])

    with torch.inference_mode(), Watched() as watched:
        slots._one_step(2, 64, sampled=True, timed=True)

    assert "aten.index_put_.default" in watched.operations
    assert not watched.operations & {"aten._local_scalar_dense.default", "aten.nonzero.default"}
    assert watched.foreign == []


def test_a_batch_of_slots_that_is_dropped_gives_its_memory_back_at_once(engine: OpenAIWhisper) -> None:
    slots = DecoderBatch(engine._network.decoder, 2)
    dropped = weakref.ref(slots)

    del slots

    assert dropped() is None


def test_what_was_given_out_keeps_nothing_large(
    engine: OpenAIWhisper, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    audio, plan = prepared(render(conversation(20, 12, ("slt", "rms"))).path)
    windows = pack_windows(plan.chunks[0], 10.0)
    decoded: list[weakref.ref[torch.Tensor]] = []
    pieces = Network.pieces

    def watched(network: Network, found: Decoded, seconds: float) -> object:
        decoded.append(weakref.ref(found.attention))
        return pieces(network, found, seconds)

    monkeypatch.setattr(Network, "pieces", watched)
    results = engine.transcribe(audio, windows, options("whisper", language="en"), Run(tmp_path, MACHINE))
    last = list(zip(range(len(windows)), results, strict=False))[-1]

    assert last[0] == len(windows) - 1
    assert sum(reference() is not None for reference in decoded) <= 1


def test_encodes_as_openai_whisper_does(engine: OpenAIWhisper) -> None:
    model = whisper.load_model(CHECKPOINT)
    for samples in cuts(3):
        mel = whisper.log_mel_spectrogram(whisper.pad_or_trim(samples))
        with torch.no_grad():
            assert torch.allclose(engine._network.encode([samples])[0], model.encoder(mel[None])[0], atol=1e-4)


def test_word_times_are_those_of_openai_whisper(engine: OpenAIWhisper) -> None:
    network, recordings = engine._network, cuts(20)
    ours = decoded_in_slots(network, [network.encode([samples])[0] for samples in recordings])

    model, off = whisper.load_model(CHECKPOINT), []
    for samples, found in zip(recordings, ours, strict=True):
        seconds = samples.size / SAMPLE_RATE_HZ
        mel = whisper.log_mel_spectrogram(whisper.pad_or_trim(samples))
        text = list(network.text_tokens(found.tokens))
        theirs = find_alignment(model, network.tokenizer, text, mel, round(seconds / 0.02) * 2)
        merge_punctuations(theirs, "\"'“¿([{-", "\"'.。,，!！?？:：”)]}、")
        pairs = zip(network.pieces(found, seconds), [word for word in theirs if word.word], strict=True)
        off += [max(abs(a.start - b.start), abs(a.end - b.end)) for a, b in pairs]

    assert len(off) > 200
    assert sum(seconds < 0.021 for seconds in off) >= 0.99 * len(off)


def test_only_the_window_that_loops_is_decoded_again(
    engine: OpenAIWhisper, tmp_path: Path, requests: list[Request], monkeypatch: pytest.MonkeyPatch
) -> None:
    audio, plan = prepared(render(conversation(20, 12, ("slt", "rms"))).path)
    windows = pack_windows(plan.chunks[0], 10.0)
    honest = list(engine.transcribe(audio, windows, options("whisper", language="en"), Run(tmp_path, MACHINE)))
    looping = sorted(honest, key=lambda result: result.window.start)[1]
    requests.clear()
    judged: list[str] = []

    def ratio(text: str) -> float:
        judged.append(text)
        return 3.0 if text == looping.segments[0].text else 1.0

    monkeypatch.setattr("media_pipeline.engines.stt.whisper.compression_ratio", ratio)
    found = list(engine.transcribe(audio, windows, options("whisper", language="en"), Run(tmp_path, MACHINE)))

    assert len(windows) > 3
    assert sum(request.temperature == 0 for request in requests) == len(windows)
    assert 1 <= sum(request.temperature > 0 for request in requests) <= 5
    assert {result.window for result in found} == set(windows)


def test_a_loop_that_stays_is_kept_and_marked(
    engine: OpenAIWhisper, tmp_path: Path, requests: list[Request], monkeypatch: pytest.MonkeyPatch
) -> None:
    audio, plan = prepared(render([Line("slt", "Good morning, Maria.", 0.5)]).path)
    monkeypatch.setattr("media_pipeline.engines.stt.whisper.compression_ratio", lambda text: 3.0)

    part = transcribe(audio, plan.chunks[0], options("whisper", language="en"), engine, Run(tmp_path, MACHINE))

    assert [request.temperature for request in requests] == [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]
    assert all(Mark.REPEATED in word.marks for segment in part.segments for word in segment.words)
    assert part.segments


def test_words_far_from_all_speech_are_marked_as_doubtful(engine: OpenAIWhisper, tmp_path: Path) -> None:
    audio, _ = prepared(render([Line("slt", "Good morning, Maria.", 4.0)]).path)
    window = Window(0.0, audio.facts.duration, (SpeechRegion(5.0, audio.facts.duration),))

    (result,) = engine.transcribe(audio, [window], options("whisper", language="en"), Run(tmp_path, MACHINE))

    assert result.segments[0].words[0].marks == (Mark.DOUBTFUL,)


def test_out_of_memory_halves_the_batch_and_loses_nothing(
    tmp_path: Path, requests: list[Request], monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = OpenAIWhisper(CHECKPOINT, MACHINE)
    audio, plan = prepared(render(conversation(20, 12, ("slt", "rms"))).path)
    windows = pack_windows(plan.chunks[0], 10.0)
    wanted, run = options("whisper", language="en"), Run(tmp_path, MACHINE)
    undisturbed = {result.window: said(result) for result in engine.transcribe(audio, windows, wanted, run)}
    advance, begun = DecoderBatch.advance, engine.batch

    def overflow(batch: DecoderBatch) -> None:
        if batch.capacity > begun // 4:
            raise torch.OutOfMemoryError("CUDA out of memory")
        advance(batch)

    monkeypatch.setattr(DecoderBatch, "advance", overflow)
    found = {result.window: said(result) for result in engine.transcribe(audio, windows, wanted, run)}

    assert found == undisturbed
    assert engine.batch == begun // 4
    assert len(run.warnings) == 1


def test_when_one_window_is_too_much_for_the_gpu_the_cpu_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = OpenAIWhisper(CHECKPOINT, MACHINE)
    engine._room.device, engine._room.batch, gpu = "cuda", 1, engine._network  # as if it were one
    audio, plan = prepared(render([Line("slt", "Good morning, Maria.", 0.5)]).path)
    encode = Network.encode

    def overflow(network: Network, windows: list[Samples]) -> torch.Tensor:
        if network is gpu:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return encode(network, windows)

    monkeypatch.setattr(Network, "encode", overflow)
    run = Run(tmp_path, MACHINE)
    part = transcribe(audio, plan.chunks[0], options("whisper", language="en"), engine, run)

    assert "morning" in part.segments[0].text
    assert part.device == "cpu"
    assert "CPU" in run.warnings[0]


def test_the_cpu_running_full_is_out_of_memory_too(
    engine: OpenAIWhisper, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    audio, plan = prepared(render([Line("slt", "Good morning, Maria.", 0.5)]).path)
    monkeypatch.setattr(DecoderBatch, "advance", lambda batch: torch.empty(1 << 50))
    monkeypatch.setattr(engine, "_room", Room(2, "cpu", lambda: None))

    with pytest.raises(EngineCrashed) as caught:
        transcribe(audio, plan.chunks[0], options("whisper", language="en"), engine, Run(tmp_path, MACHINE))
    assert caught.value.code == "out_of_memory"


def test_other_errors_are_not_taken_for_it(
    engine: OpenAIWhisper, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    audio, plan = prepared(render([Line("slt", "Good morning, Maria.", 0.5)]).path)
    monkeypatch.setattr(DecoderBatch, "advance", lambda batch: torch.zeros(2) @ torch.zeros(3))

    with pytest.raises(RuntimeError):
        transcribe(audio, plan.chunks[0], options("whisper", language="en"), engine, Run(tmp_path, MACHINE))


def test_one_that_was_stopped_in_the_middle_does_not_disturb_the_next(engine: OpenAIWhisper, tmp_path: Path) -> None:
    audio, plan = prepared(render(conversation(20, 12, ("slt", "rms"))).path)
    windows = pack_windows(plan.chunks[0], 10.0)
    wanted, run = options("whisper", language="en"), Run(tmp_path, MACHINE)
    undisturbed = {result.window: said(result) for result in engine.transcribe(audio, windows, wanted, run)}

    stopped = engine.transcribe(audio, windows, wanted, run)
    next(stopped)
    stopped.close()

    assert {result.window: said(result) for result in engine.transcribe(audio, windows, wanted, run)} == undisturbed


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


TINY = (80, 1500, 384, 6, 4, 51865, 448, 384, 6, 4)


@pytest.mark.parametrize("name", ["tiny.pt", "trained-further.pt"])
def test_sets_the_alignment_heads_of_a_model_by_its_dimensions(tmp_path: Path, name: str) -> None:
    network = Network(random_checkpoint(tmp_path / name, TINY), "cpu")

    model = whisper.model.Whisper(whisper.ModelDimensions(*TINY))
    model.set_alignment_heads(whisper._ALIGNMENT_HEADS["tiny"])
    wanted = [tuple(pair) for pair in model.alignment_heads.indices().T.tolist()]
    found = [(layer, head) for layer, heads in network.decoder.alignment_heads.items() for head in heads]
    assert found == wanted


def test_a_file_named_like_a_model_may_have_other_dimensions(tmp_path: Path) -> None:
    renamed = tmp_path / "base.pt"
    shutil.copy(CHECKPOINT, renamed)

    network = Network(renamed, "cpu")

    assert network.decoder.alignment_heads == {1: [0, 1, 2, 3], 2: [0, 1, 2, 3]}


class Watched(TorchDispatchMode):
    """Notes operations, and indices that neither were there before nor came out of an operation."""

    def __init__(self) -> None:
        super().__init__()
        self.operations: set[str] = set()
        self.foreign: list[torch.Tensor] = []
        there = [each for each in gc.get_objects() if issubclass(type(each), torch.Tensor)]
        self._known = {each.untyped_storage().data_ptr() for each in there if each.layout == torch.strided}
        self._kept: list[object] = []  # so that no address comes twice

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.operations.add(str(func))
        if str(func).startswith("aten.index"):
            indices = [each for each in args[1] if each is not None]
            self.foreign += [each for each in indices if each.untyped_storage().data_ptr() not in self._known]
        found = func(*args, **(kwargs or {}))
        self._kept.append(found)
        if isinstance(found, torch.Tensor) and not str(func).startswith(("aten.detach", "aten.lift")):
            self._known.add(found.untyped_storage().data_ptr())
        return found


def cuts(count: int, longest: float = 29.0) -> list[Samples]:
    """Stretches of 4 s to `longest` of a conversation, beginning and ending anywhere."""
    audio, _ = prepared(render(conversation(24, seed=5)).path)
    random = Random(1)
    lengths = [random.uniform(4, longest) for _ in range(count)]
    starts = [random.uniform(0, audio.facts.duration - length) for length in lengths]
    return [audio.read(start, start + length) for start, length in zip(starts, lengths, strict=True)]


def decoded_in_slots(network: Network, features: list[torch.Tensor], *, with_timestamps: bool = False) -> list[Decoded]:
    """All decoded with four slots, refilled as they become free."""
    prompt = network.prompt("en", (), with_timestamps=with_timestamps)
    waiting = [Request(key, each, prompt, with_timestamps=with_timestamps) for key, each in enumerate(features)]
    slots, found = DecoderBatch(network.decoder, 4), {}
    while waiting or slots.requests:
        admitted, waiting = waiting[: slots.free], waiting[slots.free :]
        slots.admit(admitted)
        slots.advance()
        found.update((decoded.request.key, decoded) for decoded in slots.finished())
    return [found[key] for key in range(len(features))]


def random_checkpoint(path: Path, dims: tuple[int, ...]) -> Path:
    """A checkpoint of those dimensions whose text is nonsense, but the same each time."""
    torch.manual_seed(0)
    model = whisper.model.Whisper(whisper.ModelDimensions(*dims))
    torch.nn.init.normal_(model.decoder.positional_embedding, std=0.02)
    torch.save({"dims": model.dims.__dict__, "model_state_dict": model.state_dict()}, path)
    return path


def said(result: WindowTranscript) -> str:
    return " ".join(segment.text for segment in result.segments)


@pytest.fixture
def requests(monkeypatch: pytest.MonkeyPatch) -> list[Request]:
    """All windows that are given to a decoder, each time they are."""
    admitted: list[Request] = []
    admit = DecoderBatch.admit

    def watched(batch: DecoderBatch, given: list[Request]) -> None:
        admitted.extend(given)
        admit(batch, given)

    monkeypatch.setattr(DecoderBatch, "admit", watched)
    return admitted

"""G1, G2, G3 and G5, on a CUDA device: an hour in 120 windows on random weights of the size of turbo and large-v3.

As in `batched_whisper`, every window's text ends after 95 tokens. The peer is `whisper.transcribe` in float16 on a
sixth of the windows, its time scaled; and, where it is installed, `transformers` with batches of 24.
"""

import importlib.util
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest import mock

from benchmarks.batched_whisper import TOKENS, counting_tokens, listed, noise, random_checkpoint
from benchmarks.measuring import conclude, say, timed

DIMENSIONS = {
    "turbo": (128, 1500, 1280, 20, 32, 51866, 448, 1280, 20, 4),
    "large-v3": (128, 1500, 1280, 20, 32, 51866, 448, 1280, 20, 32),
}
GOALS = {"turbo": ("G1", 20.0, 1500.0), "large-v3": ("G2", 15.0, 600.0)}
WINDOWS, WINDOW_SECONDS, PEER_SHARE = 120, 30, 6
REPEATS = 3
STEPS_AT_ONCE = 8  # as many as `DecoderBatch.advance` does on CUDA


def run() -> None:
    """Print the rows G1, G2, G3 and G5."""
    import torch

    print(f"gpu_whisper: {WINDOWS} windows, {torch.cuda.get_device_name()}")
    with tempfile.TemporaryDirectory() as name:
        audio = noise(Path(name) / "noise.wav", WINDOWS * WINDOW_SECONDS)
        for size, dims in DIMENSIONS.items():
            path = random_checkpoint(Path(name) / f"{size}.pt", dims, TOKENS)
            an_hour(size, path, audio)
            path.unlink()


def an_hour(size: str, path: Path, audio: Any) -> None:
    import whisper

    from media_pipeline.engines.stt.whisper import OpenAIWhisper
    from media_pipeline.media import SpeechRegion, Window
    from media_pipeline.options import TranscribeOptions
    from media_pipeline.run import Machine, Run

    row, goal, speed = GOALS[size]
    edges = [(start, start + WINDOW_SECONDS) for start in range(0, WINDOWS * WINDOW_SECONDS, WINDOW_SECONDS)]
    windows = [Window(start, end, (SpeechRegion(start, end),)) for start, end in edges]
    machine = Machine(Path("no-models-here"), device="cuda", threads=4)
    engine, wanted = OpenAIWhisper(str(path), machine), TranscribeOptions("whisper", str(path), "en")
    counts: list[int] = []

    def ours() -> None:
        with counting_tokens() as counted, mock.patch("media_pipeline.engines.stt.whisper.TEMPERATURES", (0.0,)):
            list(engine.transcribe(audio, windows, wanted, Run(path.parent, machine)))
        counts[:] = counted

    ours()  # captures its graphs
    ours()
    mine = [timed(ours) for _ in range(REPEATS)]
    assert counts == [TOKENS] * WINDOWS, counts
    bare = timed(lambda: without_word_times(engine, ours))
    say(f"{size}: {listed(tuple(mine))} s, {engine.batch} windows at once; without times of words {bare:.2f} s")
    seconds = statistics.median(mine)
    model = whisper.load_model(str(path), device="cuda")
    theirs = openai(model, audio)
    steps(size, engine, model)
    conclude(f"{row}/{size}_openai", seconds, theirs, "s", f">={goal:g}")
    hour = WINDOWS * WINDOW_SECONDS
    conclude(f"{row}/{size}_speed", hour / seconds, hour / theirs, "x", f"ours>={speed:g}x")
    conclude(f"G5/{size}", seconds, bare, "s", ">=0.87")
    if importlib.util.find_spec("transformers") is None:
        say("transformers is not installed: not compared")


def without_word_times(engine: Any, work: Any) -> None:
    from media_pipeline.engines.stt.whisper_network import Network

    with mock.patch.object(Network, "pieces", lambda network, decoded, seconds: ()):
        work()


def openai(model: Any, audio: Any) -> float:
    """Seconds for all windows, from a share of them."""
    import torch

    samples = audio.read(0.0, WINDOWS * WINDOW_SECONDS / PEER_SHARE)

    def transcribe() -> None:
        model.transcribe(
            samples,
            language="en",
            temperature=0.0,
            without_timestamps=True,
            condition_on_previous_text=False,
            no_speech_threshold=None,
        )
        torch.cuda.synchronize()

    transcribe()
    return PEER_SHARE * timed(transcribe)


def steps(size: str, engine: Any, model: Any) -> None:
    """G3: milliseconds of one decoding step with 1 and with 32 windows, beside the package's own step."""
    import torch

    for batch in (1, 32):
        features = torch.randn(batch, 1500, engine._network.decoder.width, device="cuda", dtype=torch.float16)
        limit = {("large-v3", 1): 1.5, ("large-v3", 32): 5.0}.get((size, batch), 1.5)
        mine, theirs = our_step(engine._network, features), their_step(model, features)
        conclude(f"G3/{size}_{batch}", mine, theirs, "ms", f"ours<={limit:g}ms")


def our_step(network: Any, features: Any) -> float:
    from media_pipeline.engines.stt.whisper_decoder import DecoderBatch, Request

    slots = DecoderBatch(network.decoder, len(features))
    prompt = network.prompt("en", (), with_timestamps=False)
    slots.admit([Request(key, each, prompt) for key, each in enumerate(features)])
    for _ in range(2):
        slots.advance()  # the first is done plainly and then captured
    return on_device(slots.advance) / STEPS_AT_ONCE


def their_step(model: Any, features: Any) -> float:
    import torch

    tokens = torch.full((len(features), 4), 50258, device="cuda")
    cache, hooks = model.install_kv_cache_hooks()

    def some() -> None:
        for _ in range(STEPS_AT_ONCE):
            model.decoder(tokens[:, -1:], features, kv_cache=cache)

    with torch.inference_mode():
        model.decoder(tokens, features, kv_cache=cache)
        some()
        milliseconds = on_device(some) / STEPS_AT_ONCE
    for hook in hooks:
        hook.remove()
    return milliseconds


def on_device(work: Callable[[], None]) -> float:
    """Milliseconds until the device has done all of it."""
    import torch

    torch.cuda.synchronize()
    started = time.perf_counter()
    work()
    torch.cuda.synchronize()
    return 1000 * (time.perf_counter() - started)

"""C1: our batched Whisper beside `whisper.transcribe`, on weights of true size and on an hour of speech.

Weights of true size are random: they show the speed, not the words. Twenty windows of 30 s; every window's text is
made to end after 95 tokens, a usual number, on both sides; both decode greedily, without timestamps and fallback.
Ours finds the times of words too; the peer, by default, does not.

The hour is spoken by three voices in sentences the tests' small checkpoint never saw in training. Here the peer has
its defaults.
"""

import os
import statistics
import tempfile
import wave
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np

from benchmarks.measuring import conclude, peak_rss_mb, say, timed

DIMENSIONS = {
    "tiny": (80, 1500, 384, 6, 4, 51865, 448, 384, 6, 4),
    "base": (80, 1500, 512, 8, 6, 51865, 448, 512, 8, 6),
}
GOALS = {"tiny": ">=2.2", "base": ">=1.7"}
WINDOWS, WINDOW_SECONDS, TOKENS = 20, 30, 95
REPEATS = 2
HOUR_SENTENCES = 1050
VOICES = ("slt", "rms", "awb")


def run() -> None:
    """Print the rows C1."""
    print(f"batched_whisper: {WINDOWS} windows, {TOKENS} tokens each; then an hour of speech")
    with tempfile.TemporaryDirectory() as name:
        for size in DIMENSIONS:
            true_size(size, Path(name))
        hour(Path(name))


def true_size(size: str, folder: Path) -> None:
    import torch
    import whisper

    from media_pipeline.engines.stt.whisper import OpenAIWhisper
    from media_pipeline.media import SpeechRegion, Window
    from media_pipeline.options import TranscribeOptions
    from media_pipeline.run import Run

    path = random_checkpoint(folder / f"{size}.pt", DIMENSIONS[size], TOKENS)
    audio = noise(folder / "noise.wav", WINDOWS * WINDOW_SECONDS)
    edges = [(start, start + WINDOW_SECONDS) for start in range(0, WINDOWS * WINDOW_SECONDS, WINDOW_SECONDS)]
    windows = [Window(start, end, (SpeechRegion(start, end),)) for start, end in edges]
    engine, wanted = OpenAIWhisper(str(path), machine()), TranscribeOptions("whisper", str(path), "en")
    model = whisper.load_model(str(path))
    samples = audio.read(0.0, WINDOWS * WINDOW_SECONDS)
    counted: dict[str, list[int]] = {}

    def ours() -> None:
        with counting_tokens() as counts, mock.patch("media_pipeline.engines.stt.whisper.TEMPERATURES", (0.0,)):
            list(engine.transcribe(audio, windows, wanted, Run(folder, machine())))
        counted["ours"] = counts

    def peer(heard: Any = samples) -> None:
        result = model.transcribe(
            heard,
            language="en",
            temperature=0.0,
            without_timestamps=True,
            condition_on_previous_text=False,
            no_speech_threshold=None,
            fp16=False,
        )
        counted["peer"] = [len(segment["tokens"]) for segment in result["segments"]]

    ours(), peer(samples[: WINDOW_SECONDS * 16_000])  # both warm
    mine, theirs = zip(*((timed(ours), timed(peer)) for _ in range(REPEATS)), strict=True)
    assert counted["ours"] == counted["peer"] == [TOKENS] * WINDOWS, counted
    say(f"{size}: ours {listed(mine)} s, peer {listed(theirs)} s, {torch.get_num_threads()} threads")
    conclude(f"C1/{size}", statistics.median(mine), statistics.median(theirs), "s", GOALS[size])


def hour(folder: Path) -> None:
    import whisper

    from media_pipeline.engines import pool
    from media_pipeline.run import Run
    from media_pipeline.steps.transcribe import transcribe
    from media_pipeline.text.merge import merge
    from tests.media_pipeline.spoken import CHECKPOINT, options, prepared, word_error_rate
    from tests.speech import conversation, render

    speech = render(conversation(HOUR_SENTENCES, seed=60, voices=VOICES))
    audio, plan = prepared(speech.path)
    engine = pool.get("stt", "whisper", CHECKPOINT, machine())
    model = whisper.load_model(CHECKPOINT)
    texts: dict[str, str] = {}

    def ours() -> None:
        run = Run(folder, machine())
        parts = [transcribe(audio, chunk, options("whisper"), engine, run) for chunk in plan.chunks]
        texts["ours"] = " ".join(segment.text for segment in merge(parts).segments)

    def peer() -> None:
        texts["peer"] = str(model.transcribe(str(speech.path), fp16=False)["text"])

    mine, theirs = timed(ours), timed(peer)
    wer = {side: 100 * word_error_rate(speech, text) for side, text in texts.items()}
    say(f"{speech.duration / 60:.0f} minutes: WER ours {wer['ours']:.2f} %, peer {wer['peer']:.2f} %")
    conclude("C1/hour", mine, theirs, "s", ">=2.5")
    conclude("C1/hour_wer", wer["ours"], wer["peer"], "%", f"ours<={wer['peer'] + 0.5:.2f}%")
    say(f"peak memory {peak_rss_mb():.0f} MiB, the peer's included")


def machine() -> Any:
    from media_pipeline.run import Machine

    return Machine(Path("no-models-here"), device="cpu", threads=len(os.sched_getaffinity(0)))


def random_checkpoint(path: Path, dims: tuple[int, ...], tokens: int) -> Path:
    """Random weights that write nonsense of exactly `tokens` tokens, after a prompt of four.

    One direction of the decoder's state, which positions set, is that of the end: far from it until its time comes.
    """
    import torch
    import whisper

    torch.manual_seed(0)
    model = whisper.model.Whisper(whisper.ModelDimensions(*dims))
    end = 50257
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.ndim > 1:
                parameter.normal_(std=0.02)
        toward_end = torch.zeros(dims[7])
        toward_end[::2], toward_end[1::2] = 1.0, -1.0
        positions = model.decoder.positional_embedding
        positions -= toward_end
        positions[3 + tokens :] += 2 * toward_end
        model.decoder.token_embedding.weight[end] = toward_end
        model.decoder.token_embedding.weight[end + 1 :] = 0.5 * toward_end
    torch.save({"dims": model.dims.__dict__, "model_state_dict": model.state_dict()}, path)
    return path


def noise(path: Path, seconds: int) -> Any:
    """Something to listen to."""
    from media_pipeline.media import Audio, AudioFacts

    pcm = (np.random.default_rng(0).standard_normal(seconds * 16_000) * 1000).astype(np.int16)
    with wave.open(str(path), "wb") as wav:
        wav.setparams((1, 2, 16_000, 0, "NONE", ""))
        wav.writeframes(pcm.tobytes())
    return Audio(path, AudioFacts(duration=float(seconds), gain=1.0, loudness_db=None, peak=1.0))


@contextmanager
def counting_tokens() -> Iterator[list[int]]:
    """How many tokens our side decodes for each window."""
    from media_pipeline.engines.stt.whisper_network import Network

    counts: list[int] = []
    pieces = Network.pieces

    def counted(network: Network, decoded: Any, seconds: float) -> Any:
        counts.append(len(decoded.tokens))
        return pieces(network, decoded, seconds)

    with mock.patch.object(Network, "pieces", counted):
        yield counts


def listed(seconds: tuple[float, ...]) -> str:
    return " ".join(f"{each:.2f}" for each in seconds)

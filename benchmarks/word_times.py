"""C3: times of words for twenty windows beside `whisper.timing.find_alignment`, window by window.

Ours keeps the attention while it decodes, so its price is what decoding takes longer for that, and the work on what
was kept. The peer encodes each window again and reads its text once more. Time is taken on random weights of the
size of "base" with its official alignment heads; whether times agree, on real words and the tests' checkpoint.
"""

import statistics
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.batched_whisper import DIMENSIONS, TOKENS, listed, machine, noise, random_checkpoint
from benchmarks.measuring import conclude, say, timed

WINDOWS, WINDOW_SECONDS = 20, 30
REPEATS = 2
SLOTS = 8


def run() -> None:
    """Print row C3."""
    print(f"word_times: {WINDOWS} windows of {WINDOW_SECONDS} s")
    import torch

    torch.set_num_threads(machine().threads)
    with tempfile.TemporaryDirectory() as name:
        agreement()
        speed(Path(name))


def speed(folder: Path) -> None:
    import whisper
    from whisper.timing import find_alignment

    from media_pipeline.engines.stt.whisper_network import Network

    path = random_checkpoint(folder / "base.pt", DIMENSIONS["base"], TOKENS)
    network, model = Network(path, "cpu"), whisper.load_model(str(path))
    model.set_alignment_heads(whisper._ALIGNMENT_HEADS["base"])
    audio = noise(folder / "noise.wav", WINDOWS * WINDOW_SECONDS)
    windows = [audio.read(WINDOW_SECONDS * n, WINDOW_SECONDS * (n + 1)) for n in range(WINDOWS)]
    features = [network.encode([samples])[0] for samples in windows]
    mels = [whisper.log_mel_spectrogram(samples) for samples in windows]
    heads = network.decoder.alignment_heads

    def without() -> Any:
        network.decoder.alignment_heads = {}
        return decoded(network, features)

    def ours() -> None:
        network.decoder.alignment_heads = heads
        for each in decoded(network, features):
            network.pieces(each, WINDOW_SECONDS)

    texts = [list(network.text_tokens(each.tokens)) for each in without()]

    def peer() -> None:
        for mel, text in zip(mels, texts, strict=True):
            find_alignment(model, network.tokenizer, text, mel, 100 * WINDOW_SECONDS)

    ours(), peer()  # both compile what they compile
    bare, mine, theirs = zip(*((timed(without), timed(ours), timed(peer)) for _ in range(REPEATS)), strict=True)
    say(f"decoding alone {listed(bare)} s, with times of words {listed(mine)} s; the peer's times {listed(theirs)} s")
    price = max(0.01, statistics.median(mine) - statistics.median(bare))
    conclude("C3/base", price, statistics.median(theirs), "s", ">=2.5")


def agreement() -> None:
    """How far the two differ on speech."""
    import whisper
    from whisper.timing import find_alignment, merge_punctuations

    from media_pipeline.engines.stt.whisper_network import Network
    from media_pipeline.windows import pack_windows
    from tests.media_pipeline.spoken import CHECKPOINT, prepared
    from tests.speech import conversation, render

    audio, plan = prepared(render(conversation(180, 7)).path)
    windows = [window for chunk in plan.chunks for window in pack_windows(chunk)][:WINDOWS]
    samples = [audio.read(window.start, window.end) for window in windows]
    network, model = Network(Path(CHECKPOINT), "cpu"), whisper.load_model(CHECKPOINT)
    off = []
    for each, found in zip(samples, decoded(network, [network.encode([one])[0] for one in samples]), strict=True):
        mel = whisper.log_mel_spectrogram(whisper.pad_or_trim(each))
        text, frames = list(network.text_tokens(found.tokens)), round(each.size / 320) * 2
        theirs = find_alignment(model, network.tokenizer, text, mel, frames)
        merge_punctuations(theirs, "\"'“¿([{-", "\"'.。,，!！?？:：”)]}、")
        pairs = zip(network.pieces(found, each.size / 16_000), [word for word in theirs if word.word], strict=True)
        off += [max(abs(a.start - b.start), abs(a.end - b.end)) for a, b in pairs]
    share = sum(seconds < 0.0205 for seconds in off) / len(off)
    say(f"{len(off)} words in {len(windows)} windows: {100 * share:.1f} % within 20 ms, at most {max(off):.2f} s apart")


def decoded(network: Any, features: list[Any]) -> list[Any]:
    from media_pipeline.engines.stt.whisper_decoder import DecoderBatch, Request

    prompt = network.prompt("en", (), with_timestamps=False)
    waiting = [Request(key, each, prompt) for key, each in enumerate(features)]
    slots, found = DecoderBatch(network.decoder, SLOTS), {}
    while waiting or slots.requests:
        admitted, waiting = waiting[: slots.free], waiting[slots.free :]
        slots.admit(admitted)
        slots.advance()
        found.update((each.request.key, each) for each in slots.finished())
    return [found[key] for key in range(len(features))]

"""C6: the spectrogram of three hours in pieces beside openai-whisper's of the whole file.

Both sides make what Whisper's `transcribe` takes, with the floor that the loudest place of all sets: ours in two
passes over the recording, each piece read, used and forgotten. Each side runs in a process of its own.
"""

import json
import subprocess
import sys
import tempfile
import wave
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.measuring import conclude, peak_rss_mb, say, timed

HOURS = 3
PIECE_SECONDS = 30
RATE_HZ = 16_000


def run() -> None:
    """Print the rows C6."""
    print(f"log_mel: {HOURS} hours")
    with tempfile.TemporaryDirectory() as name:
        path = long_recording(Path(name) / "long.wav")
        ours, peer = (measured(side, path) for side in ("ours", "peer"))
        apart = difference(path)
    for title, side in (("ours", ours), ("peer", peer)):
        say(f"{title}: {side['seconds']:.1f} s, {side['rss']:.0f} MiB")
    say(f"greatest difference over the first 10 minutes: {apart:.1e}")
    assert apart <= 1e-4
    conclude("C6/memory", ours["rss"], peer["rss"], "MiB", ">=8", ours["rss"])
    conclude("C6/speed", ours["seconds"], peer["seconds"], "s", ">=1.0", ours["rss"])


def long_recording(path: Path) -> Path:
    from tests.speech import conversation, render

    with wave.open(str(render(conversation(24, seed=5)).path)) as wav:
        minute = wav.readframes(60 * RATE_HZ)
    with wave.open(str(path), "wb") as long:
        long.setparams((1, 2, RATE_HZ, 0, "NONE", ""))
        while long.tell() < HOURS * 3600 * RATE_HZ:
            long.writeframes(minute)
    return path


def measured(side: str, path: Path) -> dict[str, float]:
    code = f"from benchmarks import log_mel; log_mel.alone({side!r}, {str(path)!r})"
    printed = subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.PIPE, text=True)
    found: dict[str, float] = json.loads(printed.stdout.splitlines()[-1])
    return found


def alone(side: str, name: str) -> None:
    """In a process of its own: the seconds and the memory of one side, as JSON."""
    import torch
    import whisper  # noqa: F401  imported on both sides before the clock starts

    path = Path(name)
    torch.set_num_threads(1)
    seconds = timed(lambda: sum(1 for _ in ours(path, None)) if side == "ours" else peer(path, None))
    print(json.dumps({"seconds": seconds, "rss": peak_rss_mb()}))


def ours(path: Path, limit: float | None) -> Iterator[Any]:
    from media_pipeline.engines.stt.whisper_mel import LogMel, finished

    mel = LogMel(80, "cpu")
    loudest = max(float(raw.max()) for raw in mel.stream(pieces(path, limit)))
    yield from (finished(raw, loudest) for raw in mel.stream(pieces(path, limit)))


def peer(path: Path, limit: float | None) -> Any:
    from whisper.audio import log_mel_spectrogram

    return log_mel_spectrogram(np.concatenate(list(pieces(path, limit))))


def pieces(path: Path, limit: float | None) -> Iterator[Any]:
    """float32 samples, `PIECE_SECONDS` at a time, to `limit` seconds."""
    with wave.open(str(path)) as wav:
        left = wav.getnframes() if limit is None else round(limit * RATE_HZ)
        while left > 0:
            raw = np.frombuffer(wav.readframes(min(left, PIECE_SECONDS * RATE_HZ)), "<i2")
            left -= raw.size
            yield raw.astype(np.float32) / 32768


def difference(path: Path) -> float:
    import torch

    return float((torch.cat(list(ours(path, 600.0)), dim=-1) - peer(path, 600.0)).abs().max())

"""From a media file to windows of 16 kHz samples at working loudness: an hour of MP3, M4A, and MP4 with a picture.

Ours decodes once into a WAV, measures loudness and peaks, and reads windows of 30 s with a linear gain. One peer is
`whisper.load_audio`, which decodes into memory and measures nothing. The other is the usual clean-up, FFmpeg's
`afftdn` and `loudnorm` into a temporary WAV: it is so slow that five minutes of it are measured, and multiplied by 12.
"""

import re
import statistics
import subprocess
import tempfile
import wave
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.measuring import conclude, peak_rss_mb, say, timed
from benchmarks.overhead import HOUR, ffmpeg
from tests.speech import conversation, render

REPEATS = 3
WINDOW = 30
CHAIN_SECONDS = 300
CHAIN = "highpass=f=80,afftdn,loudnorm=I=-23:TP=-2:LRA=11"
TARGET_LUFS = -23.0


def run() -> None:
    print("decoding: an hour of media to windows of samples, loudness measured and set")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        minute = render(conversation(16, seed=60)).path
        recordings = [make(minute, folder) for make in (mp3, m4a, mp4)]
        for recording in recordings:
            ours(recording, folder)
        rss_mib = peak_rss_mb()  # before the peer, which holds the hour in memory
        seconds = {recording: beside_load_audio(recording, folder, rss_mib) for recording in recordings}
        beside_chain(recordings[0], folder, seconds[recordings[0]], rss_mib)


def mp3(minute: Path, folder: Path) -> Path:
    return hour(minute, folder / "hour.mp3", "-ar", 44_100, "-b:a", "64k")


def m4a(minute: Path, folder: Path) -> Path:
    return hour(minute, folder / "hour.m4a", "-ar", 48_000, "-ac", 2, "-c:a", "aac", "-b:a", "128k")


def mp4(minute: Path, folder: Path) -> Path:
    """As the M4A, with a small moving picture."""
    picture = ("-f", "lavfi", "-i", "testsrc=size=320x180:rate=10", "-c:v", "mpeg4", "-b:v", "200k", "-shortest")
    return hour(minute, folder / "hour.mp4", *picture, "-ar", 48_000, "-ac", 2, "-c:a", "aac", "-b:a", "128k")


def hour(minute: Path, target: Path, *coding: object) -> Path:
    """About a minute of speech, coded once and repeated."""
    once = target.with_stem("minute")
    ffmpeg("-i", minute, *coding, once)
    ffmpeg("-stream_loop", "-1", "-i", once, "-t", HOUR, "-c", "copy", target)
    once.unlink()
    return target


def beside_load_audio(recording: Path, folder: Path, rss_mib: float) -> float:
    """Print the row of one format; the seconds of our side."""
    import whisper

    laps = [
        (timed(lambda: ours(recording, folder)), timed(lambda: whisper.load_audio(str(recording))))
        for _ in range(REPEATS)
    ]
    mine, peer = map(statistics.median, zip(*laps, strict=True))
    format_name = recording.suffix.removeprefix(".")
    say(f"{format_name}: ours {HOUR / mine:.0f}x real time, load_audio {HOUR / peer:.0f}x ({peak_rss_mb():.0f} MiB)")
    conclude(f"C5/{format_name}", mine, peer, "s", ">=1.0", rss_mib)
    return mine


def beside_chain(recording: Path, folder: Path, mine: float, rss_mib: float) -> None:
    cleaned, gained = folder / "cleaned.wav", folder / "gained.wav"
    seconds = timed(
        lambda: ffmpeg("-t", CHAIN_SECONDS, "-i", recording, "-af", CHAIN, "-ac", 1, "-ar", 16_000, cleaned)
    )
    peer = seconds * HOUR / CHAIN_SECONDS
    say(f"{CHAIN}: {CHAIN_SECONDS / seconds:.0f}x real time; {seconds:.1f} s for {CHAIN_SECONDS} s, scaled")
    conclude("C5/loudnorm", mine, peer, "s", ">=10", rss_mib)
    audio = normalized(recording, folder)
    write(gained, windows(audio, CHAIN_SECONDS))
    ours_lufs, peer_lufs = loudness(gained), loudness(cleaned)
    say(f"integrated loudness: ours {ours_lufs:.1f} LUFS, the chain {peer_lufs:.1f} LUFS, wanted {TARGET_LUFS:g}")
    conclude("C5/loudness", abs(ours_lufs - TARGET_LUFS), abs(peer_lufs - TARGET_LUFS), "LU", "ours<=1LU", rss_mib)


def ours(recording: Path, folder: Path) -> None:
    for _ in windows(normalized(recording, folder), HOUR):
        pass


def normalized(recording: Path, folder: Path) -> Any:
    from media_pipeline.media import Audio
    from media_pipeline.run import Machine, Run
    from media_pipeline.steps.normalize import normalize
    from media_pipeline.steps.probe import probe

    run = Run(folder, Machine(folder, "cpu", 1))
    wav, facts, _ = normalize(recording, probe(recording, 2 * HOUR), 2 * HOUR, run)
    return Audio(wav, facts)


def windows(audio: Any, seconds: int) -> Iterator[Any]:
    for start in range(0, seconds, WINDOW):
        yield audio.read(start, start + WINDOW)


def write(target: Path, pieces: Iterator[Any]) -> None:
    with wave.open(str(target), "wb") as wav:
        wav.setparams((1, 2, 16_000, 0, "NONE", ""))
        for samples in pieces:
            wav.writeframes((samples * 32767).astype(np.int16).tobytes())


def loudness(wav: Path) -> float:
    """Integrated loudness by EBU R 128, in LUFS."""
    argv = ["ffmpeg", "-nostdin", "-v", "info", "-i", str(wav), "-af", "ebur128=framelog=verbose", "-f", "null", "-"]
    printed = subprocess.run(argv, check=True, capture_output=True, text=True).stderr
    return float(re.findall(r"I:\s+(-[\d.]+) LUFS", printed)[-1])

"""Decode a recording once and measure what the steps after it, and the player, need to know."""

import json
import wave
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from media_pipeline import ffmpeg
from media_pipeline.errors import InputError
from media_pipeline.media import SAMPLE_RATE_HZ, AudioFacts, MediaInfo
from media_pipeline.run import Run
from media_pipeline.transcript import Seconds
from media_pipeline.wording import say

TARGET_DB = -23.0
MAX_PEAKS = 4_000
MIN_GAIN, MAX_GAIN = 0.1, 30.0

_TICK_SAMPLES = 160  # 10 ms: the grain of all measurements
_TICKS_PER_SECOND = SAMPLE_RATE_HZ / _TICK_SAMPLES
_BLOCK_TICKS = 40  # loudness is gated on blocks of 400 ms, as in ITU-R BS.1770
_ABSOLUTE_GATE_DB = -70.0
_RELATIVE_GATE_DB = -10.0
_READ_TICKS = 6_000  # one minute at a time
_DECODING_SHARE = 0.9

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class _Envelope:
    """Per tick of 10 ms: mean square and largest absolute sample, both for samples in -1..1."""

    energy: Floats
    peak: Floats
    duration: Seconds


def normalize(source: Path, info: MediaInfo, max_duration: Seconds, run: Run) -> tuple[Path, AudioFacts, Path]:
    """Decode `source` to 16 kHz mono WAV and measure it.

    The gain that brings speech to the working loudness is not written into the WAV: `Audio.read` applies it,
    so nothing is clipped or rounded for good.

    Returns:
        The WAV, what was measured, and a JSON file with at most 4,000 peaks (0..1) for the waveform,
        all in `run.workdir`.

    Raises:
        InputError: `not_media`, `no_audio`, `bad_audio`, `empty` or `too_long`.
    """
    wav = run.workdir / "audio.wav"
    decoding = replace(run, on_progress=lambda fraction: run.on_progress(fraction * _DECODING_SHARE))
    ffmpeg.decode(source, wav, info, max_duration, decoding)
    envelope = _measure(wav, run)
    facts = _facts(envelope)
    if facts.loudness_db is None:
        run.warn(say("The recording is silent."))
    peaks = run.workdir / "peaks.json"
    _write_peaks(envelope, peaks)
    run.report(1.0)
    return wav, facts, peaks


def measure(wav: Path, run: Run) -> AudioFacts:
    """What `normalize` tells of a recording, of a WAV that `ffmpeg` wrote."""
    return _facts(_measure(wav, run))


def _measure(path: Path, run: Run) -> _Envelope:
    """One pass over the WAV, a minute at a time; the result takes 3 MB per hour."""
    with wave.open(str(path), "rb") as wav:
        total = wav.getnframes()
        ticks = -(-total // _TICK_SAMPLES)
        if not ticks:
            raise InputError("empty", say("The file holds no sound. Check that the recording was saved completely."))
        energy, peak = np.zeros(ticks, np.float32), np.zeros(ticks, np.float32)
        for first in range(0, ticks, _READ_TICKS):
            grid = _grid(wav.readframes(_READ_TICKS * _TICK_SAMPLES))
            span = slice(first, first + len(grid))
            peak[span] = np.maximum(grid.max(axis=1), -grid.min(axis=1))
            energy[span] = np.einsum("ij,ij->i", grid, grid) / _TICK_SAMPLES
            run.report(_DECODING_SHARE + (1 - _DECODING_SHARE) * first / ticks)
    return _Envelope(energy / np.float32(32768.0**2), peak / np.float32(32768.0), total / SAMPLE_RATE_HZ)


def _grid(raw: bytes) -> Floats:
    """16-bit samples as float32, shape (num_ticks, 160); the last tick is filled up with zeros."""
    samples = np.frombuffer(raw, dtype="<i2").astype(np.float32)
    short = -samples.size % _TICK_SAMPLES
    return np.pad(samples, (0, short)).reshape(-1, _TICK_SAMPLES)


def _facts(envelope: _Envelope) -> AudioFacts:
    peak = float(envelope.peak.max())
    loudness_db = _speech_loudness(envelope.energy)
    gain = 1.0
    if loudness_db is not None:
        wanted = min(10 ** ((TARGET_DB - loudness_db) / 20), 1 / peak)
        gain = float(np.clip(wanted, MIN_GAIN, MAX_GAIN))
    return AudioFacts(duration=envelope.duration, gain=gain, loudness_db=loudness_db, peak=peak)


def _speech_loudness(energy: Floats) -> float | None:
    """Level of the parts that sound, in dBFS (RMS); None for silence.

    The two gates of ITU-R BS.1770 without its frequency weighting: blocks below -70 dB do not count, nor do
    those 10 dB below the mean of the rest, so pauses do not make speech look quiet.
    """
    size = min(_BLOCK_TICKS, energy.size)
    blocks = energy[: energy.size // size * size].reshape(-1, size).mean(axis=1, dtype=np.float64)
    heard = blocks[blocks > 10 ** (_ABSOLUTE_GATE_DB / 10)]
    if not heard.size:
        return None
    active = heard[heard > heard.mean() * 10 ** (_RELATIVE_GATE_DB / 10)]
    return float(10 * np.log10(active.mean()))


def _write_peaks(envelope: _Envelope, path: Path) -> None:
    """{"version", "duration", "seconds_per_peak", "peaks": [0..1, …]}, for a player that draws a waveform."""
    ticks = envelope.peak.size
    per_peak = -(-ticks // MAX_PEAKS)
    peaks = np.maximum.reduceat(envelope.peak, np.arange(0, ticks, per_peak))
    content = {
        "version": 1,
        "duration": round(envelope.duration, 3),
        "seconds_per_peak": per_peak / _TICKS_PER_SECOND,
        "peaks": [round(float(value), 3) for value in peaks],
    }
    path.write_text(json.dumps(content, separators=(",", ":")), encoding="ascii")

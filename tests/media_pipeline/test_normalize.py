import json
import wave
from pathlib import Path

import numpy as np
import pytest

from media_pipeline.media import Audio
from media_pipeline.run import Machine, Run
from media_pipeline.steps import normalize as module
from media_pipeline.steps.normalize import MAX_GAIN, MAX_PEAKS, TARGET_DB, normalize
from media_pipeline.steps.probe import probe
from tests.speech import conversation, render

LIMIT = 36_000.0


@pytest.fixture
def run(tmp_path):
    workdir = tmp_path / "work"
    workdir.mkdir()
    return Run(workdir, Machine(tmp_path))


def write(path: Path, samples: np.ndarray) -> Path:
    """`samples` are -1..1 at 16 kHz."""
    with wave.open(str(path), "wb") as wav:
        wav.setparams((1, 2, 16_000, 0, "NONE", ""))
        wav.writeframes((samples * 32767).astype("<i2").tobytes())
    return path


def speech(level: float = 1.0) -> np.ndarray:
    with wave.open(str(render(conversation(4, seed=5, voices=("slt", "rms"))).path)) as wav:
        return np.frombuffer(wav.readframes(wav.getnframes()), "<i2") / 32768 * level


def normalized(source: Path, run: Run):
    return normalize(source, probe(source, LIMIT), LIMIT, run)


@pytest.mark.parametrize("level", [0.05, 0.3, 1.0])
def test_brings_speech_of_any_level_to_the_working_loudness(level, tmp_path, run):
    source = write(tmp_path / "speech.wav", speech(level))

    wav, facts, _ = normalized(source, run)

    assert facts.loudness_db is not None
    heard = facts.loudness_db + 20 * np.log10(facts.gain)
    assert heard == pytest.approx(TARGET_DB, abs=0.1)
    assert facts.peak * facts.gain <= 1.0 + 1e-6
    assert np.abs(Audio(wav, facts).read(0, facts.duration)).max() == pytest.approx(facts.peak * facts.gain, abs=1e-4)


def test_pauses_do_not_make_speech_louder(tmp_path, run):
    dense = write(tmp_path / "dense.wav", speech())
    sparse = write(tmp_path / "sparse.wav", np.concatenate([speech(), np.zeros(16_000 * 60)]))

    first, second = (normalize(path, probe(path, LIMIT), LIMIT, run)[1] for path in (dense, sparse))

    assert first.gain == pytest.approx(second.gain, rel=0.02)


def test_the_wav_keeps_the_level_of_the_recording(tmp_path, run):
    quiet = speech(0.05)

    wav, facts, _ = normalized(write(tmp_path / "quiet.wav", quiet), run)

    assert facts.gain > 2
    with wave.open(str(wav)) as opened:
        stored = np.frombuffer(opened.readframes(opened.getnframes()), "<i2") / 32768
    assert np.abs(stored).max() == pytest.approx(np.abs(quiet).max(), abs=0.001)


def test_one_loud_click_limits_the_gain_so_that_nothing_clips(tmp_path, run):
    samples = speech(0.05)
    samples[100] = 0.9

    _, facts, _ = normalized(write(tmp_path / "click.wav", samples), run)

    assert facts.gain == pytest.approx(1 / facts.peak)


def test_silence_has_no_loudness_and_is_left_alone(tmp_path, run):
    _, facts, _ = normalized(write(tmp_path / "silence.wav", np.zeros(48_000)), run)

    assert (facts.loudness_db, facts.gain, facts.peak) == (None, 1.0, 0.0)
    assert run.warnings == ["The recording is silent."]


def test_hiss_is_not_blown_up_without_bound(tmp_path, run):
    hiss = np.random.default_rng(1).standard_normal(48_000) * 10 ** (-68 / 20)

    _, facts, _ = normalized(write(tmp_path / "hiss.wav", hiss), run)

    assert facts.gain <= MAX_GAIN


@pytest.mark.parametrize("seconds", [0.005, 3.0, 45.0, 200.0])
def test_peaks_follow_the_sound_and_are_few(seconds, tmp_path, run):
    samples = np.zeros(round(seconds * 16_000))
    samples[samples.size // 2 :] = 0.5

    _, facts, path = normalized(write(tmp_path / "step.wav", samples), run)
    content = json.loads(path.read_text())
    peaks = content["peaks"]

    assert content["version"] == 1
    assert 1 <= len(peaks) <= MAX_PEAKS
    assert len(peaks) * content["seconds_per_peak"] == pytest.approx(facts.duration, abs=content["seconds_per_peak"])
    assert all(0 <= peak <= 1 for peak in peaks)
    assert peaks[-1] == 0.5
    assert len(peaks) == 1 or peaks[0] == 0.0


def test_measures_the_same_whatever_is_read_at_once(tmp_path, run, monkeypatch):
    source = write(tmp_path / "speech.wav", speech())
    _, whole, path = normalized(source, run)
    peaks = path.read_text()

    monkeypatch.setattr(module, "_READ_TICKS", 7)
    _, pieces, path = normalized(source, run)

    assert pieces == whole
    assert path.read_text() == peaks


def test_progress_rises_to_one(tmp_path):
    reported: list[float] = []
    run = Run(tmp_path, Machine(tmp_path), on_progress=reported.append)

    normalized(write(tmp_path / "speech.wav", speech()), run)

    assert reported == sorted(reported)
    assert reported[-1] == 1.0

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
import wave
from pathlib import Path

import numpy as np
import pytest

from media_pipeline import ffmpeg
from media_pipeline.errors import Cancelled, EngineCrashed, EngineUnavailable, InputError
from media_pipeline.run import Machine, Run
from media_pipeline.steps.normalize import normalize
from media_pipeline.steps.probe import probe
from tests import hostile

LIMIT = 36_000.0


@pytest.fixture
def run(tmp_path):
    workdir = tmp_path / "work"
    workdir.mkdir()
    return Run(workdir, Machine(tmp_path))


@pytest.fixture
def bait(tmp_path):
    return hostile.make_bait(tmp_path)


def samples_of(path: Path) -> np.ndarray:
    with wave.open(str(path), "rb") as wav:
        assert (wav.getframerate(), wav.getnchannels(), wav.getsampwidth()) == (16_000, 1, 2)
        return np.frombuffer(wav.readframes(wav.getnframes()), "<i2").astype(np.float32)


def main_frequency_hz(samples: np.ndarray) -> float:
    spectrum = np.abs(np.fft.rfft(samples))
    return float(spectrum.argmax() * 16_000 / samples.size)


def long_recording(folder: Path, hours: float = 5.0) -> Path:
    path = folder / "long.flac"
    silence = ("-f", "lavfi", "-i", "anullsrc=r=8000:cl=mono", "-t", str(hours * 3600))
    subprocess.run(["ffmpeg", "-v", "error", *silence, path], check=True)
    return path


def ffmpeg_working_on(text: str) -> int | None:
    """Process id of the running ffmpeg that works on a path with `text` in it."""
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if words[0] == b"ffmpeg" and any(text.encode() in word for word in words):
            return int(folder.name)
    return None


@pytest.mark.parametrize("name", hostile.CASES)
def test_treats_each_input_as_it_must(name, tmp_path, run, bait):
    case = hostile.CASES[name]
    source = hostile.make(name, tmp_path, bait)
    started = time.monotonic()

    if case.codes:
        with pytest.raises(InputError) as caught:
            normalize(source, probe(source, LIMIT), LIMIT, run)
        assert caught.value.code in case.codes
        assert hostile.SECRET not in caught.value.message
    else:
        wav, facts, _ = normalize(source, probe(source, LIMIT), LIMIT, run)
        samples = samples_of(wav)
        assert samples.size > 0
        assert abs(facts.duration - samples.size / 16_000) < 0.001
        assert bool(run.warnings) == case.warns, run.warnings
        assert abs(main_frequency_hz(samples) - hostile.BAIT_HZ) > 5

    assert time.monotonic() - started < 60
    for path in (path for path in run.workdir.rglob("*") if path.is_file()):
        assert hostile.SECRET.encode() not in path.read_bytes()


def test_the_list_of_inputs_is_long_enough():
    assert len(hostile.CASES) >= 90


def test_refuses_more_memory_than_it_may_use(tmp_path):
    command = [*ffmpeg._fence(cpu_seconds=5, file_bytes=100), sys.executable, "-c", "bytearray(3 << 30)"]

    done = subprocess.run(command, capture_output=True, text=True, check=False)

    assert "MemoryError" in done.stderr


def test_reports_what_is_in_a_file(tmp_path, bait):
    source = hostile.make("video-with-sound.mp4", tmp_path, bait)

    info = ffmpeg.probe(source)

    assert (info.audio_codec, info.sample_rate_hz, info.channels, info.has_video) == ("aac", 44_100, 1, True)
    assert info.duration == pytest.approx(hostile.SECONDS, abs=0.1)
    assert info.size_bytes == source.stat().st_size


def test_a_cover_picture_is_not_video(tmp_path, bait):
    assert not ffmpeg.probe(hostile.make("cover.mp3", tmp_path, bait)).has_video


def test_decodes_the_track_marked_as_default(tmp_path, bait, run):
    source = hostile.make("two-tracks.mkv", tmp_path, bait)

    ffmpeg.decode(source, run.workdir / "a.wav", ffmpeg.probe(source), LIMIT, run)

    assert main_frequency_hz(samples_of(run.workdir / "a.wav")) == pytest.approx(600, abs=2)


def test_uses_the_left_channel_when_the_two_cancel_each_other(tmp_path, bait, run):
    source = hostile.make("antiphase.wav", tmp_path, bait)

    ffmpeg.decode(source, run.workdir / "a.wav", ffmpeg.probe(source), LIMIT, run)

    assert ffmpeg.wav_level_db(run.workdir / "a.wav") > -20
    assert "left channel" in run.warnings[0]
    assert [path.name for path in run.workdir.iterdir()] == ["a.wav"]


def test_a_recording_beyond_the_limit_is_an_error_and_not_cut(tmp_path, bait, run):
    source = hostile.make("good.wav", tmp_path, bait)

    with pytest.raises(InputError) as caught:
        ffmpeg.decode(source, run.workdir / "a.wav", ffmpeg.probe(source), 2.5, run)

    assert caught.value.code == "too_long"


def test_a_recording_far_beyond_the_limit_is_not_decoded_to_its_end(tmp_path, run):
    source = long_recording(tmp_path, hours=2)

    with pytest.raises(InputError) as caught:
        ffmpeg.decode(source, run.workdir / "a.wav", ffmpeg.probe(source), 60, run)

    assert caught.value.code == "too_long"
    assert (run.workdir / "a.wav").stat().st_size < 70 * 32_000


def test_reports_rising_progress(tmp_path):
    reported: list[float] = []
    run = Run(tmp_path, Machine(tmp_path), on_progress=reported.append)
    source = long_recording(tmp_path)

    ffmpeg.decode(source, tmp_path / "a.wav", ffmpeg.probe(source), LIMIT, run)

    assert len(reported) > 3
    assert reported == sorted(reported)
    assert reported[-1] >= 0.9


def test_cancelling_ends_ffmpeg_at_once(tmp_path):
    source = long_recording(tmp_path)
    info = ffmpeg.probe(source)
    begun = threading.Event()
    run = Run(tmp_path, Machine(tmp_path), on_progress=lambda _: begun.set(), is_cancelled=begun.is_set)

    with pytest.raises(Cancelled):
        ffmpeg.decode(source, tmp_path / "a.wav", info, LIMIT, run)

    assert ffmpeg_working_on(str(tmp_path)) is None
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.wav", "long.flac"]


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_ffmpeg_killed_from_outside_is_worth_another_attempt(number, tmp_path):
    source = long_recording(tmp_path)
    info = ffmpeg.probe(source)

    def kill(_fraction: float) -> None:
        process = ffmpeg_working_on(str(tmp_path))
        if process:
            os.kill(process, number)

    run = Run(tmp_path, Machine(tmp_path), on_progress=kill)

    with pytest.raises(EngineCrashed) as caught:
        ffmpeg.decode(source, tmp_path / "a.wav", info, LIMIT, run)

    assert (caught.value.code, caught.value.retryable) == ("ffmpeg_killed", True)


def test_a_full_disk_is_not_taken_for_a_damaged_recording(tmp_path, bait, run, monkeypatch):
    source = hostile.make("much-noise-inside.mp3", tmp_path, bait)
    info = ffmpeg.probe(source)
    monkeypatch.setattr(ffmpeg, "_LOW_DISK_BYTES", 1 << 60)

    with pytest.raises(EngineCrashed) as caught:
        ffmpeg.decode(source, run.workdir / "a.wav", info, LIMIT, run)

    assert (caught.value.code, caught.value.retryable) == ("disk_full", True)


def test_measures_a_wav_whose_header_was_never_finished(tmp_path, bait):
    source = hostile.make("streamed.wav", tmp_path, bait)

    assert ffmpeg.wav_duration(source) == pytest.approx(hostile.SECONDS)
    assert ffmpeg.wav_duration(tmp_path / "gone.wav") == 0.0


def test_ffmpeg_dies_with_the_process_that_started_it(tmp_path):
    source = long_recording(tmp_path)
    program = (
        "from pathlib import Path; from media_pipeline import ffmpeg; from media_pipeline.run import Machine, Run\n"
        f"folder, source = Path({str(tmp_path)!r}), Path({str(source)!r})\n"
        "run = Run(folder, Machine(folder), on_progress=lambda _: print('on', flush=True))\n"
        f"ffmpeg.decode(source, folder / 'a.wav', ffmpeg.probe(source), {LIMIT}, run)\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, cwd=Path(__file__).parents[2])
    assert parent.stdout
    parent.stdout.readline()
    assert ffmpeg_working_on(str(tmp_path))

    parent.kill()
    parent.wait()
    parent.stdout.close()

    deadline = time.monotonic() + 2
    while ffmpeg_working_on(str(tmp_path)) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert ffmpeg_working_on(str(tmp_path)) is None


def test_the_programs_see_no_secrets(tmp_path, bait, run, monkeypatch):
    """They read files of strangers, and whoever takes one over must not find keys in its environment."""
    for program in ("ffmpeg", "ffprobe"):
        spy = tmp_path / "bin" / program
        spy.parent.mkdir(exist_ok=True)
        spy.write_text(f'#!/bin/sh\nenv > {tmp_path}/{program}.env\nexec {shutil.which(program)} "$@"\n')
        spy.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    monkeypatch.setenv("SECRET_KEY", "hidden")
    monkeypatch.setenv("FFREPORT", f"file={tmp_path}/report.log")

    normalize(bait.tone, probe(bait.tone, LIMIT), LIMIT, run)

    for program in ("ffmpeg", "ffprobe"):
        seen = {line.partition("=")[0] for line in (tmp_path / f"{program}.env").read_text().splitlines()}
        assert "PATH" in seen
        assert seen <= {"PATH", "LANG", "LD_LIBRARY_PATH", "PWD", "OLDPWD", "SHLVL", "_"}
    assert not (tmp_path / "report.log").exists()


def test_says_how_to_install_ffmpeg_when_it_is_missing(tmp_path, bait, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(EngineUnavailable) as caught:
        ffmpeg.probe(bait.tone)

    assert caught.value.code == "ffmpeg_missing"
    assert "apt install ffmpeg" in caught.value.message


def test_nothing_is_missing_here():
    assert ffmpeg.missing() is None


def test_a_file_that_vanished_is_not_media(tmp_path):
    with pytest.raises(InputError) as caught:
        ffmpeg.probe(tmp_path / "gone.mp3")

    assert caught.value.code == "not_media"


# Pieces to listen to --------------------------------------------------------------------------------------------------


def spoken_hours(folder: Path) -> Path:
    """An hour of tones in a file without an index: 300 Hz, but 900 Hz from 50:00 to 50:10."""
    path = folder / "tones.mp3"
    tone = "aevalsrc='0.3*sin(2*PI*t*if(between(t,3000,3010),900,300))':s=8000:d=3600"
    encode = ("-c:a", "libmp3lame", "-q:a", "9", "-write_xing", "0")
    subprocess.run(["ffmpeg", "-v", "error", "-f", "lavfi", "-i", tone, *encode, path], check=True)
    return path


@pytest.mark.parametrize("name", ["good.wav", "two-tracks.mkv", "video-with-sound.mp4"])
def test_cuts_a_piece_that_browsers_play(name, tmp_path, bait):
    source = hostile.make(name, tmp_path, bait)

    ffmpeg.cut(source, tmp_path / "piece.mp3", ffmpeg.probe(source), 0.5, 1.0)

    piece = ffmpeg.probe(tmp_path / "piece.mp3")
    assert (piece.container, piece.audio_codec, piece.channels, piece.has_video) == ("mp3", "mp3", 1, False)
    assert piece.duration == pytest.approx(1.0, abs=0.1)
    assert piece.size_bytes < 10_000


def test_a_piece_from_deep_in_a_long_file_is_the_right_one_and_comes_soon(tmp_path, run):
    source = spoken_hours(tmp_path)
    info = ffmpeg.probe(source)
    began = time.monotonic()

    ffmpeg.cut(source, tmp_path / "piece.mp3", info, 3000.5, 9.0)

    assert time.monotonic() - began < 5.0
    ffmpeg.decode(tmp_path / "piece.mp3", run.workdir / "a.wav", ffmpeg.probe(tmp_path / "piece.mp3"), LIMIT, run)
    samples = samples_of(run.workdir / "a.wav")
    for second in (samples[1600:17_600], samples[-17_600:-1600]):
        assert main_frequency_hz(second) == pytest.approx(900, abs=2)


def test_a_piece_of_a_sound_track_that_begins_late_is_the_right_one(tmp_path, run):
    source = tmp_path / "late.mkv"
    tone = "aevalsrc='0.3*sin(2*PI*t*if(gte(t,5),900,300))':s=16000:d=10"
    picture = ("-f", "lavfi", "-i", "color=s=32x32:r=5:d=12")
    subprocess.run(
        ["ffmpeg", "-v", "error", *picture, "-itsoffset", "2", "-f", "lavfi", "-i", tone, "-c:a", "flac", source],
        check=True,
    )
    info = ffmpeg.probe(source)
    assert info.audio_delay == pytest.approx(2.0, abs=0.1)

    ffmpeg.cut(source, tmp_path / "piece.mp3", info, 5.2, 3.0)

    ffmpeg.decode(tmp_path / "piece.mp3", run.workdir / "a.wav", ffmpeg.probe(tmp_path / "piece.mp3"), LIMIT, run)
    samples = samples_of(run.workdir / "a.wav")
    for second in (samples[1600:9600], samples[-9600:-1600]):
        assert main_frequency_hz(second) == pytest.approx(900, abs=3)


def test_there_is_nothing_to_cut_behind_the_end(tmp_path, bait):
    source = hostile.make("good.wav", tmp_path, bait)

    with pytest.raises(InputError, match="cannot be decoded"):
        ffmpeg.cut(source, tmp_path / "piece.mp3", ffmpeg.probe(source), 1000.0, 1.0)


def test_cutting_gives_up_after_a_while(tmp_path, bait, monkeypatch):
    source = hostile.make("good.wav", tmp_path, bait)
    info = ffmpeg.probe(source)
    monkeypatch.setattr(ffmpeg, "CUT_LIMIT", 0.001)

    with pytest.raises(EngineCrashed, match="too long"):
        ffmpeg.cut(source, tmp_path / "piece.mp3", info, 0.5, 1.0)

import subprocess
import sys
import wave
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from media_pipeline.engines.vad import silero
from media_pipeline.engines.vad.silero import SileroVad
from media_pipeline.errors import Cancelled, EngineUnavailable
from media_pipeline.media import Audio, AudioFacts, Chunk, SpeechPlan, SpeechRegion
from media_pipeline.options import TranscribeOptions
from media_pipeline.run import Machine, Run
from media_pipeline.steps.detect_speech import MAX_REGION, detect_speech, plan, quietest
from media_pipeline.windows import pack_windows
from tests.speech import Line, Speech, conversation, render

MACHINE = Machine(Path("unused"))


def as_audio(path: Path) -> Audio:
    with wave.open(str(path)) as wav:
        duration = wav.getnframes() / wav.getframerate()
    return Audio(path, AudioFacts(duration, gain=1.0, loudness_db=-20.0, peak=0.5))


def write(path: Path, samples: np.ndarray) -> Audio:
    with wave.open(str(path), "wb") as wav:
        wav.setparams((1, 2, 16_000, 0, "NONE", ""))
        wav.writeframes((samples * 32767).astype("<i2").tobytes())
    return as_audio(path)


def middle(start: float, end: float) -> float:
    return (start + end) / 2


@pytest.fixture
def run(tmp_path):
    return Run(tmp_path, MACHINE)


@pytest.fixture(scope="module")
def vad() -> SileroVad:
    return SileroVad("silero-v6", MACHINE)


@pytest.fixture(scope="module")
def talk() -> Speech:
    return render(conversation(12, seed=11, gap=(0.6, 2.0)))


# --- the detector


def test_gives_the_same_probabilities_as_the_package(vad, talk, run):
    import torch
    from silero_vad import load_silero_vad

    torch.set_num_threads(1)
    reference = load_silero_vad()
    audio = as_audio(talk.path)
    frames = torch.from_numpy(audio.read(0, 12.8)).split(512)

    found = vad.probabilities(audio, run)[: len(frames)]

    np.testing.assert_allclose(found, [reference(frame, 16_000).item() for frame in frames], atol=1e-4)


def test_finds_the_same_regions_as_the_package(vad, talk, run):
    from silero_vad import get_speech_timestamps_from_probs

    found = vad.probabilities(as_audio(talk.path), run)
    expected = get_speech_timestamps_from_probs(
        found.tolist(),
        threshold=silero.ENTER,
        min_speech_duration_ms=200,
        min_silence_duration_ms=300,
        speech_pad_ms=150,
        audio_length_samples=round(talk.duration * 16_000),
    )

    regions = silero.regions_from(found, talk.duration)

    assert len(regions) == len(expected) > 5
    for region, other in zip(regions, expected, strict=True):
        assert region.start == pytest.approx(other["start"] / 16_000, abs=0.002)
        assert region.end == pytest.approx(other["end"] / 16_000, abs=0.002)


def test_hears_every_word_and_little_else(vad, talk, run):
    regions = vad.detect(as_audio(talk.path), run)

    for word in talk.words:
        heard = sum(max(0.0, min(word.end, r.end) - max(word.start, r.start)) for r in regions)
        assert heard >= 0.9 * (word.end - word.start), word
    spoken = sum(utterance.end - utterance.start for utterance in talk.utterances)
    assert sum(region.end - region.start for region in regions) < spoken * 1.2


def test_the_result_does_not_depend_on_the_size_of_the_blocks(vad, talk, run, monkeypatch):
    audio = as_audio(talk.path)
    whole = vad.probabilities(audio, run)

    monkeypatch.setattr(silero, "_BLOCK_FRAMES", 100)

    np.testing.assert_allclose(vad.probabilities(audio, run), whole, atol=1e-5)


def test_nobody_speaks_in_silence_or_hiss(vad, run, tmp_path):
    silence = write(tmp_path / "silence.wav", np.zeros(16_000 * 5))
    hiss = write(tmp_path / "hiss.wav", np.random.default_rng(1).standard_normal(16_000 * 5) * 0.003)

    assert vad.detect(silence, run) == ()
    assert vad.detect(hiss, run) == ()


def test_the_detector_can_be_cancelled(vad, talk, tmp_path):
    with pytest.raises(Cancelled):
        vad.detect(as_audio(talk.path), Run(tmp_path, MACHINE, is_cancelled=lambda: True))


def test_says_what_is_missing(monkeypatch):
    assert SileroVad.missing("silero-v6", MACHINE) is None
    assert "silero-v6" in (SileroVad.missing("other", MACHINE) or "")

    monkeypatch.setattr(silero, "_weights_file", lambda: None)

    assert "pip install" in (SileroVad.missing("silero-v6", MACHINE) or "")
    with pytest.raises(EngineUnavailable):
        SileroVad("silero-v6", MACHINE)


def test_describing_the_detector_loads_nothing_heavy():
    code = "import sys, media_pipeline.engines.vad.silero as s; s.SileroVad.missing('silero-v6', None); "
    code += "sys.exit(any(name in sys.modules for name in ('torch', 'silero_vad', 'torchaudio')))"

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@given(st.lists(st.floats(0, 1, width=32), max_size=300))
def test_regions_are_in_order_and_inside_the_recording(values):
    duration = len(values) * silero.FRAME_SECONDS

    regions = silero.regions_from(np.array(values, np.float32), duration)

    assert all(0 <= region.start < region.end <= duration + 1e-9 for region in regions)
    assert all(a.end <= b.start + 1e-9 for a, b in pairwise(regions))


# --- cutting


@st.composite
def recordings(draw) -> tuple[tuple[SpeechRegion, ...], float]:
    regions, clock = [], 0.0
    for silence, length in draw(st.lists(st.tuples(st.floats(0.01, 90), st.floats(0.1, 120)), max_size=25)):
        regions.append(SpeechRegion(clock + silence, clock + silence + length))
        clock += silence + length
    return tuple(regions), clock + draw(st.floats(0, 60))


@given(recordings(), st.floats(5, 600))
@settings(max_examples=150)
def test_chunks_hold_all_speech_in_order(recording, chunk_seconds):
    regions, duration = recording

    cut = plan(regions, duration, chunk_seconds, middle)

    assert [chunk.index for chunk in cut.chunks] == list(range(len(cut.chunks)))
    assert cut.speech_seconds == pytest.approx(sum(region.end - region.start for region in regions), abs=1e-6)
    assert all(a.end <= b.start for a, b in pairwise(cut.regions))
    assert all(a.start < b.start and a.end < b.end for a, b in pairwise(cut.chunks))
    slack = min(30.0, chunk_seconds / 4)
    for chunk in cut.chunks:
        assert all(a.end <= b.start for a, b in pairwise(chunk.regions))
        assert all(any(r.start <= p.start < p.end <= r.end for r in regions) for p in chunk.regions)
        assert chunk.start <= chunk.regions[0].start
        assert chunk.regions[-1].end <= chunk.end + 1e-9
        assert chunk.end - chunk.start <= chunk_seconds + slack + min(10.0, slack / 2) + 1e-6
        assert all(piece.end - piece.start <= MAX_REGION + 1e-6 for piece in chunk.regions)


@given(recordings(), st.floats(5, 600))
@settings(max_examples=150)
def test_chunks_overlap_only_where_nobody_pauses_and_both_hear_all_of_it(recording, chunk_seconds):
    regions, duration = recording

    for earlier, later in pairwise(plan(regions, duration, chunk_seconds, middle).chunks):
        shared = earlier.end - later.start
        if shared <= 1e-9:
            continue
        assert shared == pytest.approx(min(10.0, min(30.0, chunk_seconds / 4) / 2))
        assert any(r.start <= later.start + shared / 2 <= r.end for r in regions)
        heard = [clipped(chunk.regions, later.start, earlier.end) for chunk in (earlier, later)]
        assert heard[0] == pytest.approx(heard[1])
        assert heard[0] == pytest.approx(clipped(regions, later.start, earlier.end))


def clipped(regions, start: float, end: float) -> float:
    return sum(max(0.0, min(r.end, end) - max(r.start, start)) for r in regions)


def test_cuts_at_the_longest_silence_near_the_mark():
    regions = (SpeechRegion(0, 595), SpeechRegion(596, 610), SpeechRegion(613, 650), SpeechRegion(655, 1200))

    cut = plan(regions, 1200, 600, middle)

    assert [chunk.end for chunk in cut.chunks] == [611.5, 1200]


def test_cuts_where_it_is_quietest_when_nobody_pauses(tmp_path):
    samples = np.random.default_rng(1).standard_normal(16_000 * 60) * 0.1
    samples[int(27.4 * 16_000) : int(27.6 * 16_000)] = 0
    audio = write(tmp_path / "noise.wav", samples)

    cut = plan((SpeechRegion(0, 60),), 60, 30, lambda start, end: quietest(audio, start, end))

    assert (cut.chunks[0].end + cut.chunks[1].start) / 2 == pytest.approx(27.5, abs=0.06)


def test_two_chunks_share_ten_seconds_when_nobody_pauses_near_the_mark():
    cut = plan((SpeechRegion(0, 1200),), 1200, 600, middle)

    assert [(chunk.start, chunk.end) for chunk in cut.chunks] == [(0, 605), (595, 1200)]
    assert cut.chunks[0].regions[-1].end == 605
    assert cut.chunks[1].regions[0].start == 595
    assert cut.speech_seconds == 1200


def test_the_shortest_pause_a_detector_finds_is_enough_to_cut_without_overlap():
    cut = plan((SpeechRegion(0, 610), SpeechRegion(610, 1200)), 1200, 600, middle)

    assert [(chunk.start, chunk.end) for chunk in cut.chunks] == [(0, 610), (610, 1200)]


def test_a_recording_shorter_than_a_chunk_stays_whole():
    cut = plan((SpeechRegion(1, 20),), 25, 600, middle)

    assert cut.chunks == (Chunk(0, 0.0, 25, (SpeechRegion(1, 20),)),)


def test_silence_has_no_chunks(vad, run, tmp_path):
    audio = write(tmp_path / "silence.wav", np.zeros(16_000 * 5))

    cut = detect_speech(audio, vad, TranscribeOptions(engine="any", model="any"), run)

    assert cut == SpeechPlan(5.0, ())
    assert run.warnings == []  # said once, where the transcript is made


def test_a_talk_is_cut_between_sentences(vad, run):
    talk = render([Line("slt", "Please call Anna about the budget.", 1.0)] * 12)
    options = TranscribeOptions(engine="any", model="any", chunk_seconds=12.0)

    cut = detect_speech(as_audio(talk.path), vad, options, run)

    assert len(cut.chunks) >= 2
    for chunk in cut.chunks[:-1]:
        assert not any(utterance.start < chunk.end < utterance.end for utterance in talk.utterances)


# --- windows


@given(recordings(), st.floats(5, 30))
@settings(max_examples=150)
def test_windows_hold_all_speech_once_and_fit(recording, longest):
    regions, duration = recording
    chunk = Chunk(0, 0.0, duration, regions)

    windows = pack_windows(chunk, longest)

    assert all(window.end - window.start <= longest + 1e-6 for window in windows)
    assert all(a.end <= b.start + 1e-9 for a, b in pairwise(windows))
    packed = sum(piece.end - piece.start for window in windows for piece in window.regions)
    assert packed == pytest.approx(sum(region.end - region.start for region in regions), abs=1e-6)
    assert all((w.start, w.end) == (w.regions[0].start, w.regions[-1].end) for w in windows)


def test_neighbors_share_a_window_and_keep_their_silence():
    regions = (SpeechRegion(1, 10), SpeechRegion(12, 20), SpeechRegion(21, 33))

    windows = pack_windows(Chunk(0, 0, 40, regions))

    assert [(window.start, window.end) for window in windows] == [(1, 20), (21, 33)]
    assert windows[0].regions == regions[:2]


def test_a_chunk_without_speech_has_no_windows():
    assert pack_windows(Chunk(0, 0, 40, ())) == ()

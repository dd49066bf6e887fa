import wave

import numpy as np
import pytest

from media_pipeline.media import Audio, AudioFacts, Chunk, SpeechPlan, SpeechRegion


@pytest.fixture
def ramp(tmp_path):
    """One second in which sample number n has the value n."""
    path = tmp_path / "ramp.wav"
    with wave.open(str(path), "wb") as wav:
        wav.setparams((1, 2, 16_000, 0, "NONE", ""))
        wav.writeframes(np.arange(16_000, dtype="<i2").tobytes())
    return Audio(path, AudioFacts(duration=1.0, gain=1.0, loudness_db=-20.0, peak=0.5))


def test_reads_the_samples_between_two_times(ramp):
    samples = ramp.read(0.25, 0.5)

    assert samples.dtype == np.float32
    assert samples.size == 4_000
    assert samples[0] == pytest.approx(4_000 / 32_768)


@pytest.mark.parametrize(
    ("start", "end", "size"), [(0.9, 2.0, 1_600), (1.5, 2.0, 0), (-1.0, 0.1, 1_600), (0.5, 0.4, 0)]
)
def test_reads_no_more_than_there_is(ramp, start, end, size):
    assert ramp.read(start, end).size == size


def test_applies_the_gain_and_never_leaves_the_range(ramp):
    louder = Audio(ramp.path, AudioFacts(duration=1.0, gain=4.0, loudness_db=-20.0, peak=0.5))

    samples = louder.read(0.0, 1.0)

    assert samples[1_000] == pytest.approx(4_000 / 32_768)
    assert samples.max() == 1.0


def test_a_plan_adds_up_its_speech():
    regions = (SpeechRegion(1.0, 2.5), SpeechRegion(3.0, 4.0))

    assert SpeechPlan(10.0, (Chunk(0, 0.0, 10.0, regions),)).speech_seconds == 2.5


def test_speech_that_two_chunks_share_counts_once():
    first = Chunk(0, 0.0, 10.0, (SpeechRegion(0.0, 6.0), SpeechRegion(7.0, 10.0)))
    second = Chunk(1, 5.0, 20.0, (SpeechRegion(5.0, 6.0), SpeechRegion(7.0, 14.0)))

    plan = SpeechPlan(20.0, (first, second))

    assert plan.regions == (SpeechRegion(0.0, 6.0), SpeechRegion(7.0, 10.0), SpeechRegion(10.0, 14.0))
    assert plan.speech_seconds == 13.0

"""What a voice sounds like, in numbers: mel cepstrum and pitch, averaged over windows of speech."""

from functools import cache

import numpy as np
import numpy.typing as npt

from media_pipeline.media import SAMPLE_RATE_HZ, Samples
from media_pipeline.transcript import Seconds

NUM_FEATURES = 42

_STEP_SAMPLES = 160  # 10 ms
_FRAME_SAMPLES = 640  # 40 ms: two periods of a low voice
_SPECTRUM_SAMPLES = 400  # its middle 25 ms, for the cepstrum
_FFT_SAMPLES = 512
_PITCH_FFT_SAMPLES = 2_048
_BANDS, _COEFFICIENTS = 32, 20
_LOWEST_HZ, _HIGHEST_HZ = 60.0, 7_600.0
_LAGS = slice(SAMPLE_RATE_HZ // 400, SAMPLE_RATE_HZ // 60)  # pitch of 60 to 400 Hz
_VOICED = 0.6
_FEWEST_VOICED_FRAMES, _FEWEST_FRAMES = 8, 15
_QUIET_DB = 35.0  # frames this far below the loudest say nothing

Floats = npt.NDArray[np.float64]


def window_vectors(samples: Samples, window: Seconds, hop: Seconds) -> tuple[Floats, Floats]:
    """One vector for each `window` of speech, and the middle of each in seconds from the first sample.

    Speech shorter than `window` gives one vector, or none below a quarter of a second. The last two features, median
    and range of the logarithmic pitch, are NaN where nothing is voiced.

    Returns:
        Shapes (num_windows, 42) and (num_windows,).
    """
    vectors, centers = [], []
    if samples.size >= _FRAME_SAMPLES:
        frames = np.lib.stride_tricks.sliding_window_view(samples, _FRAME_SAMPLES)[::_STEP_SAMPLES].astype(np.float64)
        cepstrum, level_db = _cepstrum(frames)
        pitch, voicing = _pitch(frames)
        heard = level_db > level_db.max() - _QUIET_DB
        size, step = (round(seconds * SAMPLE_RATE_HZ / _STEP_SAMPLES) for seconds in (window, hop))
        for first in range(0, max(1, len(frames) - size + 1), step):
            span = slice(first, first + size)
            if heard[span].sum() < _FEWEST_FRAMES:
                continue
            voiced = pitch[span][heard[span] & (voicing[span] > _VOICED)]
            vectors.append(_statistics(cepstrum[span][heard[span]], voiced))
            middle_frame = first + min(size, len(frames)) / 2
            centers.append((middle_frame * _STEP_SAMPLES + _FRAME_SAMPLES / 2) / SAMPLE_RATE_HZ)
    return np.array(vectors).reshape(-1, NUM_FEATURES), np.array(centers, np.float64)


def _statistics(cepstrum: Floats, pitch: Floats) -> Floats:
    known = len(pitch) > _FEWEST_VOICED_FRAMES
    low, middle, high = np.percentile(pitch, (10, 50, 90)) if known else (np.nan, np.nan, np.nan)
    return np.concatenate((cepstrum.mean(axis=0), cepstrum.std(axis=0), (middle, high - low)))


def _cepstrum(frames: Floats) -> tuple[Floats, Floats]:
    """Mel cepstrum without its 0th coefficient (the level), and the level in dB."""
    from scipy.fft import dct

    margin = (_FRAME_SAMPLES - _SPECTRUM_SAMPLES) // 2
    shaped = frames[:, margin:-margin] * np.hanning(_SPECTRUM_SAMPLES)
    power = np.abs(np.fft.rfft(shaped, _FFT_SAMPLES)) ** 2
    bands = np.log(power @ _mel_filters().T + 1e-8)
    coefficients: Floats = dct(bands, norm="ortho", axis=1)[:, 1 : _COEFFICIENTS + 1]
    level_db: Floats = 10 * np.log10((shaped**2).mean(axis=1) + 1e-10)
    return coefficients, level_db


def _pitch(frames: Floats) -> tuple[Floats, Floats]:
    """Logarithm of the pitch in Hz and how periodic each frame is (0..1), by normalized autocorrelation.

    The shift is made good for the window's own autocorrelation, after Boersma 1993; of lags almost as good as the
    best the shortest is taken, which avoids octave errors downwards.
    """
    window = np.hanning(_FRAME_SAMPLES)
    shaped = (frames - frames.mean(axis=1, keepdims=True)) * window
    correlation = _autocorrelation(shaped) / _autocorrelation(window[None])
    correlation = correlation[:, _LAGS]
    voicing = correlation.max(axis=1)
    lags = (correlation >= 0.9 * voicing[:, None]).argmax(axis=1) + _LAGS.start
    return np.log(SAMPLE_RATE_HZ / lags), voicing


def _autocorrelation(frames: Floats) -> Floats:
    """Normalized to 1 at lag 0, up to the longest lag needed."""
    spectrum = np.abs(np.fft.rfft(frames, _PITCH_FFT_SAMPLES)) ** 2
    correlation: Floats = np.fft.irfft(spectrum)[:, : _LAGS.stop]
    return correlation / (correlation[:, :1] + 1e-9)


@cache
def _mel_filters() -> Floats:
    """Triangles of equal width on the mel scale, shape (num_bands, num_frequencies)."""
    low, high = (1127 * np.log1p(hz / 700) for hz in (_LOWEST_HZ, _HIGHEST_HZ))
    edges = 700 * np.expm1(np.linspace(low, high, _BANDS + 2) / 1127)
    frequencies = np.fft.rfftfreq(_FFT_SAMPLES, 1 / SAMPLE_RATE_HZ)
    rising = (frequencies - edges[:-2, None]) / np.diff(edges)[:-1, None]
    falling = (edges[2:, None] - frequencies) / np.diff(edges)[1:, None]
    filters: Floats = np.maximum(0.0, np.minimum(rising, falling))
    return filters

"""Log-mel spectrograms as Whisper expects them, made piece by piece so that memory does not grow with length.

Whisper raises everything quieter than 80 dB below the loudest place of the whole file to that floor. The floor needs
the whole file, the rest does not: so a piece is kept raw until the loudest place is known.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import numpy as np

from media_pipeline.media import SAMPLE_RATE_HZ, Samples

if TYPE_CHECKING:
    from torch import Tensor

HOP_SAMPLES = 160
FFT_SAMPLES = 400
WINDOW_SAMPLES = 30 * SAMPLE_RATE_HZ
_RANGE = 8.0  # of log10 power: 80 dB


class LogMel:
    """Whisper's spectrogram for `n_mels` bands (80, or 128 for large-v3), computed on `device`."""

    def __init__(self, n_mels: int, device: str) -> None:
        import torch
        from whisper.audio import mel_filters

        self._filters = mel_filters(device, n_mels)
        self._taper = torch.hann_window(FFT_SAMPLES, device=device)
        self._device = device

    def window(self, samples: Samples) -> Tensor:
        """Raw spectrogram of at most 30 s, silence appended: log10 of power, shape (n_mels, 3000), float32."""
        import torch

        padded = np.zeros(WINDOW_SAMPLES, np.float32)
        padded[: min(samples.size, WINDOW_SAMPLES)] = samples[:WINDOW_SAMPLES]
        return torch.cat(list(self.stream([padded])), dim=-1)

    def stream(self, pieces: Iterable[Samples]) -> Iterator[Tensor]:
        """Raw spectrogram of a recording of any length, given and returned in pieces, each of some frames.

        Joined, they are what Whisper finds for the whole at once: its first and last 12.5 ms are mirrored there.
        Shape of each (n_mels, num_frames). Recordings shorter than 25 ms are not for it.
        """
        half = FFT_SAMPLES // 2
        held = np.zeros(0, np.float32)
        is_first = True
        for piece in pieces:
            held = np.concatenate((held, piece))
            if is_first:
                if held.size <= half:
                    continue
                held = np.concatenate((held[half:0:-1], held))
                is_first = False
            frames = (held.size - FFT_SAMPLES) // HOP_SAMPLES + 1
            if frames > 0:
                yield self._log_power(held, frames)
                held = held[frames * HOP_SAMPLES :]
        tail = np.concatenate((held, held[-2 : -half - 2 : -1]))
        # Whisper leaves the very last frame out.
        frames = (tail.size - FFT_SAMPLES) // HOP_SAMPLES
        if frames > 0:
            yield self._log_power(tail, frames)

    def _log_power(self, samples: Samples, frames: int) -> Tensor:
        import torch

        used = torch.from_numpy(samples[: (frames - 1) * HOP_SAMPLES + FFT_SAMPLES]).to(self._device)
        spectrum = torch.stft(used, FFT_SAMPLES, HOP_SAMPLES, window=self._taper, center=False, return_complex=True)
        power = torch.view_as_real(spectrum).square_().sum(-1)
        raw: Tensor = (self._filters @ power).clamp_(min=1e-10).log10_()
        return raw


def finished(raw: Tensor, loudest: float | Tensor) -> Tensor:
    """A model's input from a raw spectrogram; `loudest` is the greatest value of all that belong together."""
    import torch

    floor = torch.as_tensor(loudest, device=raw.device) - _RANGE
    return (torch.maximum(raw, floor) + 4.0) / 4.0

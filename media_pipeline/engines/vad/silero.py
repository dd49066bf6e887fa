"""Silero VAD: finds speech with the small network whose weights come inside the `silero-vad` package.

The package runs the network frame by frame from Python, which takes half a minute per hour of audio. Only the
LSTM depends on what came before, so here everything in front of it is computed for many frames at once and the
LSTM then walks over the results in one call; the probabilities are the same (to float rounding), in some two
seconds per hour on one core. The package itself is not imported: importing it changes torch's thread count for
the whole process. The network: https://github.com/snakers4/silero-vad
"""

from __future__ import annotations

import importlib.util
import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import numpy.typing as npt

from media_pipeline.engines.base import EngineInfo
from media_pipeline.errors import EngineUnavailable
from media_pipeline.media import SAMPLE_RATE_HZ, Audio, SpeechRegion
from media_pipeline.run import Machine, Run
from media_pipeline.transcript import Seconds
from media_pipeline.wording import say

if TYPE_CHECKING:
    import torch

FRAME_SAMPLES = 512
FRAME_SECONDS: Seconds = FRAME_SAMPLES / SAMPLE_RATE_HZ  # 32 ms

# Missed words cost more than a little silence too much, so speech is entered early and left late.
ENTER, LEAVE = 0.3, 0.15
MIN_SPEECH: Seconds = 0.2
MIN_SILENCE: Seconds = 0.3
PAD: Seconds = 0.15

_CONTEXT_SAMPLES = 64  # the end of the frame before, which the network sees again
_BLOCK_FRAMES = 3_072  # read at a time: 98 s
_BATCH_FRAMES = 96  # computed at a time: fits the processor's cache
_FFT_SAMPLES, _HOP_SAMPLES, _BINS = 256, 128, 129
_WEIGHTS = Path("data") / "silero_vad.jit"

Floats = npt.NDArray[np.float32]


class SileroVad:
    """Voice activity detection on the CPU, exact for any length in flat memory."""

    info: ClassVar[EngineInfo] = EngineInfo(
        name="silero",
        title="Silero VAD",
        models=("silero-v6",),
        default_model="silero-v6",
        note=say("Finds speech in any language; singing and loud music may count as speech."),
    )

    @classmethod
    def missing(cls, model: str, machine: Machine) -> str | None:
        """None when it can be used here; else one sentence that says what to do."""
        if model not in cls.info.models:
            return say(
                "Silero VAD has no model {model}; choose one of {choices}.",
                model=repr(model),
                choices=", ".join(cls.info.models),
            )
        if importlib.util.find_spec("torch") is None:
            return say("PyTorch is not installed: run `pip install -r requirements.txt`.")
        if _weights_file() is None:
            return say(
                "The silero-vad package with its weights is not installed: run `pip install -r requirements.txt`."
            )
        return None

    def __init__(self, model: str, machine: Machine) -> None:
        sentence = self.missing(model, machine)
        weights = _weights_file()
        if sentence or weights is None:
            raise EngineUnavailable("vad_unavailable", sentence or say("The weights of Silero VAD are missing."))
        self._network = _Network(weights)

    def detect(self, audio: Audio, run: Run) -> tuple[SpeechRegion, ...]:
        """Speech regions in time order, padded a little, not overlapping; empty when nobody speaks."""
        return regions_from(self.probabilities(audio, run), audio.facts.duration)

    def probabilities(self, audio: Audio, run: Run) -> Floats:
        """How likely each frame of 32 ms is speech: shape (num_frames,), 0..1."""
        duration = audio.facts.duration
        parts = []
        with _one_thread():
            for start, samples in _blocks(audio):
                parts.append(self._network.listen(samples, is_first=start == 0.0))
                run.report(min(1.0, (start + _BLOCK_FRAMES * FRAME_SECONDS) / duration))
        return np.concatenate(parts) if parts else np.zeros(0, np.float32)


def regions_from(probabilities: Floats, duration: Seconds) -> tuple[SpeechRegion, ...]:
    """Turn frame probabilities into padded regions.

    Speech begins at a frame of at least `ENTER`. It ends at the first frame below `LEAVE`, if a frame at least
    `MIN_SILENCE` later is below it too and none between them reaches `ENTER`. What is shorter than `MIN_SPEECH`
    is dropped.
    """
    spans = [
        (first * FRAME_SECONDS, min(duration, last * FRAME_SECONDS))
        for first, last in _frame_spans(probabilities)
        if (last - first) * FRAME_SECONDS >= MIN_SPEECH
    ]
    regions = []
    for index, (start, end) in enumerate(spans):
        before = (start - spans[index - 1][1]) / 2 if index else start
        after = (spans[index + 1][0] - end) / 2 if index + 1 < len(spans) else duration - end
        regions.append(SpeechRegion(start - min(PAD, before), end + min(PAD, after)))
    return tuple(regions)


def _frame_spans(probabilities: Floats) -> list[tuple[int, int]]:
    """(first, one past last) frame of each stretch of speech, unpadded."""
    spans: list[tuple[int, int]] = []
    quiet = np.append(np.flatnonzero(probabilities < LEAVE), probabilities.size)
    shortest_pause = math.ceil(MIN_SILENCE / FRAME_SECONDS)
    for frame in np.flatnonzero(probabilities >= ENTER).tolist():
        if spans and frame < spans[-1][1]:
            continue
        next_quiet = int(np.searchsorted(quiet, frame))
        end = int(quiet[next_quiet])
        if spans and quiet[next_quiet - 1] - spans[-1][1] < shortest_pause:
            spans[-1] = (spans[-1][0], end)
        else:
            spans.append((frame, end))
    return spans


def _blocks(audio: Audio) -> Iterator[tuple[Seconds, Floats]]:
    """(start, samples) of one block after the other, the last one filled up to a whole frame."""
    size = _BLOCK_FRAMES * FRAME_SECONDS
    start = 0.0
    while start < audio.facts.duration:
        samples = audio.read(start, start + size)
        if not samples.size:
            return
        yield start, np.pad(samples, (0, -samples.size % FRAME_SAMPLES))
        start += size


@contextmanager
def _one_thread() -> Iterator[None]:
    """Keep torch to one thread inside the block.

    The LSTM's hundred thousand small steps gain nothing from more, and on a busy machine threads that wait for
    each other at every step take ten times as long.
    """
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _weights_file() -> Path | None:
    """The weights inside the installed package, found without importing it."""
    spec = importlib.util.find_spec("silero_vad")
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        if (Path(folder) / _WEIGHTS).is_file():
            return Path(folder) / _WEIGHTS
    return None


class _Network:
    """The 16 kHz network: spectrum, four convolutions, an LSTM and one output unit."""

    def __init__(self, weights_file: Path) -> None:
        import torch

        scripted = torch.jit.load(str(weights_file), map_location="cpu")  # type: ignore[no-untyped-call]
        values = {name: value.float() for name, value in scripted.state_dict().items()}
        # The stored basis is a windowed Fourier transform; its first row (0 Hz) is the window itself.
        self._window = values["_model.stft.forward_basis_buffer"][0, 0]
        kernels = [values[f"_model.encoder.{layer}.reparam_conv.weight"] for layer in range(4)]
        self._biases = [values[f"_model.encoder.{layer}.reparam_conv.bias"] for layer in range(4)]
        # Four spectra go in and one vector comes out, so the last two kernels mostly touch the zero padding:
        # only their taps that meet data are kept.
        kernels[2], kernels[3] = kernels[2][:, :, 1:], kernels[3][:, :, 1:2]
        self._matrices = [kernel.permute(2, 1, 0).flatten(0, 1).contiguous() for kernel in kernels]
        self._lstm = torch.nn.LSTM(128, 128).requires_grad_(False)
        names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
        self._lstm.load_state_dict({f"{name}_l0": values[f"_model.decoder.rnn.{name}"] for name in names})
        self._output = values["_model.decoder.decoder.2.weight"][0, :, 0]
        self._output_bias = values["_model.decoder.decoder.2.bias"][0]
        self._state: tuple[torch.Tensor, torch.Tensor] | None = None
        self._context = np.zeros(_CONTEXT_SAMPLES, np.float32)

    def listen(self, samples: Floats, *, is_first: bool) -> Floats:
        """Probability of speech for each frame of `samples` (whole frames), going on from the call before."""
        import torch

        if is_first:
            self._state, self._context = None, np.zeros(_CONTEXT_SAMPLES, np.float32)
        signal = torch.from_numpy(np.concatenate((self._context, samples)))
        self._context = samples[-_CONTEXT_SAMPLES:].copy()
        frames = signal.unfold(0, _CONTEXT_SAMPLES + FRAME_SAMPLES, FRAME_SAMPLES)
        with torch.inference_mode():
            batches = (frames[first : first + _BATCH_FRAMES] for first in range(0, len(frames), _BATCH_FRAMES))
            features = torch.cat([self._features(batch) for batch in batches])
            hidden, self._state = self._lstm(features.unsqueeze(1), self._state)
            logits = hidden.squeeze(1).relu() @ self._output + self._output_bias
            probabilities: Floats = torch.sigmoid(logits).numpy()
        return probabilities

    def _features(self, frames: torch.Tensor) -> torch.Tensor:
        """Shape (num_frames, 576) to (num_frames, 128). Convolutions are written as matrix products."""
        import torch
        from torch.nn.functional import pad

        count = len(frames)
        signal = torch.cat((frames, frames[:, -_CONTEXT_SAMPLES - 1 : -1].flip(1)), dim=1)
        windows = signal.unfold(1, _FFT_SAMPLES, _HOP_SAMPLES) * self._window
        values = torch.fft.rfft(windows).abs()  # (count, 4, 129)
        # A kernel of three over rows laid end to end is a window of three rows' width.
        rows = pad(values, (0, 0, 1, 1)).flatten(1).unfold(1, 3 * _BINS, _BINS)
        values = self._layer(0, rows.reshape(4 * count, -1)).view(count, 4 * 128)
        rows = pad(values, (128, 0)).unfold(1, 3 * 128, 2 * 128)
        values = self._layer(1, rows.reshape(2 * count, -1)).view(count, 2 * 64)
        return self._layer(3, self._layer(2, values))

    def _layer(self, layer: int, rows: torch.Tensor) -> torch.Tensor:
        import torch

        return torch.addmm(self._biases[layer], rows, self._matrices[layer]).relu_()

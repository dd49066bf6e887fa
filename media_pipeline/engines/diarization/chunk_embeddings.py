"""Speaker embeddings for pyannote.audio, each chunk of sound heard once.

pyannote's `SpeakerDiarization.get_embeddings` sends the same ten seconds through the network once for each of the
(three) speakers that may talk in them, and does so for silent ones too. Only the pooling at the end differs between
them, and the network takes all their masks at once. What comes out is the same but for rounding.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import torch
    from pyannote.audio import Pipeline
    from pyannote.core import Segment, SlidingWindowFeature

Floats = npt.NDArray[np.float32]


def embed_once_per_chunk(pipeline: Pipeline) -> bool:
    """Make `pipeline` hear each chunk once. False, and nothing is changed, when its parts are not the known ones."""
    from pyannote.audio.models.embedding.wespeaker import BaseWeSpeakerResNet
    from pyannote.audio.pipelines import SpeakerDiarization
    from pyannote.audio.pipelines.speaker_verification import PyannoteAudioPretrainedSpeakerEmbedding

    is_stock = getattr(type(pipeline), "get_embeddings", None) is SpeakerDiarization.get_embeddings
    embedding = getattr(pipeline, "_embedding", None)  # an oracle's pipeline has none
    if not is_stock or type(embedding) is not PyannoteAudioPretrainedSpeakerEmbedding:
        return False
    model: Any = embedding.model_
    if not isinstance(model, BaseWeSpeakerResNet) or model.fbank_only:
        return False
    _fold_normalization(model)
    pipeline.get_embeddings = ChunkEmbeddings(pipeline)
    return True


class ChunkEmbeddings:
    """Stands in for the pipeline's `get_embeddings`."""

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline
        self.batch_size = 1  # chunks at once

    def __call__(
        self,
        file: Mapping[str, Any],
        binary_segmentations: SlidingWindowFeature,
        exclude_overlap: bool = False,
        hook: Callable[..., None] | None = None,
    ) -> Floats:
        """Embeddings of each speaker of each chunk: shape (num_chunks, num_speakers, dimension).

        Args:
            binary_segmentations: 0, 1 or NaN, shape (num_chunks, num_frames, num_speakers).
            exclude_overlap: Listen only where one speaks alone, if that is long enough.
            hook: Told how many chunks are done.
        """
        masks = self._masks(binary_segmentations, exclude_overlap)
        spans = [span for span, _ in binary_segmentations]
        heard = np.flatnonzero(masks.any(axis=(1, 2)))
        found = np.empty((*masks.shape[:2], self._pipeline._embedding.dimension), np.float32)
        if len(heard) < len(masks):
            found[:] = self._of_silence(masks.shape[2])
        for first in range(0, len(heard), self.batch_size):
            batch = heard[first : first + self.batch_size]
            found[batch] = self._embed([self._waveform(file, spans[index]) for index in batch], masks[batch])
            if hook is not None:
                hook("embeddings", None, total=len(heard), completed=first + len(batch))
        return found

    def _masks(self, segmentations: SlidingWindowFeature, exclude_overlap: bool) -> Floats:
        """Where to listen to each speaker: shape (num_chunks, num_speakers, num_frames)."""
        active: Floats = segmentations.data.transpose(0, 2, 1)
        masks: Floats = np.nan_to_num(active, nan=0.0).astype(np.float32)
        if not exclude_overlap:
            return masks
        with np.errstate(invalid="ignore"):
            alone = np.nan_to_num(active * (active.sum(axis=1, keepdims=True) < 2), nan=0.0).astype(np.float32)
        embedding = self._pipeline._embedding
        num_samples = segmentations.sliding_window.duration * embedding.sample_rate
        fewest_frames = math.ceil(active.shape[2] * embedding.min_num_samples / num_samples)
        is_long_enough = alone.sum(axis=2, keepdims=True) > fewest_frames
        chosen: Floats = np.where(is_long_enough, alone, masks)
        return chosen

    def _waveform(self, file: Mapping[str, Any], span: Segment) -> torch.Tensor:
        """Shape (1, num_samples); beyond the end of the recording there is silence."""
        waveform: torch.Tensor = self._pipeline._audio.crop(file, span, mode="pad")[0]
        return waveform

    def _embed(self, waveforms: list[torch.Tensor], masks: Floats) -> Floats:
        import torch

        found: Floats = self._pipeline._embedding(torch.stack(waveforms), masks=torch.from_numpy(masks))
        return found

    def _of_silence(self, num_frames: int) -> Floats:
        """What the network makes of a mask that lets nothing through, whatever the sound: shape (dimension,)."""
        import torch

        second = torch.zeros(1, self._pipeline._embedding.sample_rate)
        found: Floats = self._embed([second], np.zeros((1, 1, num_frames), np.float32))[0, 0]
        return found


def _fold_normalization(network: torch.nn.Module) -> None:
    """Put the (at inference constant) batch normalization into the convolutions before it: a fifth less time."""
    import torch

    with torch.no_grad():
        for module in list(network.modules()):
            children = dict(module.named_children())
            for name in children:
                if name.startswith("conv"):
                    _fold(module, name, name.replace("conv", "bn"))
            if isinstance(module, torch.nn.Sequential) and len(children) == 2:
                _fold(module, "0", "1")  # a shortcut
        network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]


def _fold(module: torch.nn.Module, convolution: str, normalization: str) -> None:
    import torch
    from torch.nn.utils.fusion import fuse_conv_bn_eval

    before, after = getattr(module, convolution, None), getattr(module, normalization, None)
    if isinstance(before, torch.nn.Conv2d) and isinstance(after, torch.nn.BatchNorm2d):
        setattr(module, convolution, fuse_conv_bn_eval(before, after))
        setattr(module, normalization, torch.nn.Identity())

"""A Whisper checkpoint on a device: sound in, features out, and what its tokens mean."""

from __future__ import annotations

import pickle
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
import whisper
from whisper.model import Conv1d, Linear
from whisper.tokenizer import get_tokenizer

from media_pipeline.engines.stt import whisper_alignment
from media_pipeline.engines.stt.whisper_decoder import Decoded, TextDecoder, dense
from media_pipeline.engines.stt.whisper_mel import LogMel, finished
from media_pipeline.engines.stt.whisper_text import Piece
from media_pipeline.engines.torch_memory import crash_when_full
from media_pipeline.errors import EngineUnavailable
from media_pipeline.media import Samples
from media_pipeline.transcript import Seconds
from media_pipeline.wording import say

if TYPE_CHECKING:
    from torch import Tensor
    from whisper import Whisper
    from whisper.model import ModelDimensions

# Official models by bands, width and decoder layers.
_SHAPES = {
    (80, 384, 4): "tiny",
    (80, 512, 6): "base",
    (80, 768, 12): "small",
    (80, 1024, 24): "medium",
    (80, 1280, 32): "large-v2",
    (128, 1280, 32): "large-v3",
    (128, 1280, 4): "turbo",
}
_HEAD_WIDTH = 64
_MULTILINGUAL_VOCABULARY = 51865


class Network:
    """Everything of a model that depends on the device it is on.

    Args:
        path: A checkpoint as openai-whisper saves it.
        device: "cpu", in float32, or "cuda", in float16.

    Raises:
        EngineUnavailable: `bad_weights`.
        EngineCrashed: `out_of_memory`.
    """

    def __init__(self, path: Path, device: str) -> None:
        self.device = device
        self._dtype = torch.float16 if device == "cuda" else torch.float32
        with crash_when_full():
            model = _read(path)
            self.tokenizer = get_tokenizer(
                model.is_multilingual, num_languages=model.num_languages, language="en", task="transcribe"
            )
            self.decoder = TextDecoder(model, self.tokenizer, device, self._dtype)
            del model.decoder  # the line above has copied it
            self._encoder = _cast(model.encoder, device, self._dtype)
            self._mel = LogMel(model.dims.n_mels, device)
        self.languages: tuple[str, ...] = ("en",)
        if model.is_multilingual:
            self.languages = tuple(self.tokenizer.all_language_codes)

    @torch.inference_mode()
    def encode(self, windows: Sequence[Samples]) -> Tensor:
        """Features of windows of at most 30 s, shape (num_windows, num_frames, width)."""
        raw = torch.stack([self._mel.window(samples) for samples in windows])
        mel = finished(raw, raw.amax((1, 2), keepdim=True)).to(self._dtype)
        features: Tensor = self._encoder(mel)
        return features

    @torch.inference_mode()
    def language(self, features: Tensor) -> Mapping[str, float]:
        """The probability of each of Whisper's codes, for one window's features."""
        logits = self.decoder.language_logits(features[None])[0]
        probabilities = logits[list(self.tokenizer.all_language_tokens)].softmax(-1)
        return dict(zip(self.languages, probabilities.tolist(), strict=True))

    def prompt(self, code: str, before: Sequence[int], *, with_timestamps: bool) -> tuple[int, ...]:
        """What decoding begins with.

        Args:
            code: Whisper's, of the language.
            before: Tokens of what was said, or of words to expect; at most `whisper_text.PROMPT_TOKENS`.
        """
        tokenizer = self.tokenizer
        start: list[int] = [tokenizer.sot_prev, *before] if before else []
        start.append(tokenizer.sot)
        if len(self.languages) > 1:
            start += [tokenizer.to_language_token(code), tokenizer.transcribe]
        return tuple(start if with_timestamps else [*start, tokenizer.no_timestamps])

    def tokens(self, text: str) -> tuple[int, ...]:
        """Tokens of `text` as something said before; none for no text."""
        return tuple(self.tokenizer.encode(" " + text.strip())) if text.strip() else ()

    def text(self, tokens: Sequence[int]) -> str:
        """What tokens say, timestamps left out."""
        text: str = self.tokenizer.decode(list(self.text_tokens(tokens))).strip()
        return text

    def text_tokens(self, tokens: Sequence[int]) -> tuple[int, ...]:
        """Those of `tokens` that stand for text."""
        return tuple(token for token in tokens if token < self.tokenizer.eot)

    def pieces(self, decoded: Decoded, seconds: Seconds) -> tuple[Piece, ...]:
        """The words of a window that lasts `seconds`, with their times."""
        scores = decoded.attention.float().cpu().numpy()
        probabilities = decoded.probabilities.tolist()
        return whisper_alignment.pieces(self.tokenizer, decoded.tokens, probabilities, scores, seconds)


def _read(path: Path) -> Whisper:
    """The model of a checkpoint, on the CPU: a RuntimeError then speaks of the file."""
    try:
        with crash_when_full():
            model = whisper.load_model(str(path.resolve()), device="cpu").eval()
    except (pickle.UnpicklingError, EOFError, KeyError, TypeError, ValueError, RuntimeError) as error:
        raise EngineUnavailable(
            "bad_weights",
            say("{name} is not a Whisper checkpoint, or is damaged: delete it and download it again.", name=path.name),
        ) from error
    heads = whisper._ALIGNMENT_HEADS.get(_official_name(path.stem, model.dims))
    if heads is not None:
        model.set_alignment_heads(heads)
    return model


def _official_name(name: str, dims: ModelDimensions) -> str:
    """The official model of these dimensions, "" for none: one that was trained further keeps its alignment heads."""
    if dims.n_text_state != _HEAD_WIDTH * dims.n_text_head:
        return ""
    found = _SHAPES.get((dims.n_mels, dims.n_text_state, dims.n_text_layer), "")
    if found == "large-v2" and name == "large-v1":  # they differ in their weights alone
        return name
    return f"{found}.en" if found and dims.n_vocab < _MULTILINGUAL_VOCABULARY else found


def _cast(encoder: Any, device: str, dtype: torch.dtype) -> Any:
    """The encoder on its device: products in `dtype`, and packed on a CPU; normalization stays in float32."""
    for module in list(encoder.modules()):
        for name, child in list(module.named_children()):
            if isinstance(child, Linear):
                bias = None if child.bias is None else child.bias.detach().to(device, dtype)
                setattr(module, name, _Dense(child.weight.detach().to(device, dtype), bias))
            elif isinstance(child, Conv1d):
                child.to(dtype=dtype)
    return encoder.to(device)


class _Dense(torch.nn.Module):
    """`dense` in the place of a linear layer."""

    def __init__(self, weight: Tensor, bias: Tensor | None) -> None:
        super().__init__()
        self._product = dense(weight, bias)

    def forward(self, x: Tensor) -> Tensor:
        return self._product(x)

"""A Whisper network in CTranslate2's form, through the parts of `faster-whisper` that do one thing each."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import numpy.typing as npt

from media_pipeline.engines.stt.whisper_text import Piece, Trust, compression_ratio
from media_pipeline.engines.torch_memory import crash_when_full
from media_pipeline.errors import EngineUnavailable
from media_pipeline.media import Samples
from media_pipeline.wording import say

if TYPE_CHECKING:
    from ctranslate2 import StorageView
    from faster_whisper.tokenizer import Tokenizer

Mel: TypeAlias = npt.NDArray[np.float32]  # shape (num_mels, num_frames), 100 frames a second

# The vocabulary, whose name ends in one of two ways, comes on top. Without these the package would ask the network.
FILES = ("config.json", "model.bin", "tokenizer.json")
COMPUTE_TYPES = {"cpu": "int8", "cuda": "float16"}

# How CTranslate2 words it that a part of CUDA is not installed.
_NO_LIBRARY = "is not found or cannot be loaded"
_FRAMES = 3000
_POSITIONS = 448  # of the decoder: for prompt and text together
_SAMPLES = 5  # taken of each row where the temperature is above 0; the most probable counts


def is_complete(folder: Path) -> bool:
    """Whether all files that make a network are in `folder`."""
    return all((folder / name).is_file() for name in FILES) and any(folder.glob("vocabulary.*"))


@dataclass(frozen=True, slots=True)
class Decoded:
    """A text of one row. `tokens` are those of the text alone."""

    text: str
    tokens: Sequence[int]
    trust: Trust
    temperature: float


class Network:
    """The network of a folder, loaded on "cpu" or "cuda".

    Raises:
        EngineUnavailable: `bad_weights`, or `no_cuda_library`.
        EngineCrashed: `out_of_memory`.
    """

    def __init__(self, folder: Path, device: str, threads: int) -> None:
        from faster_whisper import WhisperModel
        from faster_whisper.feature_extractor import FeatureExtractor
        from faster_whisper.transcribe import get_suppressed_tokens

        path = str(folder.resolve())
        try:
            # The library that reads it has no error of its own for a damaged one.
            json.loads((folder / "tokenizer.json").read_bytes())
            with crash_when_full():
                self._model = WhisperModel(
                    path, device=device, compute_type=COMPUTE_TYPES[device], cpu_threads=threads, local_files_only=True
                )
        except (RuntimeError, ValueError, KeyError, TypeError) as error:
            raise _not_loaded(error, folder) from error
        self._extract = FeatureExtractor(feature_size=self._model.model.n_mels)
        self._suppressed = list(get_suppressed_tokens(self._tokenizer("en"), [-1]))
        self.languages: tuple[str, ...] = tuple(self._model.supported_languages)
        if device == "cuda":
            self._try_cuda(folder)

    def tokens(self, text: str) -> list[int]:
        """The tokens of `text` as it stands after something else."""
        text = text.strip()
        tokens: list[int] = self._tokenizer("en").encode(f" {text}") if text else []
        return tokens

    def mel(self, samples: Samples) -> Mel:
        """What the network sees of at most 30 s."""
        mel: Mel = self._extract(samples)[:, :-1][:, :_FRAMES]
        return mel

    def encode(self, mels: Sequence[Mel]) -> StorageView:
        """The audio of all rows as the decoder sees it, each padded to 30 s.

        On a CPU one after the other: what lies between the layers then fits its caches, which takes a quarter to two
        fifths less time than all at once.
        """
        import ctranslate2

        padded = np.zeros((len(mels), mels[0].shape[0], _FRAMES), np.float32)
        for row, mel in zip(padded, mels, strict=True):
            row[:, : mel.shape[1]] = mel
        if self._model.model.device == "cuda":
            return self._model.encode(padded)
        rows = [np.asarray(self._model.encode(row[np.newaxis])) for row in padded]
        return ctranslate2.StorageView.from_array(np.concatenate(rows))

    def spoken_languages(self, encoded: StorageView) -> list[dict[str, float]]:
        """For each row, how probable each of Whisper's languages is."""
        rows = self._model.model.detect_language(encoded)
        return [{token[2:-2]: probability for token, probability in row} for row in rows]

    def decode(
        self, encoded: StorageView, codes: Sequence[str], prompt: Sequence[int], temperature: float, beams: int
    ) -> list[Decoded]:
        """A text for each row, in the language of its code, after `prompt`.

        Args:
            codes: Whisper's, of each row's language.
            prompt: At most `whisper_text.PROMPT_TOKENS`.
            beams: Count at temperature 0 only.
        """
        prompts = [self._prompt(code, prompt) for code in codes]
        how: dict[str, Any] = {"beam_size": beams}
        if temperature:
            how = {"beam_size": 1, "num_hypotheses": _SAMPLES, "sampling_topk": 0, "sampling_temperature": temperature}
        results = self._model.model.generate(
            encoded,
            prompts,
            # All positions that are left but one, which `align` needs. The library allows half of it for text.
            max_length=2 * (_POSITIONS - 1 - len(prompts[0])),
            suppress_tokens=self._suppressed,
            return_scores=True,
            return_no_speech_prob=True,
            **how,
        )
        return [self._decoded(result, temperature) for result in results]

    def align(
        self, encoded: StorageView, code: str, texts: Sequence[Sequence[int]], frames: Sequence[int]
    ) -> list[list[Piece]]:
        """When each word of each row was said. On a CPU one row after the other, as in `encode`.

        Args:
            code: Whisper's, of the language of all rows.
            frames: Of each row, without its padding.
        """
        from faster_whisper.transcribe import merge_punctuations

        at_once = len(texts) if self._model.model.device == "cuda" else 1
        tokenizer = self._tokenizer(code)
        rows: list[list[dict[str, Any]]] = []
        for first in range(0, len(texts), at_once):
            part = range(first, min(first + at_once, len(texts)))
            tokens, lengths = [list(texts[row]) for row in part], [frames[row] for row in part]
            rows += self._model.find_alignment(tokenizer, tokens, rows_of(encoded, part), lengths)
        for row in rows:
            merge_punctuations(row, "\"'“¿([{-", "\"'.。,，!！?？:：”)]}、")
        return [[_piece(word) for word in row if word["word"]] for row in rows]

    def _try_cuda(self, folder: Path) -> None:
        """Have an empty row encoded: some of CUDA's libraries are looked for only then."""
        silence = np.zeros((self._model.model.n_mels, _FRAMES), np.float32)
        try:
            with crash_when_full():
                self.encode([silence])
        except RuntimeError as error:
            if _NO_LIBRARY not in str(error):
                raise
            raise _not_loaded(error, folder) from error

    def _prompt(self, code: str, prompt: Sequence[int]) -> list[int]:
        tokenizer = self._tokenizer(code)
        before = [tokenizer.sot_prev, *prompt] if prompt else []
        return [*before, *tokenizer.sot_sequence, tokenizer.no_timestamps]

    def _decoded(self, result: Any, temperature: float) -> Decoded:
        """The most probable text of a row. The library's score is the mean without the end's token."""
        tokenizer = self._tokenizer("en")
        found = result.sequences_ids[0]
        tokens = [token for token in found if token < tokenizer.eot]
        text = tokenizer.decode(tokens).strip()
        log_probability = result.scores[0] * len(found) / (len(found) + 1)
        trust = Trust(compression_ratio(text), log_probability, result.no_speech_prob)
        return Decoded(text, tokens, trust, temperature)

    def _tokenizer(self, code: str) -> Tokenizer:
        from faster_whisper.tokenizer import Tokenizer

        model = self._model
        return Tokenizer(model.hf_tokenizer, model.model.is_multilingual, task="transcribe", language=code)


def rows_of(encoded: StorageView, rows: Sequence[int]) -> StorageView:
    """Some rows of what `Network.encode` gave, in the order asked for."""
    import ctranslate2

    if list(rows) == list(range(encoded.shape[0])):
        return encoded
    array = np.asarray(encoded.to_device(ctranslate2.Device.cpu))
    return ctranslate2.StorageView.from_array(np.ascontiguousarray(array[list(rows)]))


def _not_loaded(error: Exception, folder: Path) -> EngineUnavailable:
    """What to say where a network cannot be loaded."""
    if _NO_LIBRARY in str(error):
        return EngineUnavailable(
            "no_cuda_library",
            say("faster-whisper lacks a library of CUDA here ({error}). Install it, or set DEVICE=cpu.", error=error),
        )
    return EngineUnavailable(
        "bad_weights",
        say(
            "{name} is no Whisper model for CTranslate2, or is damaged: delete it and download it again.",
            name=folder.name,
        ),
    )


def _piece(word: Mapping[str, Any]) -> Piece:
    return Piece(word["word"], float(word["start"]), float(word["end"]), float(word["probability"]))

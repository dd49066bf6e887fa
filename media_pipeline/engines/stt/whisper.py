"""OpenAI Whisper through the `openai-whisper` package, on CPU or CUDA.

Every window is transcribed for itself, with the package's own decoding: temperature fallback, compression and
log-probability thresholds, word times by cross-attention. No window sees another's text, so a loop in one
cannot spread, and windows may be done in any order.
"""

from __future__ import annotations

import importlib.util
import logging
import pickle
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from media_pipeline import devices
from media_pipeline.engines.base import NO_HINTS, EngineInfo, Hints, WindowTranscript
from media_pipeline.engines.torch_memory import crash_when_full
from media_pipeline.errors import EngineUnavailable
from media_pipeline.languages import has_spaces
from media_pipeline.media import Audio, Samples, Window
from media_pipeline.options import TranscribeOptions
from media_pipeline.run import Machine, Run
from media_pipeline.transcript import Segment, Word

if TYPE_CHECKING:
    from whisper import Whisper

log = logging.getLogger(__name__)

MODELS = (
    *("tiny", "tiny.en", "base", "base.en", "small", "small.en", "medium", "medium.en"),
    *("turbo", "large-v3-turbo", "large", "large-v1", "large-v2", "large-v3"),
)
# Codes that Whisper writes differently from BCP 47.
_TO_WHISPER = {"jv": "jw", "nb": "no", "fil": "tl"}
_FROM_WHISPER = {"jw": "jv"}
_LANGUAGE_WINDOWS = 3


def weights_file(model: str, models_dir: Path) -> Path:
    """Where the weights of `model` are expected: an official name's file in the models folder, or the path itself."""
    if model in MODELS:
        return models_dir / "whisper" / f"{model}.pt"
    return Path(model).expanduser()


class OpenAIWhisper:
    """Speech to text in about a hundred languages."""

    info: ClassVar[EngineInfo] = EngineInfo(
        name="whisper",
        title="Whisper",
        models=MODELS,
        default_model="base",
        takes_paths=True,
        note="Many languages, with punctuation. Large models want a GPU; on a CPU they are slower than the recording.",
    )

    @classmethod
    def missing(cls, model: str, machine: Machine) -> str | None:
        """None when it can be used here; else one sentence that says what to do."""
        if importlib.util.find_spec("whisper") is None:
            return "Whisper is not installed: run `pip install -r requirements.txt`."
        if weights_file(model, machine.models_dir).is_file():
            return None
        if model in MODELS:
            return f"The weights of Whisper model “{model}” are not here: run “manage.py download_models {model}” once."
        return f"There is no Whisper model or checkpoint {model!r}; choose one of {', '.join(MODELS)}."

    def __init__(self, model: str, machine: Machine) -> None:
        problem = self.missing(model, machine)
        if problem:
            raise EngineUnavailable("engine_unavailable", problem)
        if machine.threads:
            _limit_threads(machine.threads)
        self._device = devices.choose(machine.device)
        self._model = _load(weights_file(model, machine.models_dir), self._device)

    @property
    def device(self) -> str:
        return self._device

    def transcribe(
        self, audio: Audio, windows: Sequence[Window], options: TranscribeOptions, run: Run, hints: Hints = NO_HINTS
    ) -> Iterator[WindowTranscript]:
        """Yield each window's words as soon as they are known, in the order given.

        The language is the one asked for, or else is found once from the first windows and kept for all.

        Raises:
            EngineUnavailable: `language_unknown`, when the model does not know the language.
            EngineCrashed: `out_of_memory`.
        """
        if not windows:
            return
        code = self._language(audio, windows, options, hints)
        for window in windows:
            run.check()
            samples = audio.read(window.start, window.end)
            with crash_when_full():
                found = self._decode(samples, code, options.vocabulary) if samples.size else ()
            segments = tuple(_segments(found, window, is_spaced=has_spaces(code)))
            yield WindowTranscript(window, _FROM_WHISPER.get(code, code), segments)

    def detect_language(self, audio: Audio, windows: Sequence[Window], run: Run) -> str:
        """The language most probable over all `windows` together, BCP 47."""
        known = self._known_languages()
        if len(known) == 1:
            return known[0]
        with crash_when_full():
            code = self._detect([audio.read(window.start, window.end) for window in windows])
        return _FROM_WHISPER.get(code, code)

    def _language(self, audio: Audio, windows: Sequence[Window], options: TranscribeOptions, hints: Hints) -> str:
        """Whisper's code of the language to expect."""
        known = self._known_languages()
        if options.language or hints.language:
            base = (options.language or hints.language or "").partition("-")[0].lower()
            code = _TO_WHISPER.get(base, base)
            if code not in known:
                raise EngineUnavailable("language_unknown", _unknown_language(options, known))
            return code
        if len(known) == 1:
            return known[0]
        with crash_when_full():
            return self._detect([audio.read(window.start, window.end) for window in windows[:_LANGUAGE_WINDOWS]])

    def _known_languages(self) -> tuple[str, ...]:
        from whisper.tokenizer import get_tokenizer

        if not self._model.is_multilingual:
            return ("en",)
        tokenizer = get_tokenizer(multilingual=True, num_languages=self._model.num_languages)
        return tuple(tokenizer.all_language_codes)

    def _detect(self, recordings: Sequence[Samples]) -> str:
        """The code most probable over all `recordings` together, each weighted by its length."""
        import torch
        from whisper.audio import log_mel_spectrogram, pad_or_trim

        totals: dict[str, float] = {}
        for samples in recordings:
            mel = log_mel_spectrogram(pad_or_trim(torch.from_numpy(samples)), self._model.dims.n_mels)
            _, probabilities = self._model.detect_language(mel.to(self._model.device))
            for code, probability in probabilities.items():
                totals[code] = totals.get(code, 0.0) + probability * samples.size
        return max(totals, key=totals.__getitem__)

    def _decode(self, samples: Samples, code: str, vocabulary: str) -> Sequence[Mapping[str, Any]]:
        """The package's segments, with words, for at most 30 s."""
        result = self._model.transcribe(
            samples,
            language=code,
            fp16=self._device == "cuda",
            word_timestamps=True,
            condition_on_previous_text=False,
            initial_prompt=vocabulary.strip() or None,
            carry_initial_prompt=True,
        )
        segments: Sequence[Mapping[str, Any]] = result["segments"]
        return segments


def _limit_threads(count: int) -> None:
    """Of torch, and of numba, which finds the times of words."""
    import numba
    import torch

    # Starts numba's threads, which sets OpenMP's number, torch's too, to all cores; so torch comes second.
    numba.set_num_threads(min(count, numba.get_num_threads()))
    torch.set_num_threads(count)


def _load(path: Path, device: str) -> Whisper:
    """The model of a checkpoint, with the alignment heads that are known for its name.

    It is read on the CPU: a RuntimeError then speaks of the file, and the GPU never holds the weights twice.
    """
    import whisper

    try:
        with crash_when_full():
            model = whisper.load_model(str(path.resolve()), device="cpu").eval()
    except (pickle.UnpicklingError, EOFError, KeyError, TypeError, ValueError, RuntimeError) as error:
        raise EngineUnavailable(
            "bad_weights", f"{path.name} is not a Whisper checkpoint, or is damaged: delete it and download it again."
        ) from error
    heads = whisper._ALIGNMENT_HEADS.get(path.stem)
    if heads is not None:
        try:
            model.set_alignment_heads(heads)
        except (ValueError, RuntimeError):
            log.warning("%s has other dimensions than the Whisper model of that name: default alignment", path.name)
    with crash_when_full():
        return model.to(device)


def _unknown_language(options: TranscribeOptions, known: Sequence[str]) -> str:
    if len(known) == 1:
        return f"Whisper model “{options.model}” knows English only. Choose one without “.en” for {options.language!r}."
    return f"Whisper model “{options.model}” does not know the language {options.language!r}. Choose another."


def _segments(found: Sequence[Mapping[str, Any]], window: Window, *, is_spaced: bool) -> Iterator[Segment]:
    """The package's segments on the recording's clock. Those without text are left out."""
    for item in found:
        text = item["text"].strip()
        if not text:
            continue
        words = tuple(_words(item["words"], window, is_spaced))
        start = words[0].start if words else _clock(item["start"], window)
        end = words[-1].end if words else _clock(item["end"], window)
        known = [word.confidence for word in words if word.confidence is not None]
        confidence = round(sum(known) / len(known), 3) if known else None
        yield Segment(start, max(start, end), text, words, confidence=confidence)


def _words(found: Sequence[Mapping[str, Any]], window: Window, is_spaced: bool) -> Iterator[Word]:
    """Words on the recording's clock.

    The package cuts "well-known" and "3,000" at the sign; what carries no space of its own belongs to the word before.
    """
    pending: list[Mapping[str, Any]] = []
    for item in found:
        if pending and not (is_spaced and not item["word"].startswith(" ")):
            yield _word(pending, window, is_spaced)
            pending = []
        pending.append(item)
    if pending:
        yield _word(pending, window, is_spaced)


def _word(pieces: Sequence[Mapping[str, Any]], window: Window, is_spaced: bool) -> Word:
    text = "".join(piece["word"] for piece in pieces)
    start, end = _clock(pieces[0]["start"], window), _clock(pieces[-1]["end"], window)
    confidence = min(float(piece["probability"]) for piece in pieces)
    return Word(text.strip() if is_spaced else text, start, max(start, end), round(confidence, 3))


def _clock(seconds: float, window: Window) -> float:
    return round(min(window.start + float(seconds), window.end), 3)

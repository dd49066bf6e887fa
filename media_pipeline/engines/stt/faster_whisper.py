"""Whisper through the `faster-whisper` package (CTranslate2): 8-bit integers on a CPU, 16-bit floats on CUDA.

The package's batched mode decodes each row once, at one temperature, and its other mode hears one stretch after the
other. Here windows are decoded in batches as they are, without looking for speech in them again, and those rows that
come out as a loop or a guess, and only those, are decoded again at higher temperatures, as Whisper does.
"""

from __future__ import annotations

import gc
import importlib.util
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from media_pipeline import devices
from media_pipeline.engines.base import NO_HINTS, EngineInfo, Hints, WindowTranscript
from media_pipeline.engines.stt.ctranslate2_network import Decoded, Network, is_complete, rows_of
from media_pipeline.engines.stt.whisper_text import (
    TEMPERATURES,
    Piece,
    bcp47,
    prompt_of,
    segment_of,
    whisper_code,
    within_speech,
    words_to_expect,
)
from media_pipeline.engines.torch_memory import Room
from media_pipeline.errors import EngineUnavailable
from media_pipeline.media import Audio, Window
from media_pipeline.options import TranscribeOptions
from media_pipeline.run import Machine, Run
from media_pipeline.wording import say

if TYPE_CHECKING:
    from ctranslate2 import StorageView

MODELS = (
    *("tiny", "tiny.en", "base", "base.en", "small", "small.en", "distil-small.en"),
    *("medium", "medium.en", "distil-medium.en", "turbo", "large-v3-turbo", "distil-large-v2", "distil-large-v3"),
    *("large", "large-v1", "large-v2", "large-v3"),
)
_BATCH = {"cpu": 8, "cuda": 16}
_LANGUAGE_WINDOWS = 3
_BEAMS = 5


def weights_folder(model: str, models_dir: Path) -> Path:
    """Where the weights of `model` are expected: an official name's folder among the models, or the path itself."""
    return models_dir / "faster_whisper" / model if model in MODELS else Path(model).expanduser()


@dataclass(frozen=True, slots=True)
class _Wish:
    """How windows are to be heard.

    Attributes:
        code: Whisper's, of the language of all windows; None: each window's own is found.
        words: Tokens of the words to expect.
        attempt: As in `Hints`.
    """

    code: str | None
    words: Sequence[int]
    attempt: int


class FasterWhisper:
    """Speech to text in about a hundred languages."""

    info: ClassVar[EngineInfo] = EngineInfo(
        name="faster_whisper",
        title="faster-whisper",
        models=MODELS,
        default_model="base",
        takes_paths=True,
        note=say("Whisper's models in another form that is small in memory and quick without a GPU."),
        uses_context=True,
    )

    @classmethod
    def missing(cls, model: str, machine: Machine) -> str | None:
        """None when it can be used here; else one sentence that says what to do."""
        if not all(importlib.util.find_spec(package) for package in ("faster_whisper", "ctranslate2")):
            return say("faster-whisper is not installed: run `pip install -r requirements.txt`.")
        if is_complete(weights_folder(model, machine.models_dir)):
            return None
        if model in MODELS:
            command = f"manage.py download_models {model} --engine faster_whisper"
            return say(
                "The weights of faster-whisper model “{model}” are not here: run “{command}” once.",
                model=model,
                command=command,
            )
        return say(
            "There is no faster-whisper model or folder of one {model}; choose one of {choices}.",
            model=repr(model),
            choices=", ".join(MODELS),
        )

    def __init__(self, model: str, machine: Machine) -> None:
        import ctranslate2

        problem = self.missing(model, machine)
        if problem:
            raise EngineUnavailable("engine_unavailable", problem)
        self._folder = weights_folder(model, machine.models_dir)
        self._threads = machine.threads or devices.cores()
        device = devices.decide(machine.device, has_cuda=ctranslate2.get_cuda_device_count() > 0)
        self._network = Network(self._folder, device, self._threads)
        self._room = Room(_BATCH[device], device, self._move_to_cpu)

    @property
    def device(self) -> str:
        return self._room.device

    def transcribe(
        self, audio: Audio, windows: Sequence[Window], options: TranscribeOptions, run: Run, hints: Hints = NO_HINTS
    ) -> Iterator[WindowTranscript]:
        """Yield the words of each window as soon as its batch is done, in the order given.

        Raises:
            EngineUnavailable: `language_unknown`, when the model does not know the language.
            EngineCrashed: `out_of_memory`.
        """
        if not windows:
            return
        code = self._language(audio, windows, options, run, hints)
        vocabulary = self._network.tokens(options.vocabulary)
        wish = _Wish(code, words_to_expect(vocabulary, run, has_context=options.carry_context), hints.attempt)
        if options.carry_context:
            yield from self._in_turn(audio, windows, wish, run, hints.context)
            return
        pending = list(windows)
        while pending:
            run.check()
            heard = self._room.fit(lambda batch: self._hear(audio, pending[:batch], wish, (), run), run)
            yield from (result for result, _ in heard)
            del pending[: len(heard)]

    def _in_turn(
        self, audio: Audio, windows: Sequence[Window], wish: _Wish, run: Run, context: str
    ) -> Iterator[WindowTranscript]:
        """One window after the other, each told what was said before it, where that can be trusted."""
        told: Sequence[int] = self._network.tokens(context)
        for window in windows:
            run.check()

            def hear(batch: int, window: Window = window, said: Sequence[int] = told) -> _Heard:
                return self._hear(audio, [window], wish, said, run)

            ((result, decoded),) = self._room.fit(hear, run)
            yield result
            told = (*told, *decoded.tokens) if decoded.trust.may_lead(decoded.temperature) else ()

    def detect_language(self, audio: Audio, windows: Sequence[Window], run: Run) -> str:
        """The language most probable over all `windows` together, BCP 47."""
        return bcp47(self._detect(audio, windows, run))

    def _language(
        self, audio: Audio, windows: Sequence[Window], options: TranscribeOptions, run: Run, hints: Hints
    ) -> str | None:
        """Whisper's code of the language to expect; None when each window may have its own."""
        known = self._network.languages
        if options.language:
            return whisper_code(options.language, options.model, known)
        if len(known) == 1:
            return known[0]
        if options.mixed_languages:
            return None
        if hints.language:
            return whisper_code(hints.language, options.model, known)
        step = -(-len(windows) // _LANGUAGE_WINDOWS)
        return self._detect(audio, windows[::step], run)

    def _detect(self, audio: Audio, windows: Sequence[Window], run: Run) -> str:
        """The code most probable over all `windows` together, each weighted by its length."""
        if len(self._network.languages) == 1:
            return self._network.languages[0]
        totals: dict[str, float] = {}
        pending = list(windows)
        while pending:
            run.check()
            found = self._room.fit(lambda batch: self._spoken_languages(audio, pending[:batch]), run)
            for window, probabilities in zip(pending, found, strict=False):
                for code, probability in probabilities.items():
                    totals[code] = totals.get(code, 0.0) + probability * (window.end - window.start)
            del pending[: len(found)]
        return max(totals, key=totals.__getitem__)

    def _spoken_languages(self, audio: Audio, windows: Sequence[Window]) -> list[dict[str, float]]:
        mels = [self._network.mel(audio.read(window.start, window.end)) for window in windows]
        return self._network.spoken_languages(self._network.encode(mels))

    def _hear(self, audio: Audio, windows: Sequence[Window], wish: _Wish, said: Sequence[int], run: Run) -> _Heard:
        """The words of `windows`, heard as one batch, with what they were made from. `said` is what came before."""
        network = self._network
        mels = [network.mel(audio.read(window.start, window.end)) for window in windows]
        encoded = network.encode(mels)
        if wish.code:
            codes = [wish.code] * len(windows)
        else:
            codes = [max(row, key=row.__getitem__) for row in network.spoken_languages(encoded)]
        texts = self._decode(encoded, codes, prompt_of(wish.words, said), wish.attempt, run)
        pieces = self._align(encoded, codes, texts, [mel.shape[1] for mel in mels])
        rows = zip(windows, codes, texts, pieces, strict=True)
        return [(_transcript(window, code, text, words), text) for window, code, text, words in rows]

    def _decode(
        self, encoded: StorageView, codes: Sequence[str], prompt: Sequence[int], attempt: int, run: Run
    ) -> list[Decoded]:
        """The best text of each row: decoded again while it does not pass, at one temperature after the other."""
        best: dict[int, Decoded] = {}
        pending = list(range(len(codes)))
        for temperature in TEMPERATURES[2:] if attempt > 1 else TEMPERATURES:
            run.check()
            found = self._network.decode(
                rows_of(encoded, pending),
                [codes[row] for row in pending],
                prompt,
                temperature,
                _BEAMS if attempt else 1,
            )
            for row, text in zip(pending, found, strict=True):
                before = best.get(row)
                if text.trust.beats(before.trust if before else None, attempt):
                    best[row] = text
            pending = [row for row in pending if not best[row].trust.passes(attempt)]
            if not pending:
                break
        return [best[row] for row in range(len(codes))]

    def _align(
        self, encoded: StorageView, codes: Sequence[str], texts: Sequence[Decoded], frames: Sequence[int]
    ) -> list[Sequence[Piece]]:
        """The pieces of each row's words, none for a row without text. Rows of one language go together."""
        pieces: list[Sequence[Piece]] = [()] * len(texts)
        for code in sorted(set(codes)):
            rows = [row for row, text in enumerate(texts) if codes[row] == code and text.text]
            if rows:
                found = self._network.align(
                    rows_of(encoded, rows), code, [texts[row].tokens for row in rows], [frames[row] for row in rows]
                )
                for row, words in zip(rows, found, strict=True):
                    pieces[row] = words
        return pieces

    def _move_to_cpu(self) -> None:
        del self._network
        gc.collect()
        self._network = Network(self._folder, "cpu", self._threads)


_Heard = list[tuple[WindowTranscript, Decoded]]


def _transcript(window: Window, code: str, text: Decoded, pieces: Sequence[Piece]) -> WindowTranscript:
    """The words of a window. Where nobody speaks, what Whisper itself takes for silence is invented."""
    is_invented = text.trust.is_silence and not window.regions
    pieces = within_speech(pieces, window)
    segment = None if is_invented else segment_of(pieces, window, code, text.trust.marks, text.text)
    return WindowTranscript(window, bcp47(code), (segment,) if segment else ())

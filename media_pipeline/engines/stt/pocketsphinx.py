"""PocketSphinx: the embedded speech engine. Its US-English model comes inside the wheel.

Each speech region is decoded as one whole utterance. That lets the decoder normalize over the region and search
it three times; fed piece by piece it makes about a tenth more errors and depends on what was said before.
"""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, ClassVar

from media_pipeline.engines.base import NO_HINTS, EngineInfo, Hints, WindowTranscript
from media_pipeline.errors import EngineUnavailable
from media_pipeline.media import Audio, SpeechRegion, Window
from media_pipeline.options import TranscribeOptions
from media_pipeline.run import Machine, Run
from media_pipeline.transcript import Seconds, Segment, Word
from media_pipeline.wording import say

if TYPE_CHECKING:
    from pocketsphinx import Decoder

LANGUAGE = "en"
FRAME_SECONDS: Seconds = 0.01

# Fillers of the acoustic model: <s>, </s>, <sil>, [NOISE], [SPEECH], ++UM++.
_FILLER = re.compile(r"[<\[+]")
_VARIANT = re.compile(r"\(\d+\)$")


class PocketSphinx:
    """Speech to text on one CPU core, without downloads."""

    info: ClassVar[EngineInfo] = EngineInfo(
        name="pocketsphinx",
        title=say("Embedded (PocketSphinx)"),
        models=("en-us",),
        default_model="en-us",
        languages=(LANGUAGE,),
        note=say("English only and without punctuation; good for clear speech, rough for real conversations."),
    )

    @classmethod
    def missing(cls, model: str, machine: Machine) -> str | None:
        """None when it can be used here; else one sentence that says what to do."""
        if model not in cls.info.models:
            return say(
                "PocketSphinx has no model {model}; choose {choices}.",
                model=repr(model),
                choices=" or ".join(cls.info.models),
            )
        if importlib.util.find_spec("pocketsphinx") is None:
            return say("PocketSphinx is not installed: run `pip install -r requirements.txt`.")
        return None

    def __init__(self, model: str, machine: Machine) -> None:
        problem = self.missing(model, machine)
        if problem:
            raise EngineUnavailable("engine_unavailable", problem)
        from pocketsphinx import Decoder

        # Weights of the language model in the second and third search, as measured on sentences of office talk and
        # of everyday talk: 5.1 % of words wrong, where the defaults (8.5 and 9.5) get 6.8 %.
        self._decoder = Decoder(fwdflatlw=6.5, bestpathlw=11.0, loglevel="FATAL")

    @property
    def device(self) -> str:
        return "cpu"

    def detect_language(self, audio: Audio, windows: Sequence[Window], run: Run) -> str:
        """English: it knows nothing else."""
        return "en"

    def transcribe(
        self, audio: Audio, windows: Sequence[Window], options: TranscribeOptions, run: Run, hints: Hints = NO_HINTS
    ) -> Iterator[WindowTranscript]:
        """Yield each speech region as a window of its own as soon as it is decoded.

        Raises:
            EngineUnavailable: `language_unknown`, for any language but English.
        """
        _require_english(options.language)
        for window in windows:
            for region in window.regions:
                run.check()
                words = self._decode(audio, region)
                segments = (_segment(words),) if words else ()
                yield WindowTranscript(Window(region.start, region.end, (region,)), LANGUAGE, segments)

    def _decode(self, audio: Audio, region: SpeechRegion) -> tuple[Word, ...]:
        samples = audio.read(region.start, region.end)
        if not samples.size:
            return ()
        pcm = (samples * 32767.0).astype("<i2")
        self._decoder.start_stream()  # forgets the noise of the region before
        self._decoder.start_utt()
        self._decoder.process_raw(pcm.tobytes(), full_utt=True)
        self._decoder.end_utt()
        return tuple(_words(self._decoder, region))


def _require_english(language: str | None) -> None:
    if language and language.partition("-")[0].lower() != LANGUAGE:
        raise EngineUnavailable(
            "language_unknown",
            say(
                "PocketSphinx knows English only, not {language}. Choose English, or Whisper for other languages.",
                language=repr(language),
            ),
        )


def _words(decoder: Decoder, region: SpeechRegion) -> Iterator[Word]:
    """The decoded words on the recording's clock; confidence is the word's posterior in the lattice."""
    if decoder.hyp() is None:
        return
    for found in decoder.seg():
        text = _VARIANT.sub("", found.word)
        if _FILLER.match(text):
            continue
        start = region.start + found.start_frame * FRAME_SECONDS
        end = min(region.start + (found.end_frame + 1) * FRAME_SECONDS, region.end)
        yield Word(text, round(start, 3), round(max(start, end), 3), round(min(1.0, found.prob), 3))


def _segment(words: tuple[Word, ...]) -> Segment:
    confidence = sum(word.confidence or 0.0 for word in words) / len(words)
    text = " ".join(word.text for word in words)
    return Segment(words[0].start, words[-1].end, text, words, confidence=round(confidence, 3))

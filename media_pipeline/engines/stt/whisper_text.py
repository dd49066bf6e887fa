"""What all engines with Whisper's weights share: its language codes, its pieces of words, and how far to trust text."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from media_pipeline.errors import EngineUnavailable
from media_pipeline.languages import has_spaces
from media_pipeline.media import Window
from media_pipeline.options import model_title
from media_pipeline.run import Run
from media_pipeline.transcript import Mark, Seconds, Segment, Word
from media_pipeline.wording import say

# What Whisper tries one after the other until the text passes (openai-whisper, `transcribe`).
TEMPERATURES = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
# Its thresholds: text that compresses better than this is a loop; a mean log-probability below is a guess; a
# probability of no speech above, together with a guess, is silence.
MAX_COMPRESSION_RATIO = 2.4
MIN_LOG_PROBABILITY = -1.0
MAX_NO_SPEECH_PROBABILITY = 0.6
# Text drawn at a higher temperature is a poor guide for what follows.
MAX_CONTEXT_TEMPERATURE = 0.5
# What may stand before a text: half of the decoder's 448 positions, less the sign that begins it.
PROMPT_TOKENS = 223

# Words so far from all speech were hardly said, nor were so many in so short a time.
_FAR_FROM_SPEECH: Seconds = 0.5
_HURRIED_WORDS, _HURRIED_SECONDS = 4, 0.3
# Of words at least so sure only the times are wrong: attention lost its way, the text did not.
_SURE = 0.9

# Codes that Whisper writes differently from BCP 47.
_TO_WHISPER = {"jv": "jw", "nb": "no", "fil": "tl"}
_FROM_WHISPER = {"jw": "jv"}


def whisper_code(language: str, model: str, known: Sequence[str]) -> str:
    """Whisper's code for `language`, BCP 47 with or without a region.

    Args:
        model: As the user chose it; only told to people.
        known: The codes that the model knows.

    Raises:
        EngineUnavailable: `language_unknown`.
    """
    base = language.partition("-")[0].lower()
    code = _TO_WHISPER.get(base, base)
    if code in known:
        return code
    title = model_title(model)
    if len(known) == 1:
        message = say(
            "Whisper model “{title}” knows English only. Choose one without “.en” for {language}.",
            title=title,
            language=repr(language),
        )
    else:
        message = say(
            "Whisper model “{title}” does not know the language {language}. Choose another.",
            title=title,
            language=repr(language),
        )
    raise EngineUnavailable("language_unknown", message)


def bcp47(code: str) -> str:
    """The language of a code that Whisper gave."""
    return _FROM_WHISPER.get(code, code)


@dataclass(frozen=True, slots=True)
class Trust:
    """What a decoding says about its own text.

    Attributes:
        compression_ratio: As the function of that name finds it; 0 where there is no text.
        log_probability: Mean of the tokens', the end's included.
        no_speech_probability: 0..1, that there is nothing to hear.
    """

    compression_ratio: float
    log_probability: float
    no_speech_probability: float

    @property
    def is_loop(self) -> bool:
        """Whether the text says the same again and again."""
        return self.compression_ratio > MAX_COMPRESSION_RATIO

    @property
    def is_guess(self) -> bool:
        return self.log_probability < MIN_LOG_PROBABILITY

    @property
    def is_silence(self) -> bool:
        """Whether Whisper itself would take this for a stretch without speech."""
        return self.is_guess and self.no_speech_probability > MAX_NO_SPEECH_PROBABILITY

    @property
    def should_retry(self) -> bool:
        """Whether Whisper would decode this again at a higher temperature."""
        return (self.is_loop or self.is_guess) and not self.is_silence

    @property
    def rank(self) -> tuple[bool, bool, float]:
        """The greatest is the best of several decodings none of which passed: it has words, is no loop, is surest."""
        return self.compression_ratio > 0, not self.is_loop, self.log_probability

    def passes(self, attempt: int) -> bool:
        """Whether the text may stay.

        Args:
            attempt: As in `Hints`. Where speech was left without words, neither silence nor nothing is believed.
        """
        if attempt:
            return self.compression_ratio > 0 and not self.is_loop and not self.is_guess
        return not self.should_retry

    def beats(self, other: Trust | None, attempt: int) -> bool:
        """Whether the text is the one to keep, after a try that gave `other`."""
        return other is None or self.passes(attempt) or self.rank > other.rank

    def may_lead(self, temperature: float) -> bool:
        """Whether the text, decoded at `temperature`, may be told to the decoding of what follows."""
        return temperature <= MAX_CONTEXT_TEMPERATURE and not self.marks

    @property
    def marks(self) -> tuple[Mark, ...]:
        """What to tell the reader of text that came out like this in the end."""
        repeated = (Mark.REPEATED,) if self.is_loop else ()
        return (*repeated, Mark.DOUBTFUL) if self.is_guess else repeated


def compression_ratio(text: str) -> float:
    """How many times shorter zlib makes the text, as Whisper measures it; 0 for no text."""
    raw = text.encode()
    return len(raw) / len(zlib.compress(raw))


def words_to_expect(tokens: Sequence[int], run: Run, *, has_context: bool) -> tuple[int, ...]:
    """The tokens of the user's vocabulary that a prompt has room for: half of it where context goes in too."""
    room = PROMPT_TOKENS // 2 if has_context else PROMPT_TOKENS
    if len(tokens) > room:
        run.warn(say("The list of words to expect is too long for the model, so it was told the first of them only."))
    return tuple(tokens[:room])


def prompt_of(words: Sequence[int], said: Sequence[int]) -> tuple[int, ...]:
    """The words to expect, and as much of the end of what was said as there is room for."""
    room = PROMPT_TOKENS - len(words)
    return (*words, *said[max(0, len(said) - room) :])


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of a word as Whisper's tokenizer cuts it, its leading space kept. Seconds from the window's start."""

    text: str
    start: Seconds
    end: Seconds
    probability: float


def within_speech(pieces: Sequence[Piece], window: Window) -> list[Piece]:
    """The pieces cut to where somebody speaks.

    Cross-attention knows no pauses: the first or last word of a sentence often takes in the silence beside it. Of the
    window's regions that a piece touches, it keeps its part of the one it shares most time with.
    """
    return [_cut_to_speech(piece, window) for piece in pieces]


def _cut_to_speech(piece: Piece, window: Window) -> Piece:
    shared = [
        (max(piece.start, region.start - window.start), min(piece.end, region.end - window.start))
        for region in window.regions
    ]
    start, end = max(shared, key=lambda part: part[1] - part[0], default=(piece.start, piece.end))
    return replace(piece, start=start, end=end) if start < end else piece


def segment_of(
    pieces: Sequence[Piece], window: Window, code: str, marks: tuple[Mark, ...] = (), text: str = ""
) -> Segment | None:
    """The pieces of a window, or of a part of it, as a segment on the recording's clock. None without text.

    Words far from all speech, and unsure words that follow each other quicker than anybody speaks, are marked as
    doubtful: a model that invents text finds no place for it in the audio.

    Args:
        code: Whisper's, of the language.
        text: What was said; the pieces joined when empty. Where it has no pieces, the segment lasts as the window.
    """
    text = (text or "".join(piece.text for piece in pieces)).strip()
    if not text:
        return None
    words = _doubted(words_of(pieces, window, code, marks), window)
    known = [word.confidence for word in words if word.confidence is not None]
    return Segment(
        start=words[0].start if words else window.start,
        end=max(word.end for word in words) if words else window.end,
        text=text,
        words=words,
        confidence=round(sum(known) / len(known), 3) if known else None,
        marks=marks,
    )


def words_of(pieces: Sequence[Piece], window: Window, code: str, marks: tuple[Mark, ...] = ()) -> tuple[Word, ...]:
    """Words on the recording's clock, never outside of their window.

    "well-known" and "3,000" come cut at the sign: what carries no space of its own belongs to the word before.
    Languages written without spaces have a word for every piece, and its text keeps what space there is.
    """
    is_spaced = has_spaces(code)
    return tuple(_word(group, window, is_spaced, marks) for group in _groups(pieces, is_spaced))


def _doubted(words: tuple[Word, ...], window: Window) -> tuple[Word, ...]:
    hurried = {place for first in _hurried(words) for place in range(first, first + _HURRIED_WORDS)}
    return tuple(
        _with_doubt(word) if place in hurried or _is_far_from_speech(word, window) else word
        for place, word in enumerate(words)
    )


def _hurried(words: Sequence[Word]) -> Iterator[int]:
    """Where stretches of a few words begin that are too short to be spoken, and not sure."""
    for first in range(len(words) - _HURRIED_WORDS + 1):
        stretch = words[first : first + _HURRIED_WORDS]
        is_short = stretch[-1].end - stretch[0].start < _HURRIED_SECONDS
        if is_short and min(word.confidence or 0.0 for word in stretch) < _SURE:
            yield first


def _is_far_from_speech(word: Word, window: Window) -> bool:
    low, high = word.start - _FAR_FROM_SPEECH, word.end + _FAR_FROM_SPEECH
    return not any(region.start < high and region.end > low for region in window.regions)


def _with_doubt(word: Word) -> Word:
    return word if Mark.DOUBTFUL in word.marks else replace(word, marks=(*word.marks, Mark.DOUBTFUL))


def _groups(pieces: Sequence[Piece], is_spaced: bool) -> Iterator[Sequence[Piece]]:
    first = 0
    for index in range(1, len(pieces)):
        if not is_spaced or pieces[index].text.startswith(" "):
            yield pieces[first:index]
            first = index
    if pieces:
        yield pieces[first:]


def _word(pieces: Sequence[Piece], window: Window, is_spaced: bool, marks: tuple[Mark, ...]) -> Word:
    text = "".join(piece.text for piece in pieces)
    start, end = _clock(pieces[0].start, window), _clock(pieces[-1].end, window)
    confidence = round(min(piece.probability for piece in pieces), 3)
    return Word(text.strip() if is_spaced else text, start, max(start, end), confidence, marks=marks)


def _clock(seconds: Seconds, window: Window) -> Seconds:
    return round(min(window.start + float(seconds), window.end), 3)

"""What cues are cut from: the words of a segment, clean, none wider than a line, with times for all of them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from media_pipeline.languages import has_spaces
from media_pipeline.text.columns import broken, characters, width
from media_pipeline.text.cue_limits import CueLimits
from media_pipeline.text.one_line import clean
from media_pipeline.transcript import Seconds, Segment, Transcript, Word

# Who speaks that fast pauses nowhere: a sentence that takes longer is looked through for silence.
_LEAST_MS_PER_COLUMN = 30


@dataclass(slots=True)
class Sentence:
    """A segment, or the part of one between two silences. `width` is that of its text, times are milliseconds."""

    segment: int
    speaker: str | None
    words: Sequence[Word]
    texts: list[str]
    width: int
    start: int
    end: int
    widths: list[int]


def milliseconds(seconds: Seconds) -> int:
    return round(seconds * 1000)


class Reader:
    """Reads the segments of a transcript as sentences.

    Args:
        prefixes: What to write before the words of a speaker where another one spoke before; it is read as text.
    """

    def __init__(self, transcript: Transcript, limits: CueLimits, prefixes: Mapping[str, str]) -> None:
        self.space = " " if has_spaces(transcript.language) else ""
        self._segments = transcript.segments
        self._columns = limits.columns
        self._pause_ms = milliseconds(limits.pause)
        self._prefixes = prefixes

    def sentences(self) -> Iterator[Sentence]:
        """In the order of the segments; those without anything to read are left out."""
        last_speaker: str | None = None
        for index, segment in enumerate(self._segments):
            speaker = segment.speaker
            prefix = self._prefixes.get(speaker, "") if speaker and speaker != last_speaker else ""
            words, texts = self._plain(segment) if not prefix else ((), [])
            if not texts:
                words = self._pieces(segment, prefix)
                texts = [word.text for word in words]
            if words:
                last_speaker = speaker
                yield from self._parts(self._sentence(index, speaker, words, texts))

    def _plain(self, segment: Segment) -> tuple[Sequence[Word], list[str]]:
        """The words as they are where nothing has to be done to them; else nothing."""
        words, text = segment.words, segment.text
        texts = [word.text for word in words]
        if self.space and " ".join(texts) == text and text.isprintable() and "  " not in text:
            longest = max(texts, key=len, default="")
            if longest and len(longest) * 2 <= self._columns and text[0] != " " and text[-1] != " ":
                return words, texts
        return (), []

    def _pieces(self, segment: Segment, prefix: str) -> list[Word]:
        """Words with their times, or guessed times where the text is not made of the words."""
        words = [(self._cleaned(word.text), word.start, word.end) for word in segment.words]
        text = clean(segment.text)
        if "".join(word for word, _, _ in words).replace(" ", "") != text.replace(" ", ""):
            tokens = text.split() if self.space else characters(text)
            words = list(_spread(tokens, segment.start, segment.end))
        words = [word for word in words if word[0].strip()]
        if prefix and words:
            words[:1] = self._prefixed(clean(prefix), *words[0])
        return [Word(*part) for word in words for part in _spread(broken(word[0], self._columns), *word[1:])]

    def _cleaned(self, text: str) -> str:
        """Where words carry the spaces between them, these stay."""
        found = clean(text)
        if self.space or not found:
            return found
        return " " * text[0].isspace() + found + " " * text[-1].isspace()

    def _prefixed(self, prefix: str, text: str, start: Seconds, end: Seconds) -> list[tuple[str, Seconds, Seconds]]:
        """The prefix and the first word stay together where there is room for both."""
        together = f"{prefix} {text.lstrip()}"
        fits = width(together) <= self._columns
        return list(_spread([together] if fits else [*prefix.split(), text], start, end))

    def _parts(self, sentence: Sentence) -> Iterator[Sentence]:
        """`sentence`, cut where it is silent for longer than a cue may be."""
        if sentence.end - sentence.start <= self._pause_ms + _LEAST_MS_PER_COLUMN * sentence.width:
            yield sentence
            return
        words = sentence.words
        pause = (self._pause_ms + 0.5) / 1000
        cuts = [index for index, (a, b) in enumerate(pairwise(words), start=1) if b.start - a.end > pause]
        if not cuts:
            yield sentence
            return
        for first, last in pairwise((0, *cuts, len(words))):
            texts = sentence.texts[first:last]
            yield self._sentence(sentence.segment, sentence.speaker, words[first:last], texts)

    def _sentence(self, index: int, speaker: str | None, words: Sequence[Word], texts: list[str]) -> Sentence:
        widths = [len(text) if text.isascii() else self._width(text) for text in texts]
        return Sentence(
            segment=index,
            speaker=speaker,
            words=words,
            texts=texts,
            width=sum(widths) + len(self.space) * (len(widths) - 1),
            start=round(words[0].start * 1000),
            end=round(words[-1].end * 1000),
            widths=widths,
        )

    def _width(self, text: str) -> int:
        """What cannot be broken although it is wider than a line, such as a picture of many signs, fills one."""
        return min(width(text), self._columns)


def _spread(tokens: Sequence[str], start: Seconds, end: Seconds) -> Iterator[tuple[str, Seconds, Seconds]]:
    """Tokens laid over the time by their length."""
    total = sum(len(token) for token in tokens)
    done = 0
    for token in tokens:
        share = (end - start) / total
        yield token, start + share * done, start + share * (done + len(token))
        done += len(token)

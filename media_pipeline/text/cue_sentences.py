"""What cues are cut from: the words of a segment, clean, none wider than a line, with times for all of them."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from math import inf

import msgspec

from media_pipeline.languages import has_spaces
from media_pipeline.text.columns import broken, characters, is_narrow, width
from media_pipeline.text.cue_limits import CueLimits
from media_pipeline.text.one_line import clean
from media_pipeline.transcript import Seconds, Segment, Transcript, Word

# Who speaks that fast pauses nowhere: a sentence that takes longer is looked through for silence.
_LEAST_MS_PER_COLUMN = 30


class Sentence(msgspec.Struct, gc=False):
    """A segment, or the part of one between two silences, as it is to be read; never empty.

    Attributes:
        words: As many as `texts`; only their times count.
        width: Of the whole text on a single line, in columns.
        start, end: In milliseconds.
        widths: Of each text.
        narrow: All of it on a single line, if each of its characters takes a column, so that it can be cut anywhere by
            its width; else empty. To join the texts again takes five times as long.
    """

    segment: int
    speaker: str | None
    words: Sequence[Word]
    texts: list[str]
    width: int
    start: int
    end: int
    widths: list[int]
    narrow: str = ""


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
        self._prefixes = {label: clean(prefix) for label, prefix in prefixes.items()}

    def sentences(self) -> Iterator[Sentence]:
        """In the order of the segments; those without anything to read are left out."""
        last_speaker: str | None = None
        pause_ms, pause = self._pause_ms, (self._pause_ms + 0.5) / 1000
        for index, segment in enumerate(self._segments):
            speaker = segment.speaker
            prefix = self._prefixes.get(speaker, "") if speaker and speaker != last_speaker else ""
            sentence = self._plain(index, segment, prefix) or self._cleaned(index, segment, prefix)
            if sentence is None:
                continue
            last_speaker = speaker
            may_pause = sentence.end - sentence.start > pause_ms + _LEAST_MS_PER_COLUMN * sentence.width
            if may_pause and _has_silence(sentence.words, pause):
                yield from self._parts(sentence, pause)
            else:
                yield sentence

    def _plain(self, index: int, segment: Segment, prefix: str) -> Sentence | None:
        """The text as it is, where nothing has to be done to it: as many words as have times, a space between two."""
        words, text = segment.words, segment.text
        texts = text.split(" ")
        if len(texts) != len(words) or not texts[0] or not text.isprintable() or not self.space:
            return None
        if prefix:
            texts[0] = f"{prefix} {texts[0]}"
            text = f"{prefix} {text}"
        if is_narrow(text):
            widths, wide = list(map(len, texts)), len(text)
            # Every other word takes a column and a space at least, so that most need no look at each.
            widest = wide - 2 * len(widths) + 2
        else:
            widths, text = list(map(width, texts)), ""
            wide = sum(widths) + len(widths) - 1
            widest = wide
        if 0 in widths or (widest > self._columns and max(widths) > self._columns):
            return None
        start, end = round(words[0].start * 1000), round(words[-1].end * 1000)
        return Sentence(index, segment.speaker, words, texts, wide, start, end, widths, text)

    def _cleaned(self, index: int, segment: Segment, prefix: str) -> Sentence | None:
        """The words of any segment, in pieces that fit on a line; None if there are none."""
        pieces = self._pieces(segment, prefix)
        return self._sentence(index, segment.speaker, pieces, [piece.text for piece in pieces]) if pieces else None

    def _pieces(self, segment: Segment, prefix: str) -> list[Word]:
        """Words with their times, or guessed times where the text is not made of the words."""
        words = [(self._spaced(word.text), word.start, word.end) for word in segment.words]
        text = clean(segment.text)
        if "".join(word for word, _, _ in words).replace(" ", "") != text.replace(" ", ""):
            tokens = text.split() if self.space else characters(text)
            words = list(_spread(tokens, segment.start, segment.end))
        words = [word for word in words if word[0].strip()]
        if prefix and words:
            words[:1] = self._prefixed(prefix, *words[0])
        return [Word(*part) for word in words for part in _spread(broken(word[0], self._columns), *word[1:])]

    def _spaced(self, text: str) -> str:
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

    def _parts(self, sentence: Sentence, pause: Seconds) -> Iterator[Sentence]:
        """`sentence`, cut at each silence longer than `pause`."""
        words = sentence.words
        silences = (after.start - before.end for before, after in pairwise(words))
        cuts = [index for index, silence in enumerate(silences, start=1) if silence > pause]
        for first, last in pairwise((0, *cuts, len(words))):
            yield self._sentence(sentence.segment, sentence.speaker, words[first:last], sentence.texts[first:last])

    def _sentence(self, index: int, speaker: str | None, words: Sequence[Word], texts: list[str]) -> Sentence:
        widths = [self._width(text) for text in texts]
        wide = sum(widths) + len(self.space) * (len(widths) - 1)
        return Sentence(
            index, speaker, words, texts, wide, milliseconds(words[0].start), milliseconds(words[-1].end), widths
        )

    def _width(self, text: str) -> int:
        """What cannot be broken although it is wider than a line, such as a picture of many signs, fills one."""
        return min(width(text), self._columns)


def _has_silence(words: Sequence[Word], pause: Seconds) -> bool:
    """Whether a word follows another one after more than `pause`. Every word comes by here, so it is a plain loop."""
    said = inf
    for word in words:
        if word.start - said > pause:
            return True
        said = word.end
    return False


def _spread(tokens: Sequence[str], start: Seconds, end: Seconds) -> Iterator[tuple[str, Seconds, Seconds]]:
    """Tokens laid over the time by their length."""
    total = sum(len(token) for token in tokens)
    done = 0
    for token in tokens:
        share = (end - start) / total
        yield token, start + share * done, start + share * (done + len(token))
        done += len(token)

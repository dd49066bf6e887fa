"""Figures for how right a transcript is."""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

import jiwer

from media_pipeline.evaluation.reference import Passage
from media_pipeline.media import SpeakerTurn
from media_pipeline.transcript import Seconds

# As pyannote.metrics counts it: half of it is forgiven on each side of where a speaker begins or ends.
COLLAR: Seconds = 0.25

_KEPT = ("L", "M", "N")  # letters, marks that belong to them, digits; as Unicode's categories begin
_APOSTROPHES = str.maketrans("’ʼ`´", "''''")


@dataclass(frozen=True, slots=True)
class Share:
    """`wrong` of `total`, so that several recordings can be added up."""

    wrong: float
    total: float

    def __add__(self, other: "Share") -> "Share":
        return Share(self.wrong + other.wrong, self.total + other.total)

    @property
    def rate(self) -> float:
        """0 when all is right; may exceed 1, when more is wrong than there was."""
        return self.wrong / self.total if self.total else float(bool(self.wrong))


def plain_words(text: str) -> list[str]:
    """The words as they are compared: no case, no punctuation; numbers stay as they are written.

    Compatible forms of a character are one (NFKC), so full-width letters are letters. Apostrophes count inside a
    word. Whatever else is neither letter nor digit separates words, but for what is not seen (a soft hyphen).
    """
    folded = unicodedata.normalize("NFKC", text.translate(_APOSTROPHES)).casefold()
    kept = "".join(_kept(character) for character in folded)
    return [word for word in (word.strip("'") for word in kept.split()) if word]


def _kept(character: str) -> str:
    category = unicodedata.category(character)
    if category == "Cf":
        return ""
    return character if category[0] in _KEPT or character == "'" else " "


def plain_word(text: str) -> str:
    """One word as it is compared, its parts joined: "well-known" is one; empty for punctuation alone."""
    return "".join(plain_words(text))


def word_errors(reference: str, heard: str) -> Share:
    """Words wrong, missing or too many, of those that were said."""
    return _errors(plain_words(reference), plain_words(heard))


def character_errors(reference: str, heard: str) -> Share:
    """As `word_errors`, by character and without spaces: for languages that put none between words."""
    return _errors(list("".join(plain_words(reference))), list("".join(plain_words(heard))))


def _errors(reference: Sequence[str], heard: Sequence[str]) -> Share:
    if not reference:
        return Share(len(heard), 0)
    found = jiwer.process_words(" ".join(reference), " ".join(heard))
    return Share(found.substitutions + found.deletions + found.insertions, len(reference))


def time_errors(reference: Sequence[Passage], heard: Sequence[Passage]) -> list[Seconds]:
    """How far off the times of words are that were understood.

    Args:
        reference: Words or cues with times. A word counts once, by its start or end, whichever is more off. Of a
            cue of several words, the start of the first and the end of the last count, where those were understood.
        heard: One word each, with times.
    """
    said = [word for passage in reference if passage.start is not None for word in _edges(passage)]
    found = [(word, item) for item in heard if item.start is not None and (word := plain_word(item.text))]
    if not said or not found:
        return []
    pieces = jiwer.process_words(" ".join(word for word, *_ in said), " ".join(word for word, _ in found)).alignments[0]
    errors = []
    for piece in pieces:
        if piece.type != "equal":
            continue
        for offset in range(piece.ref_end_idx - piece.ref_start_idx):
            _, start, end = said[piece.ref_start_idx + offset]
            item = found[piece.hyp_start_idx + offset][1]
            pairs = ((start, item.start), (end, item.end))
            off = [abs(one - two) for one, two in pairs if one is not None and two is not None]
            errors += [max(off)] if off else []
    return errors


def _edges(passage: Passage) -> list[tuple[str, Seconds | None, Seconds | None]]:
    """Each word of a passage, and of its times those the passage tells."""
    words = [word for text in passage.text.split() if (word := plain_word(text))]
    last = len(words) - 1
    return [
        (word, passage.start if number == 0 else None, passage.end if number == last else None)
        for number, word in enumerate(words)
    ]


def median_and_90(errors: Sequence[Seconds]) -> tuple[Seconds, Seconds] | None:
    """The median, and what 90 % do not exceed; None without any."""
    if not errors:
        return None
    ordered = sorted(errors)
    return median(ordered), ordered[min(len(ordered) - 1, int(len(ordered) * 0.9))]


def diarization_errors(
    reference: Sequence[SpeakerTurn], found: Sequence[SpeakerTurn], duration: Seconds, collar: Seconds = COLLAR
) -> Share:
    """Seconds missed, falsely found or given to the wrong speaker, of the seconds spoken (DER); overlap counts.

    The best assignment of labels to names is taken. By pyannote.metrics.
    """
    from pyannote.core import Annotation, Segment, Timeline
    from pyannote.metrics.diarization import DiarizationErrorRate

    def annotation(turns: Sequence[SpeakerTurn]) -> Annotation:
        made = Annotation()
        for number, turn in enumerate(turns):
            made[Segment(turn.start, turn.end), number] = turn.speaker
        return made

    metric = DiarizationErrorRate(collar=collar)
    parts = metric(annotation(reference), annotation(found), uem=Timeline([Segment(0, duration)]), detailed=True)
    return Share(parts["false alarm"] + parts["missed detection"] + parts["confusion"], parts["total"])

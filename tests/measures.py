"""How right a transcript is."""

import re
from collections.abc import Sequence

import jiwer


def plain(text: str) -> str:
    """Lower case, no punctuation, single spaces; "ok" stays what it is."""
    return " ".join(re.sub(r"[^\w' ]", " ", text.lower()).split())


def word_error_rate(reference: str, heard: str) -> float:
    """0 when every word is right; 1 when as many are wrong as were said."""
    return float(jiwer.wer(plain(reference), plain(heard)))


def share_within(
    reference: Sequence[tuple[str, float, float]], heard: Sequence[tuple[str, float, float]], seconds: float
) -> float:
    """Of the words heard right: the share whose start and end lie within `seconds` of the true ones.

    Args:
        reference: (word, start, end) of what was said.
        heard: (word, start, end) of the transcript.
    """
    said, found = [plain(word) for word, *_ in reference], [plain(word) for word, *_ in heard]
    aligned = jiwer.process_words(" ".join(said), " ".join(found)).alignments[0]
    pairs = [
        (reference[chunk.ref_start_idx + index], heard[chunk.hyp_start_idx + index])
        for chunk in aligned
        if chunk.type == "equal"
        for index in range(chunk.ref_end_idx - chunk.ref_start_idx)
    ]
    close = sum(abs(a[1] - b[1]) <= seconds and abs(a[2] - b[2]) <= seconds for a, b in pairs)
    return close / len(pairs)

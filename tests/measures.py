"""How right a transcript is."""

from collections.abc import Sequence

from media_pipeline.evaluation import measures
from media_pipeline.evaluation.reference import Passage


def word_error_rate(reference: str, heard: str) -> float:
    """0 when every word is right; 1 when as many are wrong as were said."""
    return measures.word_errors(reference, heard).rate


def share_within(
    reference: Sequence[tuple[str, float, float]], heard: Sequence[tuple[str, float, float]], seconds: float
) -> float:
    """Of the words heard right: the share whose start and end lie within `seconds` of the true ones.

    Args:
        reference: (word, start, end) of what was said.
        heard: (word, start, end) of the transcript.
    """
    errors = measures.time_errors([Passage(*word) for word in reference], [Passage(*word) for word in heard])
    return sum(error <= seconds for error in errors) / len(errors)

"""Join words into text as it is to be read."""

from collections.abc import Iterable

from media_pipeline.languages import has_spaces
from media_pipeline.transcript import Word


def joined(words: Iterable[Word], language: str) -> str:
    """The words as one line of text in `language` (BCP 47)."""
    separator = " " if has_spaces(language) else ""
    return separator.join(word.text for word in words).strip()

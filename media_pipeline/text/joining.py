"""Join words into text as it is to be read."""

from collections.abc import Iterable

from media_pipeline.transcript import Word

# Languages written without spaces between words; an engine's words then carry what spaces there are.
UNSPACED = frozenset(("zh", "ja", "th", "lo", "my", "yue"))


def joined(words: Iterable[Word], language: str) -> str:
    """The words as one line of text in `language` (BCP 47)."""
    separator = "" if language.partition("-")[0].lower() in UNSPACED else " "
    return separator.join(word.text for word in words).strip()

"""What is known about languages by their BCP 47 code."""

_WRITTEN_WITHOUT_SPACES = frozenset(("zh", "ja", "th", "lo", "my", "yue"))


def has_spaces(language: str) -> bool:
    """Whether `language` puts spaces between words. Where it does not, a word carries what spaces there are."""
    return language.partition("-")[0].lower() not in _WRITTEN_WITHOUT_SPACES

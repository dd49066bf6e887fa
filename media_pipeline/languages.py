"""What is known about languages by their BCP 47 code."""

from babel import Locale, UnknownLocaleError

_WRITTEN_WITHOUT_SPACES = frozenset(("zh", "ja", "th", "lo", "my", "yue"))
_WRITTEN_FROM_THE_RIGHT = frozenset(("ar", "he", "fa", "ur", "yi", "ps", "sd", "ckb", "ug"))


def has_spaces(language: str) -> bool:
    """Whether `language` puts spaces between words. Where it does not, a word carries what spaces there are."""
    return language.partition("-")[0].lower() not in _WRITTEN_WITHOUT_SPACES


def is_right_to_left(language: str) -> bool:
    """Whether `language` is written from right to left."""
    return language.partition("-")[0].lower() in _WRITTEN_FROM_THE_RIGHT


def english_name(language: str) -> str:
    """Such as "Russian" for ru; the code itself where it has no name."""
    try:
        return Locale.parse(language, sep="-").get_language_name("en") or language
    except (UnknownLocaleError, ValueError):
        return language

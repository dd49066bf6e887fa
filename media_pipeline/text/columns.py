"""How wide text is on a screen, and what of it may not be torn apart."""

import re
import unicodedata

# What makes one picture of two: a zero-width joiner, and the selector of colored signs. A space stays behind what it
# follows.
_JOINER = "\u200d"
_APPENDED = (_JOINER, "\ufe0f", " ")

# Letters and signs of which each takes one column: Latin, Greek, Cyrillic, Armenian, Hebrew, Arabic, and
# usual punctuation.
_NARROW = re.compile(
    r"[ -\u02ff\u0370-\u0482\u048a-\u058f\u05d0-\u05f4\u061b-\u064a\u0660-\u066f\u0671-\u06d3"
    r"\u2010-\u2027\u2030-\u205e\u20a0-\u20bf\u2116]*"
)


def is_narrow(text: str) -> bool:
    """Whether every character takes one column, so that the length of any part of `text` is its width."""
    return text.isascii() or _NARROW.fullmatch(text) is not None


def width(text: str) -> int:
    """In columns: a Chinese, Japanese or Korean character takes two, a combining mark none."""
    if is_narrow(text):
        return len(text)
    return sum(
        0 if unicodedata.combining(character) else 2 if unicodedata.east_asian_width(character) in "WF" else 1
        for character in text
    )


def characters(text: str) -> list[str]:
    """The characters of `text`, each with what belongs to it: marks, and a space behind it."""
    found: list[str] = []
    for character in text:
        if found and (unicodedata.combining(character) or character in _APPENDED or found[-1][-1] == _JOINER):
            found[-1] += character
        else:
            found.append(character)
    return found


def broken(token: str, columns: int) -> list[str]:
    """`token` whole when it is at most `columns` wide, else in parts that fill a line each."""
    if width(token) <= columns:
        return [token]
    parts = [""]
    for character in characters(token):
        if parts[-1] and width(parts[-1] + character) > columns:
            parts.append("")
        parts[-1] += character
    return parts

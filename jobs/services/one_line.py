"""What people type into one line, such as a title or a tag, without what cannot be seen in it."""

import re
import unicodedata

_SHAPED = "\u0600-\u08ff\u0900-\u0dff\u1000-\u109f\u1780-\u18af\U00011000-\U000114ff"  # from Arabic to Mongolian
_PICTURES = "\u2190-\u27ff\u2900-\u2bff\ufe0f\U0001f000-\U0001faff"
# They choose between shapes of the letters beside them, or make one picture of several.
_JOINERS = "\u200c\u200d"
_JOINER = re.compile(rf"(?<=[{_SHAPED}])[{_JOINERS}](?=[{_SHAPED}])|(?<=[{_PICTURES}])\u200d(?=[{_PICTURES}])")
# Letters and signs that are blank, and marks that join or part what is beside them.
_BLANK = "\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0"
# Signs around Arabic numbers and the like, which can be seen though they are said to format.
_SEEN = "\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd"
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})


def one_line(typed: str, most: int) -> str:
    """At most `most` characters, composed, with one blank between words; empty when nothing of it can be seen.

    What controls, turns the direction or has no width is left out. Only what shapes the letters of a word, as in
    Persian or Hindi, or makes one picture of several, stays.
    """
    shown = "".join(char for at, char in enumerate(typed) if _is_shown(typed, at))
    words = " ".join(unicodedata.normalize("NFC", shown).split())[:most].strip()
    return words if any(unicodedata.category(char)[0] in "LNPS" or char in _SEEN for char in words) else ""


def _is_shown(typed: str, at: int) -> bool:
    char = typed[at]
    if char in _JOINERS:
        return _JOINER.match(typed, at) is not None
    if char in _BLANK:
        return False
    return char.isspace() or char in _SEEN or unicodedata.category(char) not in _HIDDEN

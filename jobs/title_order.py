"""The order that people expect of titles: capitals beside small letters, accents too, `file 2` before `file 10`.

PostgreSQL has it from ICU, as Unicode gives it for all languages together. SQLite orders by a key that we make, which
does the same for what stands in titles: blanks, signs, numbers, then Latin, Greek, Cyrillic and all other letters.
"""

import re
import unicodedata
from functools import cache
from typing import Any

from django.db.models import CharField, Func

POSTGRESQL = """CREATE COLLATION IF NOT EXISTS title_order (provider = icu, locale = 'und-u-kn-true')"""
POSTGRESQL_BACK = "DROP COLLATION IF EXISTS title_order"

_SIGNS = " _-,;:!?.'\"()[]{}@*/\\&#%`^+<=>|~$"
_OTHER_PUNCTUATION, _OTHER_SIGN, _NUMBER = "\x2c", "\x2d", "\x2e"  # behind the signs, before all letters
# Letters that stand beside another one but are no mark over it, and those of Cyrillic that follow another one.
_LETTERS = {"ø": "o", "ł": "l", "đ": "d", "ħ": "h", "æ": "ae", "œ": "oe", "ı": "i"}
_LETTERS |= {"’": "'", "‘": "'", "“": '"', "”": '"'}
_LETTERS |= {"й": "й", "ґ": "г\u04ff", "є": "е\u04ff", "і": "и\u04fe", "ї": "и\u04ff", "ў": "у\u04ff"}
_PIECE = re.compile(r"\d+|.", re.DOTALL)


class TitleOrder(Func):
    """What to order by, for a column of titles."""

    output_field = CharField()

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        return self.as_sql(compiler, connection, template="title_key(%(expressions)s)", **context)

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        return self.as_sql(compiler, connection, template='(%(expressions)s COLLATE "title_order")', **context)


def title_key(title: str) -> str:
    """What SQLite compares by its characters: first without regard to accents and capitals, then with."""
    small = unicodedata.normalize("NFC", title.casefold())
    plain = "".join(map(_plain, small))
    return f"{''.join(map(_weight, _PIECE.findall(plain)))}\0{small}\0{title.swapcase()}"


@cache
def _plain(char: str) -> str:
    """A letter without its accents."""
    if char in _LETTERS:
        return _LETTERS[char]
    return "".join(part for part in unicodedata.normalize("NFKD", char) if unicodedata.category(part) != "Mn") or char


def _weight(piece: str) -> str:
    """Of a sign, a letter, or all digits of a number."""
    if piece[0].isdecimal():
        digits = "".join(str(unicodedata.decimal(digit)) for digit in piece).lstrip("0") or "0"
        return f"{_NUMBER}{chr(0x30 + len(digits))}{digits}"
    if piece in _SIGNS:
        return chr(1 + _SIGNS.index(piece))
    kind = unicodedata.category(piece)[0]
    return {"P": _OTHER_PUNCTUATION, "S": _OTHER_SIGN, "Z": "\x01"}.get(kind, "") + piece

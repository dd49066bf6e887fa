"""Translations: the sentences of pages and code, and what they are in other languages.

`python -m scripts.messages update` brings locale/*/LC_MESSAGES/django.po up to date with the code and says what is
still without a translation; `compile` makes of them the .mo files that the site reads. Set-up compiles by itself.
"""

import argparse
import sys
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from scripts import python_packages
from scripts.shell import ROOT, run, say

if TYPE_CHECKING:
    from babel.messages import Catalog

LOCALE = ROOT / "locale"
CODE = ("jobs", "media_pipeline", "transcriber")
# What a function's arguments are: `None` for one sentence, else their places; "c" is the context.
KEYWORDS = {
    "_": None,
    "gettext": None,
    "gettext_lazy": None,
    "ngettext": (1, 2),
    "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
}
# Sentences that are written down in English and translated when they are shown: media_pipeline/wording.py.
STORED = {"say": None}
STORED_CONTEXT = "stored"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("command", choices=["update", "compile"])
    command = parser.parse_args().command
    if command == "compile":
        compile_stale()
        return 0
    return 0 if update() else 1


def ensure() -> None:
    """Compile what is not compiled, in the environment that set-up made."""
    if stale():
        run([python_packages.PYTHON, "-m", "scripts.messages", "compile"], "Translations")
    say("Translations: compiled.")


def catalogs() -> list[Path]:
    return sorted(LOCALE.glob("*/LC_MESSAGES/django.po"))


def stale() -> list[Path]:
    """The catalogs whose .mo file is missing or older."""
    return [path for path in catalogs() if not _is_fresh(path.with_suffix(".mo"), path)]


def _is_fresh(made: Path, source: Path) -> bool:
    return made.is_file() and made.stat().st_mtime_ns >= source.stat().st_mtime_ns


def compile_stale() -> None:
    from babel.messages.mofile import write_mo

    for path in stale():
        made = path.with_suffix(".mo")
        unfinished = made.with_suffix(".part")
        with unfinished.open("wb") as target:
            write_mo(target, read(path))
        unfinished.replace(made)  # at once: a site may be reading it


def read(path: Path) -> "Catalog":
    from babel.messages.pofile import read_po

    with path.open("rb") as source:
        return read_po(source, locale=path.parent.parent.name)


def update() -> bool:
    """Bring all catalogs up to date. Returns whether they are complete."""
    from babel.messages.pofile import write_po

    found = extract()
    is_complete = True
    for path in catalogs():
        catalog = read(path)
        catalog.update(found, no_fuzzy_matching=True, update_creation_date=False)
        catalog.obsolete.clear()
        with path.open("wb") as target:
            write_po(target, catalog, width=120, sort_output=True, include_lineno=False, omit_header=False)
        missing = [str(message.id) for message in catalog if message.id and not is_translated(message.string)]
        is_complete = is_complete and not missing
        say(f"{path.relative_to(ROOT)}: {len(catalog)} messages, {len(missing)} without a translation.")
        for sentence in missing:
            say(f"  {sentence}")
    return is_complete


def is_translated(string: str | tuple[str, ...] | list[str]) -> bool:
    return bool(string) if isinstance(string, str) else bool(string) and all(string)


def extract() -> "Catalog":
    """All messages of the code and the templates."""
    from babel.messages import Catalog

    catalog = Catalog(charset="utf-8")
    for path in sorted(path for folder in CODE for path in (ROOT / folder).rglob("*.py")):
        _add(catalog, path, path.read_bytes())
    for path in sorted(path for kind in ("html", "txt") for path in (ROOT / "templates").rglob(f"*.{kind}")):
        _add(catalog, path, as_python(path.read_text(encoding="utf-8")))
    return catalog


def _add(catalog: "Catalog", path: Path, source: bytes) -> None:
    for message, context in _messages(source):
        catalog.add(message, locations=[(path.relative_to(ROOT).as_posix(), 0)], context=context)


def _messages(source: bytes) -> Iterator[tuple[str | tuple[str, ...], str | None]]:
    """Every message with its context; one that has plurals as a tuple."""
    from babel.messages.extract import extract as extract_from

    for _line, message, _comments, context in extract_from("python", BytesIO(source), keywords=KEYWORDS):
        yield message, context
    for _line, message, _comments, _context in extract_from("python", BytesIO(source), keywords=STORED):
        yield message, STORED_CONTEXT


def as_python(template: str) -> bytes:
    """A template as calls of gettext, in lines of X and the like that stand for the rest."""
    from django.utils.translation.template import templatize

    return "\n".join(line.strip() for line in templatize(template).splitlines()).encode()


if __name__ == "__main__":
    sys.exit(main())

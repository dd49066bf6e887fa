"""Write the tables of docs/configuration.md from transcriber/env.py.

To run: `.venv/bin/python -m scripts.configuration_docs`
"""

import inspect
import re
import sys
from collections.abc import Iterator
from dataclasses import Field, fields
from pathlib import Path
from typing import Any

from transcriber.env import BASE_DIR, Env

FILE = BASE_DIR / "docs" / "configuration.md"
START, END = "<!-- tables: start -->", "<!-- tables: end -->"
KINDS: dict[Any, str] = {bool: "yes or no", int: "whole number", float: "number", str: "text", Path: "path"}


def with_tables(text: str) -> str:
    """The document with its tables made anew."""
    before, _, rest = text.partition(START)
    after = rest.partition(END)[2]
    tables = "\n".join(_tables())
    return f"{before}{START}\n{tables}\n\n{END}{after}"


def _tables() -> Iterator[str]:
    headings = _headings()
    for item in fields(Env):
        if item.name in headings:
            yield f"\n## {headings[item.name]}\n"
            yield "| Variable | Takes | Default | Meaning |\n|---|---|---|---|"
        yield f"| `{item.name}` | {KINDS.get(item.type, 'list')} | {_default(item)} | {item.metadata['meaning']} |"


def _headings() -> dict[str, str]:
    """The comments inside Env, each under the name of the variable that follows it."""
    return {name: title for title, name in re.findall(r"^    # (.+)\n    (\w+):", inspect.getsource(Env), re.MULTILINE)}


def _default(item: "Field[Any]") -> str:
    value = item.default
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Path):
        return f"`{value.relative_to(BASE_DIR)}`" if value.is_absolute() else ""
    if isinstance(value, float):
        return f"{value:g}"
    return f"`{value}`" if isinstance(value, str) and value else "" if not value and value != 0 else str(value)


if __name__ == "__main__":
    FILE.write_text(with_tables(FILE.read_text()))
    sys.exit(0)

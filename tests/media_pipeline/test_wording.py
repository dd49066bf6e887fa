"""What the pipeline says to people can be found again by who translates it."""

import ast
from collections.abc import Iterator
from pathlib import Path

from media_pipeline.wording import say
from tests.services import ROOT

ERRORS = {"InputError", "EngineError", "EngineUnavailable", "EngineCrashed", "PipelineError"}
# What only the command line shows stays English.
FOR_TERMINALS = {"downloads.py", "reference.py", "evaluate.py", "one_process.py"}


def test_a_sentence_is_its_template_filled() -> None:
    assert say("No words from {start} to {end}.", start="0:12", end="0:31") == "No words from 0:12 to 0:31."


def test_a_sentence_without_values_may_hold_braces() -> None:
    assert say("Set {name} first.") == "Set {name} first."


def sources() -> Iterator[Path]:
    for package in ("media_pipeline", "jobs"):
        yield from (path for path in (ROOT / package).rglob("*.py") if path.name not in FOR_TERMINALS)


def calls(path: Path) -> Iterator[tuple[str, ast.Call]]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            function = node.func
            yield getattr(function, "id", getattr(function, "attr", "")), node


def is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str))


def test_errors_and_warnings_are_told_in_sentences_that_can_be_translated() -> None:
    untranslatable = []
    for path in sources():
        for name, call in calls(path):
            told = call.args[1:2] if name in ERRORS else call.args[:1] if name == "warn" else []
            if any(is_text(one) for one in told):
                untranslatable.append(f"{path.relative_to(ROOT)}:{call.lineno}")

    assert untranslatable == []


def test_templates_are_literals_where_they_are_used() -> None:
    """Else they would not be collected, and nobody would notice."""
    hidden = [
        f"{path.relative_to(ROOT)}:{call.lineno}"
        for path in sources()
        for name, call in calls(path)
        if name == "say" and not (isinstance(call.args[0], ast.Constant) and isinstance(call.args[0].value, str))
    ]

    assert hidden == []

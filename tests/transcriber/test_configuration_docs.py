"""docs/configuration.md says exactly what env.py does."""

from dataclasses import fields

from scripts import configuration_docs
from transcriber.env import Env


def test_the_document_shows_every_variable_with_its_type_default_and_meaning() -> None:
    written = configuration_docs.FILE.read_text()

    assert written == configuration_docs.with_tables(written), "run: .venv/bin/python -m scripts.configuration_docs"
    assert all(f"| `{item.name}` |" in written for item in fields(Env))


def test_every_variable_has_a_meaning_that_is_one_sentence_or_more() -> None:
    assert all(item.metadata["meaning"].endswith(".") for item in fields(Env))

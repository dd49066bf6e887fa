"""Translations are collected from code and templates, kept, and compiled when they have changed."""

import os
from pathlib import Path

import pytest
from django.test import override_settings

from jobs import checks, wording
from scripts import messages, shell

HEADER = 'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=utf-8\\n"\n"Language: ru\\n"\n'


@pytest.fixture
def catalog(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A project of its own, with one sentence translated and one that nobody says any more."""
    path = tmp_path / "locale" / "ru" / "LC_MESSAGES" / "django.po"
    path.parent.mkdir(parents=True)
    path.write_text(f'{HEADER}\nmsgid "Play"\nmsgstr "Играть"\n\nmsgid "Gone"\nmsgstr "Ушло"\n', encoding="utf-8")
    (tmp_path / "templates").mkdir()
    (tmp_path / "jobs").mkdir()
    monkeypatch.setattr(messages, "ROOT", tmp_path)
    monkeypatch.setattr(messages, "LOCALE", tmp_path / "locale")
    monkeypatch.setattr(shell, "RUN_DIR", tmp_path / "run")
    return path


def said(template: str, code: str = "") -> set[tuple[str | None, object]]:
    (messages.ROOT / "templates" / "page.html").write_text(template, encoding="utf-8")
    (messages.ROOT / "jobs" / "page.py").write_text(code, encoding="utf-8")
    return {(message.context, message.id) for message in messages.extract() if message.id}


def test_sentences_of_templates_are_found(catalog: Path) -> None:
    template = """{% load i18n %}<p title="{% translate 'One' %}">{% translate "Two" context "page" %}
        {{ x|default:_("Three") }}
        {% blocktranslate count n=n %}{{ n }} word{% plural %}{{ n }} words{% endblocktranslate %} (' " {</p>"""

    assert said(template) == {(None, "One"), ("page", "Two"), (None, "Three"), (None, ("%(n)s word", "%(n)s words"))}


def test_sentences_of_code_are_found(catalog: Path) -> None:
    code = '_("One")\nngettext("a", "b", n)\npgettext_lazy("page", "Two")\nsay("At {time}", time=_("Three"))\n'

    assert said("", code) == {
        (None, "One"),
        (None, ("a", "b")),
        ("page", "Two"),
        ("stored", "At {time}"),
        (None, "Three"),
    }


def test_what_is_missing_is_named_and_what_is_gone_goes(catalog: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said('{% load i18n %}{% translate "Play" %}{% translate "Stop" %}')

    assert not messages.update()

    assert "2 messages, 1 without a translation" in capsys.readouterr().out
    kept = catalog.read_text(encoding="utf-8")
    assert "Играть" in kept
    assert "Gone" not in kept
    assert "fuzzy" not in kept


def test_updating_twice_changes_nothing(catalog: Path) -> None:
    said('{% load i18n %}{% translate "Play" %}')
    assert messages.update()
    first = catalog.read_bytes()

    messages.update()

    assert catalog.read_bytes() == first


def test_a_catalog_is_compiled_once_and_again_after_a_change(catalog: Path) -> None:
    assert messages.stale() == [catalog]
    messages.compile_stale()
    assert messages.stale() == []
    assert "Играть".encode() in catalog.with_suffix(".mo").read_bytes()

    os.utime(catalog, (2**31, 2**31))

    assert messages.stale() == [catalog]


def test_set_up_compiles_only_what_has_changed(catalog: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    runs: list[object] = []
    monkeypatch.setattr(messages, "run", lambda argv, title: runs.append(argv) or messages.compile_stale())

    messages.ensure()
    messages.ensure()

    assert len(runs) == 1


def test_without_compiled_translations_the_site_speaks_english_and_says_so(catalog: Path) -> None:
    with override_settings(LOCALE_PATHS=[messages.LOCALE]):
        wording._templates.cache_clear()
        told = checks.translations_are_compiled(None)
        sentences = wording._templates("ru")
    wording._templates.cache_clear()

    assert [message.id for message in told] == ["jobs.W002"]
    assert "“ru”" in str(told[0].msg)
    assert sentences == []

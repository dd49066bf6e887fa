"""Rules that can be read off the source itself."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.services import ROOT

PACKAGES = ("transcriber", "jobs", "media_pipeline")
VAGUE_NAMES = {"util", "utils", "helper", "helpers", "common", "misc", "manager", "managers"}

# What each requirement is imported as, where that is not its own name.
MODULES = {
    "django-allauth": "allauth",
    "django-csp": "csp",
    "django-environ": "environ",
    "django-storages": "storages",
    "openai-whisper": "whisper",
    "python-bidi": "bidi",
    "python-docx": "docx",
}
# Requirements that one of the others loads on our behalf: the module of ours that asks for it.
LOADED_BY_OTHERS = {
    "boto3": "storages",  # the S3 store
    "brotli": "whitenoise",  # compresses static files
    "psycopg": "environ",  # DATABASE_URL=postgres://…
}

# In templates and scripts: what would let a user's text become markup, or break the content security policy.
FORBIDDEN_MARKUP = {
    "unescaped output": re.compile(r"\|\s*safe\b|autoescape\s+off|mark_safe"),
    "markup from text": re.compile(r"\b(inner|outer)HTML\b|insertAdjacentHTML|document\.write\b"),
    "inline style": re.compile(r"<[^>]*\sstyle\s*=|<style\b|setAttribute\(\s*[\"']style"),
    "inline script": re.compile(r"<script(?![^>]*\bsrc\s*=)|<[^>]*\son[a-z]+\s*=|javascript:"),
}


def python_files() -> Iterator[Path]:
    for package in PACKAGES:
        yield from sorted((ROOT / package).rglob("*.py"))


def page_files() -> Iterator[Path]:
    yield from sorted((ROOT / "templates").rglob("*.html"))
    yield from (path for path in sorted((ROOT / "static").rglob("*.js")) if "vendor" not in path.parts)


def findings(path: Path, pattern: re.Pattern[str]) -> list[str]:
    text = path.read_text(encoding="utf-8")
    return [f"{path.relative_to(ROOT)}: {match[0]}" for match in pattern.finditer(text)]


def test_nothing_is_printed() -> None:
    calls = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in python_files()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in {"print", "breakpoint"}
    ]

    assert calls == []


@pytest.mark.parametrize("rule", FORBIDDEN_MARKUP)
def test_pages_and_scripts_keep_text_apart_from_markup(rule: str) -> None:
    found = [line for path in page_files() for line in findings(path, FORBIDDEN_MARKUP[rule])]

    assert found == []


def test_python_marks_nothing_as_safe_markup() -> None:
    found = [line for path in python_files() for line in findings(path, re.compile(r"mark_safe|SafeString"))]

    assert found == []


def test_every_file_is_named_for_what_it_does() -> None:
    folders = [ROOT / name for name in (*PACKAGES, "tests", "scripts", "benchmarks", "static/js", "static/css")]
    named = [path for folder in folders for path in folder.rglob("*") if "vendor" not in path.parts]

    assert [path for path in named if path.stem in VAGUE_NAMES] == []


def requirements() -> list[str]:
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    return [re.split(r"[\[=]", line)[0] for line in lines if line and not line.startswith("#")]


def modules_in_use() -> set[str]:
    """Every module our packages import, look for by name, or name in the settings, by its full name."""
    used: set[str] = set()
    for path in python_files():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                used |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                used.add(node.module)
            elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith("find_spec"):
                used |= {str(argument.value) for argument in node.args if isinstance(argument, ast.Constant)}
            elif isinstance(node, ast.Constant) and isinstance(node.value, str) and path.parts[-2] == "transcriber":
                used.add(node.value)
    return used


@pytest.mark.parametrize("requirement", requirements())
def test_every_requirement_is_used(requirement: str) -> None:
    name = LOADED_BY_OTHERS.get(requirement) or MODULES.get(requirement) or requirement.replace("-", "_")

    assert any(used == name or used.startswith(f"{name}.") for used in modules_in_use()), f"nobody imports {name}"

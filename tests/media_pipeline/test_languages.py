from pathlib import Path

import pytest

from media_pipeline.languages import has_spaces


@pytest.mark.parametrize("language", ["en", "en-US", "es", "ko", "ru", "ar", "und"])
def test_most_languages_put_spaces_between_words(language: str) -> None:
    assert has_spaces(language)


@pytest.mark.parametrize("language", ["zh", "zh-Hans-CN", "ZH-tw", "ja", "th", "lo", "my", "yue"])
def test_some_do_not(language: str) -> None:
    assert not has_spaces(language)


def test_they_are_listed_in_one_place() -> None:
    package = Path(__file__).parents[2] / "media_pipeline"

    assert [path.name for path in package.rglob("*.py") if '"lo", "my"' in path.read_text()] == ["languages.py"]

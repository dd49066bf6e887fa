"""Titles and tags hold nothing that cannot be seen."""

import pytest

from jobs.services import submit
from jobs.services.one_line import one_line


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("  Talk \n of\tJune\0 ", "Talk of June"),
        ("a\u200bb\u202ec\x01d\ufeff\u00ad", "abcd"),
        ("e\u0301 и\u0306ога", "é йога"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("क्\u200dष", "क्\u200dष"),
        ("a\u200cb\u200d \u200dc", "ab c"),
        ("👩\u200d👧 🏳\ufe0f\u200d🌈 👍\U0001f3fd", "👩\u200d👧 🏳\ufe0f\u200d🌈 👍\U0001f3fd"),
        ("\u2028two\u2029lines", "two lines"),
        ("\u06dd12", "\u06dd12"),
        ("!?", "!?"),
    ],
)
def test_what_can_be_seen_is_kept(typed: str, kept: str) -> None:
    assert one_line(typed, 60) == kept


@pytest.mark.parametrize(
    "typed", ["", " ", "\u200b", "\u200d\u200c", "\u202e\x01", "\u3164", "\u2800 \u115f", "\ufe0f", "\u0301"]
)
def test_what_shows_nothing_is_empty(typed: str) -> None:
    assert one_line(typed, 60) == ""


def test_a_line_is_cut_to_what_fits_and_not_after_a_blank() -> None:
    assert one_line("abc def", 4) == "abc"


def test_the_name_of_a_file_becomes_a_title_that_can_be_seen() -> None:
    assert submit._title("", "и\u0306ога\u200b\u202e.mp3") == "йога"
    assert submit._title("\u200b", "a.mp3") == "a"
    assert submit._title("", "\u200b.mp3") == "Untitled recording"

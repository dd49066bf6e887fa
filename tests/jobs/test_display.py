"""Numbers and times as pages show them."""

import datetime

import pytest
from django.utils import timezone

from jobs.templatetags import display
from media_pipeline.transcript import Mark


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (None, ""),
        (0.0, "0:00"),
        (83.4, "1:23"),
        (59.99, "0:59"),
        (3723.0, "1:02:03"),
        (36_000.0, "10:00:00"),
        (-1.0, "0:00"),
    ],
)
def test_clock_shows_a_place_in_a_recording(seconds: float | None, shown: str) -> None:
    assert display.clock(seconds) == shown


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (None, ""),
        (0.01, "< 0.1 s"),
        (0.42, "0.4 s"),
        (9.96, "10 s"),
        (38.0, "38 s"),
        (125.0, "2 min 5 s"),
        (59.6, "1 min 0 s"),
        (4800.0, "1 h 20 min"),
    ],
)
def test_span_says_how_long_something_took(seconds: float | None, shown: str) -> None:
    assert display.span(seconds) == shown


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (None, ""),
        (4.0, "a few seconds left"),
        (38.0, "about 40 s left"),
        (170.0, "about 3 min left"),
        (9000.0, "about 2.5 h left"),
    ],
)
def test_time_left_is_said_as_an_estimate(seconds: float | None, shown: str) -> None:
    assert display.time_left(seconds) == shown


@pytest.mark.parametrize(
    ("value", "shown"), [(None, "0 %"), (43.7, "43 %"), (99.99, "99 %"), (100.0, "100 %"), (120.0, "100 %")]
)
def test_percent_says_100_only_when_it_is_reached(value: float | None, shown: str) -> None:
    assert display.percent(value) == shown


def test_unlocalized_numbers_have_a_point() -> None:
    assert display.unlocalized(83.456) == "83.46"
    assert display.unlocalized(None) == "0.00"


def test_day_gets_coarser_with_age() -> None:
    now = timezone.localtime()

    assert display.day(None) == ""
    assert display.day(now) != display.day(now - datetime.timedelta(days=1))
    assert display.day(now - datetime.timedelta(days=1)) == "Yesterday"
    assert str(now.year - 2) in display.day(now - datetime.timedelta(days=740))


@pytest.mark.parametrize(("index", "shown"), [(None, ""), (-1, ""), (0, "speaker-0"), (9, "speaker-1")])
def test_speakers_get_one_of_eight_tones(index: int | None, shown: str) -> None:
    assert display.tone(index) == shown


@pytest.mark.parametrize(("code", "shown"), [(None, ""), ("en", "English"), ("de-AT", "German"), ("xx", "xx")])
def test_languages_are_named_where_the_name_is_known(code: str | None, shown: str) -> None:
    assert display.language_name(code) == shown


@pytest.mark.parametrize(
    ("count_bytes", "shown"),
    [(None, ""), (512, "512\xa0bytes"), (256_000, "250\xa0KB"), (1_900_000, "1.8\xa0MB"), (5 * 1024**3, "5\xa0GB")],
)
def test_size_has_no_needless_decimals(count_bytes: int | None, shown: str) -> None:
    assert display.size(count_bytes) == shown


@pytest.mark.parametrize(
    ("sentence", "shown"),
    [
        ("From 12:03 on.", 'From <a href="#t=723" data-seek-link>12:03</a> on.'),
        ("At 1:02:03.", 'At <a href="#t=3723" data-seek-link>1:02:03</a>.'),
        ("<b>12</b> & 3:4", "&lt;b&gt;12&lt;/b&gt; &amp; 3:4"),
    ],
)
def test_places_in_a_sentence_can_be_played(sentence: str, shown: str) -> None:
    assert display.with_places(sentence) == shown


def test_sentences_are_told_apart_by_whether_they_name_a_place() -> None:
    sentences = ["From 12:03 on.", "It is quiet.", "At 1:02:03.", "3 of 4."]

    assert display.placed(sentences) == ["From 12:03 on.", "At 1:02:03."]
    assert display.unplaced(sentences) == ["It is quiet.", "3 of 4."]


def test_marks_are_said_in_words() -> None:
    assert display.mark_title("overlap") == "several people speak"
    assert display.mark_meaning("repeated").endswith(".")
    assert (display.mark_title("later"), display.mark_meaning("later")) == ("later", "")
    assert set(display.mark_kinds()) == set(Mark)

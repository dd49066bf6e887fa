"""Finding a phrase in a transcript: the same places for the list of hits and for what would be replaced."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from jobs.models import Transcript
from jobs.services import phrases
from tests.jobs.transcripts import make_transcript

pytestmark = pytest.mark.django_db


def find(browser: Client, transcript: Transcript, **query: Any) -> Any:
    return browser.get(reverse("find_in_transcript", args=[transcript.pk]), query).json()


def matches(browser: Client, transcript: Transcript, **query: Any) -> Any:
    return browser.get(reverse("transcript_matches", args=[transcript.pk]), query).json()


def count(browser: Client, transcript: Transcript, **query: Any) -> int:
    """How often a phrase is found; both ways of asking must agree."""
    total: int = find(browser, transcript, **query)["total"]
    assert matches(browser, transcript, **query)["count"] == total
    return total


def test_a_phrase_is_found_in_any_case_and_counted(browser: Client, owner: User) -> None:
    made = make_transcript(owner, ["Что там, бюджет?", "Ничего.", "Бюджет, бюджет и ещё раз БЮДЖЕТ."])
    early, _, late = made.segments.all()

    answer = find(browser, made, q="бюДжет")

    assert answer == {"hits": [[early.pk, early.start, 1], [late.pk, late.start, 3]], "total": 4, "more": False}


def test_case_is_matched_when_asked(browser: Client, owner: User) -> None:
    made = make_transcript(owner, ["We may meet in May."])

    assert count(browser, made, q="May") == 2
    assert count(browser, made, q="May", case=1) == 1


@pytest.mark.parametrize(
    ("text", "word", "found"),
    [
        ("An art, art-house, a cart, arts, art_1 and ART.", "art", 3),
        ("Кот, котик и кот-баюн.", "кот", 2),
        ("हिन्दी हि हिन", "हि", 1),  # the vowel sign behind it is part of the word
        ("cafe cafe\u0301", "cafe", 1),  # so is an accent of its own
        ("C++ and C", "C++", 1),
        ("50% of 150%", "50%", 1),
    ],
)
def test_a_whole_word_is_no_part_of_another(browser: Client, owner: User, text: str, word: str, found: int) -> None:
    assert count(browser, make_transcript(owner, [text]), q=word, word=1) == found


def test_blanks_count(browser: Client, owner: User) -> None:
    made = make_transcript(owner, ["An um umbrella, um"])

    assert count(browser, made, q="um ") == 1


@pytest.mark.parametrize("query", [{}, {"q": ""}, {"q": "   "}, {"q": "zebra"}, {"q": "%"}, {"q": "x" * 1001}])
def test_what_is_not_there_is_not_found(browser: Client, owner: User, query: dict[str, str]) -> None:
    made = make_transcript(owner, ["Good morning."])

    assert find(browser, made, **query) == {"hits": [], "total": 0, "more": False}


@pytest.mark.parametrize("query", [{}, {"q": "  "}, {"q": "x" * 1001}])
def test_nothing_can_be_replaced_without_a_phrase(browser: Client, owner: User, query: dict[str, str]) -> None:
    made = make_transcript(owner, ["Good morning."])

    answer = browser.get(reverse("transcript_matches", args=[made.pk]), query)

    assert answer.status_code == 400 and "error" in answer.json()


def test_signs_have_no_meaning_of_their_own(browser: Client, owner: User) -> None:
    made = make_transcript(owner, ["What? (Yes.)"])

    assert count(browser, made, q=".") == 1
    assert count(browser, made, q="(yes.)", word=1) == 1


def test_many_hits_come_in_parts(owner: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(phrases, "HITS_AT_ONCE", 2)
    made = make_transcript(owner, ["Good morning."] * 5)
    starts = [segment.start for segment in made.segments.all()]
    wanted = phrases.pattern("morning")

    first = phrases.hits(made, wanted)
    last = phrases.hits(made, wanted, skip=4)

    assert ([start for _, start, _ in first.places], first.total, first.has_more) == (starts[:2], 5, True)
    assert ([start for _, start, _ in last.places], last.total, last.has_more) == (starts[4:], 5, False)


def test_a_hundred_places_are_told_with_what_stands_around_them(browser: Client, owner: User) -> None:
    made = make_transcript(owner, ["We met in May."] * 120)

    answer = matches(browser, made, q="may")

    assert (answer["count"], answer["revision"], len(answer["matches"])) == (120, 0, 100)
    first = answer["matches"][0]
    assert (first["before"], first["text"], first["after"], first["offset"]) == ("We met in ", "May", ".", 10)

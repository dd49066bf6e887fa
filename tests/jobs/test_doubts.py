"""Which words and passages are to be listened to again."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from jobs.models import Segment, Transcript
from jobs.services import doubts, editing
from jobs.services.edit_operations import Confirm, SetText
from media_pipeline.transcript import Mark
from tests.jobs.transcripts import make_transcript

pytestmark = pytest.mark.django_db


@pytest.fixture
def transcript(owner: User) -> Transcript:
    """Nine words, sure of by 50 % each; a second for each, and one between sentences."""
    return make_transcript(owner, ["Good morning all.", "Is it ready?", "Yes, nearly done."], duration=60.0)


def sure(transcript: Transcript, segment: int, *confidences: float | None) -> Segment:
    """Give the words of a segment, by its number, other confidences."""
    row: Segment = transcript.segments.all()[segment]
    row.words = [[*word[:3], confidence] for word, confidence in zip(row.words, confidences, strict=True)]
    row.save()
    return row


def told(browser: Client, transcript: Transcript, **query: Any) -> Any:
    return browser.get(reverse("transcript_doubts", args=[transcript.pk]), query).json()


def test_words_below_the_threshold_are_told_in_order(browser: Client, transcript: Transcript) -> None:
    first = sure(transcript, 0, 0.9, 0.3, 0.95)
    sure(transcript, 1, 0.9, None, 0.8)
    last = sure(transcript, 2, 0.699, 0.7, 0.1)

    answer = told(browser, transcript, below=70)

    assert answer == {
        "revision": 0,
        "first": 0,
        "total": 2,
        "known": 8,
        "words": [[first.pk, 1.0, 1], [last.pk, 10.0, 2]],
        "passages": [],
        "marks": {},
    }


def test_the_threshold_counts_whole_percents_as_the_page_does(transcript: Transcript) -> None:
    sure(transcript, 0, 0.694, 0.695, 0.696)
    sure(transcript, 1, 0.7, 0.9, 0.9)
    sure(transcript, 2, None, None, None)

    found = doubts.doubts(transcript, below=70)

    shown = [round(100 * confidence) for confidence in (0.694, 0.695, 0.696, 0.7)]
    assert found.total == sum(percent < 70 for percent in shown)


@pytest.mark.parametrize("query", [{}, {"below": ""}, {"below": "x", "at": "-1", "skip": "many"}])
def test_nonsense_is_the_usual(browser: Client, transcript: Transcript, query: dict[str, str]) -> None:
    assert told(browser, transcript, **query)["total"] == 9


def test_a_confirmed_word_is_not_doubtful(owner: User, transcript: Transcript) -> None:
    row = transcript.segments.all()[1]

    editing.edit(transcript, owner, [Confirm(segment=row.pk, revision=0, word=1)])

    found = doubts.doubts(transcript, below=70)
    assert (found.total, found.known) == (8, 9)
    assert [index for segment, _, index in found.words if segment == row.pk] == [0, 2]


def test_what_a_person_typed_is_not_doubtful(owner: User, transcript: Transcript) -> None:
    row = transcript.segments.all()[1]

    editing.edit(transcript, owner, [SetText(segment=row.pk, revision=0, text="Is dinner ready?")])

    found = doubts.doubts(transcript, below=70)
    assert [index for segment, _, index in found.words if segment == row.pk] == [0, 2]


def test_neighbors_with_the_same_mark_are_one_passage(browser: Client, owner: User) -> None:
    made = make_transcript(owner, ["Yes."] * 7)
    marks = [[], [Mark.REPEATED], [Mark.REPEATED, Mark.DOUBTFUL], [Mark.DOUBTFUL], [], [Mark.REPEATED], []]
    rows = list(made.segments.all())
    for row, kinds in zip(rows, marks, strict=True):
        Segment.objects.filter(pk=row.pk).update(marks=kinds)

    answer = told(browser, made)

    assert answer["passages"] == [
        [rows[1].pk, rows[1].start, "repeated"],
        [rows[2].pk, rows[2].start, "doubtful"],
        [rows[5].pk, rows[5].start, "repeated"],
    ]
    assert answer["marks"] == {"repeated": 2, "doubtful": 1}


def test_many_words_come_in_parts_around_a_time(transcript: Transcript, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doubts, "WORDS_AT_ONCE", 4)

    starts = {
        name: [start for _, start, _ in doubts.doubts(transcript, below=70, **where).words]
        for name, where in {
            "begin": {"at": 0.0},
            "middle": {"at": 5.0},
            "end": {"at": 99.0},
            "skipped": {"skip": 7},
            "beyond": {"skip": 700},
        }.items()
    }

    assert starts == {
        "begin": [0.0, 1.0, 2.0, 4.0],
        "middle": [2.0, 4.0, 5.0, 6.0],
        "end": [6.0, 8.0, 9.0, 10.0],
        "skipped": [9.0, 10.0],
        "beyond": [],
    }


def test_a_transcript_without_confidences_has_no_doubt(browser: Client, transcript: Transcript) -> None:
    for number in range(3):
        sure(transcript, number, None, None, None)

    answer = told(browser, transcript)

    assert (answer["total"], answer["known"]) == (0, 0)


def test_it_is_not_computed_again_while_nothing_changed(browser: Client, owner: User, transcript: Transcript) -> None:
    address = reverse("transcript_doubts", args=[transcript.pk])
    before = browser.get(address, {"below": 70})

    same = browser.get(address, {"below": 70}, headers={"If-None-Match": before["ETag"]})
    other = browser.get(address, {"below": 50}, headers={"If-None-Match": before["ETag"]})
    row = transcript.segments.all()[0]
    editing.edit(transcript, owner, [Confirm(segment=row.pk, revision=0, word=0)])
    later = browser.get(address, {"below": 70}, headers={"If-None-Match": before["ETag"]})

    assert (same.status_code, other.status_code, later.status_code) == (304, 200, 200)
    assert later.json()["revision"] == 1

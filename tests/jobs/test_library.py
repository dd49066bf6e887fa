from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from jobs.models import Segment, Transcript
from tests.jobs.recipes import make_job, make_recording


def titles(browser: Client, **query: str) -> list[str]:
    page = browser.get(reverse("library"), query).context["page_obj"]
    return [recording.title for recording in page]


def test_the_opening_words_are_those_of_the_newest_transcript(browser: Client, owner: User) -> None:
    recording = make_recording(owner)
    for text in ("the first try", "the second try"):
        transcript = Transcript.objects.create(
            recording=recording, job=make_job(owner, recording=recording), language="en", engine="pocketsphinx"
        )
        Segment.objects.create(transcript=transcript, start=0, end=1, text=text)

    (shown,) = browser.get(reverse("library")).context["page_obj"]

    assert shown.opening == "the second try"


def test_longest_first_puts_unknown_lengths_last(browser: Client, owner: User) -> None:
    for title, duration in (("short", 1.0), ("unknown", None), ("long", 9.0)):
        make_recording(owner, title=title, duration=duration)

    assert titles(browser, sort="-duration") == ["long", "short", "unknown"]


def test_a_search_for_what_no_database_can_hold_finds_nothing(browser: Client, owner: User) -> None:
    make_recording(owner, title="a")

    assert titles(browser, q="\0b") == []
    assert titles(browser, q="\0") == ["a"]

"""A transcript in stretches: what is in which, in which order, for whom."""

import json
import re
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from jobs.models import Job, Segment, Speaker, Transcript
from jobs.services import reading
from jobs.views.segments import word_times
from tests.jobs.recipes import make_job, make_recording

pytestmark = pytest.mark.django_db


@pytest.fixture
def transcript(owner: User) -> Transcript:
    """A finished recording without any segment yet, with two speakers."""
    job = make_job(owner, recording=make_recording(owner, media_key="recordings/x/media", duration=36_000.0))
    Job.objects.filter(pk=job.pk).update(status="completed", stage="")
    made = Transcript.objects.create(recording=job.recording, job=job, language="en", engine="whisper", model="base")
    for number in range(2):
        Speaker.objects.create(transcript=made, label=f"SPEAKER_0{number}")
    return made


def say(transcript: Transcript, start: float, text: str = "Good morning.", speaker: int | None = 0) -> Segment:
    who = None if speaker is None else transcript.speakers.get(label=f"SPEAKER_0{speaker}")
    return Segment.objects.create(transcript=transcript, start=start, end=start + 2.0, text=text, speaker=who)


def starts(html: str) -> list[float]:
    return [float(one) for one in re.findall(r'data-start="([\d.]+)"', html)]


def stretch(browser: Client, transcript: Transcript, number: Any) -> str:
    return browser.get(reverse("segments", args=[transcript.pk]), {"stretch": number}).content.decode()


def page(browser: Client, transcript: Transcript, **query: Any) -> str:
    return browser.get(reverse("recording", args=[transcript.recording_id]), query).content.decode()


# Stretches ------------------------------------------------------------------------------------------------------------


def test_the_outline_tells_how_much_there_is_and_who_speaks(transcript: Transcript) -> None:
    for start, speaker in ((1.0, 0), (5.0, 1), (299.99, 0), (300.0, None), (1000.0, 1)):
        say(transcript, start, "Four", speaker)
    one, two = transcript.speakers.values_list("pk", flat=True)

    outline = reading.outline(transcript)

    assert [(item.number, item.rows, item.characters) for item in outline.stretches] == [
        (0, 3, 12),
        (1, 1, 4),
        (3, 1, 4),
    ]
    assert [item.speakers for item in outline.stretches] == [{one, two}, {None}, {two}]
    assert outline.seconds == pytest.approx({one: 4.0, two: 4.0, None: 2.0})


def test_every_segment_is_in_one_stretch_and_all_are_in_order(browser: Client, transcript: Transcript) -> None:
    for start in (700.0, 299.99, 0.0, 300.0, 599.5, 12.5, 600.0):
        say(transcript, start)

    found = [starts(stretch(browser, transcript, number)) for number in range(4)]

    assert found == [[0.0, 12.5, 299.99], [300.0, 599.5], [600.0, 700.0], []]


@pytest.mark.parametrize(
    ("asked", "shown"), [(None, 0), (5, 0), (350, 0), (700.5, 2), (9e9, 2), ("nan", 0), ("x", 0), (-3, 0)]
)
def test_the_page_brings_the_stretch_asked_for_and_links_to_the_others(
    browser: Client, transcript: Transcript, asked: Any, shown: int
) -> None:
    for start in (10.0, 20.0, 610.0):
        say(transcript, start)

    html = page(browser, transcript, **({} if asked is None else {"t": asked}))

    assert starts(html) == [[10.0, 20.0], [], [610.0]][shown]
    assert re.findall(r'href="\?t=(\d+)#stretch-\d+"', html) == ["600" if shown == 0 else "0"]


@pytest.mark.parametrize("number", ["-1", "x", "", "99999999999999", "7"])
def test_a_stretch_that_is_not_there_is_empty_or_the_first(
    browser: Client, transcript: Transcript, number: str
) -> None:
    say(transcript, 1.0)

    assert starts(stretch(browser, transcript, number)) == ([] if number == "7" else [1.0])


def test_a_transcript_without_words_has_a_page(browser: Client, transcript: Transcript) -> None:
    assert "No speech found" in page(browser, transcript)


def test_shares_of_talk_are_of_the_whole_transcript(browser: Client, transcript: Transcript) -> None:
    for start, speaker in ((1.0, 0), (1000.0, 1), (2000.0, 1), (3000.0, 1)):
        say(transcript, start, speaker=speaker)

    assert re.findall(r'voice-share">(\d+) %', page(browser, transcript)) == ["25", "75"]


@pytest.mark.parametrize("name", ["segments", "find_in_transcript", "transcript_text"])
def test_words_of_others_do_not_exist(browser: Client, stranger: User, transcript: Transcript, name: str) -> None:
    other = Client()
    other.force_login(stranger)
    address = reverse(name, args=[transcript.pk])

    assert browser.get(address).status_code == 200
    assert other.get(address).status_code == 404
    assert Client().get(address).status_code == 302


# Words and times ------------------------------------------------------------------------------------------------------


def test_a_segment_is_one_text_and_a_list_of_times(browser: Client, transcript: Transcript) -> None:
    row = say(transcript, 1.0, "Is <it> ready?")
    row.words = [["Is", 1.0, 1.25, 0.5], ["<it>", 1.25, 1.5, None], ["ready?", 1.5, 3.0, 0.876, ["confirmed"]]]
    row.save()

    html = stretch(browser, transcript, 0)

    assert ">Is &lt;it&gt; ready?</p>" in html
    assert json.loads(re.findall(r'data-times="([^"]+)"', html)[0]) == [
        [0, 1.0, 1.25, 50],
        [3, 1.25, 1.5],
        [8, 1.5, 3.0],
    ]


def test_a_word_that_is_not_in_the_text_is_left_out() -> None:
    words = [["one", 0, 1, None], ["two", 1, 2, None], ["three", 2, 3, None]]

    assert word_times("one three", words) == [[0, 0, 1], [4, 2, 3]]


# Copying --------------------------------------------------------------------------------------------------------------


def test_the_text_is_a_paragraph_a_turn(browser: Client, transcript: Transcript) -> None:
    transcript.speakers.filter(label="SPEAKER_01").update(name="Anna")
    for start, text, speaker in ((1.0, "Hi. ", 0), (2.0, " All well?", 0), (400.0, "Yes.", 1), (500.0, "Hm.", None)):
        say(transcript, start, text, speaker)

    response = browser.get(reverse("transcript_text", args=[transcript.pk]))

    assert response.content.decode() == "Speaker 1: Hi. All well?\n\nAnna: Yes.\n\nHm."
    assert response["Content-Type"] == "text/plain; charset=utf-8"

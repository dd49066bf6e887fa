"""What the page of a recording offers and says."""

import re

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from jobs import queue
from jobs.models import Artifact, Job, Segment, StepRun
from jobs.services import work
from media_pipeline.options import SpeakerOptions
from tests.jobs.recipes import make_job, make_recording, recipe_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def done(owner: User) -> Job:
    """A finished job with text, for which nobody asked for speakers."""
    with recipe_of():
        job = make_job(owner, recording=make_recording(owner, media_key="recordings/x/media"), speakers=False)
        with queue.silenced():
            work.run_here(job.pk, worker="test")
    job.refresh_from_db()
    return job


def page(browser: Client, job: Job) -> str:
    return browser.get(reverse("recording", args=[job.recording_id])).content.decode()


def test_marked_sentences_say_why_to_listen_again(browser: Client, done: Job) -> None:
    Segment.objects.filter(text="Part 1.").update(marks=["overlap", "doubtful"])

    html = page(browser, done)

    assert html.count('class="segment-marks"') == 1
    assert re.search(r'mark-overlap" title="[^"]+Listen again\.">several people speak', html)
    assert "perhaps not said" in html


def test_a_mark_of_a_later_version_is_shown_as_it_is(browser: Client, done: Job) -> None:
    Segment.objects.filter(text="Part 1.").update(marks=["whispered"])

    assert ">whispered<" in page(browser, done)


@pytest.mark.parametrize(
    ("asked", "speakers"),
    [
        ({"speakers": "auto"}, SpeakerOptions()),
        ({"speakers": "exact", "speaker_count": "3"}, SpeakerOptions(exact=3)),
        ({"speakers": "range", "speaker_minimum": "2", "speaker_maximum": "4"}, SpeakerOptions(minimum=2, maximum=4)),
    ],
)
def test_speakers_are_looked_for_by_a_press_of_the_button(
    browser: Client, done: Job, asked: dict[str, str], speakers: SpeakerOptions
) -> None:
    with recipe_of():
        response = browser.post(reverse("find_speakers", args=[done.pk]), asked)

    done.refresh_from_db()
    assert response["Location"] == reverse("recording", args=[done.recording_id])
    assert done.status == "running"
    assert (done.options["speakers"]["exact"], done.options["speakers"]["maximum"]) == (
        speakers.exact,
        speakers.maximum,
    )
    assert "data-live" in page(browser, done) and "data-transcript" in page(browser, done)


def test_a_number_that_makes_no_sense_starts_nothing_and_is_explained(browser: Client, done: Job) -> None:
    asked = {"speakers": "range", "speaker_minimum": "4", "speaker_maximum": "2"}

    response = browser.post(reverse("find_speakers", args=[done.pk]), asked, follow=True)

    done.refresh_from_db()
    assert done.status == "completed"
    assert "must not be less" in response.content.decode()


def test_the_button_names_what_is_possible(browser: Client, done: Job) -> None:
    assert "Find speakers" in page(browser, done) and "The words stay as they are" in page(browser, done)

    Artifact.objects.filter(job=done, name="chunk.json").delete()
    assert "the whole recording is transcribed again" in page(browser, done)

    done.recording.media_key = ""
    done.recording.save()
    assert "speakers cannot be looked for again" in page(browser, done)
    assert "find-speakers" not in page(browser, done)


def test_a_failed_search_is_told_with_a_button_beside_it(browser: Client, done: Job) -> None:
    StepRun.objects.filter(job=done, name="diarize").update(status="failed")
    Job.objects.filter(pk=done.pk).update(warnings=["From 12:03 to 12:31 no words were found.", "It did not work."])

    html = page(browser, done)
    note = html.partition("note-warn")[2].partition("</div></div>")[0]
    places = html.partition("data-places")[2].partition("</ul>")[0]

    assert "It did not work." in note and "12:03" not in note
    assert 'data-opens="find-speakers"' in note
    assert '<a href="#t=723" data-seek-link>12:03</a> to ' in places and "It did not work." not in places


def test_nothing_is_offered_while_the_job_is_at_work(browser: Client, done: Job) -> None:
    Job.objects.filter(pk=done.pk).update(status="running")

    assert "find-speakers" not in page(browser, done)


def test_what_was_asked_for_is_told(browser: Client, done: Job) -> None:
    done.options |= {"speakers": {"exact": None, "minimum": 2, "maximum": 4}, "mixed_languages": True}
    done.options |= {"carry_context": True}
    done.save()

    html = page(browser, done)
    log = browser.get(reverse("panel", args=[done.recording_id, "run"])).content.decode()

    assert "2 to 4, as given" in log and "Mixed, each found" in log and "Kept consistent" in log
    assert re.search(r'value="range" checked', html) and re.search(r'name="speaker_maximum" value="4"', html)

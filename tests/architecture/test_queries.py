"""A page costs a handful of queries, however much there is to show."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from jobs.models import Artifact, Job, Recording, Segment, Speaker, StepRun, Transcript
from tests.jobs.recipes import make_job, make_recording

MAX_QUERIES = 12
Budget = Callable[[int], AbstractContextManager[Any]]


def finished(owner: User, title: str, segments: int) -> Recording:
    """A recording whose job is done, spoken by three people."""
    job = make_job(owner, recording=make_recording(owner, title=title, media_key=f"recordings/{title}/media"))
    StepRun.objects.filter(job=job).update(status="done", progress=1.0)
    Job.objects.filter(pk=job.pk).update(status="completed", percent=100, stage="")
    Artifact.objects.create(
        job=job, step="normalize", name="peaks.json", key=f"jobs/{job.pk}/peaks", size_bytes=1, sha256=""
    )
    transcript = Transcript.objects.create(recording=job.recording, job=job, language="en", engine="whisper", model="")
    speakers = [Speaker.objects.create(transcript=transcript, label=f"SPEAKER_0{number}") for number in range(3)]
    Segment.objects.bulk_create(
        Segment(
            transcript=transcript,
            start=index * 4.0,
            end=index * 4.0 + 3.0,
            text=f"Sentence {index}.",
            words=[
                ["Sentence", index * 4.0, index * 4.0 + 1.0, 0.9],
                [f"{index}.", index * 4.0 + 1.0, index * 4.0 + 2.0, 0.9],
            ],
            speaker=speakers[index % 3],
        )
        for index in range(segments)
    )
    return job.recording


@pytest.fixture
def visitor(browser: Client) -> Client:
    """The owner, no longer new: what is asked once in the life of a process has been asked."""
    browser.get(reverse("library"))
    return browser


def test_a_library_of_thirty_recordings(visitor: Client, owner: User, django_assert_max_num_queries: Budget) -> None:
    for number in range(27):
        finished(owner, f"Meeting {number}", segments=2)
    for number in range(3):
        make_job(owner, recording=make_recording(owner, title=f"Running {number}"))

    with django_assert_max_num_queries(MAX_QUERIES):
        response = visitor.get(reverse("library"))

    assert b"Meeting 26" in response.content
    assert b"Running 2" in response.content


def test_the_upload_page(visitor: Client, django_assert_max_num_queries: Budget) -> None:
    with django_assert_max_num_queries(MAX_QUERIES):
        assert visitor.get(reverse("upload")).status_code == 200


def test_a_finished_recording_of_three_hundred_segments(
    visitor: Client, owner: User, django_assert_max_num_queries: Budget
) -> None:
    recording = finished(owner, "Long meeting", segments=300)

    with django_assert_max_num_queries(10):
        response = visitor.get(reverse("recording", args=[recording.pk]), {"t": "1199"})

    assert b"Sentence 299." in response.content and b"Sentence 100." not in response.content


def test_a_stretch_of_a_transcript_and_a_search_in_it(
    visitor: Client, owner: User, django_assert_max_num_queries: Budget
) -> None:
    transcript = finished(owner, "Long meeting", segments=300).transcripts.get()

    with django_assert_max_num_queries(5):
        assert b"Sentence 299." in visitor.get(reverse("segments", args=[transcript.pk]), {"stretch": 3}).content
    with django_assert_max_num_queries(4):
        assert (
            visitor.get(reverse("find_in_transcript", args=[transcript.pk]), {"q": "sentence"}).json()["total"] == 300
        )


def test_a_recording_at_work(visitor: Client, owner: User, django_assert_max_num_queries: Budget) -> None:
    job = make_job(owner)

    with django_assert_max_num_queries(MAX_QUERIES):
        assert visitor.get(reverse("recording", args=[job.recording_id])).status_code == 200

"""Files of a recording's text: with the options asked for, remembered, as it stands or as the engine wrote it."""

import csv
import io
import json
import zipfile
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from docx import Document

from jobs import queue
from jobs.management.commands.transcribe import Command
from jobs.models import ExportPreference, Job, Segment, Transcript
from jobs.services import work
from jobs.services.edit_operations import AnyOperation, Delete, RenameSpeaker, SetSpeaker, SetText
from jobs.services.editing import edit
from jobs.services.originals import original_segments
from media_pipeline.exports.registry import EXPORTERS
from tests.conftest import body
from tests.jobs.recipes import make_job, make_recording, recipe_of
from tests.jobs.transcripts import make_transcript

pytestmark = pytest.mark.django_db


@pytest.fixture
def transcript(owner: User) -> Transcript:
    return make_transcript(owner, ["We met in July.", "Yes we did.", "It was warm."], speakers="011", duration=20.0)


def get(browser: Client, transcript: Transcript, name: str, status: int = 200, **query: Any) -> bytes:
    response = browser.get(reverse("export", args=[transcript.job_id, name]), query)
    assert response.status_code == status
    return body(response)


def text(browser: Client, transcript: Transcript, **query: Any) -> str:
    return get(browser, transcript, "txt", **query).decode()


def change(transcript: Transcript, owner: User, operation: AnyOperation) -> None:
    edit(transcript, owner, [operation])


@pytest.mark.parametrize("name", EXPORTERS)
def test_every_format_is_made_and_named_after_the_recording(browser: Client, transcript: Transcript, name: str) -> None:
    transcript.recording.title = "Встреча: 1/2"
    transcript.recording.save()

    response = browser.get(reverse("export", args=[transcript.job_id, name]))

    assert response.status_code == 200
    assert response["Content-Type"] == EXPORTERS[name].content_type
    assert f"1_2.{EXPORTERS[name].extension}" in response["Content-Disposition"]
    assert response["Cache-Control"] == "private, no-store"
    assert len(body(response)) > 20


def test_an_unknown_format_is_not_found(browser: Client, transcript: Transcript) -> None:
    get(browser, transcript, "odt", status=404)


def test_every_format_can_be_asked_for_on_the_command_line() -> None:
    (action,) = [
        action for action in Command().create_parser("manage.py", "transcribe")._actions if action.dest == "format"
    ]

    assert list(action.choices or ()) == list(EXPORTERS)


# Options --------------------------------------------------------------------------------------------------------------


def test_options_of_the_address_are_followed(browser: Client, transcript: Transcript) -> None:
    assert text(browser, transcript).startswith("[00:00:00] Speaker 1:\nWe met in July.")
    assert text(browser, transcript, names="false", times="false", by_turn="false").splitlines() == [
        "We met in July.",
        "Yes we did.",
        "It was warm.",
    ]


def test_what_was_chosen_is_remembered_for_every_format_and_only_for_this_person(
    browser: Client, transcript: Transcript, stranger: User
) -> None:
    text(browser, transcript, times="false", bom="true", preset="vertical", start="0:05")

    again = get(browser, transcript, "csv").decode()
    assert again.startswith("\ufeffspeaker,text")
    assert "July" in again  # a range belongs to one recording
    assert ExportPreference.objects.get().person_id != stranger.pk


def test_choices_are_kept_without_a_download(browser: Client, transcript: Transcript) -> None:
    answer = browser.post(reverse("export_options"), {"names": ["false"], "lines": "1", "longest": "3,5"})

    assert answer.status_code == 204
    assert "Speaker" not in text(browser, transcript)
    page = browser.get(reverse("panel", args=[transcript.recording_id, "exports"])).content.decode()
    assert 'name="longest" inputmode="decimal" autocomplete="off" value="3.5"' in page


@pytest.mark.parametrize(
    "wrong",
    [
        {"preset": "imax"},
        {"lines": "99"},
        {"lines": "two"},
        {"shortest": "5", "longest": "2"},
        {"names": "perhaps"},
        {"start": "yesterday"},
        {"start": "2:00", "end": "1:00"},
        {"start": "nan"},
        {"gap": "inf"},
    ],
)
def test_what_makes_no_sense_is_refused_in_a_sentence(
    browser: Client, transcript: Transcript, wrong: dict[str, str]
) -> None:
    response = browser.get(reverse("export", args=[transcript.job_id, "txt"]), wrong, follow=True)

    assert response.redirect_chain == [(f"/recordings/{transcript.recording_id}/?tab=exports", 302)]
    assert [str(message) for message in response.context["messages"]]
    assert not ExportPreference.objects.exists()


def test_refused_choices_are_not_kept(browser: Client) -> None:
    answer = browser.post(reverse("export_options"), {"lines": "99"})

    assert (answer.status_code, answer.json()["error"]) == (422, "No subtitle can be like this. Check the limits.")


def test_choices_that_a_release_dropped_are_forgotten(browser: Client, owner: User, transcript: Transcript) -> None:
    ExportPreference.objects.create(person=owner, choices={"preset": "imax", "names": False})

    assert "Speaker 1" in text(browser, transcript)


def test_a_range_is_cut_by_clock_or_seconds(browser: Client, transcript: Transcript) -> None:
    for start, end in (("0:05", "0:08"), ("5", "8"), ("0:00:05.0", "0:00:08,0")):
        assert "July" not in text(browser, transcript, start=start, end=end)
        assert "Yes we did." in text(browser, transcript, start=start, end=end)
        assert "warm" not in text(browser, transcript, start=start, end=end)


def test_presets_and_own_limits_shape_the_subtitles(browser: Client, owner: User) -> None:
    made = make_transcript(owner, ["one two three four five six seven eight nine ten eleven twelve"])

    usual = get(browser, made, "srt").decode()
    upright = get(browser, made, "srt", preset="vertical").decode()
    own = get(browser, made, "srt", preset="default", line_characters="12").decode()

    assert usual.count("-->") < upright.count("-->")
    assert max(map(len, own.splitlines())) <= 29
    assert all(len(line) <= 12 for line in own.splitlines() if line and "-->" not in line)


# Edited and original --------------------------------------------------------------------------------------------------


def first(transcript: Transcript) -> Segment:
    found = transcript.segments.first()
    assert found is not None
    return found


def test_the_original_is_what_stood_before_all_changes(browser: Client, owner: User, transcript: Transcript) -> None:
    ann = transcript.speakers.order_by("label").first()
    last = transcript.segments.last()
    assert ann is not None and last is not None
    change(transcript, owner, SetText(segment=first(transcript).pk, revision=0, text="We met in June, 2026."))
    change(transcript, owner, RenameSpeaker(speaker=ann.pk, was="", name="Ann"))
    change(transcript, owner, SetSpeaker(segment=last.pk, revision=0, name="Cleo"))
    change(transcript, owner, Delete(segment=last.pk, revision=1))

    edited, original = text(browser, transcript), text(browser, transcript, original="true")

    assert "June, 2026" in edited and "warm" not in edited
    assert "July" in original and "warm" in original and "Cleo" not in original
    assert original.startswith("[00:00:00] Ann:")


def test_the_original_comes_from_what_the_job_left(browser: Client, owner: User) -> None:
    with recipe_of():
        job = make_job(owner, recording=make_recording(owner))
        with queue.silenced():
            work.run_here(job.pk, worker="test")
    made = Job.objects.get(pk=job.pk).transcript
    made.segments.all().delete()

    assert [segment.text for segment in original_segments(made)] == ["Part 0.", "Part 1.", "Part 2."]
    assert "Part 2." in text(browser, made, original="true")


# What a file knows of its recording -----------------------------------------------------------------------------------


def test_documents_know_their_recording_and_lead_back_to_it(browser: Client, transcript: Transcript) -> None:
    document = Document(io.BytesIO(get(browser, transcript, "docx")))
    texts = [paragraph.text for paragraph in document.paragraphs]

    assert texts[0] == "Meeting"
    assert "Duration: 0:20" in texts
    assert "Speakers: Speaker 1, Speaker 2" in texts
    assert f"http://testserver/recordings/{transcript.recording_id}/?t=0" in document.element.body.xml
    content = json.loads(get(browser, transcript, "json"))
    assert (content["title"], content["media"]) == ("Meeting", "meeting.wav")


def test_facts_are_told_in_the_readers_language(browser: Client, transcript: Transcript) -> None:
    response = browser.get(reverse("export", args=[transcript.job_id, "html"]), headers={"Accept-Language": "ru"})

    assert "Говорящий 1" in body(response).decode()
    assert "английский" in body(response).decode().lower() or "Английский" in body(response).decode()


def test_speakers_called_like_formulas_and_markup_harm_nothing(browser: Client, transcript: Transcript) -> None:
    for speaker, name in zip(
        transcript.speakers.order_by("label"), ("=cmd()", "<script>alert(1)</script>"), strict=True
    ):
        speaker.name = name
        speaker.save()

    rows = list(csv.DictReader(io.StringIO(get(browser, transcript, "csv").decode())))
    page = get(browser, transcript, "html").decode()

    assert [row["speaker"] for row in rows] == ["'=cmd()", "<script>alert(1)</script>"]
    assert "<script" not in page


# Archives and large files ---------------------------------------------------------------------------------------------


def test_all_formats_come_as_one_archive(browser: Client, transcript: Transcript) -> None:
    archive = zipfile.ZipFile(io.BytesIO(get(browser, transcript, "zip")))

    assert archive.testzip() is None
    assert archive.namelist() == [f"Meeting.{item.extension}" for item in EXPORTERS.values()]
    assert archive.read("Meeting.txt").decode() == text(browser, transcript)


def test_a_large_file_is_sent_as_it_is_made(browser: Client, owner: User) -> None:
    made = make_transcript(owner, ["Some words of this meeting."] * 8_000)

    response = browser.get(reverse("export", args=[made.job_id, "csv"]), {"by_turn": "false"})

    assert response.streaming
    assert body(response).count(b"\n") == 8_001


def test_a_large_file_is_whole_for_browsers_that_take_it_packed(browser: Client, owner: User) -> None:
    made = make_transcript(owner, ["Some words of this meeting."] * 8_000)

    response = browser.get(
        reverse("export", args=[made.job_id, "csv"]), {"by_turn": "false"}, headers={"Accept-Encoding": "gzip, br"}
    )

    assert response["Content-Encoding"] == "identity"
    assert body(response).count(b"\n") == 8_001


def test_a_file_is_not_made_for_those_who_ask_only_whether_there_is_one(
    browser: Client, transcript: Transcript
) -> None:
    response = browser.head(reverse("export", args=[transcript.job_id, "pdf"]))

    assert (response.status_code, response.content) == (200, b"")


def test_an_export_costs_a_handful_of_queries(browser: Client, owner: User, django_assert_max_num_queries: Any) -> None:
    made = make_transcript(owner, ["Some words."] * 300, speakers="01" * 150)
    get(browser, made, "txt")

    with django_assert_max_num_queries(10):
        get(browser, made, "docx")


@pytest.mark.parametrize(
    ("name", "query", "are_read"), [("txt", {}, False), ("txt", {"start": "1"}, True), ("srt", {}, True)]
)
def test_words_are_read_only_where_a_file_tells_of_them(
    browser: Client, transcript: Transcript, name: str, query: dict[str, str], are_read: bool
) -> None:
    with CaptureQueriesContext(connection) as captured:
        get(browser, transcript, name, **query)

    assert any('"words"' in query["sql"] for query in captured.captured_queries) == are_read


# The tab --------------------------------------------------------------------------------------------------------------


def test_the_tab_offers_every_format_with_a_sentence(browser: Client, transcript: Transcript) -> None:
    page = browser.get(reverse("panel", args=[transcript.recording_id, "exports"])).content.decode()

    for exporter in EXPORTERS.values():
        assert reverse("export", args=[transcript.job_id, exporter.name]) in page
        assert exporter.note
    assert reverse("export", args=[transcript.job_id, "zip"]) in page


def test_the_tab_asks_for_the_original_only_where_something_was_changed(
    browser: Client, owner: User, transcript: Transcript
) -> None:
    address = reverse("panel", args=[transcript.recording_id, "exports"])
    assert b'name="original"' not in browser.get(address).content

    change(transcript, owner, SetText(segment=first(transcript).pk, revision=0, text="We met."))

    assert b'name="original"' in browser.get(address).content

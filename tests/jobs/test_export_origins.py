"""What files tell of where they come from, to whom; and what is said where something is not in them."""

import io
import json
import zipfile
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.cache import cache
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.http.response import HttpResponseBase
from django.test import Client
from django.urls import reverse

from jobs.models import ExportPreference, Recording, Share, Transcript
from jobs.services import exports, share_links
from jobs.services.edit_operations import SetText
from jobs.services.editing import edit
from tests.conftest import body
from tests.jobs.recipes import make_recording
from tests.jobs.transcripts import make_transcript

pytestmark = pytest.mark.django_db

SECRET = "Müller versus Smith"


@pytest.fixture(autouse=True)
def _nothing_kept() -> None:
    cache.clear()


@pytest.fixture
def transcript(owner: User) -> Transcript:
    made = make_transcript(owner, ["The budget is ready.", "So is the report."], speakers="01", duration=12.0)
    told = {"title": "Board meeting", "original_name": f"{SECRET}.Smith.mp3", "media_type": "audio/mpeg"}
    Recording.objects.filter(pk=made.recording_id).update(media_key=f"recordings/{made.recording_id}/media", **told)
    made.recording.refresh_from_db()
    return made


@pytest.fixture
def make(transcript: Transcript) -> Callable[..., Share]:
    def make_link(*, has_audio: bool = True) -> Share:
        return share_links.create(transcript.recording, expires_at=None, password="", has_audio=has_audio)

    return make_link


def shared(share: Share, name: str, **query: str) -> bytes:
    address = reverse("shared_export", args=[share_links.token_of(share), name])
    return body(Client().get(address, query))


def unpacked(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def bulk(browser: Client, *recordings: Recording) -> HttpResponseBase:
    return browser.post(reverse("recordings_act"), {"action": "export", "id": [str(one.pk) for one in recordings]})


# Shared links ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("has_audio", [True, False])
def test_files_of_a_link_keep_the_name_of_the_uploaded_file_to_themselves(
    make: Callable[..., Share], has_audio: bool
) -> None:
    share = make(has_audio=has_audio)

    files = {each.name: shared(share, each.name) for each in exports.formats()} | unpacked(shared(share, exports.ZIP))

    assert [name for name, content in files.items() if b"Smith" in content] == []


def test_files_of_a_link_call_the_media_by_the_title_and_only_where_the_link_has_it(make: Callable[..., Share]) -> None:
    with_audio, without = (json.loads(shared(make(has_audio=has), "json")) for has in (True, False))

    assert (with_audio["media"], without["media"]) == ("Board meeting.mp3", None)


def test_media_of_a_link_is_saved_under_the_title(make: Callable[..., Share]) -> None:
    share = make()
    default_storage.save(share.recording.media_key, ContentFile(b"sound"))

    answer = Client().get(reverse("shared_media", args=[share_links.token_of(share)]))

    assert answer["Content-Disposition"] == 'inline; filename="Board meeting.mp3"'
    assert "Smith" not in Client().get(reverse("shared", args=[share_links.token_of(share)])).content.decode()


@pytest.mark.parametrize("name", ["html", "md"])
def test_times_in_files_of_a_link_lead_to_its_own_page(make: Callable[..., Share], name: str) -> None:
    share = make()

    content = shared(share, name).decode()

    assert f"http://testserver/s/{share_links.token_of(share)}/?t=5" in content
    assert "/recordings/" not in content
    assert f"/s/{share_links.token_of(share)}/?t=5" in str(unpacked(shared(share, exports.ZIP))["Board meeting.md"])


# Ranges ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["txt", "srt", "zip"])
@pytest.mark.parametrize(
    ("span", "sentence"),
    [
        ({"start": "0:12"}, "The recording ends at 0:12."),
        ({"start": "1:00:00", "end": "2:00:00"}, "The recording ends at 0:12."),
        ({"start": "0:10", "end": "0:11"}, "Nothing is said in this part."),
    ],
)
def test_a_part_in_which_nothing_is_said_is_explained(
    browser: Client, transcript: Transcript, make: Callable[..., Share], name: str, span: dict[str, str], sentence: str
) -> None:
    own = browser.get(reverse("export", args=[transcript.job_id, name]), span)
    link = reverse("shared_export", args=[share_links.token_of(make()), name])
    visitors = Client().get(link, span, follow=True)

    assert own.status_code == 302
    assert sentence in browser.get(own["Location"]).content.decode()
    assert sentence in visitors.content.decode()


def test_a_part_that_ends_beyond_the_end_goes_to_the_end(browser: Client, transcript: Transcript) -> None:
    answer = browser.get(reverse("export", args=[transcript.job_id, "txt"]), {"start": "0:05", "end": "9:00:00"})

    assert "So is the report." in body(answer).decode()


# Several --------------------------------------------------------------------------------------------------------------


def test_files_of_several_are_as_the_person_wants_files(browser: Client, owner: User, transcript: Transcript) -> None:
    ExportPreference.objects.create(person=owner, choices={"times": False, "names": False})
    other = make_transcript(owner, ["Hello there."], speakers="0")

    files = unpacked(body(bulk(browser, transcript.recording, other.recording)))

    assert files["Board meeting.txt"].decode().splitlines() == ["The budget is ready.", "", "So is the report."]
    assert "Meeting.txt" in files


def test_times_in_files_of_several_lead_to_each_recording(browser: Client, owner: User, transcript: Transcript) -> None:
    other = make_transcript(owner, ["Hello there."])

    files = unpacked(body(bulk(browser, transcript.recording, other.recording)))

    assert f"/recordings/{transcript.recording_id}/?t=5" in files["Board meeting.html"].decode()
    assert f"/recordings/{other.recording_id}/?t=0" in files["Meeting.html"].decode()


def test_recordings_without_text_are_named_in_the_archive(browser: Client, owner: User, transcript: Transcript) -> None:
    waiting = make_recording(owner, title="Not\nheard yet")

    files = unpacked(body(bulk(browser, transcript.recording, waiting)))

    assert files["Not included.txt"].decode() == "These recordings have no text yet:\nNot heard yet\n"
    assert "Not included.txt" not in unpacked(body(bulk(browser, transcript.recording)))


def test_names_of_files_are_no_longer_than_systems_allow(browser: Client, owner: User, transcript: Transcript) -> None:
    long = make_transcript(owner, ["Hello."])
    Recording.objects.filter(pk=long.recording_id).update(title="Ю" * 296)
    same = make_transcript(owner, ["Hello again."])
    Recording.objects.filter(pk=same.recording_id).update(title="Ю" * 297)

    names = unpacked(body(bulk(browser, long.recording, same.recording))).keys()

    assert {len(name.encode()) < 230 for name in names} == {True}
    assert "Ю" * 100 + ".txt" in names and len(names) == 2 * len(exports.formats())


# Fonts ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("said", "told"), [("Great 🎉 news 🦜", "🎉🦜"), ("Съешь — ещё", "")])
def test_the_tab_says_what_pdf_cannot_show(browser: Client, owner: User, said: str, told: str) -> None:
    made = make_transcript(owner, [said])
    share = share_links.create(made.recording, expires_at=None, password="", has_audio=False)

    pages = [
        browser.get(reverse("panel", args=[made.recording_id, "exports"])),
        Client().get(reverse("shared", args=[share_links.token_of(share)])),
    ]

    for page in pages:
        content = page.content.decode()
        assert ("PDF has no font" in content) == bool(told)
        assert told in content


def test_what_pdf_cannot_show_is_looked_for_once_a_correction(
    browser: Client, transcript: Transcript, owner: User, django_assert_num_queries: Any
) -> None:
    exports.unshown_in_pdf(transcript)

    with django_assert_num_queries(0):
        exports.unshown_in_pdf(transcript)
    segment = transcript.segments.all()[0]
    edit(transcript, owner, [SetText(segment=segment.pk, revision=0, text="Great 🎉 news")])
    transcript.refresh_from_db()
    assert exports.unshown_in_pdf(transcript) == "🎉"

"""Read-only links: what they show, to whom, and for how long."""

import io
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.core.cache import cache
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django.utils.module_loading import import_string

from jobs.models import Artifact, Recording, Segment, Share, Transcript
from jobs.services import exports, share_links
from scripts import messages
from tests.conftest import body
from tests.jobs.recipes import make_recording
from tests.jobs.transcripts import make_transcript
from tests.transcriber.test_translations import english
from transcriber.logs import logging_config

pytestmark = pytest.mark.django_db

MEDIA = bytes(range(256)) * 20
PARTS = ("segments", "find", "text", "captions", "subtitles", "media", "peaks")
Make = Callable[..., Share]


@pytest.fixture(autouse=True)
def no_tries_so_far() -> None:
    cache.clear()


@pytest.fixture
def transcript(owner: User) -> Transcript:
    """With media and a waveform, spoken by two people."""
    made = make_transcript(owner, ["The budget is ready.", "So is the report."], speakers="01", duration=12.0)
    key = f"recordings/{made.recording_id}/media"
    Recording.objects.filter(pk=made.recording_id).update(media_key=key, media_type="audio/wav", title="Board meeting")
    default_storage.save(key, ContentFile(MEDIA))
    peaks = f"jobs/{made.job_id}/peaks.json"
    default_storage.save(peaks, ContentFile(b'{"version":1,"peaks":[0.5]}'))
    Artifact.objects.create(job=made.job, step="normalize", name="peaks.json", key=peaks, size_bytes=9, sha256="0")
    made.recording.refresh_from_db()
    return made


@pytest.fixture
def make(transcript: Transcript) -> Make:
    def make_link(**values: Any) -> Share:
        asked: dict[str, Any] = {"expires_at": None, "password": "", "has_audio": True}
        return share_links.create(transcript.recording, **asked | values)

    return make_link


@pytest.fixture
def visitor() -> Client:
    """Somebody without an account."""
    return Client()


def address(share: Share, part: str = "") -> str:
    return reverse("shared", args=[share_links.token_of(share)]) + (f"{part}/" if part else "")


# What is shown --------------------------------------------------------------------------------------------------------


def test_a_visitor_reads_and_plays_without_an_account(visitor: Client, make: Make) -> None:
    share = make()

    html = visitor.get(address(share)).content.decode()

    assert "Board meeting" in html and "The budget is ready." in html and "Speaker 2" in html
    assert f'src="{address(share, "media")}"' in html
    assert f'data-peaks-url="{address(share, "peaks")}"' in html
    assert f'data-find-url="{address(share, "find")}"' in html


def test_the_parts_of_the_page_come_from_below_its_address(visitor: Client, make: Make) -> None:
    share = make()

    rows = visitor.get(address(share, "segments"), {"stretch": "0"}).content.decode()

    assert "So is the report." in rows
    assert visitor.get(address(share, "find"), {"q": "report"}).json()["total"] == 1
    assert visitor.get(address(share, "text")).content.decode().startswith("Speaker 1: The budget is ready.")
    assert visitor.get(address(share, "captions")).content.startswith(b"WEBVTT")
    assert body(visitor.get(address(share, "peaks"))) == b'{"version":1,"peaks":[0.5]}'
    assert body(visitor.get(address(share, "media"))) == MEDIA


def test_media_of_a_link_comes_by_range(visitor: Client, make: Make) -> None:
    answer = visitor.get(address(make(), "media"), headers={"Range": "bytes=10-19"})

    assert (answer.status_code, answer["Content-Range"]) == (206, f"bytes 10-19/{len(MEDIA)}")
    assert body(answer) == MEDIA[10:20]


@pytest.mark.parametrize("name", [each.name for each in exports.formats()])
def test_every_format_can_be_taken_away(visitor: Client, make: Make, name: str) -> None:
    answer = visitor.get(address(make(), f"export/{name}"))

    assert answer.status_code == 200 and body(answer)
    assert "Board meeting" in answer["Content-Disposition"]


def test_files_are_as_the_visitor_wants_them(visitor: Client, make: Make) -> None:
    share = make()
    options = {"names": "false", "times": "false", "end": "0:04"}

    text = body(visitor.get(address(share, "export/txt"), options)).decode()

    assert "The budget is ready." in text and "Speaker" not in text and "report" not in text
    assert body(visitor.get(address(share, "export/zip"))).startswith(b"PK")


def test_options_that_make_no_sense_are_explained(visitor: Client, make: Make) -> None:
    share = make()

    answer = visitor.get(address(share, "export/srt"), {"start": "soon"}, follow=True)

    assert answer.redirect_chain == [(f"{address(share)}?tab=exports", 302)]
    assert "is no time" in answer.content.decode()


def test_visitors_never_get_what_stood_there_before_a_correction(
    browser: Client, visitor: Client, make: Make, transcript: Transcript
) -> None:
    share = make()
    segment = transcript.segments.earliest("start")
    change = {"kind": "text", "segment": segment.pk, "revision": segment.revision, "text": "Nothing is ready."}
    corrected = browser.post(
        reverse("transcript_changes", args=[transcript.pk]), {"operations": [change]}, content_type="application/json"
    )

    text = body(visitor.get(address(share, "export/txt"), {"original": "true"})).decode()

    assert corrected.status_code == 200
    assert "Nothing is ready." in text and "budget" not in text
    assert 'name="original"' not in visitor.get(address(share)).content.decode()


def test_an_unknown_format_is_not_there(visitor: Client, make: Make) -> None:
    assert visitor.get(address(make(), "export/exe")).status_code == 404


def test_a_correction_is_seen_by_who_comes_later(visitor: Client, make: Make) -> None:
    share = make()

    Segment.objects.filter(text="So is the report.").update(text="So is the contract.")

    assert b"So is the contract." in visitor.get(address(share)).content


def test_nothing_on_the_page_can_be_changed(visitor: Client, make: Make) -> None:
    html = visitor.get(address(make())).content.decode()

    for sign in (
        "data-editing",
        "data-speaker-menu",
        "data-speaker-turn",
        "data-sample",
        "data-doubt",
        'method="post"',
    ):
        assert sign not in html, sign
    for sign in ("/recordings/", "/transcripts/", "/jobs/", "/accounts/", "/upload/"):
        assert sign not in html, sign


def test_the_owner_sees_what_visitors_see(browser: Client, make: Make) -> None:
    html = browser.get(address(make())).content.decode()

    assert "owner@example.org" not in html
    assert "data-editing" not in html and "/upload/" not in html


def test_a_recording_without_text_has_nothing_to_show(visitor: Client, make: Make) -> None:
    share = make()
    Transcript.objects.all().delete()

    assert visitor.get(address(share)).status_code == 404


# Without the audio ----------------------------------------------------------------------------------------------------


def test_without_the_audio_there_is_nothing_of_it(visitor: Client, make: Make) -> None:
    share = make(has_audio=False)

    html = visitor.get(address(share)).content.decode()

    assert "The budget is ready." in html
    for sign in ("<audio", "<video", "data-player", "/media/", "/peaks", "captions", "player.js"):
        assert sign not in html, sign
    assert {part: visitor.get(address(share, part)).status_code for part in PARTS} == {
        "segments": 200, "find": 200, "text": 200, "subtitles": 200, "captions": 404, "media": 404, "peaks": 404,
    }  # fmt: skip


def test_audio_that_was_deleted_since_is_not_there(visitor: Client, make: Make) -> None:
    share = make()
    Recording.objects.update(media_key="")

    assert "data-player" not in visitor.get(address(share)).content.decode()
    assert visitor.get(address(share, "media")).status_code == 404


# For how long ---------------------------------------------------------------------------------------------------------


def expire(share: Share) -> None:
    Share.objects.filter(pk=share.pk).update(expires_at=timezone.now())


def delete_recording(share: Share) -> None:
    Recording.objects.filter(pk=share.recording_id).delete()


def put_in_the_trash(share: Share) -> None:
    Recording.objects.filter(pk=share.recording_id).update(deleted_at=timezone.now())


@pytest.mark.parametrize("end", [share_links.revoke, expire, delete_recording, put_in_the_trash])
def test_a_link_that_ended_is_as_one_that_never_was(
    visitor: Client, make: Make, end: Callable[[Share], object]
) -> None:
    share = make()
    assert visitor.get(address(share)).status_code == 200

    end(share)

    never = visitor.get(reverse("shared", args=["A" * 32]))
    ended = visitor.get(address(share))
    assert (ended.status_code, ended.content) == (404, never.content)
    assert {visitor.get(address(share, part)).status_code for part in (*PARTS, "export/txt")} == {404}


def test_a_link_works_again_when_its_recording_comes_back_from_the_trash(visitor: Client, make: Make) -> None:
    share = make()
    put_in_the_trash(share)

    Recording.objects.update(deleted_at=None)

    assert visitor.get(address(share)).status_code == 200


def test_a_link_is_open_until_it_expires(visitor: Client, make: Make) -> None:
    assert visitor.get(address(make(expires_at=timezone.now() + timedelta(minutes=1)))).status_code == 200


@pytest.mark.parametrize("token", ["A", "A" * 5000, "%00", "é", "..", str(uuid4())])
def test_a_wrong_token_is_not_found(visitor: Client, make: Make, token: str) -> None:
    make()

    assert visitor.get(f"/s/{token}/").status_code == 404


def test_the_address_is_not_kept_and_cannot_be_guessed(make: Make, transcript: Transcript) -> None:
    shares = [make() for _ in range(3)]

    tokens = {str(share_links.token_of(share)) for share in shares}

    assert len(tokens) == 3 and {len(token) for token in tokens} == {32}  # 24 bytes
    stored = " ".join(str(value) for row in Share.objects.values() for value in row.values())
    assert not any(token in stored for token in tokens)


def test_with_another_secret_key_links_work_but_are_not_shown_again(visitor: Client, make: Make, settings: Any) -> None:
    share = make()
    given = address(share)

    settings.SECRET_KEY = "another"

    assert share_links.token_of(share) is None
    assert visitor.get(given).status_code == 200


# Caches and search engines --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("part", ["", *PARTS, "export/txt", "export/none"])
def test_no_cache_no_search_engine_and_no_other_site_learns_of_it(visitor: Client, make: Make, part: str) -> None:
    answer = visitor.get(address(make(), part))

    assert answer["Referrer-Policy"] == "no-referrer"
    assert "noindex" in answer["X-Robots-Tag"]
    assert "private" in answer["Cache-Control"]


@pytest.mark.parametrize("style", ["text", "json"])
def test_the_log_of_what_is_refused_opens_no_link(make: Make, style: str, settings: Any) -> None:
    settings.ACCOUNT_RATE_LIMITS = {"share_password": "1/5m/ip"}
    share = make(password="open sesame")
    token = str(share_links.token_of(share))
    visitor, forger = Client(), Client(enforce_csrf_checks=True)

    with logged(style) as stream:
        statuses = [visitor.get(address(share, "media")).status_code, forger.post(address(share)).status_code]
        tries = [Client().post(address(share), {"password": "not this"}) for _try in range(2)]
        visitor.post(address(share), {"password": "open sesame"}, REMOTE_ADDR="192.0.2.7")
        statuses += [
            tries[-1].status_code,
            visitor.get(address(share, "media"), headers={"Range": "bytes=9999-"}).status_code,
        ]

    assert statuses == [404, 403, 429, 416]
    assert stream.getvalue().count("/s/…/") == len(statuses)
    assert token not in stream.getvalue()


@contextmanager
def logged(style: str) -> Iterator[io.StringIO]:
    """What the site's log takes up meanwhile."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(import_string(logging_config("INFO", style)["formatters"]["line"]["()"])())
    logging.getLogger("django").addHandler(handler)
    try:
        yield stream
    finally:
        logging.getLogger("django").removeHandler(handler)


# The password ---------------------------------------------------------------------------------------------------------


def test_with_a_password_nothing_is_told_before_it(visitor: Client, make: Make) -> None:
    share = make(password="open sesame")

    answer = visitor.get(address(share))

    assert answer.status_code == 200
    assert "Board meeting" not in answer.content.decode() and "budget" not in answer.content.decode()
    assert {visitor.get(address(share, part)).status_code for part in (*PARTS, "export/txt")} == {404}
    assert (answer["Referrer-Policy"], answer["X-Robots-Tag"]) == ("same-origin", "noindex, nofollow")
    assert share.password.startswith("pbkdf2_") and "sesame" not in share.password


def test_the_right_password_is_remembered_for_this_link_only(visitor: Client, make: Make) -> None:
    share, other = make(password="open sesame"), make(password="open barley")

    answer = visitor.post(address(share), {"password": "open sesame"})

    assert (answer.status_code, answer["Location"]) == (302, address(share))
    assert "The budget is ready." in visitor.get(address(share)).content.decode()
    assert visitor.get(address(share, "media")).status_code == 200
    assert visitor.get(address(other, "media")).status_code == 404
    assert Client().get(address(share, "media")).status_code == 404


@pytest.mark.parametrize("typed", ["", "wrong", "OPEN SESAME"])
def test_a_wrong_password_opens_nothing(visitor: Client, make: Make, typed: str) -> None:
    share = make(password="open sesame")

    answer = visitor.post(address(share), {"password": typed})

    assert "budget" not in answer.content.decode()
    assert visitor.get(address(share, "text")).status_code == 404


def test_guessing_is_stopped(visitor: Client, make: Make) -> None:
    share = make(password="open sesame")

    tries = [visitor.post(address(share), {"password": f"guess {number}"}).status_code for number in range(12)]
    right = visitor.post(address(share), {"password": "open sesame"})

    assert tries == [200] * 10 + [429] * 2
    assert right.status_code == 429 and "Too many tries" in right.content.decode()
    assert visitor.get(address(share, "text")).status_code == 404


def test_a_forged_form_is_refused(make: Make) -> None:
    client = Client(enforce_csrf_checks=True)

    assert client.post(address(make(password="open sesame")), {"password": "open sesame"}).status_code == 403


# Counting -------------------------------------------------------------------------------------------------------------


def views(share: Share) -> int:
    share.refresh_from_db()
    return share.views


def test_each_visitor_counts_once_and_the_owner_never(browser: Client, make: Make) -> None:
    share = make()
    for client in (Client(), Client()):
        statuses = [client.post(address(share), {"opened": "1"}).status_code for _ in range(3)]
    browser.post(address(share), {"opened": "1"})

    assert statuses == [204, 204, 204]
    assert views(share) == 2


def test_what_only_fetches_the_page_is_no_visitor(visitor: Client, make: Make) -> None:
    share = make()
    visitor.get(address(share))
    visitor.head(address(share))

    assert views(share) == 0
    assert "sessionid" not in visitor.cookies


def test_asking_for_the_password_is_no_view(visitor: Client, make: Make) -> None:
    share = make(password="open sesame")
    visitor.get(address(share))
    visitor.post(address(share), {"opened": "1"})

    assert views(share) == 0


# Cost -----------------------------------------------------------------------------------------------------------------


def test_the_page_costs_no_more_queries_than_the_owners(
    visitor: Client, make: Make, django_assert_max_num_queries: Any
) -> None:
    share = make(password="open sesame")
    visitor.post(address(share), {"password": "open sesame"})
    visitor.get(address(share))

    with django_assert_max_num_queries(8):
        visitor.get(address(share))
    with django_assert_max_num_queries(5):
        visitor.get(address(share, "segments"))


# The owner's side -----------------------------------------------------------------------------------------------------

FORM = {"expiry": "never", "password": "", "has_audio": "on"}


def links_page(transcript: Transcript) -> str:
    return reverse("shares", args=[transcript.recording_id])


def test_the_recordings_page_leads_to_its_links(browser: Client, transcript: Transcript) -> None:
    html = browser.get(reverse("recording", args=[transcript.recording_id])).content.decode()

    assert f'href="{links_page(transcript)}" data-share-open' in html


def test_a_link_is_made_without_a_script(browser: Client, visitor: Client, transcript: Transcript) -> None:
    answer = browser.post(links_page(transcript), FORM)

    assert (answer.status_code, answer["Location"]) == (302, links_page(transcript))
    given = f"http://testserver{address(Share.objects.get())}"
    assert given in browser.get(links_page(transcript)).content.decode()
    assert visitor.get(given).status_code == 200


def test_the_dialog_gets_the_new_link_at_once(browser: Client, transcript: Transcript) -> None:
    answer = browser.post(links_page(transcript), FORM, headers={"X-Partial": "1"})

    html = answer.content.decode()
    assert answer.status_code == 200 and "<html" not in html
    assert "is-new" in html and address(Share.objects.get()) in html and "The link is ready." in html


@pytest.mark.parametrize(("expiry", "days"), [("1", 1), ("7", 7), ("30", 30)])
def test_a_link_works_for_some_days(browser: Client, transcript: Transcript, expiry: str, days: int) -> None:
    browser.post(links_page(transcript), FORM | {"expiry": expiry})

    expires_at = Share.objects.get().expires_at
    assert expires_at is not None
    assert abs(expires_at - timezone.now() - timedelta(days=days)) < timedelta(minutes=1)


def test_a_link_works_to_the_end_of_a_day(browser: Client, transcript: Transcript) -> None:
    day = timezone.localdate()

    browser.post(links_page(transcript), FORM | {"expiry": "date", "until": day.isoformat()})

    expires_at = Share.objects.get().expires_at
    assert expires_at is not None
    assert timezone.localtime(expires_at).isoformat()[:16] == f"{day + timedelta(days=1)}T00:00"


def test_a_link_without_end_a_password_and_without_the_audio(browser: Client, transcript: Transcript) -> None:
    browser.post(links_page(transcript), {"expiry": "never", "password": "open sesame"})

    share = Share.objects.get()
    assert (share.expires_at, share.has_audio) == (None, False)
    assert share_links.is_right_password(share, "open sesame")


@pytest.mark.parametrize(
    "asked",
    [
        {"expiry": "date", "until": ""},
        {"expiry": "date", "until": "2020-01-01"},
        {"expiry": "date", "until": "soon"},
        {"expiry": "99"},
        {"expiry": ""},
        {"password": "short"},
    ],
)
def test_what_makes_no_sense_is_explained(browser: Client, transcript: Transcript, asked: dict[str, str]) -> None:
    answer = browser.post(links_page(transcript), FORM | asked)

    assert answer.status_code == 200
    assert "error" in answer.content.decode()
    assert not Share.objects.exists()


def test_a_revoked_link_is_no_longer_listed(
    browser: Client, visitor: Client, transcript: Transcript, make: Make
) -> None:
    share = make()

    answer = browser.post(reverse("share_revoke", args=[share.pk]))

    assert (answer.status_code, answer["Location"]) == (302, links_page(transcript))
    assert visitor.get(address(share)).status_code == 404
    assert address(share) not in browser.get(links_page(transcript)).content.decode()


def test_the_list_tells_what_became_of_each_link(browser: Client, transcript: Transcript, make: Make) -> None:
    Share.objects.filter(pk=make(password="open sesame", has_audio=False).pk).update(views=3)
    expire(make())

    html = browser.get(links_page(transcript)).content.decode()

    for said in ("Opened by 3 visitors", "With a password", "Text only", "Expired on", "Not opened yet"):
        assert said in html, said


def test_there_is_no_link_to_a_recording_without_text(browser: Client, owner: User) -> None:
    bare = make_recording(owner)

    assert browser.post(reverse("shares", args=[bare.pk]), FORM).status_code == 404


@pytest.mark.parametrize("language", ["en", "ru"])
def test_all_of_it_is_in_the_readers_language(
    browser: Client, transcript: Transcript, make: Make, language: str
) -> None:
    messages.compile_stale()
    Recording.objects.update(title="Встреча")
    Segment.objects.update(text="слово")
    shares = [make(), make(password="open sesame", has_audio=False, expires_at=timezone.now() + timedelta(days=1))]
    expire(make())

    addresses = [links_page(transcript), *map(address, shares)]
    pages = [browser.get(one, headers={"Accept-Language": language}).content.decode() for one in addresses]

    assert [bool(english(page)) for page in pages] == [language == "en"] * 3, [english(page) for page in pages]

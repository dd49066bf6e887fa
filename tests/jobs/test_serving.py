import pytest
from django.contrib.auth.models import User
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.test import Client
from django.urls import reverse

from jobs.models import Artifact, Job, Recording
from jobs.views.serving import RangeOutsideFile, byte_range
from tests.conftest import body
from tests.jobs.recipes import make_job, make_recording

CONTENT = bytes(range(256)) * 4000


@pytest.fixture
def recording(owner: User) -> Recording:
    made = make_recording(owner, media_type="audio/mpeg", original_name='Résumé "1" Иван\r\n.mp3')
    made.media_key = f"recordings/{made.pk}/media"
    made.save()
    default_storage.save(made.media_key, ContentFile(CONTENT))
    return made


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("", None),
        ("bytes=0-9", (0, 9)),
        ("bytes=10-", (10, 99)),
        ("bytes=-5", (95, 99)),
        ("bytes=-500", (0, 99)),
        ("bytes=90-500", (90, 99)),
        ("bytes=0-1,5-6", None),
        ("items=0-1", None),
        ("bytes=-", None),
        ("bytes=0-" + "9" * 5000, None),
    ],
)
def test_ranges_are_read_as_the_standard_says(header: str, expected: tuple[int, int] | None) -> None:
    assert byte_range(header, 100) == expected


@pytest.mark.parametrize("header", ["bytes=100-", "bytes=5-2", "bytes=-0"])
def test_ranges_outside_the_file_are_told_from_forms_we_ignore(header: str) -> None:
    with pytest.raises(RangeOutsideFile):
        byte_range(header, 100)


def test_media_comes_whole_without_a_range(browser: Client, recording: Recording) -> None:
    response = browser.get(reverse("media", args=[recording.pk]))

    assert response.status_code == 200
    assert (response["Content-Type"], response["Accept-Ranges"]) == ("audio/mpeg", "bytes")
    assert response["Content-Length"] == str(len(CONTENT))
    assert body(response) == CONTENT


def test_media_comes_by_range(browser: Client, recording: Recording) -> None:
    headers = {"Range": "bytes=300000-700000", "Accept-Encoding": "gzip"}
    response = browser.get(reverse("media", args=[recording.pk]), headers=headers)

    assert response.status_code == 206
    assert response["Content-Range"] == f"bytes 300000-700000/{len(CONTENT)}"
    assert body(response) == CONTENT[300000:700001]


def test_a_range_beyond_the_file_is_answered_416(browser: Client, recording: Recording) -> None:
    response = browser.get(reverse("media", args=[recording.pk]), headers={"Range": "bytes=99999999-"})

    assert response.status_code == 416
    assert response["Content-Range"] == f"bytes */{len(CONTENT)}"


def test_media_can_run_nothing_and_its_name_breaks_no_header(browser: Client, recording: Recording) -> None:
    response = browser.get(reverse("media", args=[recording.pk]))

    assert response["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in response["Content-Security-Policy"]
    assert "\n" not in response["Content-Disposition"]


def test_deleted_media_is_not_found(browser: Client, recording: Recording) -> None:
    default_storage.delete(recording.media_key)

    assert browser.get(reverse("media", args=[recording.pk])).status_code == 404


@pytest.mark.parametrize("header", ["items=0-1", "bytes=0-1,5-6"])
def test_a_range_we_ignore_is_answered_with_the_whole(browser: Client, recording: Recording, header: str) -> None:
    response = browser.get(reverse("media", args=[recording.pk]), headers={"Range": header})

    assert (response.status_code, response["Content-Length"]) == (200, str(len(CONTENT)))


def test_a_browser_asks_again_for_media_it_has_and_gets_none(browser: Client, recording: Recording) -> None:
    address = reverse("media", args=[recording.pk])
    first = browser.get(address)

    again = browser.get(address, headers={"If-None-Match": first["ETag"]})

    assert first["Cache-Control"] == again["Cache-Control"] == "private, no-cache"
    assert (again.status_code, body(again)) == (304, b"")


def test_a_range_of_another_version_is_answered_with_the_whole(browser: Client, recording: Recording) -> None:
    address = reverse("media", args=[recording.pk])
    etag = browser.get(address)["ETag"]

    same = browser.get(address, headers={"Range": "bytes=0-9", "If-Range": etag})
    other = browser.get(address, headers={"Range": "bytes=0-9", "If-Range": '"other"'})

    assert (same.status_code, other.status_code) == (206, 200)


def test_head_says_how_large_the_media_is(browser: Client, recording: Recording) -> None:
    response = browser.head(reverse("media", args=[recording.pk]))

    assert (response.status_code, response["Content-Length"]) == (200, str(len(CONTENT)))
    assert not response.streaming


@pytest.fixture
def job(recording: Recording) -> Job:
    """A job with peaks and an export."""
    made = make_job(None, recording=recording)
    for step, name in (("normalize", "peaks.json"), ("export", "transcript.txt")):
        key = default_storage.save(f"jobs/{made.pk}/{name}", ContentFile(b"{}"))
        Artifact.objects.create(job=made, step=step, name=name, key=key, size_bytes=2, sha256="abc")
    return made


def test_exports_are_kept_by_no_cache(browser: Client, job: Job) -> None:
    assert browser.get(reverse("export", args=[job.pk, "txt"]))["Cache-Control"] == "private, no-store"


def test_peaks_are_asked_for_again(browser: Client, job: Job) -> None:
    address = reverse("peaks", args=[job.recording_id])

    first = browser.get(address)
    again = browser.get(address, headers={"If-None-Match": first["ETag"]})

    assert (first.content, first["Cache-Control"]) == (b"{}", "private, no-cache")
    assert again.status_code == 304


def test_every_page_answers_head(browser: Client, job: Job) -> None:
    recording_pages = [reverse(name, args=[job.recording_id]) for name in ("recording", "media", "peaks")]
    job_pages = [reverse(name, args=[job.pk]) for name in ("job_snapshot", "job_preview")]
    pages = [reverse(name) for name in ("library", "upload", "health_live", "health_ready")]
    export = reverse("export", args=[job.pk, "txt"])

    answers = {page: browser.head(page).status_code for page in [*recording_pages, *job_pages, *pages, export]}

    assert set(answers.values()) == {200}, answers

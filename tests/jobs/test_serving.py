import pytest
from django.contrib.auth.models import User
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.test import Client
from django.urls import reverse

from jobs.models import Recording
from jobs.views.serving import byte_range
from tests.conftest import body
from tests.jobs.recipes import make_recording

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
        ("", (0, 99)),
        ("bytes=0-9", (0, 9)),
        ("bytes=10-", (10, 99)),
        ("bytes=-5", (95, 99)),
        ("bytes=-500", (0, 99)),
        ("bytes=90-500", (90, 99)),
        ("bytes=0-1,5-6", (0, 99)),
        ("items=0-1", (0, 99)),
        ("bytes=-", (0, 99)),
        ("bytes=100-", None),
        ("bytes=5-2", None),
        ("bytes=-0", None),
    ],
)
def test_ranges_are_read_as_the_standard_says(header: str, expected: tuple[int, int] | None) -> None:
    assert byte_range(header, 100) == expected


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

"""Handing a file in: whatever breaks meanwhile, it is there afterwards, once."""

import errno
import hashlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.core.files.storage import default_storage
from django.db import IntegrityError, OperationalError, connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from jobs import events, storage
from jobs.models import Job, Recording, Upload
from jobs.services import conduct, retention, upload
from jobs.services.submit import submit
from jobs.services.upload import AlreadyHere, UploadGone
from media_pipeline.options import TranscribeOptions
from tests.speech import Line, render

OPTIONS = TranscribeOptions(engine="pocketsphinx", model="en-us")
OLD = 0.0


@pytest.fixture(scope="module")
def speech() -> bytes:
    return render([Line("slt", "We will discuss the budget today.", 0.3)]).path.read_bytes()


@pytest.fixture(autouse=True)
def data_dir(tmp_path: Path, settings: Any) -> Path:
    """Folders of its own for each test, for what arrives and for what is stored."""
    default = {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": tmp_path / "storage"}}
    settings.STORAGES = settings.STORAGES | {"default": default}
    settings.DATA_DIR = tmp_path
    return tmp_path


@pytest.fixture
def bucket(settings: Any) -> None:
    """A store that is not a folder on this machine."""
    default = {"BACKEND": "django.core.files.storage.InMemoryStorage"}
    settings.STORAGES = settings.STORAGES | {"default": default}


def arrived(owner: User, data: bytes, name: str = "meeting.wav") -> Upload:
    """An upload of which every byte is there."""
    begun = upload.begin(owner=owner, original_name=name, size_bytes=len(data))
    upload.append(begun, offset=0, body=BytesIO(data))
    return begun


def hand_in(begun: Upload, **others: Any) -> Job:
    """As a request does, which reads the row anew."""
    return upload.complete(Upload.objects.get(pk=begun.pk), options=OPTIONS, **others)


def stored() -> list[bytes]:
    return [storage.open_file(key).read() for key in storage.keys_below("recordings")]


def failing(error: BaseException) -> Callable[..., None]:
    def fail(*_args: object) -> None:
        raise error

    return fail


def only_recording_is(data: bytes) -> None:
    recording = Recording.objects.get()
    assert recording.content_hash == hashlib.sha256(data).hexdigest()
    assert storage.open_file(recording.media_key).read() == data
    assert not Upload.objects.exists()


# What breaks while a file is handed in --------------------------------------------------------------------------------


@pytest.mark.parametrize("error", [OperationalError("database is locked"), KeyboardInterrupt()])
@pytest.mark.parametrize("place", ["folder", "bucket"])
def test_after_an_error_of_the_database_the_same_file_is_handed_in_again(
    owner: User,
    speech: bytes,
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
    place: str,
    error: BaseException,
) -> None:
    if place == "bucket":
        request.getfixturevalue("bucket")
    begun = arrived(owner, speech)

    with monkeypatch.context() as broken, pytest.raises(type(error)):
        broken.setattr(conduct, "start", failing(error))
        hand_in(begun)
    assert upload.part_path(begun).read_bytes() == speech
    assert (stored(), Recording.objects.count(), Upload.objects.get()) == ([], 0, begun)

    hand_in(begun)
    only_recording_is(speech)
    assert not upload.part_path(begun).exists()


@pytest.mark.django_db(transaction=True)
def test_after_a_commit_that_failed_the_same_file_is_handed_in_again(
    owner: User, speech: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = arrived(owner, speech)

    def break_the_commit(_job: Job) -> None:
        with connection.cursor() as cursor:  # no rule of the database holds until then
            cursor.execute("DELETE FROM auth_user")

    with monkeypatch.context() as broken, pytest.raises(IntegrityError):
        broken.setattr(conduct, "start", break_the_commit)
        hand_in(begun)
    assert (stored(), Recording.objects.count()) == ([], 0)

    hand_in(begun)
    only_recording_is(speech)


def test_after_a_store_that_failed_the_same_file_is_handed_in_again(
    owner: User, speech: bytes, bucket: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = arrived(owner, speech)

    with monkeypatch.context() as broken, pytest.raises(OSError, match="no answer"):
        broken.setattr(default_storage, "save", failing(OSError("no answer")))
        hand_in(begun)

    hand_in(begun)
    only_recording_is(speech)


def test_where_files_can_have_no_second_name_they_are_copied(
    owner: User, speech: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = arrived(owner, speech)
    monkeypatch.setattr(Path, "hardlink_to", failing(OSError(errno.EXDEV, "another disk")))

    with monkeypatch.context() as broken, pytest.raises(OperationalError):
        broken.setattr(conduct, "start", failing(OperationalError()))
        hand_in(begun)
    assert (stored(), upload.part_path(begun).read_bytes()) == ([], speech)

    hand_in(begun)
    only_recording_is(speech)
    assert len(stored()) == 1


def test_the_file_that_is_submitted_stays_where_it_is(owner: User, speech: bytes, tmp_path: Path) -> None:
    path = tmp_path / "meeting.wav"
    path.write_bytes(speech)

    submit(path=path, original_name=path.name, options=OPTIONS, owner=owner)

    assert path.read_bytes() == speech
    assert stored() == [speech]


KILLED = """
import os, signal, sys
import django
django.setup()
from jobs import events
from jobs.models import Upload
from jobs.services import conduct, upload
from media_pipeline.options import TranscribeOptions
pk, place, name = sys.argv[1:]
module = {"conduct": conduct, "events": events}[place]
setattr(module, name, lambda *_args: os.kill(os.getpid(), signal.SIGKILL))
upload.complete(Upload.objects.get(pk=pk), options=TranscribeOptions(engine="pocketsphinx", model="en-us"))
"""


def killed_at(begun: Upload, place: str, name: str) -> None:
    """Hand an upload in by a process of its own that gets SIGKILL where it calls the function."""
    variables = os.environ | {
        "DJANGO_SETTINGS_MODULE": "transcriber.settings",
        "DATABASE_URL": f"sqlite:///{connection.settings_dict['NAME']}",
        "REDIS_URL": settings.ENV.redis_url,
        "DATA_DIR": str(settings.DATA_DIR),
    }
    argv = [sys.executable, "-c", KILLED, str(begun.pk), place, name]
    ended = subprocess.run(argv, env=variables, cwd=settings.BASE_DIR, capture_output=True, check=False, timeout=120)
    assert ended.returncode == -signal.SIGKILL, ended.stderr.decode()


@pytest.mark.django_db(transaction=True)
def test_what_a_kill_leaves_before_all_is_kept_can_be_handed_in_and_the_rest_is_cleaned_up(
    owner: User, speech: bytes
) -> None:
    begun = arrived(owner, speech)

    killed_at(begun, "conduct", "start")
    assert (stored(), Recording.objects.count()) == ([speech], 0)
    hand_in(begun)
    assert len(stored()) == 2
    for key in storage.keys_below("recordings"):
        os.utime(default_storage.path(key), (OLD, OLD))
    tally = retention.clean()

    assert (tally.deleted, tally.failed, stored()) == (1, 0, [speech])
    only_recording_is(speech)


@pytest.mark.django_db(transaction=True)
def test_what_a_kill_leaves_after_all_is_kept_is_cleaned_up(owner: User, browser: Client, speech: bytes) -> None:
    begun = arrived(owner, speech)

    killed_at(begun, "events", "publish")
    only_recording_is(speech)
    assert browser.post(f"{reverse('upload_piece', args=[begun.pk])}submit/").status_code == 404
    assert Job.objects.get().steps.exists()
    os.utime(upload.part_path(begun), (OLD, OLD))
    tally = retention.clean()

    assert (tally.deleted, tally.failed, upload.part_path(begun).exists()) == (1, 0, False)
    only_recording_is(speech)


def test_a_file_that_waited_long_is_not_cleaned_up_while_it_is_handed_in(
    owner: User, speech: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = arrived(owner, speech)
    os.utime(upload.part_path(begun), (OLD, OLD))
    start = conduct.start

    def clean_and_start(job: Job) -> None:
        Recording.objects.filter(pk=job.recording_id).update(media_key="not seen by others yet")
        retention.clean()
        Recording.objects.filter(pk=job.recording_id).update(media_key=f"recordings/{job.recording_id}/media")
        start(job)

    monkeypatch.setattr(retention, "_is_in_work", lambda key: False)
    monkeypatch.setattr(conduct, "start", clean_and_start)

    hand_in(begun)

    only_recording_is(speech)


def test_whose_account_goes_while_a_file_is_handed_in_leaves_nothing(
    owner: User, speech: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = arrived(owner, speech)
    save_copy = storage.save_copy

    def save_slowly(key: str, path: Path) -> None:
        save_copy(key, path)
        Upload.objects.all().delete()

    monkeypatch.setattr(storage, "save_copy", save_slowly)

    with pytest.raises(UploadGone):
        hand_in(begun)
    assert (stored(), Recording.objects.count(), upload.part_path(begun).exists()) == ([], 0, False)


# Two at once ----------------------------------------------------------------------------------------------------------


def at_once(owner: User, *begun: Upload) -> list[int]:
    """Hand uploads in at the same time, each by a browser of its own. Returns the statuses, sorted."""
    statuses: list[int] = []
    start = threading.Barrier(len(begun))
    clients = [Client() for _ in begun]
    for client in clients:
        client.force_login(owner)

    def hand_in_as_the_page_does(client: Client, one: Upload) -> None:
        start.wait()
        data = {"engine": "auto", "speakers": "none", "language": "", "unless_here": "1"}
        statuses.append(client.post(f"{reverse('upload_piece', args=[one.pk])}submit/", data).status_code)
        connection.close()

    threads = [
        threading.Thread(target=hand_in_as_the_page_does, args=pair) for pair in zip(clients, begun, strict=True)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(statuses)


@pytest.mark.django_db(transaction=True)
def test_one_upload_handed_in_by_two_pages_becomes_one_recording(owner: User, speech: bytes) -> None:
    begun = arrived(owner, speech)

    taken, refused = at_once(owner, begun, begun)

    assert taken == 201
    assert refused in {404, 409, 423}
    only_recording_is(speech)
    assert stored() == [speech]


@pytest.mark.django_db(transaction=True)
def test_of_two_uploads_of_one_file_handed_in_at_once_the_second_is_held_back(owner: User, speech: bytes) -> None:
    begun = [arrived(owner, speech, name) for name in ("ours.wav", "yours.wav")]

    assert at_once(owner, *begun) == [201, 409]
    assert (Recording.objects.count(), stored()) == (1, [speech])
    held = Upload.objects.get()
    assert upload.part_path(held).read_bytes() == speech

    hand_in(held)  # whoever wants it twice has it twice
    assert stored() == [speech, speech]


# The same file again --------------------------------------------------------------------------------------------------


def test_what_was_here_before_is_named_when_it_is_handed_in(owner: User, browser: Client, speech: bytes) -> None:
    first = hand_in(arrived(owner, speech)).recording
    again = arrived(owner, speech, "copy.wav")
    data = {"engine": "auto", "speakers": "none", "language": ""}
    address = f"{reverse('upload_piece', args=[again.pk])}submit/"

    held = browser.post(address, data | {"unless_here": "1"})

    assert held.status_code == 409
    (known,) = held.json()["recordings"]
    assert (known["title"], known["url"]) == ("meeting", reverse("recording", args=[first.pk]))
    assert "already" in held.json()["error"]
    assert stored() == [speech]
    assert browser.post(address, data).status_code == 201


def test_what_lies_in_the_trash_or_is_of_somebody_else_holds_nobody_back(
    owner: User, stranger: User, speech: bytes
) -> None:
    hand_in(arrived(stranger, speech))
    hand_in(arrived(owner, speech))
    Recording.objects.filter(owner=owner).update(deleted_at=timezone.now())

    hand_in(arrived(owner, speech), unless_here=True)
    with pytest.raises(AlreadyHere):
        hand_in(arrived(owner, speech), unless_here=True)


def twins(client: Client, begun: Upload) -> list[str]:
    found = client.get(f"{reverse('upload_piece', args=[begun.pk])}same/").json()["uploads"]
    assert all(one["since"] for one in found)
    return [one["title"] for one in found]


def test_other_uploads_of_the_same_file_are_told(owner: User, browser: Client, speech: bytes) -> None:
    first, second = arrived(owner, speech, "first.wav"), arrived(owner, speech, "second.wav")
    other = arrived(owner, speech[:-2] + b"\1\1", "first.wav")

    assert twins(browser, first) == []  # nobody knows yet what is in the second
    assert twins(browser, second) == ["first.wav"]
    assert twins(browser, first) == ["second.wav"]
    assert twins(browser, other) == []
    found = browser.get(f"{reverse('upload_piece', args=[first.pk])}same/").json()["uploads"]
    assert found[0]["url"] == reverse("upload_piece", args=[second.pk])


def test_uploads_that_ended_expired_or_are_of_somebody_else_are_not_told(
    owner: User, stranger: User, browser: Client, speech: bytes
) -> None:
    theirs = Client()
    theirs.force_login(stranger)
    of_somebody_else, expired, half_gone = (arrived(one, speech) for one in (stranger, owner, owner))
    twins(theirs, of_somebody_else)
    for one in (expired, half_gone):
        twins(browser, one)
    long_ago = timezone.now() - timedelta(hours=settings.ENV.UPLOAD_EXPIRY_HOURS + 1)
    Upload.objects.filter(pk=expired.pk).update(updated_at=long_ago)
    upload.part_path(half_gone).unlink()

    assert twins(browser, arrived(owner, speech)) == []


def test_the_event_of_a_new_job_is_told_once_it_is_kept(
    owner: User, speech: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[bool] = []
    monkeypatch.setattr(events, "publish", lambda pk: told.append(Job.objects.filter(pk=pk).exists()))

    hand_in(arrived(owner, speech))

    assert told[-1]

import os
import random
import re
import time
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.management import call_command
from django.utils import timezone

from jobs import storage
from jobs.models import Artifact, Job, Recording, Transcript, Upload
from jobs.services import lifecycle, retention, upload
from jobs.state import JOB_ACTIVE, JobStatus
from tests.jobs.recipes import make_job, make_recording, recipe_of
from transcriber.env import Env


def aged(owner: User | None, status: str, days: float, **values: Any) -> Recording:
    """A recording whose job ended `days` ago."""
    recording = make_recording(owner, **values)
    recording.media_key = f"recordings/{recording.pk}/media"
    recording.save()
    default_storage.save(recording.media_key, ContentFile(b"0123456789"))
    with recipe_of():
        job = make_job(owner, recording=recording)
    then = timezone.now() - timedelta(days=days)
    Job.objects.filter(pk=job.pk).update(status=status, ended_at=None if status in JOB_ACTIVE else then)
    Recording.objects.filter(pk=recording.pk).update(created_at=then)
    return recording


@pytest.fixture
def rules(settings: Any) -> Env:
    settings.ENV = Env(
        RETENTION_COMPLETED_DAYS=90, RETENTION_FAILED_DAYS=30, RETENTION_CANCELLED_DAYS=7, RETENTION_MEDIA_DAYS=10
    )
    return settings.ENV


def test_exactly_the_due_ones_of_many_random_rows_are_deleted(owner: User, rules: Env) -> None:
    dice = random.Random(7)
    days = {"completed": 90, "failed": 30, "cancelled": 7}
    kept: set[UUID] = set()
    gone: set[UUID] = set()
    for _ in range(120):
        status, age = dice.choice(list(JobStatus)), dice.uniform(0, 120)
        recording = aged(owner, status, age)
        (gone if age > days.get(status, 10**6) else kept).add(recording.pk)

    tally = retention.clean()

    assert set(Recording.objects.values_list("pk", flat=True)) == kept
    assert tally.failed == 0
    assert tally.freed_bytes >= 10 * len(gone)
    stored = {key.split("/")[1] for key in storage.keys_below("recordings")}
    assert not stored & {str(pk) for pk in gone}


def test_a_dry_run_lists_the_same_and_deletes_nothing(owner: User, rules: Env) -> None:
    for days in (1, 40, 100):
        aged(owner, "failed", days)
        aged(owner, "completed", days)
    said: list[str] = []

    dry = retention.clean(is_dry_run=True, tell=said.append)
    assert Recording.objects.count() == 6
    real = retention.clean()

    assert dry.deleted == real.deleted == len(said)


def test_media_past_its_time_goes_and_the_recording_stays(owner: User, rules: Env) -> None:
    recording = aged(owner, "completed", 20)

    retention.clean()

    recording.refresh_from_db()
    assert recording.media_key == ""


def test_running_work_is_never_touched(owner: User, rules: Env) -> None:
    recording = aged(owner, "failed", 400)
    with recipe_of():
        make_job(owner, recording=recording)  # it was started again

    retention.clean()

    assert Recording.objects.filter(pk=recording.pk).exists()


def test_what_was_started_again_meanwhile_stays(owner: User, rules: Env, monkeypatch: pytest.MonkeyPatch) -> None:
    recording = aged(owner, "failed", 40)
    found = list(retention._everything_due(retention.Tally()))
    Job.objects.filter(recording=recording).update(status="queued")  # somebody pressed retry

    assert [due.delete() for due in found] == [None]
    assert Recording.objects.exists()


def test_a_recording_with_text_is_kept_as_completed_however_a_later_run_ended(owner: User, rules: Env) -> None:
    recording = aged(owner, "cancelled", 40)
    Transcript.objects.create(recording=recording, job=recording.jobs.get(), language="en", engine="e", model="m")

    retention.clean()

    assert Recording.objects.filter(pk=recording.pk).exists()


def test_one_failure_does_not_stop_the_rest(owner: User, rules: Env, monkeypatch: pytest.MonkeyPatch) -> None:
    broken, fine = aged(owner, "failed", 40), aged(owner, "failed", 50)
    real = retention.lifecycle.delete_recording

    def delete(recording: Recording) -> int:
        if recording.pk == broken.pk:
            raise OSError("disk on fire")
        return real(recording)

    monkeypatch.setattr(retention.lifecycle, "delete_recording", delete)
    said: list[str] = []

    tally = retention.clean(tell=said.append)

    assert (tally.failed, tally.deleted) == (1, 1)
    assert any("failed" in line for line in said)
    assert not Recording.objects.filter(pk=fine.pk).exists()


def test_working_files_of_old_jobs_go_and_the_exports_stay(owner: User, rules: Env) -> None:
    recording = aged(owner, "completed", 5)
    job = recording.jobs.get()
    for name in ("audio.wav", "transcript.txt"):
        key = f"jobs/{job.pk}/normalize/0/1-{name}"
        default_storage.save(key, ContentFile(b"x"))
        Artifact.objects.create(job=job, step="normalize", name=name, key=key, size_bytes=1, sha256="")

    retention.clean()

    assert list(Artifact.objects.values_list("name", flat=True)) == ["transcript.txt"]


def test_unfinished_uploads_go_after_a_day(owner: User, rules: Env) -> None:
    old = upload.begin(owner=owner, original_name="a.wav", size_bytes=5)
    new = upload.begin(owner=owner, original_name="b.wav", size_bytes=5)
    Upload.objects.filter(pk=old.pk).update(updated_at=timezone.now() - timedelta(hours=25))

    retention.clean()

    assert list(Upload.objects.all()) == [new]
    assert not upload.part_path(old).exists()


def test_an_upload_that_goes_on_while_others_are_deleted_stays(
    owner: User, rules: Env, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = upload.begin(owner=owner, original_name="a.wav", size_bytes=5)
    monkeypatch.setattr(upload, "expired", lambda: iter([old]))  # as it was found before its next byte came

    tally = retention.clean()

    assert tally.deleted == 0
    assert upload.part_path(old).exists()


def test_parts_of_uploads_without_a_row_go(owner: User, rules: Env) -> None:
    begun = upload.begin(owner=owner, original_name="a.wav", size_bytes=5)
    Upload.objects.all().delete()
    two_days_ago = time.time() - 2 * 86_400
    os.utime(upload.part_path(begun), (two_days_ago, two_days_ago))

    retention.clean()

    assert not upload.part_path(begun).exists()


def test_what_somebody_else_put_there_is_left_and_stops_nothing(owner: User, rules: Env) -> None:
    foreign = ["recordings/readme.txt", "recordings/7/media", "jobs/lost+found/x"]
    theirs = [default_storage.save(key, ContentFile(b"mine")) for key in foreign]
    orphan = default_storage.save("recordings/00000000-0000-0000-0000-000000000007/media", ContentFile(b"nobody's"))
    two_days_ago = time.time() - 2 * 86_400
    for key in (*theirs, orphan):
        os.utime(storage.local_path(key), (two_days_ago, two_days_ago))

    tally = retention.clean()

    assert tally.failed == 0
    assert [default_storage.exists(key) for key in (*theirs, orphan)] == [True, True, True, False]
    for key in theirs:
        default_storage.delete(key)


def test_recordings_of_the_command_line_do_not_stay(rules: Env, db: None) -> None:
    aged(None, "completed", 3)

    retention.clean()

    assert not Recording.objects.exists()


def test_expired_sessions_go_and_living_ones_stay(owner: User, rules: Env) -> None:
    now = timezone.now()
    for key, hours in (("expired", -1), ("older", -1000), ("living", 1)):
        Session.objects.create(session_key=key, session_data="", expire_date=now + timedelta(hours=hours))

    told: list[str] = []
    retention.clean(is_dry_run=True, tell=told.append)
    assert told == ["would delete sessions that have expired: 2"] and Session.objects.count() == 3
    tallies = [retention.clean().deleted for _time in range(2)]

    assert list(Session.objects.values_list("session_key", flat=True)) == ["living"]
    assert tallies == [1, 0]


def test_the_command_prints_what_it_did(owner: User, rules: Env, capsys: pytest.CaptureFixture[str]) -> None:
    aged(owner, "failed", 40)

    call_command("cleanup", "--dry-run")
    call_command("cleanup")

    said = capsys.readouterr().out
    assert re.search(r"^scanned \d+, to delete 1, failed 0, freed 0 bytes$", said, re.MULTILINE)
    assert re.search(r"^scanned \d+, deleted 1, failed 0, freed 10 bytes$", said, re.MULTILINE)


def test_the_trash_is_emptied_in_time_but_not_of_what_was_put_back(owner: User, rules: Env) -> None:
    old, recent = timezone.now() - timedelta(days=rules.RETENTION_TRASH_DAYS + 1), timezone.now()
    doomed, restored, young = make_recording(owner), make_recording(owner), make_recording(owner)
    Recording.objects.filter(pk__in=[doomed.pk, restored.pk]).update(deleted_at=old)
    Recording.objects.filter(pk=young.pk).update(deleted_at=recent)
    found = list(retention._trash_due())
    lifecycle.from_trash(restored)

    for one in found:
        lifecycle.delete_trashed(one.pk)

    assert {one.pk for one in found} == {doomed.pk, restored.pk}
    assert set(Recording.objects.all()) == {restored, young}
    Recording.objects.filter(pk=young.pk).update(deleted_at=old)
    assert retention.clean().deleted == 1
    assert set(Recording.objects.all()) == {restored}

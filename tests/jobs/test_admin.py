from uuid import uuid4

import pytest
from django.contrib.auth.models import Permission, User
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.test import Client
from django.urls import reverse

from jobs.models import Job, Recording, Segment, Transcript, Upload
from jobs.services import upload
from tests.jobs.recipes import make_job, make_recording

CONFIRMED = {"post": "yes"}


@pytest.fixture
def office(db: None) -> Client:
    """A client in which a superuser is logged in."""
    client = Client()
    client.force_login(User.objects.create_superuser(username="chief", email="chief@example.org"))
    return client


@pytest.fixture
def job(owner: User) -> Job:
    """A job of the owner, on a recording with media, with a text."""
    recording = make_recording(owner, media_key=f"recordings/{uuid4()}/media")
    default_storage.save(recording.media_key, ContentFile(b"sound"))
    made = make_job(owner, recording=recording)
    default_storage.save(f"jobs/{made.pk}/transcript.txt", ContentFile(b"text"))
    transcript = Transcript.objects.create(recording=recording, job=made, language="en", engine="pocketsphinx")
    Segment.objects.create(transcript=transcript, start=0, end=1, text="hello")
    return made


@pytest.mark.parametrize("model", ["job", "steprun", "artifact", "transcript", "segment", "speaker", "upload"])
def test_rows_of_the_site_cannot_be_deleted_one_by_one(office: Client, job: Job, model: str) -> None:
    answer = office.post(reverse(f"admin:jobs_{model}_delete", args=[job.pk]), CONFIRMED)

    assert answer.status_code == 403
    assert Job.objects.count() == 1


def test_deleting_a_recording_takes_its_files_along(office: Client, job: Job) -> None:
    answer = office.post(reverse("admin:jobs_recording_delete", args=[job.recording_id]), CONFIRMED)

    assert answer.status_code == 302
    assert not Recording.objects.exists()
    assert not default_storage.exists(job.recording.media_key)
    assert not default_storage.exists(f"jobs/{job.pk}/transcript.txt")


def test_deleting_a_person_takes_their_files_along(office: Client, job: Job, owner: User, stranger: User) -> None:
    begun = upload.begin(owner=owner, original_name="a.wav", size_bytes=10)
    other = make_recording(stranger)

    answer = office.post(reverse("admin:auth_user_delete", args=[owner.pk]), CONFIRMED)

    assert answer.status_code == 302
    assert list(Recording.objects.all()) == [other]
    assert not Upload.objects.exists()
    assert not upload.part_path(begun).exists()
    assert not default_storage.exists(job.recording.media_key)


def test_deleting_people_from_the_list_takes_their_files_along(office: Client, job: Job, owner: User) -> None:
    chosen = {"action": "delete_selected", "_selected_action": str(owner.pk), **CONFIRMED}

    office.post(reverse("admin:auth_user_changelist"), chosen)

    assert not User.objects.filter(pk=owner.pk).exists()
    assert not default_storage.exists(job.recording.media_key)


@pytest.mark.parametrize("right", ["view", "change"])
def test_jobs_are_acted_on_by_those_who_may_change_them(job: Job, stranger: User, right: str) -> None:
    User.objects.filter(pk=stranger.pk).update(is_staff=True)
    stranger.user_permissions.set(Permission.objects.filter(codename__in=["view_job", f"{right}_job"]))
    clerk = Client()
    clerk.force_login(stranger)

    clerk.post(reverse("admin:jobs_job_changelist"), {"action": "cancel", "_selected_action": str(job.pk)})

    job.refresh_from_db()
    assert job.has_ended == (right == "change")

import threading
import time
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import connection

from jobs import queue, storage
from jobs.models import Artifact, Job, Recording, StepRun
from jobs.services import conduct, lifecycle, work
from jobs.state import JobStatus
from media_pipeline.errors import InputError
from media_pipeline.options import TranscribeOptions
from media_pipeline.recipe import Files
from media_pipeline.run import Run
from tests.jobs.recipes import make_job, make_recording, recipe_of


def finish(job: Job) -> Job:
    with queue.silenced():
        work.run_here(job.pk, worker="test")
    job.refresh_from_db()
    return job


@pytest.mark.django_db
def test_cancel_ends_a_waiting_job_at_once(owner: User) -> None:
    with recipe_of():
        job = make_job(owner)

        assert lifecycle.cancel(job)

    job.refresh_from_db()
    assert job.status == "cancelled"
    assert not job.steps.filter(status__in=["waiting", "ready"]).exists()


@pytest.mark.django_db
def test_a_completed_job_cannot_be_cancelled(owner: User) -> None:
    with recipe_of():
        job = finish(make_job(owner))

        assert not lifecycle.cancel(job)

    job.refresh_from_db()
    assert job.status == "completed"


@pytest.mark.django_db(transaction=True)
def test_a_running_step_notices_the_cancel_and_saves_nothing(owner: User) -> None:
    started = threading.Event()

    def endless(files: Files, options: TranscribeOptions, run: Run, part: int) -> None:
        files.dump("facts.json", {"duration": 1})
        started.set()
        while True:
            time.sleep(0.02)
            run.report(0.1)

    with recipe_of(normalize=endless):
        job = make_job(owner)
        step = job.steps.get(name="normalize")

        def worker() -> None:
            work.run_step(step.pk, worker="test")
            connection.close()

        thread = threading.Thread(target=worker)
        thread.start()
        assert started.wait(10)
        lifecycle.cancel(job)
        thread.join(timeout=10)

    assert not thread.is_alive()
    step.refresh_from_db()
    job.refresh_from_db()
    assert (step.status, job.status) == ("cancelled", "cancelled")
    assert not Artifact.objects.exists()
    assert list(storage.keys_below(f"jobs/{job.pk}")) == []


@pytest.mark.django_db
def test_retry_resumes_where_the_job_stopped(owner: User) -> None:
    ran: list[str] = []

    def counted(files: Files, options: TranscribeOptions, run: Run, part: int) -> None:
        ran.append(f"transcribe{part}")
        files.dump("chunk.json", part)

    def refuse(*args: object) -> None:
        raise InputError("bad", "Bad.")

    with recipe_of(transcribe=counted, assemble=refuse):
        job = finish(make_job(owner))
        assert job.status == "failed"
    with recipe_of(transcribe=counted, assemble=lambda *args: None), pytest.MonkeyPatch.context() as patch:
        patch.setattr("jobs.services.results._KEEPERS", {})
        assert lifecycle.retry(job)
        job = finish(job)

    assert (job.status, job.error_message) == ("completed", "")
    assert sorted(ran) == ["transcribe0", "transcribe1", "transcribe2"]


@pytest.mark.django_db
def test_retry_of_a_cancelled_job_completes(owner: User) -> None:
    with recipe_of():
        job = make_job(owner)
        lifecycle.cancel(job)
        lifecycle.retry(job)
        job = finish(job)

    assert job.status == "completed"


@pytest.mark.django_db
def test_a_running_step_that_survives_cancel_and_retry_is_done_again(owner: User) -> None:
    with recipe_of():
        job = make_job(owner)
        claim = conduct.claim(job.steps.get(name="normalize").pk, worker="a")
        assert claim is not None
        lifecycle.cancel(job)
        lifecycle.retry(job)
        conduct.give_back(claim)  # it had noticed the cancel
        job = finish(job)

    assert job.status == "completed"


@pytest.mark.django_db
def test_only_a_failed_or_cancelled_job_can_be_retried(owner: User) -> None:
    with recipe_of():
        job = make_job(owner)

        assert not lifecycle.retry(job)


@pytest.mark.django_db
def test_diarization_can_be_run_again_without_transcribing_again(owner: User) -> None:
    def refuse(*args: object) -> None:
        raise InputError("no_voices", "No voices.")

    with recipe_of(diarize=refuse):
        job = finish(make_job(owner))
        assert job.warnings
    with recipe_of():
        assert lifecycle.rerun_step(job, "diarize")
        job = finish(job)

    assert (job.status, job.warnings) == ("completed", [])
    assert {step.attempt for step in job.steps.filter(name="transcribe")} == {1}
    assert job.transcript.segments.count() == 3


@pytest.mark.django_db
def test_a_second_run_that_fails_leaves_the_first_text_standing(owner: User) -> None:
    def refuse(*args: object) -> None:
        raise InputError("bad", "Bad.")

    with recipe_of():
        job = finish(make_job(owner))
    with recipe_of(assemble=refuse):
        lifecycle.rerun_step(job, "diarize")
        job = finish(job)

    assert job.status == "completed"
    assert job.warnings == ["Assembling could not be run again: Bad."]
    assert job.transcript.segments.count() == 3


@pytest.mark.django_db
def test_a_second_run_that_is_cancelled_leaves_the_first_text_standing(owner: User) -> None:
    with recipe_of():
        job = finish(make_job(owner))
        lifecycle.rerun_step(job, "diarize")

        assert lifecycle.cancel(job)

        job.refresh_from_db()
        assert (job.status, len(job.warnings)) == ("completed", 1)
        assert lifecycle.rerun_step(job, "diarize")
        assert finish(job).warnings == []


@pytest.mark.django_db
def test_a_second_run_makes_the_working_audio_again_when_it_was_cleaned_up(owner: User) -> None:
    with recipe_of():
        recording = make_recording(owner, media_key="recordings/z/media")
        job = finish(make_job(owner, recording=recording))
        Artifact.objects.filter(name="audio.wav").delete()

        assert lifecycle.rerun_step(job, "diarize")
        job = finish(job)

    assert job.status == "completed"
    assert Artifact.objects.filter(name="audio.wav").exists()
    assert job.steps.get(name="normalize").attempt == 2


@pytest.mark.django_db
def test_a_second_run_is_refused_when_media_and_audio_are_gone_or_nobody_asked_for_it(owner: User) -> None:
    with recipe_of():
        gone, not_asked = finish(make_job(owner)), finish(make_job(owner, speakers=False))
        Artifact.objects.filter(job=gone, name="audio.wav").delete()

        assert not lifecycle.rerun_step(gone, "diarize")
        assert not lifecycle.rerun_step(not_asked, "diarize")


@pytest.mark.django_db
def test_a_job_cancelled_during_its_last_step_completes_when_continued(owner: User) -> None:
    def cancel_meanwhile(files: Files, options: TranscribeOptions, run: Run, part: int) -> None:
        lifecycle.cancel(Job.objects.get())

    with recipe_of(assemble=cancel_meanwhile), pytest.MonkeyPatch.context() as patch:
        patch.setattr("jobs.services.results._KEEPERS", {})
        job = finish(make_job(owner))
        assert job.status == "cancelled"
        lifecycle.retry(job)
        job = finish(job)

    assert job.status == "completed"


@pytest.mark.django_db
def test_a_required_step_is_not_run_again_alone(owner: User) -> None:
    with recipe_of():
        job = finish(make_job(owner))

        assert not lifecycle.rerun_step(job, "transcribe")


@pytest.mark.django_db
@pytest.mark.parametrize("status", list(JobStatus))
def test_delete_works_in_every_state_and_leaves_nothing(owner: User, status: JobStatus) -> None:
    with recipe_of():
        recording = make_recording(owner, media_key="recordings/x/media")
        default_storage.save("recordings/x/media", ContentFile(b"sound"))
        job = make_job(owner, recording=recording)
        if status != JobStatus.QUEUED:
            claim = conduct.claim(job.steps.get(name="normalize").pk, worker="a")
            assert claim is not None
        if status == JobStatus.COMPLETED:
            conduct.give_back(claim)
            finish(job)
        Job.objects.filter(pk=job.pk).update(status=status)

        freed = lifecycle.delete_recording(recording)

    assert freed >= 5
    assert not Recording.objects.exists() and not Job.objects.exists() and not StepRun.objects.exists()
    assert not storage.exists("recordings/x/media")
    assert list(storage.keys_below(f"jobs/{job.pk}")) == []


@pytest.mark.django_db
def test_a_step_of_a_deleted_recording_saves_nothing(owner: User) -> None:
    def delete_meanwhile(files: Files, options: TranscribeOptions, run: Run, part: int) -> None:
        files.dump("facts.json", {"duration": 1})
        lifecycle.delete_recording(Recording.objects.get())

    with recipe_of(normalize=delete_meanwhile):
        job = make_job(owner)
        with queue.silenced():
            work.run_step(job.steps.get(name="normalize").pk, worker="test")

    assert not Job.objects.exists()
    assert list(storage.keys_below(f"jobs/{job.pk}")) == []


@pytest.mark.django_db
def test_deleting_the_media_keeps_the_text(owner: User) -> None:
    with recipe_of():
        recording = make_recording(owner, media_key="recordings/y/media")
        default_storage.save("recordings/y/media", ContentFile(b"sound"))
        job = finish(make_job(owner, recording=recording))

        assert lifecycle.delete_media(recording) == 5

    recording.refresh_from_db()
    assert recording.media_key == ""
    assert job.transcript.segments.count() == 3


def test_the_tests_use_a_folder_of_their_own() -> None:
    from django.conf import settings

    assert Path(settings.DATA_DIR).name.startswith("transcriber-tests-")

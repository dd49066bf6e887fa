import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import connection

from jobs import queue, storage
from jobs.models import Artifact, Job, Recording, StepRun
from jobs.services import conduct, lifecycle, work
from jobs.services.lifecycle import SpeakersAgain
from jobs.state import JobStatus
from media_pipeline.errors import InputError
from media_pipeline.options import SpeakerOptions, TranscribeOptions
from media_pipeline.recipe import Binding, Files
from media_pipeline.run import Run
from media_pipeline.transcript import Segment, Transcript
from tests.jobs.recipes import PARTS, make_job, make_recording, recipe_of


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
    assert job.warnings == ["Assembling did not work, so the text stays as it was: Bad."]
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


# Looking for speakers again -------------------------------------------------------------------------------------------


def voices(*labels: str) -> Binding:
    """An assembling that gives the parts to these speakers in turn, when they were looked for."""

    def assemble(files: Files, options: TranscribeOptions, run: Run, part: int) -> None:
        said = [files.load("transcribe", "chunk.json", Segment, index) for index in range(PARTS)]
        asked = [*labels, *labels, *labels] if files.has("diarize") else [None] * PARTS
        segments = tuple(replace(item, speaker=label) for item, label in zip(said, asked, strict=False))
        files.dump("transcript.json", Transcript("en", segments, 12.0, options.engine, options.model))

    return assemble


def refuse(*args: object) -> None:
    raise InputError("no_voices", "No voices.")


def heard(job: Job) -> list[str | None]:
    return [segment.speaker and str(segment.speaker) for segment in job.transcript.segments.select_related("speaker")]


def attempts(job: Job) -> dict[str, set[int]]:
    rows = list(job.steps.all())
    return {row.name: {each.attempt for each in rows if each.name == row.name} for row in rows}


@pytest.mark.django_db
def test_speakers_are_found_again_with_another_count_and_the_words_are_kept(owner: User) -> None:
    asked = []

    def diarize(files: Files, options: TranscribeOptions, run: Run, part: int) -> None:
        asked.append(options.speakers)
        files.dump("turns.json", [])

    with recipe_of(diarize=diarize, assemble=voices("SPEAKER_00")):
        job = finish(make_job(owner))
    with recipe_of(diarize=diarize, assemble=voices("SPEAKER_00", "SPEAKER_01")):
        assert lifecycle.speakers_again(job) == SpeakersAgain.ALONE
        assert lifecycle.find_speakers(job, SpeakerOptions(exact=2))
        job.refresh_from_db()
        assert job.percent == job.percent_at_start > 50.0  # what is done already tells nothing of the pace
        job = finish(job)

    assert asked == [SpeakerOptions(), SpeakerOptions(exact=2)]
    assert heard(job) == ["Speaker 1", "Speaker 2", "Speaker 1"]
    assert attempts(job) == {"normalize": {1}, "transcribe": {1}, "diarize": {2}, "assemble": {2}}
    assert (job.options["speakers"]["exact"], job.options_before) == (2, None)


@pytest.mark.django_db
def test_speakers_can_be_found_when_nobody_asked_for_them_at_first(owner: User) -> None:
    with recipe_of(assemble=voices("SPEAKER_00", "SPEAKER_01")):
        job = finish(make_job(owner, speakers=False))
        assert heard(job) == [None, None, None]

        assert lifecycle.find_speakers(job, SpeakerOptions(minimum=2, maximum=3))
        job = finish(job)

    assert heard(job) == ["Speaker 1", "Speaker 2", "Speaker 1"]


@pytest.mark.django_db
def test_a_failed_search_keeps_the_text_with_its_old_speakers_and_says_why(owner: User) -> None:
    with recipe_of(assemble=voices("SPEAKER_00", "SPEAKER_01")):
        job = finish(make_job(owner))
    with recipe_of(diarize=refuse):
        lifecycle.find_speakers(job, SpeakerOptions(exact=5))
        job = finish(job)

    assert job.status == "completed"
    assert job.warnings == ["Finding speakers did not work, so the text stays as it was: No voices."]
    assert heard(job) == ["Speaker 1", "Speaker 2", "Speaker 1"]
    assert (job.options["speakers"]["exact"], job.options_before) == (None, None)
    assert attempts(job)["assemble"] == {1}


@pytest.mark.django_db
def test_a_failed_search_keeps_what_else_was_to_be_said_of_the_text(owner: User) -> None:
    def assemble(files: Files, options: TranscribeOptions, run: Run, part: int) -> None:
        run.warn("From 0:04 to 0:06 nothing could be understood.")
        voices("SPEAKER_00")(files, options, run, part)

    with recipe_of(assemble=assemble):
        job = finish(make_job(owner))
    with recipe_of(diarize=refuse):
        lifecycle.find_speakers(job, SpeakerOptions(exact=5))
        job = finish(job)

    assert job.warnings[0] == "From 0:04 to 0:06 nothing could be understood."
    assert len(job.warnings) == 2
    assert job.steps.get(name="assemble").status == "done"


@pytest.mark.django_db
def test_after_two_failures_a_third_search_finds_them(owner: User) -> None:
    with recipe_of(diarize=refuse, assemble=voices("SPEAKER_00")):
        job = finish(make_job(owner))
        assert (job.status, heard(job)) == ("completed", [None, None, None])
        assert job.warnings == ["Finding speakers did not work, so its result is missing: No voices."]
        lifecycle.find_speakers(job, SpeakerOptions())
        assert finish(job).warnings == ["Finding speakers did not work, so the text stays as it was: No voices."]
    with recipe_of(assemble=voices("SPEAKER_00")):
        assert lifecycle.find_speakers(job, SpeakerOptions())
        job = finish(job)

    assert (job.warnings, heard(job)) == ([], ["Speaker 1", "Speaker 1", "Speaker 1"])


@pytest.mark.django_db
def test_a_search_that_is_stopped_leaves_text_and_options_as_they_were(owner: User) -> None:
    with recipe_of(assemble=voices("SPEAKER_00")):
        job = finish(make_job(owner))
        before = job.options
        lifecycle.find_speakers(job, SpeakerOptions(exact=7))

        assert lifecycle.cancel(job)

    job.refresh_from_db()
    assert (job.status, job.options, heard(job)[0]) == ("completed", before, "Speaker 1")


@pytest.mark.django_db
def test_names_go_to_who_speaks_where_that_person_was_heard(owner: User) -> None:
    with recipe_of(assemble=voices("SPEAKER_00", "SPEAKER_01", "SPEAKER_02")):
        job = finish(make_job(owner))
    for label, name in (("SPEAKER_01", "Anna"), ("SPEAKER_02", "Peter")):
        job.transcript.speakers.filter(label=label).update(name=name)
    with recipe_of(assemble=voices("SPEAKER_01", "SPEAKER_00", "SPEAKER_00")):
        lifecycle.find_speakers(job, SpeakerOptions(exact=2))
        job = finish(job)

    assert heard(job) == ["Speaker 2", "Anna", "Anna"]


@pytest.mark.django_db
@pytest.mark.parametrize("has_media", [True, False])
def test_without_the_working_files_the_recording_is_transcribed_again_or_nothing_can_be_done(
    owner: User, has_media: bool
) -> None:
    with recipe_of(assemble=voices("SPEAKER_00")):
        recording = make_recording(owner, media_key="recordings/z/media" if has_media else "")
        job = finish(make_job(owner, recording=recording, speakers=False))
        Artifact.objects.filter(job=job, name__in=["audio.wav", "chunk.json"]).delete()

        way = lifecycle.speakers_again(job)
        assert way == (SpeakersAgain.WITH_WORDS if has_media else SpeakersAgain.IMPOSSIBLE)
        assert lifecycle.find_speakers(job, SpeakerOptions()) == has_media
        job = finish(job)

    assert attempts(job)["normalize"] == ({2} if has_media else {1})
    assert heard(job)[0] == ("Speaker 1" if has_media else None)


@pytest.mark.django_db
def test_when_the_recording_cannot_be_transcribed_again_the_old_text_stays(owner: User) -> None:
    with recipe_of(assemble=voices("SPEAKER_00")):
        job = finish(make_job(owner, recording=make_recording(owner, media_key="recordings/z/media")))
        Artifact.objects.filter(job=job, name="chunk.json").delete()
    with recipe_of(transcribe=refuse):
        assert lifecycle.find_speakers(job, SpeakerOptions(exact=2))
        job = finish(job)

    assert (job.status, heard(job)) == ("completed", ["Speaker 1", "Speaker 1", "Speaker 1"])
    assert job.warnings == ["Transcribing did not work, so the text stays as it was: No voices."]
    assert lifecycle.speakers_again(job) == SpeakersAgain.WITH_WORDS


@pytest.mark.django_db
def test_only_the_working_audio_is_made_again_when_that_is_all_that_was_cleaned_up(owner: User) -> None:
    with recipe_of(assemble=voices("SPEAKER_00")):
        job = finish(make_job(owner, recording=make_recording(owner, media_key="recordings/z/media")))
        Artifact.objects.filter(job=job, name="audio.wav").delete()

        assert lifecycle.speakers_again(job) == SpeakersAgain.ALONE
        lifecycle.find_speakers(job, SpeakerOptions())
        job = finish(job)

    assert (attempts(job)["normalize"], attempts(job)["transcribe"]) == ({2}, {1})


@pytest.mark.django_db
def test_speakers_are_not_looked_for_in_a_job_at_work_or_without_text(owner: User) -> None:
    with recipe_of():
        job = make_job(owner)

        assert not lifecycle.find_speakers(job, SpeakerOptions())
        job = finish(job)
        job.transcript.segments.all().delete()
        assert not lifecycle.find_speakers(job, SpeakerOptions())


# Ends of all kinds ----------------------------------------------------------------------------------------------------


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

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import DatabaseError, OperationalError, connection
from django.utils import timezone

from jobs import queue, storage
from jobs.job_files import JobFiles
from jobs.models import Artifact, Job, StepRun
from jobs.services import conduct, lifecycle, work
from jobs.services.conduct import ClaimLost
from media_pipeline.errors import EngineCrashed, InputError
from media_pipeline.options import TranscribeOptions
from media_pipeline.recipe import Files
from media_pipeline.run import Run
from media_pipeline.transcript import Segment
from tests.jobs.recipes import PARTS, make_job, make_recording, recipe_of, spoken, transcribe


def run_all(job: Job) -> Job:
    """Do every step of a job in this process."""
    with queue.silenced():
        work.run_here(job.pk, worker="test")
    job.refresh_from_db()
    return job


def ready(job: Job) -> list[str]:
    return [f"{step.name}{step.part}" for step in job.steps.filter(status="ready")]


@pytest.mark.django_db
def test_a_new_job_has_its_first_step_ready_and_the_others_waiting(owner: User) -> None:
    with recipe_of():
        job = make_job(owner)

    assert ready(job) == ["normalize0"]
    assert job.steps.filter(status="waiting").count() == 3


@pytest.mark.django_db
def test_a_job_runs_through_all_parts_to_completion(owner: User) -> None:
    with recipe_of():
        job = run_all(make_job(owner))

    assert (job.status, job.percent, job.warnings) == ("completed", 100.0, [])
    assert job.steps.filter(name="transcribe", status="done").count() == PARTS
    assert [segment.text for segment in job.transcript.segments.all()] == ["Part 0.", "Part 1.", "Part 2."]
    assert job.recording.duration == 12.0


@pytest.mark.django_db
def test_a_step_nobody_asked_for_is_skipped(owner: User) -> None:
    with recipe_of():
        job = run_all(make_job(owner, speakers=False))

    assert job.status == "completed"
    assert job.steps.get(name="diarize").status == "skipped"


@pytest.mark.django_db
def test_the_words_show_before_the_job_ends(owner: User) -> None:
    with recipe_of():
        job = make_job(owner)
        with queue.silenced():
            work.run_step(job.steps.get(name="normalize").pk, worker="test")
            work.run_step(job.steps.get(name="transcribe", part=1).pk, worker="test")

    assert job.steps.get(name="transcribe", part=1).preview == [[4.0, 6.0, "Part 1."]]
    job.refresh_from_db()
    assert job.status == "running"


@pytest.mark.django_db
def test_only_one_of_two_workers_gets_a_step(owner: User) -> None:
    with recipe_of():
        step = make_job(owner).steps.get(name="normalize")

        first = conduct.claim(step.pk, worker="a")
        second = conduct.claim(step.pk, worker="b")

    assert first is not None
    assert second is None


@pytest.mark.django_db(transaction=True)
def test_of_twenty_workers_at_once_one_gets_the_step(owner: User) -> None:
    with recipe_of():
        step = make_job(owner).steps.get(name="normalize")
        claims: list[bool] = []

        def try_claim() -> None:
            claims.append(conduct.claim(step.pk, worker="x") is not None)
            connection.close()

        threads = [threading.Thread(target=try_claim) for _ in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert sorted(claims) == [False] * 19 + [True]


@pytest.mark.django_db
def test_a_worker_given_up_for_dead_can_save_nothing(owner: User, tmp_path: Path) -> None:
    with recipe_of():
        step = make_job(owner).steps.get(name="normalize")
        stale = conduct.claim(step.pk, worker="a")
        assert stale is not None
        conduct.fail(stale, EngineCrashed("worker_lost", "Gone."), seconds=1)
        fresh = conduct.claim(step.pk, worker="b")
        files = JobFiles(step.job, "normalize", 0, stale.attempt, tmp_path)
        files.dump("facts.json", {"duration": 1})

        with pytest.raises(ClaimLost):
            conduct.finish(stale, files, warnings=[], seconds=1)

        assert fresh is not None
        assert not conduct.renew(stale)
        assert not conduct.report(stale, progress=0.9)
        assert conduct.renew(fresh)
    assert not Artifact.objects.exists()


@pytest.mark.django_db
def test_a_retryable_error_is_tried_three_times_and_then_fails_the_job(owner: User) -> None:
    def crash(*args: object) -> None:
        raise EngineCrashed("boom", "The engine fell over.")

    with recipe_of(normalize=crash):
        job = make_job(owner)
        for _ in range(5):
            job.steps.filter(status="ready").update(not_before=timezone.now())
            with queue.silenced():
                work.run_step(job.steps.get(name="normalize").pk, worker="test")

    job.refresh_from_db()
    assert job.steps.get(name="normalize").attempt == 3
    assert (job.status, job.error_code, job.error_message) == ("failed", "boom", "The engine fell over.")
    assert not job.steps.filter(status__in=["waiting", "ready", "running"]).exists()


@pytest.mark.django_db
def test_bad_input_is_not_tried_again(owner: User) -> None:
    def refuse(*args: object) -> None:
        raise InputError("no_audio", "There is no sound in this file.")

    with recipe_of(normalize=refuse):
        job = run_all(make_job(owner))

    assert (job.status, job.error_message) == ("failed", "There is no sound in this file.")
    assert job.steps.get(name="normalize").attempt == 1


@pytest.mark.django_db
def test_an_unexpected_error_is_counted_and_explained(owner: User) -> None:
    def bug(*args: object) -> None:
        raise ZeroDivisionError

    with recipe_of(normalize=bug):
        step = make_job(owner).steps.get(name="normalize")
        with queue.silenced():
            work.run_step(step.pk, worker="test")

    step.refresh_from_db()
    assert (step.status, step.failures, step.error_code) == ("ready", 1, "internal")
    assert "ZeroDivisionError" in step.error_message


@pytest.mark.django_db
def test_failed_diarization_costs_a_warning_and_not_the_text(owner: User) -> None:
    def refuse(*args: object) -> None:
        raise InputError("no_voices", "No voices could be told apart.")

    with recipe_of(diarize=refuse):
        job = run_all(make_job(owner))

    assert job.status == "completed"
    assert job.transcript.segments.count() == PARTS
    assert job.warnings == ["Finding speakers did not work, so its result is missing: No voices could be told apart."]


@pytest.mark.django_db
def test_the_percent_never_falls(owner: User) -> None:
    seen: list[float] = []

    def crash_once(files: object, options: object, run: object, part: int) -> None:
        job = Job.objects.get()
        seen.append(job.percent)
        if len(seen) == 1:
            raise EngineCrashed("boom", "Once.")

    with recipe_of(transcribe=crash_once, assemble=lambda *args: None), pytest.MonkeyPatch.context() as patch:
        patch.setattr("jobs.services.results._KEEPERS", {})
        job = run_all(make_job(owner))

    assert seen == sorted(seen)
    assert job.status == "completed"


@pytest.mark.django_db
def test_a_recording_that_has_no_parts_still_completes(owner: User) -> None:
    with recipe_of(assemble=lambda *args: None), pytest.MonkeyPatch.context() as patch:
        patch.setattr("tests.jobs.recipes.PARTS", 0)
        patch.setattr("jobs.services.results._KEEPERS", {})
        job = run_all(make_job(owner))

    assert job.status == "completed"
    assert job.steps.get(name="transcribe").status == "skipped"


# Parts that wait for each other ---------------------------------------------------------------------------------------


def begin_in_order(owner: User) -> Job:
    """A job whose parts wait for each other, with the first of them ready."""
    job = make_job(owner, speakers=False, carry_context=True)
    with queue.silenced():
        work.run_step(job.steps.get(name="normalize").pk, worker="test")
    return job


def claim_part(job: Job, part: int) -> conduct.Claim:
    claim = conduct.claim(job.steps.get(name="transcribe", part=part).pk, worker="test")
    assert claim is not None
    return claim


def finish_part(job: Job, part: int, folder: Path) -> None:
    claim = claim_part(job, part)
    files = JobFiles(job, "transcribe", part, claim.attempt, folder)
    files.dump("chunk.json", spoken(part))
    conduct.finish(claim, files, warnings=[], seconds=1)


@pytest.mark.django_db
def test_parts_fan_out_unless_they_wait_for_each_other(owner: User) -> None:
    with recipe_of():
        job = make_job(owner, speakers=False)
        with queue.silenced():
            work.run_step(job.steps.get(name="normalize").pk, worker="test")

    assert ready(job) == ["transcribe0", "transcribe1", "transcribe2"]


@pytest.mark.django_db
def test_a_part_in_order_is_ready_only_when_the_one_before_is_done(owner: User, tmp_path: Path) -> None:
    with recipe_of():
        job = begin_in_order(owner)
        seen = [ready(job)]
        for part in range(PARTS):
            finish_part(job, part, tmp_path)
            seen.append(ready(job))

    assert seen == [["transcribe0"], ["transcribe1"], ["transcribe2"], ["assemble0"]]


@pytest.mark.django_db
def test_a_job_in_order_runs_to_completion_and_each_part_sees_the_files_of_the_one_before(owner: User) -> None:
    seen: list[tuple[int, str]] = []

    def with_context(files: Files, options: TranscribeOptions, run: Run, part: int) -> None:
        before = files.load("transcribe", "chunk.json", Segment, part - 1).text if part else ""
        seen.append((part, before))
        transcribe(files, options, run, part)

    with recipe_of(transcribe=with_context):
        job = run_all(make_job(owner, carry_context=True))

    assert job.status == "completed"
    assert seen == [(0, ""), (1, "Part 0."), (2, "Part 1.")]


@pytest.mark.django_db
def test_no_part_overtakes_one_that_failed_and_is_tried_again(owner: User, tmp_path: Path) -> None:
    with recipe_of():
        job = begin_in_order(owner)
        conduct.fail(claim_part(job, 0), EngineCrashed("boom", "Once."), seconds=1)
        after_failure = ready(job)
        finish_part(job, 0, tmp_path)

    assert after_failure == ["transcribe0"]
    assert ready(job) == ["transcribe1"]


@pytest.mark.django_db
def test_a_part_in_order_given_back_by_a_leaving_worker_is_ready_alone(owner: User, tmp_path: Path) -> None:
    with recipe_of():
        job = begin_in_order(owner)
        finish_part(job, 0, tmp_path)
        conduct.give_back(claim_part(job, 1))

    assert ready(job) == ["transcribe1"]


@pytest.mark.django_db
def test_a_job_in_order_goes_on_after_cancel_where_it_stopped(owner: User, tmp_path: Path) -> None:
    with recipe_of():
        job = begin_in_order(owner)
        finish_part(job, 0, tmp_path)
        stopped = claim_part(job, 1)
        lifecycle.cancel(job)
        conduct.give_back(stopped)
        nothing = ready(job)
        lifecycle.retry(job)

        assert nothing == []
        assert ready(job) == ["transcribe1"]
        assert run_all(job).status == "completed"
    assert [row.attempt for row in job.steps.filter(name="transcribe").order_by("part")] == [1, 2, 1]


@pytest.mark.django_db
def test_a_retry_while_the_stopped_part_still_runs_opens_no_other_part(owner: User) -> None:
    with recipe_of():
        job = begin_in_order(owner)
        claim_part(job, 0)
        lifecycle.cancel(job)
        lifecycle.retry(job)

    assert ready(job) == []
    assert job.steps.get(name="transcribe", part=0).status == "running"


@pytest.mark.django_db
def test_a_part_in_order_that_keeps_failing_fails_the_job(owner: User) -> None:
    def refuse(*args: object) -> None:
        raise InputError("bad", "Bad.")

    with recipe_of(transcribe=refuse):
        job = run_all(make_job(owner, speakers=False, carry_context=True))

    assert job.status == "failed"
    assert sorted(job.steps.filter(name="transcribe").values_list("part", "status")) == [
        (0, "failed"),
        (1, "cancelled"),
        (2, "cancelled"),
    ]


@pytest.mark.django_db(transaction=True)
def test_two_workers_that_end_at_once_open_the_next_part_once(owner: User, tmp_path: Path) -> None:
    with recipe_of():
        job = begin_in_order(owner)
        claim = claim_part(job, 0)
        outcomes: list[bool] = []

        def try_to_finish() -> None:
            try:
                conduct.finish(claim, JobFiles(job, "transcribe", 0, 1, tmp_path), warnings=[], seconds=1)
                outcomes.append(True)
            except ClaimLost:
                outcomes.append(False)
            connection.close()

        threads = [threading.Thread(target=try_to_finish) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert sorted(outcomes) == [False, False, False, True]
    assert ready(job) == ["transcribe1"]


# Limits and files -----------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_the_time_limit_of_a_part_does_not_grow_with_the_recording(owner: User) -> None:
    with recipe_of():
        short = make_job(owner, recording=make_recording(owner, duration=3_600.0))
        long = make_job(owner, recording=make_recording(owner, duration=36_000.0))
        limits = [conduct.time_limit(job.steps.get(name="transcribe")) for job in (short, long)]
        whole = [conduct.time_limit(job.steps.get(name="normalize")) for job in (short, long)]

    assert limits[0] == limits[1]
    assert whole[0] < whole[1]


@pytest.mark.django_db
def test_a_step_put_back_is_not_claimed_before_its_time(owner: User) -> None:
    with recipe_of():
        step = make_job(owner).steps.get(name="normalize")
        StepRun.objects.filter(pk=step.pk).update(not_before=timezone.now() + timedelta(seconds=5))

        assert conduct.claim(step.pk, worker="a") is None


@pytest.mark.django_db
def test_what_fails_after_a_result_was_saved_costs_no_file(owner: User, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(job_id: object) -> None:
        if StepRun.objects.filter(name="normalize", status="done").exists():
            raise DatabaseError("the connection went away")

    with recipe_of():
        job = make_job(owner)
        monkeypatch.setattr(conduct.events, "publish", broken)
        with queue.silenced():
            work.run_step(job.steps.get(name="normalize").pk, worker="test")

    assert job.steps.get(name="normalize").status == "done"
    assert all(storage.exists(artifact.key) for artifact in Artifact.objects.all())
    assert Artifact.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_progress_that_cannot_be_saved_costs_nothing(owner: User, monkeypatch: pytest.MonkeyPatch) -> None:
    real, calls = conduct.report, []

    def flaky(*args: Any, **values: Any) -> bool:
        calls.append(1)
        if len(calls) == 1:
            raise OperationalError("database is locked")
        return real(*args, **values)

    monkeypatch.setattr(conduct, "report", flaky)
    with recipe_of():
        job = run_all(make_job(owner))

    assert job.status == "completed"
    assert {step.attempt for step in job.steps.filter(name="transcribe")} == {1}


@pytest.mark.django_db
def test_a_report_costs_few_queries_however_many_parts_there_are(
    owner: User, django_assert_max_num_queries: Callable[[int], AbstractContextManager[object]]
) -> None:
    with recipe_of(), pytest.MonkeyPatch.context() as patch:
        patch.setattr("tests.jobs.recipes.PARTS", 60)
        job = make_job(owner)
        with queue.silenced():
            work.run_step(job.steps.get(name="normalize").pk, worker="test")
            claim = conduct.claim(job.steps.get(name="transcribe", part=7).pk, worker="test")
            assert claim is not None
            with django_assert_max_num_queries(6):
                conduct.report(claim, progress=0.5)


@pytest.mark.django_db
def test_the_scratch_folder_is_empty_after_a_step(owner: User) -> None:
    with recipe_of():
        run_all(make_job(owner))

    assert list(work.scratch_dir().glob("*")) == []

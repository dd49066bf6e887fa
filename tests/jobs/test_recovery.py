import os
from datetime import timedelta
from uuid import UUID

import django_rq
import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from jobs.models import Job, StepRun
from jobs.services import conduct, lifecycle, recovery
from jobs.services.recovery import CHILD_DIED, WORKER_LOST
from media_pipeline.errors import PipelineError
from tests.jobs.recipes import make_job, recipe_of


def make_old(step: StepRun, **values: object) -> None:
    StepRun.objects.filter(pk=step.pk).update(**values)


@pytest.mark.django_db
def test_a_step_whose_lease_ran_out_is_ready_again(owner: User) -> None:
    with recipe_of():
        step = make_job(owner).steps.get(name="normalize")
        conduct.claim(step.pk, worker="a")
        make_old(step, lease_until=timezone.now() - timedelta(seconds=1))

        swept = recovery.sweep()

    step.refresh_from_db()
    assert swept.expired == 1
    assert (step.status, step.failures, step.error_code) == ("ready", 1, WORKER_LOST.code)


@pytest.mark.django_db
def test_a_step_of_a_dead_process_on_this_machine_is_taken_back_at_once(owner: User) -> None:
    with recipe_of():
        living, dead, elsewhere = (make_job(owner).steps.get(name="normalize") for _ in range(3))
        conduct.claim(living.pk, worker=recovery.worker_name(os.getpid()))
        conduct.claim(dead.pk, worker=recovery.worker_name(999_999_999))
        conduct.claim(elsewhere.pk, worker="other-machine-1-999999999")

        assert recovery.take_back_from_the_dead() == 1

    states = [StepRun.objects.get(pk=step.pk).status for step in (living, dead, elsewhere)]
    assert states == ["running", "ready", "running"]


@pytest.mark.django_db
def test_what_cannot_be_recovered_now_does_not_keep_the_rest(owner: User, monkeypatch: pytest.MonkeyPatch) -> None:
    with recipe_of():
        broken, fine = (make_job(owner).steps.get(name="normalize") for _ in range(2))
        for step in (broken, fine):
            conduct.claim(step.pk, worker="a")
            make_old(step, lease_until=timezone.now() - timedelta(seconds=1))
        real = recovery.lose

        def lose(pk: UUID, attempt: int, error: PipelineError) -> None:
            if pk == broken.pk:
                raise OSError
            real(pk, attempt, error)

        monkeypatch.setattr(recovery, "lose", lose)
        assert recovery.sweep().expired == 1

    assert StepRun.objects.get(pk=fine.pk).status == "ready"


@pytest.mark.django_db
def test_a_step_with_a_living_worker_is_left_alone(owner: User) -> None:
    with recipe_of():
        step = make_job(owner).steps.get(name="normalize")
        conduct.claim(step.pk, worker="a")

        swept = recovery.sweep()

    step.refresh_from_db()
    assert (swept.total, step.status) == (0, "running")


@pytest.mark.django_db
def test_a_step_that_kills_its_worker_each_time_fails_after_three_attempts(owner: User) -> None:
    with recipe_of():
        job = make_job(owner)
        step = job.steps.get(name="normalize")
        for _ in range(3):
            make_old(step, not_before=timezone.now())
            claim = conduct.claim(step.pk, worker="a")
            assert claim is not None
            recovery.lose(step.pk, claim.attempt, CHILD_DIED)

    job.refresh_from_db()
    assert (job.status, job.error_code) == ("failed", "worker_died")


@pytest.mark.django_db(transaction=True)
def test_after_redis_was_emptied_the_queue_is_told_again(owner: User) -> None:
    with recipe_of():
        job = make_job(owner)
        step = job.steps.get(name="normalize")
        conduct.ring(step.pk)
        queue = django_rq.get_queue("cpu")
        assert queue.count == 1
        queue.connection.flushall()
        make_old(step, rung_at=timezone.now() - timedelta(seconds=60))

        swept = recovery.sweep()

        assert (swept.rung, queue.count) == (1, 1)


@pytest.mark.django_db(transaction=True)
def test_a_step_that_waits_its_turn_is_not_queued_twice(owner: User) -> None:
    with recipe_of():
        step = make_job(owner).steps.get(name="normalize")
        conduct.ring(step.pk)
        make_old(step, rung_at=timezone.now() - timedelta(seconds=60))

        recovery.sweep()

        assert django_rq.get_queue("cpu").count == 1


@pytest.mark.django_db(transaction=True)
def test_a_doorbell_lost_between_queue_and_claim_rings_again(owner: User) -> None:
    with recipe_of():
        step = make_job(owner).steps.get(name="normalize")
        conduct.ring(step.pk)
        queue = django_rq.get_queue("cpu")
        queue.connection.lpop(queue.key)  # taken out by a worker that then died; the job's hash is still there
        make_old(step, rung_at=timezone.now() - timedelta(seconds=60))

        recovery.sweep()

        assert queue.count == 1


@pytest.mark.django_db
def test_a_job_nobody_would_touch_again_is_moved_on(owner: User) -> None:
    with recipe_of():
        job = make_job(owner)
        job.steps.filter(name="normalize").update(status="done")

        swept = recovery.sweep()

    assert swept.advanced == 1
    assert job.steps.filter(name="transcribe", status="ready").count() == 3


@pytest.mark.django_db
def test_a_worker_shut_down_hands_its_step_back_without_a_failure(owner: User) -> None:
    with recipe_of():
        step = make_job(owner).steps.get(name="normalize")
        claim = conduct.claim(step.pk, worker="a")
        assert claim is not None

        recovery.hand_back(step.pk, claim.attempt)

    step.refresh_from_db()
    assert (step.status, step.failures) == ("ready", 0)


@pytest.mark.django_db
def test_a_running_step_of_a_cancelled_job_ends_when_its_worker_is_lost(owner: User) -> None:
    with recipe_of():
        job = make_job(owner)
        step = job.steps.get(name="normalize")
        conduct.claim(step.pk, worker="a")
        lifecycle.cancel(job)
        make_old(step, lease_until=timezone.now() - timedelta(seconds=1))

        recovery.sweep()

    step.refresh_from_db()
    assert step.status == "cancelled"
    assert Job.objects.get().status == "cancelled"


def test_scratch_of_dead_processes_is_removed_and_of_living_ones_kept(settings: object) -> None:
    from jobs.services.work import scratch_dir

    dead = scratch_dir().parent / recovery.worker_name(999_999_999)
    foreign = scratch_dir().parent / "other-machine-999999999"
    foreign.mkdir(parents=True)
    dead.mkdir(parents=True)
    scratch_dir().mkdir(parents=True, exist_ok=True)

    recovery.remove_dead_scratch()  # what processes killed by other tests left
    dead.mkdir(parents=True, exist_ok=True)

    removed = recovery.remove_dead_scratch()

    assert removed == 1
    assert not dead.exists()
    assert scratch_dir().exists()
    assert foreign.exists()

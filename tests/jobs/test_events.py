from typing import Any

import pytest
from asgiref.sync import sync_to_async
from channels.layers import get_channel_layer
from channels.testing import WebsocketCommunicator
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from jobs import events, queue
from jobs.models import Job
from jobs.services import lifecycle, work
from tests.jobs.recipes import make_job, recipe_of
from transcriber.asgi import application


@pytest.mark.django_db
def test_a_snapshot_says_where_the_job_stands(owner: User) -> None:
    with recipe_of():
        job = make_job(owner)
        with queue.silenced():
            work.run_step(job.steps.get(name="normalize").pk, worker="test")
            work.run_step(job.steps.get(name="transcribe", part=0).pk, worker="test")
        job.refresh_from_db()
        snapshot = events.snapshot(job)

    assert (snapshot.status, snapshot.stage_title, snapshot.preview) == ("running", "Transcribing", [1, 0, 0])
    assert [(step.name, step.parts, step.parts_done) for step in snapshot.steps] == [
        ("normalize", 1, 1),
        ("transcribe", 3, 1),
        ("diarize", 1, 0),
        ("assemble", 1, 0),
    ]
    assert 25 < snapshot.percent < 35


@pytest.mark.django_db
def test_the_queue_position_counts_the_jobs_before(owner: User) -> None:
    with recipe_of():
        first, second = make_job(owner), make_job(owner)

        assert (events.snapshot(first).queue_position, events.snapshot(second).queue_position) == (1, 2)


def same(snapshot: dict[str, Any]) -> dict[str, Any]:
    """A snapshot without the estimate, which changes with the clock."""
    return {name: value for name, value in snapshot.items() if name != "seconds_left"}


async def open_page(owner: User, job: Job) -> WebsocketCommunicator:
    client = Client()
    await sync_to_async(client.force_login)(owner)
    headers = [
        (b"origin", b"http://testserver"),
        (b"host", b"testserver"),
        (b"cookie", f"sessionid={client.cookies['sessionid'].value}".encode()),
    ]
    page = WebsocketCommunicator(application, f"/ws/jobs/{job.pk}/", headers)
    assert (await page.connect(timeout=5))[0]
    return page


@pytest.mark.django_db(transaction=True)
async def test_two_open_pages_see_every_change_and_a_late_one_sees_the_same_truth(owner: User) -> None:
    def run(job: Job) -> None:
        with recipe_of():
            work.run_step(job.steps.get(name="normalize").pk, worker="test")

    with recipe_of():
        job = await sync_to_async(make_job)(owner)
        pages = [await open_page(owner, job), await open_page(owner, job)]
        first = [await page.receive_json_from() for page in pages]
        assert {snapshot["status"] for snapshot in first} == {"queued"}

        await sync_to_async(run)(job)
        seen: list[list[dict[str, Any]]] = []
        for page in pages:
            got = [await page.receive_json_from(timeout=5)]
            while got[-1]["steps"][0]["status"] != "done":
                got.append(await page.receive_json_from(timeout=5))
            seen.append(got)
        late = await open_page(owner, job)
        now = await late.receive_json_from()

        assert [item["sequence"] for item in seen[0]] == sorted(item["sequence"] for item in seen[0])
        assert same(now) == same(seen[0][-1]) == same(seen[1][-1])
        for page in [*pages, late]:
            await page.disconnect()


@pytest.mark.django_db
def test_without_redis_the_work_goes_on(owner: User, monkeypatch: pytest.MonkeyPatch) -> None:
    async def gone(*args: Any) -> None:
        raise ConnectionRefusedError

    monkeypatch.setattr(get_channel_layer(), "group_send", gone, raising=False)
    with recipe_of():
        job = make_job(owner)
        work.run_here(job.pk, worker="test")

    job.refresh_from_db()
    assert job.status == "completed"


@pytest.mark.django_db
def test_the_page_can_poll_the_same_snapshot(owner: User, browser: Client) -> None:
    with recipe_of():
        job = make_job(owner)
        lifecycle.cancel(job)
        job.refresh_from_db()

        answer = browser.get(reverse("job_snapshot", args=[job.pk])).json()
        assert answer == events.snapshot(job).as_json()


@pytest.mark.django_db
@pytest.mark.parametrize(("model", "shown"), [("large-v3", "large-v3"), ("tiny.en", "tiny.en"), ("/srv/own.pt", "own")])
def test_a_snapshot_names_a_model_but_not_its_place(owner: User, model: str, shown: str) -> None:
    with recipe_of():
        job = make_job(owner)
        job.options["model"] = model

        assert events.snapshot(job).model == shown

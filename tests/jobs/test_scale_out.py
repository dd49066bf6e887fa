"""The same product on PostgreSQL, S3 and Redis over TCP, with two workers on each lane."""

import json
import subprocess
import sys
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import psycopg
import pytest
import requests

from tests.services import (
    ROOT,
    S3,
    Product,
    postgresql,
    product_variables,
    redis_server,
    running_product,
    s3_server,
    wait_until,
)
from tests.speech import Line, Speech, conversation, render

pytestmark = [pytest.mark.slow, pytest.mark.postgres]

EMAIL, PASSWORD = "owner@example.org", "a-good-long-one"
MINUTE = 60.0


@dataclass
class Site:
    """The running product with its owner logged in, and the servers behind it."""

    product: Product
    database: str
    store: S3
    browser: requests.Session

    def post(self, path: str, status: int, **arguments: Any) -> requests.Response:
        return self._send("POST", path, status, **arguments)

    def get(self, path: str, status: int = 200, **arguments: Any) -> requests.Response:
        return self._send("GET", path, status, **arguments)

    def _send(self, method: str, path: str, status: int, **arguments: Any) -> requests.Response:
        headers = {"X-CSRFToken": self.browser.cookies.get("csrftoken", ""), **arguments.pop("headers", {})}
        url = self.product.url.rstrip("/") + path
        answer = self.browser.request(method, url, headers=headers, allow_redirects=False, timeout=30, **arguments)
        assert answer.status_code == status, (path, answer.status_code, answer.text[:500])
        return answer

    def submit(self, speech: Speech, *, speakers: str) -> "Submitted":
        """Upload a recording in pieces, as the page does."""
        media = speech.path.read_bytes()
        name = b64encode("Besprechung Ä.wav".encode()).decode()
        announced = {"Upload-Length": str(len(media)), "Upload-Metadata": f"filename {name}"}
        upload = self.post("/uploads/", 201, headers=announced).headers["Location"]
        for offset in range(0, len(media), 500_000):
            kind = {"Content-Type": "application/offset+octet-stream", "Upload-Offset": str(offset)}
            self._send("PATCH", upload, 204, data=media[offset : offset + 500_000], headers=kind)
        options = {"engine": "pocketsphinx", "speakers": speakers}
        path = self.post(f"{upload}submit/", 201, data=options).json()["url"]
        recording = path.split("/")[2]
        (job,) = self.column("SELECT id::text FROM jobs_job WHERE recording_id = %s", recording)
        return Submitted(recording, job, media)

    def snapshot(self, job: str) -> dict[str, Any]:
        found: dict[str, Any] = self.get(f"/jobs/{job}/snapshot/").json()
        return found

    def wait_until_done(self, job: str) -> None:
        ended = ("completed", "failed", "cancelled")
        wait_until(lambda: self.snapshot(job)["status"] in ended, "the end of the job", 2 * MINUTE)
        assert self.snapshot(job)["status"] == "completed", f"{self.snapshot(job)}\n{self.product.log()}"

    def column(self, query: str, *values: str) -> list[Any]:
        with psycopg.connect(self.database) as connection:
            return [row[0] for row in connection.execute(query, values).fetchall()]

    def stored_keys(self) -> list[str]:
        """Everything in the bucket."""
        names = {"endpoint_url": self.store.endpoint, "region_name": "us-east-1"}
        client = boto3.client("s3", aws_access_key_id="testing", aws_secret_access_key="testing", **names)
        pages = client.get_paginator("list_objects_v2").paginate(Bucket=self.store.bucket)
        return [item["Key"] for page in pages for item in page.get("Contents", ())]

    def traces(self, what: "Submitted") -> list[str]:
        """Rows, objects and files of this machine that still know of a recording or its job."""
        ids = (what.recording, what.job)
        found = [key for key in self.stored_keys() if any(one in key for one in ids)]
        found += [str(path) for path in self.product.data_dir.rglob("*") if any(one in str(path) for one in ids)]
        tables = {
            "jobs_recording": "id",
            "jobs_job": "recording_id",
            "jobs_transcript": "recording_id",
            "jobs_steprun": "job_id",
            "jobs_artifact": "job_id",
        }
        for table, key in tables.items():
            rows = self.column(f"SELECT {key}::text FROM {table}")
            found += [f"{table} {one}" for one in rows if one in ids]
        return found


@dataclass
class Submitted:
    """Ids of a recording and its job, and the bytes that were sent."""

    recording: str
    job: str
    media: bytes


@pytest.fixture(scope="module")
def database() -> Iterator[str]:
    with postgresql() as address:
        yield address


@pytest.fixture(scope="module")
def site(database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("scale-out")
    with redis_server() as queue, s3_server() as store:
        variables = {"DATABASE_URL": database, "REDIS_URL": queue, **store.variables}
        workers = {"WORKERS_IO": "0", "WORKERS_CPU": "2", "WORKERS_GPU": "2", "THREADS": "1", "CHUNK_SECONDS": "8"}
        with running_product(folder, **variables, **workers) as product:
            made = Site(product, database, store, requests.Session())
            made.get("/welcome/")
            account = {"email": EMAIL, "password1": PASSWORD, "password2": PASSWORD}
            made.post("/welcome/", 302, data=account)
            made.get("/upload/")
            yield made


@pytest.fixture(scope="module")
def done(site: Site) -> Submitted:
    """A conversation of half a minute, cut into pieces, transcribed by all workers together."""
    submitted = site.submit(render(conversation(8, seed=5)), speakers="auto")
    site.wait_until_done(submitted.job)
    return submitted


def test_pieces_of_one_recording_are_shared_by_the_workers(site: Site, done: Submitted) -> None:
    workers = site.column("SELECT worker FROM jobs_steprun WHERE job_id = %s AND name = 'transcribe'", done.job)

    assert len(workers) >= 3
    assert len(set(workers)) == 2
    assert site.column("SELECT max(attempt) FROM jobs_steprun WHERE job_id = %s", done.job) == [1]
    assert b"Besprechung" in site.get(f"/recordings/{done.recording}/").content
    assert "Traceback" not in site.product.log()


@pytest.mark.parametrize(
    ("name", "content_type", "beginning"),
    [
        ("txt", "text/plain", ""),
        ("srt", "application/x-subrip", "1\n"),
        ("vtt", "text/vtt", "WEBVTT"),
    ],
)
def test_an_export_is_a_link_to_the_store_that_gives_the_file(
    site: Site, done: Submitted, name: str, content_type: str, beginning: str
) -> None:
    link = site.get(f"/jobs/{done.job}/export/{name}/", 302).headers["Location"]

    file = requests.get(link, timeout=30)

    assert link.startswith(site.store.endpoint)
    assert "X-Amz-Expires=300" in link
    assert file.status_code == 200
    assert file.headers["Content-Type"].startswith(content_type)
    assert file.headers["Content-Disposition"].startswith("attachment")
    assert file.content.decode("utf-8").lstrip("\ufeff").startswith(beginning)
    assert len(file.content) > 40


def test_the_media_is_played_from_the_store_by_range(site: Site, done: Submitted) -> None:
    link = site.get(f"/recordings/{done.recording}/media/", 302).headers["Location"]

    whole = requests.get(link, timeout=30)
    part = requests.get(link, headers={"Range": "bytes=100-199"}, timeout=30)

    assert whole.content == done.media
    assert whole.headers["Content-Type"] == "audio/wav"
    assert (part.status_code, part.content) == (206, done.media[100:200])
    assert part.headers["Content-Range"] == f"bytes 100-199/{len(done.media)}"


def test_the_waveform_comes_through_the_site(site: Site, done: Submitted) -> None:
    peaks = json.loads(site.get(f"/recordings/{done.recording}/peaks/").content)

    assert 1 < len(peaks["peaks"]) <= 4000


def test_the_doctor_finds_every_part_well(site: Site) -> None:
    told = site.product.manage("doctor")

    assert told.returncode == 0, told.stdout + told.stderr
    assert "postgresql" in told.stdout
    assert f"bucket {site.store.bucket}" in told.stdout
    assert "doctor/probe" not in site.stored_keys()


def test_nothing_is_left_of_a_deleted_recording(site: Site) -> None:
    doomed = site.submit(render([Line("slt", "We will discuss the budget today.")]), speakers="none")
    site.wait_until_done(doomed.job)
    assert len(site.traces(doomed)) > 8

    site.post(f"/recordings/{doomed.recording}/delete/", 302)
    site.post("/trash/empty/", 302)

    assert site.traces(doomed) == []


def test_nothing_is_left_of_a_recording_deleted_while_it_is_worked_on(site: Site) -> None:
    doomed = site.submit(render(conversation(12, seed=6)), speakers="none")
    wait_until(lambda: site.snapshot(doomed.job)["stage"] == "transcribe", "the transcription's start", MINUTE)

    site.post(f"/recordings/{doomed.recording}/delete/", 302)
    site.post("/trash/empty/", 302)

    wait_until(lambda: site.traces(doomed) == [], f"the end of {site.traces(doomed)}", 20)
    assert "Traceback" not in site.product.log()


# Many at once, on a database of their own --------------------------------------------------------------------------

PREPARE = """
import json, sys, threading
from concurrent.futures import ThreadPoolExecutor
import django
django.setup()
from django.core.management import call_command
from django.db import connection, transaction
from jobs import queue
from jobs.models import Job, StepRun
from jobs.services import conduct, work
from media_pipeline.errors import EngineCrashed
from tests.jobs.recipes import make_job, recipe_of

def at_once(tasks):
    barrier = threading.Barrier(len(tasks))
    def run(task):
        barrier.wait()
        with queue.silenced():
            try:
                return task()
            finally:
                connection.close()
    with ThreadPoolExecutor(len(tasks)) as pool:
        return list(pool.map(run, tasks))

@transaction.atomic
def started_job():
    return make_job(None)

call_command("migrate", verbosity=0)
"""
CLAIM = """
with recipe_of(), queue.silenced():
    step = started_job().steps.get(status="ready")
    claims = at_once([lambda number=number: conduct.claim(step.pk, worker=f"worker {number}") for number in range(20)])
step.refresh_from_db()
won = sum(claim is not None for claim in claims)
print(json.dumps({"claims": won, "attempt": step.attempt, "status": step.status}))
"""
FINISH = """
rounds = []
with recipe_of(), queue.silenced():
    for _ in range(10):
        job = started_job()
        work.run_step(job.steps.get(status="ready").pk, worker="first")
        ready = list(job.steps.filter(status="ready"))
        at_once([lambda step=step: work.run_step(step.pk, worker="many") for step in ready])
        rounds.append([len(ready), *job.steps.filter(name="assemble").values_list("status", flat=True)])
        work.run_here(job.pk, worker="last")
statuses = sorted(set(Job.objects.values_list("status", flat=True)))
print(json.dumps({"rounds": rounds, "statuses": statuses}))
"""
STOP = """
from jobs.services import lifecycle
with recipe_of(), queue.silenced():
    for number in range(40):
        job = started_job()
        work.run_step(job.steps.get(status="ready").pk, worker="first")
        ready = list(job.steps.filter(status="ready"))
        first = conduct.claim(ready[0].pk, worker="first")
        stop = [lambda: lifecycle.cancel(job), lambda: lifecycle.delete_recording(job.recording)][number % 2]
        end = lambda: conduct.fail(first, EngineCrashed("no", "No."), seconds=0.0)
        at_once([stop, end, *(lambda step=step: work.run_step(step.pk, worker="many") for step in ready[1:])])
        if number % 2 == 0:
            work.run_here(job.pk, worker="last")
statuses = sorted(set(Job.objects.values_list("status", flat=True)))
print(json.dumps({"statuses": statuses}))
"""


@pytest.fixture
def crowd_database(database: str) -> Iterator[str]:
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("CREATE DATABASE crowd")
        yield database.rpartition("/")[0] + "/crowd"
        connection.execute("DROP DATABASE crowd WITH (FORCE)")


def run_in(database: str, folder: Path, script: str) -> dict[str, Any]:
    """What `script` prints last, run by a Python of its own on `database`."""
    variables = product_variables(folder, DATABASE_URL=database) | {"DJANGO_SETTINGS_MODULE": "transcriber.settings"}
    argv = [sys.executable, "-c", PREPARE + script]
    ended = subprocess.run(argv, cwd=ROOT, env=variables, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    found: dict[str, Any] = json.loads(ended.stdout.splitlines()[-1])
    return found


def test_one_of_twenty_workers_gets_a_step(crowd_database: str, tmp_path: Path) -> None:
    assert run_in(crowd_database, tmp_path, CLAIM) == {"claims": 1, "attempt": 1, "status": "running"}


def test_parts_that_end_at_the_same_moment_open_the_next_step_once(crowd_database: str, tmp_path: Path) -> None:
    found = run_in(crowd_database, tmp_path, FINISH)

    assert found["rounds"] == [[4, "ready"]] * 10
    assert found["statuses"] == ["completed"]


def test_stopping_a_job_never_locks_up_with_its_workers(crowd_database: str, tmp_path: Path) -> None:
    assert run_in(crowd_database, tmp_path, STOP) == {"statuses": ["cancelled"]}

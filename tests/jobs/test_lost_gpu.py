"""A GPU that fails in the middle of a step: its process is replaced, and the job goes on."""

import sys
from pathlib import Path
from typing import Any

import django_rq
import pytest
from django.contrib.auth.models import User
from django.db import connection

from jobs.services import work
from jobs.workers import WarmWorker
from tests.jobs.recipes import PARTS, make_job, recipe_of
from tests.services import ROOT

# The child of a worker, whose second step meets the failure, once.
CHILD = """
import os, sys
sys.path.insert(0, {root!r})
import django
django.setup()
from pathlib import Path
from django.core.management import call_command
from media_pipeline.engines import pool
from tests.jobs import recipes

log = Path(os.environ["STEP_LOG"])

@pool.emptied_by_crash
def transcribe(files, options, run, part):
    fails = log.exists() and "failed" not in log.read_text()
    with log.open("a") as lines:
        print(os.getpid(), "failed" if fails else "worked", file=lines)
    if fails:
        raise RuntimeError("CUDA error: an illegal memory access was encountered")
    recipes.transcribe(files, options, run, part)

with recipes.recipe_of(transcribe=transcribe):
    call_command("work_child", pipe=int(sys.argv[-1]))
"""


@pytest.mark.django_db(transaction=True)
def test_a_gpu_that_fails_costs_one_attempt_and_a_fresh_process_goes_on(owner: User, tmp_path: Path) -> None:
    losses: list[tuple[Any, ...]] = []
    log = tmp_path / "log"
    queue = django_rq.get_queue("gpu")
    variables = {"STEP_LOG": str(log), "DATABASE_URL": f"sqlite:///{connection.settings_dict['NAME']}"}
    worker = WarmWorker(
        [queue],
        child_arguments=[sys.executable, "-c", CHILD.format(root=str(ROOT))],
        child_environment=variables | {"DJANGO_SETTINGS_MODULE": "transcriber.settings"},
        on_loss=lambda *loss: losses.append(loss),
        connection=queue.connection,
        serializer=queue.serializer,
        queue_class=type(queue),
    )
    with recipe_of():
        job = make_job(owner, speakers=False)
        work.run_step(job.steps.get(status="ready").pk, worker="test")

        worker.work(burst=True)

        rows = job.steps.filter(name="transcribe")
        assert [row.status for row in rows] == ["done"] * PARTS
        assert sorted(row.failures for row in rows) == [0, 0, 1]
        told = [line.split() for line in log.read_text().splitlines()]
        first, second = dict.fromkeys(pid for pid, _ in told)
        assert told[:2] == [[first, "worked"], [first, "failed"]]
        assert told[2:] == [[second, "worked"]] * (PARTS - 1)
        assert losses == []

"""One recording shared by two workers of the running product: each chunk is done once, also when a worker is killed.

How much faster two are is measured by `python -m benchmarks sharing`.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.services import ROOT

pytestmark = pytest.mark.slow

# Runs in a process of its own, on the settings of the product it starts. The last line it prints is what it found.
SHARE = """
import json, re, sys, time
from pathlib import Path
from tests import stress

def chunks(job):
    from jobs.models import StepRun
    return StepRun.objects.filter(job=job, name="transcribe").order_by("part")

def facts(product, job):
    done = re.findall(rf"step done in .* job={job} step=transcribe part=(\\d+)", product.log())
    in_vain = re.findall(rf"step stopped.* job={job} step=transcribe", product.log())
    rows = list(chunks(job))
    return {
        "status": stress.job_of(job).status, "words": stress.words_of(job),
        "done": sorted(map(int, done)), "in_vain": len(in_vain),
        "attempts": [row.attempt for row in rows], "workers": [row.worker for row in rows],
    }

def newest_of_two(job):
    rows = chunks(job).filter(status="running").order_by("-started_at")
    return rows[0] if len(rows) == 2 and stress.chunks_done(job) else None

def lanes_without_gpu(product):
    children = {stress.parent_of(pid): pid for pid in product.pids_of("work_child")}
    environ = lambda pid: (Path("/proc") / str(pid) / "environ").read_bytes().split(bytes(1))
    return [
        lane for lane in ("io", "cpu", "gpu")
        if all(b"CUDA_VISIBLE_DEVICES=" in environ(children[pid]) for pid in product.pids_of(f"work --lane {lane}"))
    ]

speech = stress.render(stress.conversation(14, seed=23, voices=("slt", "rms"), gap=(0.4, 0.9)))
with stress.running_product(Path(sys.argv[1]), **stress.SETTINGS, WORKERS_GPU="2") as product:
    stress.os.environ.update(product.variables, DJANGO_SETTINGS_MODULE="transcriber.settings", LOG_LEVEL="ERROR")
    import django
    django.setup()
    calm, disturbed = stress.submit(speech), None
    stress.wait_for_end([calm])
    hidden = lanes_without_gpu(product)
    disturbed = stress.submit(speech)
    while (row := newest_of_two(disturbed)) is None:
        assert stress.job_of(disturbed).is_active, "never were two chunks worked on at once, with one done"
        time.sleep(0.01)
    stress.kill([stress.parent_of(int(row.worker.rpartition("-")[2]))])
    stress.wait_for_end([disturbed])
    told = {"calm": facts(product, calm), "disturbed": facts(product, disturbed)}
    print(json.dumps({**told, "killed": row.part, "hidden": hidden}))
"""


def test_two_workers_share_a_recording_and_one_takes_over_from_a_killed_other(tmp_path: Path) -> None:
    argv = [sys.executable, "-c", SHARE, str(tmp_path)]
    ended = subprocess.run(argv, cwd=ROOT, env=os.environ, capture_output=True, text=True, check=False)

    assert ended.returncode == 0, ended.stderr
    found = json.loads(ended.stdout.splitlines()[-1])
    calm, disturbed = found["calm"], found["disturbed"]
    assert {"io", "cpu"} <= set(found["hidden"])
    parts = len(calm["attempts"])
    assert parts >= 5
    assert len(set(calm["workers"])) == 2
    for job in (calm, disturbed):
        assert job["status"] == "completed"
        assert (job["done"], job["in_vain"]) == (list(range(parts)), 0)
    assert disturbed["words"] == calm["words"] != ""
    assert calm["attempts"] == [1] * parts
    assert disturbed["attempts"] == [2 if part == found["killed"] else 1 for part in range(parts)]

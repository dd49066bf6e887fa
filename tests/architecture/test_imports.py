"""The walls: who may import whom, and that the web server never loads a model's library."""

import os
import subprocess
import sys
from pathlib import Path

from tests.services import ROOT
from tests.speech import Line, render

# Runs in a process of its own, so that nothing another test imported is seen. The last line printed is the verdict.
VISIT_THE_SITE = """
import sys
import transcriber.asgi
from base64 import b64encode
from pathlib import Path
from django.contrib.auth.models import User
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

call_command("migrate", verbosity=0)
browser = Client()
browser.force_login(User.objects.create_superuser("owner@example.org", "owner@example.org", "pass-of-owner"))

def page(method, address, status, **arguments):
    answer = getattr(browser, method)(address, **arguments)
    assert answer.status_code == status, (address, answer.status_code, answer.content[:2000])
    return answer

def submit(engine, speakers):
    media = Path(sys.argv[1]).read_bytes()
    name = b64encode(b"speech.wav").decode()
    sizes = {"Upload-Length": str(len(media)), "Upload-Metadata": f"filename {name}"}
    upload = page("post", reverse("upload_create"), 201, headers=sizes)["Location"]
    piece = {"content_type": "application/offset+octet-stream", "headers": {"Upload-Offset": "0"}}
    page("patch", upload, 204, data=media, **piece)
    options = {"engine": engine, "speakers": speakers}
    return page("post", f"{upload}submit/", 201, data=options).json()["url"]

address = submit("pocketsphinx", "none")
page("get", address, 200)

from jobs.models import Job, Segment, Speaker, Transcript
job = Job.objects.get()
Job.objects.update(status="completed", percent=100)
transcript = Transcript.objects.create(recording=job.recording, job=job, language="en", engine="pocketsphinx", model="")
speaker = Speaker.objects.create(transcript=transcript, label="SPEAKER_00")
Segment.objects.create(transcript=transcript, start=0, end=1, text="Hello.", speaker=speaker)

submit("auto", "auto")
for name in ("library", "upload", "admin:index", "account_logout", "health_live"):
    page("get", reverse(name), 200)
assert b"Hello." in page("get", address, 200).content
page("get", reverse("job_snapshot", args=[job.pk]), 200)
page("get", reverse("media", args=[job.recording.pk]), 200)

heavy = (
    "torch", "torchaudio", "numba", "sklearn", "onnxruntime",
    "ctranslate2", "faster_whisper", "whisper", "pyannote.audio", "pyannote.core", "silero_vad", "pocketsphinx",
)
print("LOADED", *(name for name in heavy if name in sys.modules))
"""


def test_every_module_imports_only_what_its_layer_may() -> None:
    lint = Path(sys.executable).with_name("lint-imports")
    checked = subprocess.run([lint], cwd=ROOT, capture_output=True, text=True, check=False)

    assert checked.returncode == 0, checked.stdout
    assert "0 broken" in checked.stdout


def test_the_web_process_loads_no_model_library(tmp_path: Path) -> None:
    speech = render([Line("slt", "We will discuss the budget today.")])
    variables = os.environ | {"DATABASE_URL": f"sqlite:///{tmp_path / 'site.sqlite3'}"}

    visit = subprocess.run(
        [sys.executable, "-c", VISIT_THE_SITE, str(speech.path)],
        cwd=ROOT,
        env=variables,
        capture_output=True,
        text=True,
        check=False,
    )

    assert visit.returncode == 0, visit.stderr
    assert visit.stdout.splitlines()[-1] == "LOADED"

"""Transcripts for browser tests, written as jobs leave them, without waiting for a job."""

import json
from collections.abc import Sequence
from pathlib import Path

from tests.services import Product

# (who, what) of a talk of about three minutes: 60 sentences of two people.
TALK = [
    (index // 2 % 2, f"Sentence {index} is about the {word} of the next meeting.")
    for index, word in enumerate(["budget", "price", "report", "plan", "contract", "website"] * 10)
]

_SEED = """
import json
from pathlib import Path
from django.contrib.auth.models import User
from jobs import storage
from jobs.models import Job, Recording, Segment, Speaker, StepRun, Transcript
from media_pipeline.recipes import RECIPES

media = Path(%(media)r)
row = Recording.objects.create(owner=User.objects.earliest("pk"), title=%(title)r, original_name=media.name,
    media_key=f"recordings/{%(title)r}/{media.name}", media_type="audio/wav", size_bytes=1_000, duration=%(duration)r)
storage.save(row.media_key, media)
options = {"engine": "whisper", "requested_engine": "auto", "model": "base", "language": "en",
           "speakers": {"exact": None, "at_most": None}, "vocabulary": ""}
job = Job.objects.create(recording=row, kind="transcribe", status="completed", options=options, percent=100.0)
for step in RECIPES["transcribe"].steps:
    StepRun.objects.create(job=job, name=step.name, lane=step.lane, status="done", seconds=1.0)
made = Transcript.objects.create(recording=row, job=job, language="en", engine="whisper", model="base")
talk = %(talk)r
voices = [Speaker.objects.create(transcript=made, label=f"SPEAKER_0{one}") for one in sorted({who for who, _ in talk})]
for index, (who, said) in enumerate(talk):
    start, words = %(each)r * index, said.split()
    step = (%(each)r - 0.5) / len(words)
    rows = [[word, round(start + step * at, 2), round(start + step * (at + 1), 2), 0.95]
            for at, word in enumerate(words)]
    Segment.objects.create(transcript=made, start=start, end=rows[-1][2], text=said, words=rows, confidence=0.95,
        speaker=voices[who])
print(json.dumps(f"/recordings/{row.pk}/"))
"""


def write_talk(
    product: Product, media: Path, title: str, talk: Sequence[tuple[int, str]] = TALK, *, each: float = 3.0
) -> str:
    """Write a finished recording with one sentence each `each` seconds, over a WAV, which
    moves to the storage. Returns its address."""
    values = {"media": str(media), "title": title, "talk": list(talk), "each": each, "duration": each * len(talk)}
    outcome = product.manage("shell", "-c", _SEED % values)
    assert outcome.returncode == 0, outcome.stderr
    return str(json.loads(outcome.stdout.strip().splitlines()[-1]))

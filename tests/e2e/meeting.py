"""A finished recording of three minutes of silence with words of our own, for tests of its page."""

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.services import Product

# Words as a job leaves them: 0.4 s each, a second between sentences, two speakers by turns.
SEED = """
import json
from pathlib import Path
from django.contrib.auth.models import User
from jobs import storage
from jobs.models import Job, Recording, Segment, Speaker, StepRun, Transcript
from media_pipeline.recipes import RECIPES

given = json.loads(%r)
row = Recording.objects.create(owner=User.objects.first(), title=given["title"], original_name="meeting.mp3",
    media_key="", media_type="audio/mpeg", size_bytes=200_000, duration=180.0)
row.media_key = f"recordings/{row.pk}/meeting.mp3"
row.save()
storage.save(row.media_key, Path(given["media"]))
options = {"engine": "whisper", "requested_engine": "auto", "model": "base", "language": "en",
           "speakers": {"exact": None, "at_most": None}, "vocabulary": ""}
job = Job.objects.create(recording=row, kind="transcribe", status="completed", options=options, percent=100.0,
                         warnings=given["warnings"])
for step in RECIPES["transcribe"].steps:
    StepRun.objects.create(job=job, name=step.name, lane=step.lane, status="done")
made = Transcript.objects.create(recording=row, job=job, language="en", engine="whisper", model="base")
voices = [Speaker.objects.create(transcript=made, label=f"SPEAKER_0{number}") for number in range(2)]
at, rows = 0.0, []
for index, sentence in enumerate(given["sentences"]):
    words = []
    for place, (word, sure) in enumerate(sentence["words"]):
        words.append([word, round(at + 0.4 * place, 2), round(at + 0.4 * place + 0.35, 2), sure])
    end = words[-1][2]
    rows.append(Segment(transcript=made, start=at, end=end, text=" ".join(word for word, _ in sentence["words"]),
        words=words, confidence=0.9, speaker=voices[index // 2 %% 2], marks=sentence["marks"]))
    at = round(end + 1.0, 2)
Segment.objects.bulk_create(rows)
print(json.dumps(f"/recordings/{row.pk}/"))
"""


def seed_meeting(
    product: Product, folder: Path, sentences: Sequence[str], *, title: str = "A meeting", warnings: Sequence[str] = ()
) -> str:
    """Write the recording. Returns its address.

    Args:
        sentences: A word that ends in "?0.4" is sure by 40 %, others by 95 %; a first word in brackets, such as
            "[repeated]", is a mark of the sentence.
    """
    media = folder / "meeting.mp3"
    argv = ["ffmpeg", "-v", "error", "-y", "-f", "lavfi", "-i", "anullsrc=r=8000:cl=mono", "-t", "180"]
    subprocess.run([*argv, "-c:a", "libmp3lame", "-b:a", "8k", str(media)], check=True)
    given = {"title": title, "media": str(media), "warnings": list(warnings), "sentences": [*map(_read, sentences)]}
    outcome = product.manage("shell", "-c", SEED % json.dumps(given))
    assert outcome.returncode == 0, outcome.stderr
    return str(json.loads(outcome.stdout.strip().splitlines()[-1]))


def _read(sentence: str) -> dict[str, Any]:
    pieces = sentence.split()
    marks = [pieces.pop(0)[1:-1]] if pieces[0].startswith("[") else []
    words = []
    for piece in pieces:
        word, _, sure = piece.partition("?0.")
        words.append((word, float(f"0.{sure}") if sure else 0.95))
    return {"words": words, "marks": marks}

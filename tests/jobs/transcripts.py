"""Transcripts to correct, without a job having been run."""

from django.contrib.auth.models import User

from jobs.models import Job, Segment, Speaker, StepRun, Transcript
from tests.jobs.recipes import make_job, make_recording


def make_transcript(
    owner: User | None, texts: list[str], *, speakers: str = "", language: str = "en", duration: float | None = None
) -> Transcript:
    """A second for each word, and one between two texts. `speakers` has a digit for the speaker of each text."""
    job = make_job(owner, recording=make_recording(owner, duration=duration))
    StepRun.objects.filter(job=job).update(status="done", progress=1.0)
    Job.objects.filter(pk=job.pk).update(status="completed", percent=100, stage="")
    made = Transcript.objects.create(recording=job.recording, job=job, language=language, engine="whisper", model="")
    known = {
        digit: Speaker.objects.create(transcript=made, label=f"SPEAKER_0{digit}") for digit in sorted(set(speakers))
    }
    rows, at = [], 0.0
    for index, text in enumerate(texts):
        words = [[word, at + place, at + place + 1.0, 0.5] for place, word in enumerate(text.split())]
        end = at + len(words)
        speaker = known[speakers[index]] if speakers else None
        rows.append(
            Segment(transcript=made, start=at, end=end, text=text, words=words, confidence=0.5, speaker=speaker)
        )
        at = end + 1.0
    Segment.objects.bulk_create(rows)
    return made


def texts_of(transcript: Transcript) -> list[str]:
    return list(transcript.segments.values_list("text", flat=True))


def voices_of(transcript: Transcript) -> list[str]:
    return [str(segment.speaker or "") for segment in transcript.segments.select_related("speaker")]

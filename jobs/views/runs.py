"""What was run on a recording, and what it gave to take away."""

from typing import Any

from django.http import HttpRequest

from jobs import events, pipeline_gateway
from jobs.models import Job, Recording, Transcript
from jobs.services import exports
from jobs.templatetags.display import language_name
from media_pipeline.options import SpeakerOptions, model_title


def run_context(_request: HttpRequest, recording: Recording) -> dict[str, Any]:
    """All runs that made text, latest first."""
    jobs = recording.jobs.of_text().select_related("recording", "transcript").order_by("-created_at")
    return {"runs": [_run(job) for job in jobs]}


def _run(job: Job) -> dict[str, Any]:
    transcript: Transcript | None = getattr(job, "transcript", None)
    steps = events.snapshot(job).as_json()["steps"]
    return {"job": job, "run_facts": facts(job, transcript), "steps": steps, "transcript": transcript}


def exports_context(_request: HttpRequest, recording: Recording) -> dict[str, Any]:
    """Formats of the latest text."""
    job = recording.jobs.of_text().filter(transcript__isnull=False).order_by("-created_at").first()
    return {"job": job, "formats": exports.formats() if job else []}


def facts(job: Job, transcript: Transcript | None) -> list[tuple[str, str]]:
    """(what, value) of what a job was asked to do, and the language it found."""
    options = pipeline_gateway.options_of(job)
    language = transcript.language if transcript else options.language
    how = ", chosen automatically" if options.requested_engine == pipeline_gateway.AUTO else ""
    told = [
        ("Engine", f"{pipeline_gateway.engine_title(options.engine)}{how}"),
        ("Model", model_title(options.model)),
        ("Language", language_name(language) if language else "Detected automatically"),
        ("Speakers", _speakers_asked_for(options.speakers)),
    ]
    if options.mixed_languages:
        told.append(("Languages", "Mixed, each found where it is spoken"))
    if options.carry_context:
        told.append(("Wording", "Kept consistent"))
    return [*told, ("Names and terms", options.vocabulary)] if options.vocabulary else told


def _speakers_asked_for(speakers: SpeakerOptions | None) -> str:
    if speakers is None:
        return "Not told apart"
    if speakers.exact:
        return f"{speakers.exact}, as given"
    if speakers.minimum and speakers.maximum:
        return f"{speakers.minimum} to {speakers.maximum}, as given"
    if speakers.minimum or speakers.maximum:
        return f"At least {speakers.minimum}, as given" if speakers.minimum else f"At most {speakers.maximum}, as given"
    return "Counted automatically"

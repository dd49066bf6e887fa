"""What was run on a recording."""

from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext as _

from jobs import events, pipeline_gateway
from jobs.models import Job, Recording, Transcript
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


def facts(job: Job, transcript: Transcript | None) -> list[tuple[str, str]]:
    """(what, value) of what a job was asked to do, and the language it found."""
    options = pipeline_gateway.options_of(job)
    language = transcript.language if transcript else options.language
    engine = pipeline_gateway.engine_title(options.engine)
    if options.requested_engine == pipeline_gateway.AUTO:
        engine = _("%(engine)s, chosen automatically") % {"engine": engine}
    told = [
        (_("Engine"), engine),
        (_("Model"), model_title(options.model)),
        (_("Language"), language_name(language) if language else _("Detected automatically")),
        (_("Speakers"), _speakers_asked_for(options.speakers)),
    ]
    if options.mixed_languages:
        told.append((_("Languages"), _("Mixed, each found where it is spoken")))
    if options.carry_context:
        told.append((_("Wording"), _("Kept consistent")))
    return [*told, (_("Names and terms"), options.vocabulary)] if options.vocabulary else told


def _speakers_asked_for(speakers: SpeakerOptions | None) -> str:
    if speakers is None:
        return _("Not told apart")
    given = {"count": speakers.exact, "least": speakers.minimum, "most": speakers.maximum}
    if speakers.exact:
        return _("%(count)d, as given") % given
    if speakers.minimum and speakers.maximum:
        return _("%(least)d to %(most)d, as given") % given
    if speakers.minimum:
        return _("At least %(least)d, as given") % given
    return _("At most %(most)d, as given") % given if speakers.maximum else _("Counted automatically")

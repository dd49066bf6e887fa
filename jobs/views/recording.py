"""One recording: live while it is being worked on, and the transcript once it is done."""

import math
from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.db.models import Exists, OuterRef
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.cache import get_conditional_response
from django.views.decorators.http import require_safe

from jobs import events, pipeline_gateway, shortcuts, storage
from jobs.forms import SpeakersForm
from jobs.models import Artifact, Job, Recording, Transcript
from jobs.models.transcript import places_of
from jobs.services import lifecycle, reading, retention, versions
from jobs.services.lifecycle import SpeakersAgain
from jobs.state import JobStatus, StepStatus
from jobs.views import exports, panels, runs, segments, serving, speakers
from jobs.views.access import own_recording
from media_pipeline.options import SpeakerOptions

PEAKS = "peaks.json"  # an artifact
LATEST = 1e7  # seconds; no recording is longer
DOUBT_LIMITS = (50, 60, 70, 80, 90)  # percent


@login_required
@require_safe
def recording(request: HttpRequest, pk: UUID) -> HttpResponse:
    shown = own_recording(request, pk)
    jobs = shown.jobs.of_text().select_related("recording", "transcript").annotate(has_peaks=_made(PEAKS))
    found = list(jobs.order_by("-created_at"))
    if not found:
        raise Http404
    run, job = found[0], versions.shown_job(found)
    transcript: Transcript | None = getattr(job, "transcript", None)
    snapshot = events.snapshot(run).as_json()
    steps = snapshot["steps"] if run == job else events.snapshot(job).as_json()["steps"]
    words = shown_words(transcript, request.GET.get("t", "")) if transcript else {"segments": [], "speakers": []}
    return render(
        request,
        "jobs/recording.html",
        {
            "recording": shown,
            "job": job,
            "run": run,
            "snapshot": snapshot,
            "steps": steps,
            "transcript": transcript,
            "kept_days": retention.kept_days(run),
            "heard": _heard(job) if job.has_ended and transcript is None else [],
            "formats": exports.quick_formats() if transcript else [],
            **(_tabs(request, shown) if words["segments"] else {}),
            "shortcuts": shortcuts.grouped(),
            "can_edit": bool(words["segments"]),
            "run_facts": [] if transcript else runs.facts(job, transcript),
            "has_media": bool(shown.media_key),
            "has_peaks": job.has_peaks,
            "addresses": _addresses(shown, transcript),
            **words,
            **(_speakers_again(job, steps) if words["segments"] and not run.is_active else {}),
        },
    )


def _tabs(request: HttpRequest, shown: Recording) -> dict[str, Any]:
    """The tabs, which of them is open, and what that one shows if it is not the words."""
    name = panels.asked(request)
    tabs = {"titles": panels.TITLES, "open": name, "template": f"jobs/partials/_panel_{name}.html"}
    return {"tabs": tabs} | ({} if name == panels.TRANSCRIPT else panels.panel_context(request, shown, name))


def _addresses(shown: Recording, transcript: Transcript | None) -> dict[str, str]:
    """Where the page gets what it shows. Other pages that show the same get it elsewhere."""
    of_recording = {"media": "media", "peaks": "peaks"}
    of_transcript = {
        "segments": "segments",
        "find": "find_in_transcript",
        "text": "transcript_text",
        "captions": "captions",
    }
    found = {key: reverse(name, args=[shown.pk]) for key, name in of_recording.items()}
    if transcript:
        found |= {key: reverse(name, args=[transcript.pk]) for key, name in of_transcript.items()}
    return found


def _made(name: str) -> Exists:
    """Whether a job has an artifact of this name."""
    return Exists(Artifact.objects.filter(job=OuterRef("pk"), name=name))


def shown_words(transcript: Transcript, asked: str) -> dict[str, Any]:
    """The stretch with the time asked for, or the first; of all others only where they are and how long."""
    whole = reading.outline(transcript)
    shown = whole.at(_seconds(asked))
    context = segments.stretch_context(transcript, shown)
    places = places_of(context["speakers"])
    return {
        **context,
        "shown_stretch": shown,
        "stretches": [_shown_stretch(stretch, places) for stretch in whole.stretches],
        "stretch_seconds": reading.STRETCH_SECONDS,
        "voices": speakers.shown_voices(context["speakers"], whole.seconds),
        "doubt_limits": DOUBT_LIMITS,
        "has_confidence": any(segment["confidence"] is not None for segment in context["segments"]),
    }


def _shown_stretch(stretch: reading.Stretch, places: dict[int, int]) -> dict[str, Any]:
    """`voices` are the numbers of its speakers."""
    return {
        "number": stretch.number,
        "start": stretch.start,
        "end": stretch.end,
        "rows": stretch.rows,
        "characters": stretch.characters,
        "voices": " ".join(str(places[one]) for one in stretch.speakers if one in places),
    }


def _seconds(asked: str) -> float:
    """A time from the address; 0 when it is missing or nonsense."""
    try:
        seconds = float(asked)
    except ValueError:
        return 0.0
    return min(max(0.0, seconds), LATEST) if math.isfinite(seconds) else 0.0


def _speakers_again(job: Job, steps: list[dict[str, Any]]) -> dict[str, Any]:
    """What the page needs to offer another search for speakers; nothing of it while the job is at work."""
    if job.status != JobStatus.COMPLETED:
        return {}
    way = lifecycle.speakers_again(job)
    bad = (StepStatus.FAILED, StepStatus.CANCELLED)
    return {
        "speakers_again": way,
        "find_form": None if way == SpeakersAgain.IMPOSSIBLE else _find_form(pipeline_gateway.options_of(job).speakers),
        "is_lost": way == SpeakersAgain.IMPOSSIBLE,
        "have_speakers_failed": any(s["name"] == lifecycle.SPEAKERS_STEP and s["status"] in bad for s in steps),
    }


def _find_form(speakers: SpeakerOptions | None) -> SpeakersForm:
    """Filled in with what was asked for before."""
    asked = speakers or SpeakerOptions()
    kind = "exact" if asked.exact else "range" if asked.minimum or asked.maximum else "auto"
    numbers = {"speaker_count": asked.exact, "speaker_minimum": asked.minimum, "speaker_maximum": asked.maximum}
    return SpeakersForm(initial={"speakers": kind} | {name: number for name, number in numbers.items() if number})


def _heard(job: Job) -> list[dict[str, Any]]:
    """The words a job had found before it failed or was cancelled."""
    previews = job.steps.filter(name="transcribe").order_by("part").values_list("preview", flat=True)
    return [{"start": start, "end": end, "text": text} for preview in previews for start, end, text in preview]


@login_required
@require_safe
def media(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    """The recording itself, for the player: whole or by range."""
    shown = own_recording(request, pk)
    return stored_media(request, shown, shown.original_name)


def stored_media(request: HttpRequest, shown: Recording, filename: str) -> HttpResponseBase:
    """404 once it was deleted. `filename` is what to call it on the reader's machine."""
    if not shown.media_key or not storage.exists(shown.media_key):
        raise Http404
    return serving.stored_file(
        request, key=shown.media_key, content_type=shown.media_type, filename=filename, is_download=False
    )


@login_required
@require_safe
def peaks(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The waveform."""
    return stored_peaks(request, own_recording(request, pk))


def stored_peaks(request: HttpRequest, shown: Recording) -> HttpResponse:
    """404 where none was made."""
    artifact = Artifact.objects.filter(job__recording=shown, name=PEAKS).order_by("-created_at").first()
    if artifact is None:
        raise Http404
    etag = f'"{artifact.sha256}"'
    response = HttpResponse(
        content_type="application/json", headers={"ETag": etag, "Cache-Control": "private, no-cache"}
    )
    answer = get_conditional_response(request, etag=etag, response=response) or response
    if answer is response:
        with storage.open_file(artifact.key) as source:
            response.content = source.read()
    return answer

"""One recording: live while it is being worked on, and the transcript once it is done."""

import json
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.cache import get_conditional_response
from django.views.decorators.http import require_POST, require_safe

from jobs import events, pipeline_gateway, storage
from jobs.forms import SpeakersForm
from jobs.models import Artifact, Job, Recording, Segment, Transcript
from jobs.services import exports, lifecycle, retention
from jobs.services.lifecycle import SpeakersAgain
from jobs.state import JobStatus, StepStatus
from jobs.templatetags.display import language_name
from jobs.views import serving
from jobs.views.access import own_recording
from media_pipeline.options import SpeakerOptions, model_title


@login_required
@require_safe
def recording(request: HttpRequest, pk: UUID) -> HttpResponse:
    shown = own_recording(request, pk)
    job = shown.jobs.select_related("recording").order_by("-created_at").first()
    if job is None:
        raise Http404
    transcript = Transcript.objects.filter(job=job).first()
    snapshot = events.snapshot(job).as_json()
    speakers = list(transcript.speakers.all()) if transcript else []
    segments = list(transcript.segments.select_related("speaker")) if transcript else []
    return render(
        request,
        "jobs/recording.html",
        {
            "recording": shown,
            "job": job,
            "snapshot": snapshot,
            "steps": snapshot["steps"],
            "transcript": transcript,
            "speakers": speakers,
            "kept_days": retention.kept_days(job),
            "heard": _heard(job) if job.has_ended and transcript is None else [],
            "segments": [_shown_segment(segment, [speaker.pk for speaker in speakers]) for segment in segments],
            "formats": exports.formats() if transcript else [],
            "run_facts": _run_facts(job, transcript),
            "has_media": bool(shown.media_key),
            "has_peaks": Artifact.objects.filter(job=job, name="peaks.json").exists(),
            **(_speakers_again(job, snapshot["steps"]) if segments else {}),
        },
    )


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


def _shown_segment(segment: Segment, speaker_ids: list[int]) -> dict[str, Any]:
    """What the template shows: the text once, and where in it each word begins and is heard."""
    speaker = segment.speaker
    return {
        "start": segment.start,
        "end": segment.end,
        "text": segment.text,
        "speaker": speaker,
        "speaker_index": speaker_ids.index(speaker.pk) if speaker else None,
        "marks": segment.marks,
        "times_json": _times_json(segment.text, segment.words),
    }


def _times_json(text: str, words: list[list[Any]]) -> str:
    """`[[char offset, start, end], …]` of the words found in `text`, in order."""
    times: list[list[float]] = []
    offset = 0
    for word, start, end, *_ in words:
        at = text.find(word, offset)
        if at >= 0:
            times.append([at, round(start, 2), round(end, 2)])
            offset = at + len(word)
    return json.dumps(times, separators=(",", ":"))


def _run_facts(job: Job, transcript: Transcript | None) -> list[tuple[str, str]]:
    options = pipeline_gateway.options_of(job)
    language = transcript.language if transcript else options.language
    how = ", chosen automatically" if options.requested_engine == pipeline_gateway.AUTO else ""
    facts = [
        ("Engine", f"{pipeline_gateway.engine_title(options.engine)}{how}"),
        ("Model", model_title(options.model)),
        ("Language", language_name(language) if language else "Detected automatically"),
        ("Speakers", _speakers_asked_for(options.speakers)),
    ]
    if options.mixed_languages:
        facts.append(("Languages", "Mixed, each found where it is spoken"))
    if options.carry_context:
        facts.append(("Wording", "Kept consistent"))
    return [*facts, ("Names and terms", options.vocabulary)] if options.vocabulary else facts


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


@login_required
@require_POST
def recording_delete(request: HttpRequest, pk: UUID) -> HttpResponse:
    doomed = own_recording(request, pk)
    title = doomed.title
    lifecycle.delete_recording(doomed)
    messages.success(request, f"“{title}” was deleted.")
    return redirect("library")


@login_required
@require_safe
def media(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    """The recording itself, for the player: whole or by range."""
    shown = own_recording(request, pk)
    if not shown.media_key or not storage.exists(shown.media_key):
        raise Http404
    return serving.stored_file(
        request, key=shown.media_key, content_type=shown.media_type, filename=shown.original_name, is_download=False
    )


@login_required
@require_safe
def peaks(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The waveform."""
    shown: Recording = own_recording(request, pk)
    artifact = Artifact.objects.filter(job__recording=shown, name="peaks.json").order_by("-created_at").first()
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

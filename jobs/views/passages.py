"""Hearing a passage again: who shall hear it, the start, and what it heard otherwise."""

from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_POST, require_safe

from jobs import events, pipeline_gateway
from jobs.forms import PassageForm
from jobs.models import Job
from jobs.services import passages
from jobs.services.passages import PassageRefused
from jobs.views.access import own_job, own_transcript
from media_pipeline.options import model_title


@login_required
@require_safe
@cache_control(private=True, no_cache=True)
def passage_form(request: HttpRequest, pk: int) -> HttpResponse:
    """The choice of an engine, as the page's dialog shows it."""
    context = {
        "form": PassageForm(transcript=own_transcript(request, pk), auto_id="hear-%s"),
        "longest": passages.LONGEST,
        "absent": pipeline_gateway.absent(),
    }
    return render(request, "jobs/partials/_passage_form.html", context)


@login_required
@require_POST
def passage_start(request: HttpRequest, pk: int) -> JsonResponse:
    """Start hearing again: 200 with the job's snapshot and addresses, 422 with a sentence where it cannot be done."""
    transcript = own_transcript(request, pk)
    form = PassageForm(request.POST, transcript=transcript)
    if not form.is_valid() or form.options is None:
        field, sentences = next(iter(form.errors.items()), ("", [_("Choose an engine.")]))
        return JsonResponse({"error": str(sentences[0]), "field": field}, status=422)
    start, end = form.cleaned_data["start"], form.cleaned_data["end"]
    try:
        job = passages.listen_again(transcript, form.options, start=start, end=end)
    except PassageRefused as refused:
        return JsonResponse({"error": str(refused), "field": ""}, status=422)
    return JsonResponse(_told(job, transcript.pk))


def _listener(job: Job) -> str:
    """Who heard it, for people."""
    options = pipeline_gateway.options_of(job)
    return f"{pipeline_gateway.engine_title(options.engine)} · {model_title(options.model)}"


def _told(job: Job, transcript_id: int) -> dict[str, Any]:
    return {
        "snapshot": events.snapshot(job).as_json(),
        "snapshot_url": reverse("job_snapshot", args=[job.pk]),
        "cancel_url": reverse("job_cancel", args=[job.pk]),
        "difference_url": f"{reverse('passage_difference', args=[job.pk])}?transcript={transcript_id}",
    }


@login_required
@require_safe
@cache_control(private=True, no_cache=True)
def passage_difference(request: HttpRequest, pk: UUID) -> HttpResponse:
    """What was heard otherwise than it stands now in the transcript `?transcript=` of the same recording."""
    job = own_job(request, pk)
    asked = request.GET.get("transcript", "")
    transcript = own_transcript(request, int(asked) if asked.isdecimal() and len(asked) < 16 else 0)
    found = passages.difference(job, transcript) if transcript.recording_id == job.recording_id else None
    if found is None:
        raise Http404
    context = {"difference": found, "listener": _listener(job), "transcript": transcript}
    return render(request, "jobs/partials/_passage_difference.html", context)

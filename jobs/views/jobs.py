"""One job: where it stands, its first words, and what can be done to it."""

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from jobs import events
from jobs.forms import SpeakersForm
from jobs.models import Job
from jobs.services import lifecycle
from jobs.views.access import own_job


@login_required
@require_safe
def job_snapshot(request: HttpRequest, pk: UUID) -> JsonResponse:
    return JsonResponse(events.snapshot(own_job(request, pk)).as_json())


@login_required
@require_safe
def job_preview(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The words known so far of one part, from a given segment on."""
    job = own_job(request, pk)
    part, after = _number(request, "part"), _number(request, "after")
    step = job.steps.filter(name="transcribe", part=part).first()
    preview = step.preview[after:] if step else []
    segments = [{"start": start, "end": end, "text": text, "times_json": "[]"} for start, end, text in preview]
    return render(request, "jobs/partials/_preview.html", {"segments": segments, "part": part})


def _number(request: HttpRequest, name: str) -> int:
    """A whole number from the query, 0 when it is missing or nonsense."""
    value = request.GET.get(name, "0")
    return int(value) if value.isdecimal() and len(value) < 10 else 0


@login_required
@require_POST
def job_cancel(request: HttpRequest, pk: UUID) -> HttpResponse:
    job = own_job(request, pk)
    return _answer(request, job, done=lifecycle.cancel(job), sorry=_("This job had already ended."))


@login_required
@require_POST
def job_retry(request: HttpRequest, pk: UUID) -> HttpResponse:
    job = own_job(request, pk)
    return _answer(
        request, job, done=lifecycle.retry(job), sorry=_("Only a failed or cancelled job can be started again.")
    )


@login_required
@require_POST
def step_rerun(request: HttpRequest, pk: UUID, name: str) -> HttpResponse:
    job = own_job(request, pk)
    return _answer(request, job, done=lifecycle.rerun_step(job, name), sorry=_("This step cannot be run again now."))


@login_required
@require_POST
def find_speakers(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Look for who spoke, again or for the first time; the text stays meanwhile."""
    job = own_job(request, pk)
    form = SpeakersForm(request.POST)
    if not form.is_valid() or form.speaker_options is None:
        sentence = next((str(errors[0]) for errors in form.errors.values()), _("Check the number of speakers."))
        messages.error(request, sentence)
        return redirect("recording", pk=job.recording_id)
    done = lifecycle.find_speakers(job, form.speaker_options)
    return _answer(request, job, done=done, sorry=_("Speakers cannot be looked for now."))


def _answer(request: HttpRequest, job: Job, *, done: bool, sorry: str) -> HttpResponse:
    if request.headers.get("Accept", "").startswith("application/json"):
        return JsonResponse({"ok": done, "error": "" if done else sorry}, status=200 if done else 409)
    if not done:
        messages.info(request, sorry)
    return redirect("recording", pk=job.recording_id)

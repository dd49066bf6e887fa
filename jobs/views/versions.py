"""The history of a recording's words: what people changed, and the versions that runs made."""

from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import formats, timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from jobs import pipeline_gateway
from jobs.forms import OptionsForm
from jobs.models import Job, Recording, Transcript
from jobs.services import change_log, comparison, retelling, versions
from jobs.services.retelling import ToldChange
from jobs.state import JOB_ACTIVE
from jobs.views.access import own_job, own_recording, own_transcript, person
from media_pipeline.options import TranscribeOptions, model_title

LARGEST = 15  # digits of a number in an address


@dataclass(frozen=True, slots=True)
class ShownVersion:
    """`number` counts from the first one made; `changes` what people did to it."""

    pk: int
    number: int
    row: Transcript
    engine: str
    model: str
    is_shown: bool


@dataclass(frozen=True, slots=True)
class Day:
    key: str
    title: str
    changes: list[ToldChange]


# What is shown --------------------------------------------------------------------------------------------------------


def history_context(request: HttpRequest, recording: Recording) -> dict[str, Any]:
    """What the tab shows: all versions, the latest changes and, when the address asks for it, a comparison."""
    shown = versions.shown_version(recording)
    if shown is None:
        return {"past": {"shown": None, "recording": recording}}
    all_versions = _all_versions(shown)
    asked = request.GET.get("compare")
    compared = next((one.row for one in all_versions if str(one.pk) == asked and not one.is_shown), None)
    is_at_work = _is_at_work(recording)
    return {
        "past": {
            "shown": shown,
            "recording": recording,
            "versions": all_versions,
            "can_transcribe": bool(recording.media_key) and not is_at_work,
            "is_at_work": is_at_work,
            "comparison": _comparison(request, shown, compared, is_whole=True) if compared else None,
            **_changes(request, shown),
        }
    }


def _is_at_work(recording: Recording) -> bool:
    return recording.jobs.of_text().filter(status__in=JOB_ACTIVE).exists()


def _all_versions(shown: Transcript) -> list[ShownVersion]:
    rows = list(versions.versions_of(shown))
    return [
        ShownVersion(
            row.pk,
            len(rows) - index,
            row,
            pipeline_gateway.engine_title(row.engine),
            model_title(row.model),
            is_shown=row.pk == shown.pk,
        )
        for index, row in enumerate(rows)
    ]


def _changes(request: HttpRequest, transcript: Transcript) -> dict[str, Any]:
    """A page of changes by day: of all or of `?segment=`, those numbered less than `?below=`."""
    segment, below = (_number(request.GET, name) for name in ("segment", "below"))
    entries = change_log.history(transcript, segment=segment, below=below)
    told = retelling.told(transcript, entries, person(request))
    more = told[-1].change.number if len(told) == change_log.HISTORY_PAGE else None
    latest = told[0].change.number if told and not below else None
    return {"transcript": transcript, "segment": segment, "days": _by_day(told), "below": more, "latest": latest}


def _by_day(changes: list[ToldChange]) -> list[Day]:
    days = groupby(changes, key=lambda told: timezone.localtime(told.change.created_at).date())
    return [Day(day.isoformat(), _day_title(day), list(found)) for day, found in days]


def _day_title(day: date) -> str:
    today = timezone.localdate()
    if day == today:
        return _("Today")
    if day == today - timedelta(days=1):
        return _("Yesterday")
    return formats.date_format(day, "DATE_FORMAT")


@login_required
@require_safe
@cache_control(private=True, no_cache=True)
def changes(request: HttpRequest, pk: int) -> HttpResponse:
    """Changes as the page shows them; of one sentence, with the way back to each of its versions."""
    transcript = own_transcript(request, pk)
    context = {"past": {"shown": transcript, **_changes(request, transcript)}}
    return render(request, "jobs/partials/_history_changes.html", context)


# Versions side by side ------------------------------------------------------------------------------------------------


@login_required
@require_safe
@cache_control(private=True, no_cache=True)
def compare(request: HttpRequest, pk: int, other: int) -> HttpResponse:
    """Where the version `other` differs from this one: after the first `?skip=` places, `?exact=1` in spelling too."""
    shown = own_transcript(request, pk)
    row = get_object_or_404(versions.versions_of(shown).exclude(pk=shown.pk), pk=other)
    context = {"past": {"shown": shown, "comparison": _comparison(request, shown, row)}}
    return render(request, "jobs/partials/_versions_comparison.html", context)


def _comparison(
    request: HttpRequest, shown: Transcript, other: Transcript, *, is_whole: bool = False
) -> dict[str, Any]:
    """`is_whole`: with its heading, also when it does not begin at the beginning."""
    skip, is_exact = _number(request.GET, "skip") or 0, request.GET.get("exact") == "1"
    found = comparison.compare(shown, other, skip=skip, is_exact=is_exact)
    seen = skip + len(found.differences)
    return {
        "found": found,
        "other": next(one for one in _all_versions(shown) if one.pk == other.pk),
        "is_exact": is_exact,
        "is_first": is_whole or not skip,
        "next": seen if seen < found.count else None,
        "left": found.count - seen,
    }


@login_required
@require_POST
def show(request: HttpRequest, pk: int) -> HttpResponse:
    """Let the page show this version as it is."""
    version = own_transcript(request, pk)
    if not versions.show(version):
        messages.error(request, _("This version has been replaced by a second run of the same job."))
    return redirect("recording", pk=version.recording_id)


# Another version ------------------------------------------------------------------------------------------------------


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def again(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Transcribe a recording anew. GET is what there is to choose, with X-Partial the form alone."""
    recording = own_recording(request, pk)
    latest = recording.jobs.of_text().order_by("-created_at").first()
    if latest is None:
        raise Http404
    if request.method != "POST":
        return _ask_again(request, recording, OptionsForm(initial=_chosen_before(latest)))
    form = OptionsForm(request.POST)
    if not form.is_valid() or form.options is None:
        return _ask_again(request, recording, form, status=422)
    if versions.transcribe_again(recording, form.options) is None:
        sorry = _("This cannot be started now: another run is at work, or the audio was deleted.")
        messages.error(request, sorry)
    return redirect("recording", pk=recording.pk)


def _ask_again(request: HttpRequest, recording: Recording, form: OptionsForm, status: int = 200) -> HttpResponse:
    context = {
        "recording": recording,
        "has_text": recording.transcripts.exists(),
        "form": form,
        "engines": pipeline_gateway.speech_engines(),
        "auto": pipeline_gateway.auto_engine(),
    }
    is_partial = request.headers.get("X-Partial") == "1"
    template = "jobs/partials/_versions_again.html" if is_partial else "jobs/again.html"
    return render(request, template, context, status=status)


def _chosen_before(job: Job) -> dict[str, Any]:
    """What the run before was asked to do, for fields to begin with."""
    options: TranscribeOptions = pipeline_gateway.options_of(job)
    speakers = options.speakers
    if speakers is None:
        kind = "none"
    elif speakers.exact:
        kind = "exact"
    else:
        kind = "range" if speakers.minimum or speakers.maximum else "auto"
    numbers = {"speaker_count": speakers and speakers.exact, "speaker_minimum": speakers and speakers.minimum}
    numbers |= {"speaker_maximum": speakers and speakers.maximum}
    return {
        "language": options.language or "",
        "engine": options.engine,
        "model": options.model,
        "vocabulary": options.vocabulary,
        "speakers": kind,
        **{name: number for name, number in numbers.items() if number},
    }


@login_required
@require_POST
def discard(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Put a run out of sight that failed or was cancelled, where there is a text without it."""
    job = own_job(request, pk)
    versions.discard(job)
    return redirect("recording", pk=job.recording_id)


def _number(query: QueryDict, name: str) -> int | None:
    """A whole number from the query, None when it is missing or nonsense."""
    value = query.get(name, "")
    return int(value) if value.isdecimal() and len(value) <= LARGEST else None

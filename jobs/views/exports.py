"""Files to take away: the tab that offers them, the files themselves, and what a person wants remembered."""

from itertools import groupby
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST, require_safe

from jobs.models import Recording, Transcript
from jobs.services import export_choices, exports, versions
from jobs.services.export_choices import ExportChoices, ExportRefused
from jobs.services.exports import Origin
from jobs.views import serving, subtitle_limits, subtitled_videos
from jobs.views.access import own_job, person

KINDS: dict[str, Promise | str] = {"document": _("To read"), "subtitles": _("Subtitles"), "data": _("Data")}
# In the menu at the top of the page.
QUICK = ("txt", "docx", "pdf", "srt", "vtt", "json")


@login_required
@require_safe
def export(request: HttpRequest, pk: UUID, name: str) -> HttpResponseBase:
    """A file, or all of them as `zip`, as the address wants it, else as the person wanted the last one."""
    job = own_job(request, pk)
    try:
        choices, span = _choices(request), export_choices.span(request.GET)
        found = exports.download(job, name, choices, span, origin_of(request, job.recording))
    except ExportRefused as refused:
        messages.error(request, str(refused))
        return redirect(f"{reverse('recording', args=[job.recording_id])}?tab=exports")
    if found is None:
        raise Http404
    if isinstance(found, exports.MadeFile):
        return serving.made_file(request, found.pieces, content_type=found.content_type, filename=found.filename)
    return serving.stored_file(
        request, key=found.key, content_type=found.content_type, filename=found.filename, is_download=True
    )


def origin_of(request: HttpRequest, recording: Recording) -> Origin:
    """What its owner's files tell."""
    page = reverse("recording", args=[recording.pk])
    return Origin(address=request.build_absolute_uri(page), media=recording.original_name)


def _choices(request: HttpRequest) -> ExportChoices:
    """What an address asks for is remembered, so that it is so without scripts, too."""
    before = export_choices.remembered(person(request))
    if not export_choices.asked(request.GET):
        return before
    wanted = export_choices.chosen(request.GET, before)
    if wanted != before:
        export_choices.remember(person(request), wanted)
    return wanted


@login_required
@require_POST
def remember(request: HttpRequest) -> HttpResponse:
    """Keep what a person chooses as soon as they choose it."""
    try:
        before = export_choices.remembered(person(request))
        export_choices.remember(person(request), export_choices.chosen(request.POST, before))
    except ExportRefused as refused:
        return JsonResponse({"error": str(refused), "fields": refused.fields}, status=422)
    return HttpResponse(status=204)


def exports_context(request: HttpRequest, recording: Recording) -> dict[str, Any]:
    """What the tab shows: options as they are remembered, and formats by what they are for."""
    version = versions.shown_version(recording)
    if version is None or version.job is None:
        return {"export_base": ""}
    address = reverse("export", args=[version.job.pk, exports.ZIP])
    base = address.removesuffix(f"{exports.ZIP}/")
    report = reverse("subtitle_report", args=[version.pk])
    return {
        **options_context(version, export_choices.remembered(person(request)), base, report),
        **subtitled_videos.videos_context(recording, version),
    }


def options_context(version: Transcript, choices: ExportChoices, base: str, report: str) -> dict[str, Any]:
    """What `_panel_exports.html` needs. A format's file lies at `base` with its name behind, and at `report` what of
    the subtitles does not hold its limits."""
    return {
        "export_base": base,
        "choices": choices,
        "format_groups": format_groups(),
        "report_url": report,
        "presets": subtitle_limits.presets(version.language),
        "limit_groups": subtitle_limits.limit_groups(choices, version.language),
        "own_limits": subtitle_limits.own_limits(choices.limits),
        "unshown_in_pdf": exports.unshown_in_pdf(version),
        "has_changes": version.revision > 0,
        "duration": version.recording.duration,
    }


def quick_formats() -> list[exports.ExportFormat]:
    """Those of the menu."""
    known = {item.name: item for item in exports.formats()}
    return [known[name] for name in QUICK]


def format_groups() -> list[tuple[str, Promise | str, list[exports.ExportFormat]]]:
    """All formats as (kind, title, formats) in the order in which to offer them."""
    return [(kind, KINDS[kind], list(found)) for kind, found in groupby(exports.formats(), lambda item: item.kind)]

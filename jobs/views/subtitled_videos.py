"""Videos with subtitles in them: where they stand, the start of another, the files."""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_POST, require_safe

from jobs.models import Recording, Transcript
from jobs.services import export_choices, subtitled_videos, versions
from jobs.services.export_choices import ExportRefused
from jobs.services.subtitled_videos import Standing, VideoRefused
from jobs.views import serving
from jobs.views.access import own_job, own_recording, own_transcript, person
from jobs.wording import translated
from media_pipeline.options import SubtitleMode

TITLES: dict[SubtitleMode, Promise] = {
    SubtitleMode.TRACK: gettext_lazy("Subtitles to switch on and off"),
    SubtitleMode.BURNED: gettext_lazy("Subtitles that are always seen"),
}
NOTES: dict[SubtitleMode, Promise] = {
    SubtitleMode.TRACK: gettext_lazy("A track in the video; picture and sound stay as they are. Ready in seconds."),
    SubtitleMode.BURNED: gettext_lazy(
        "Drawn into the picture, for places that show no subtitles. May take about as long as the video lasts."
    ),
}


def videos_context(recording: Recording, version: Transcript) -> dict[str, Any]:
    """What `_video_subtitles.html` needs."""
    return {
        "videos": [_shown(standing) for standing in subtitled_videos.standings(version)],
        "videos_why_not": subtitled_videos.why_not(recording),
        "videos_of": version,
        "videos_kept_days": round(settings.ENV.RETENTION_VIDEO_DAYS),
    }


def _shown(standing: Standing) -> dict[str, Any]:
    run = standing.run
    return {
        "mode": standing.mode,
        "title": TITLES[standing.mode],
        "note": NOTES[standing.mode],
        "made": standing.made,
        "run": run,
        "stage": translated(run.stage_title) if run else "",
        "error": translated(run.error_message) if run else "",
    }


@login_required
@require_safe
@cache_control(private=True, no_cache=True)
def subtitled_videos_of(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Where each kind stands, as the tab shows it."""
    recording = own_recording(request, pk)
    version = versions.shown_version(recording)
    if version is None:
        raise Http404
    context = {"recording": recording, **videos_context(recording, version)}
    return render(request, "jobs/partials/_video_subtitles.html", context)


@login_required
@require_POST
def subtitled_video_make(request: HttpRequest, pk: int) -> JsonResponse:
    """Start one, as the form of the exports stands: 200 with the id of the job, 422 with a sentence."""
    transcript = own_transcript(request, pk)
    mode = request.POST.get("mode", "")
    try:
        if mode not in list(SubtitleMode):
            raise VideoRefused(_("There is no such video. Load the page again."))
        choices = export_choices.chosen(request.POST, export_choices.remembered(person(request)))
        job = subtitled_videos.make(transcript, SubtitleMode(mode), choices)
    except (VideoRefused, ExportRefused) as refused:
        return JsonResponse({"error": str(refused)}, status=422)
    return JsonResponse({"job": str(job.pk)})


@login_required
@require_safe
def subtitled_video(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    """The file."""
    found = subtitled_videos.file_of(own_job(request, pk))
    if found is None:
        raise Http404
    return serving.stored_file(
        request, key=found.key, content_type=found.content_type, filename=found.filename, is_download=True
    )


@login_required
@require_POST
def subtitled_video_delete(request: HttpRequest, pk: UUID) -> JsonResponse:
    """Delete one: 200, or 409 with a sentence while it is being made."""
    job = own_job(request, pk)
    if not subtitled_videos.delete(job):
        return JsonResponse({"error": _("This video cannot be deleted now.")}, status=409)
    return JsonResponse({})

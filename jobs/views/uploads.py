"""The upload page, and the addresses that receive files piece by piece."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import wraps
from typing import cast
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from jobs import pipeline_gateway
from jobs.forms import OptionsForm
from jobs.models import Recording, Upload
from jobs.services import sample, upload
from jobs.services.submit import sample_path
from jobs.services.upload import AlreadyHere, ChecksumMismatch, UploadBusy, UploadConflict, UploadGone
from jobs.views import tus
from jobs.views.access import own_upload, person
from jobs.wording import translated
from media_pipeline.errors import PipelineError

STATUSES = {"too_large": 413, "no_room": 507}
SHOWN_UNFINISHED = 50
ROW = "ROW"  # stands in the names of one file's fields until the page gives that file a number


@dataclass(frozen=True, slots=True)
class Unfinished:
    """An upload that the page offers to go on with.

    `file_name` and `modified`, the time in ms, are as the browser said them: by them it knows the file again.
    """

    upload: Upload
    file_name: str
    modified: str

    @property
    def expires_at(self) -> datetime:
        return upload.expires_at(self.upload)

    @property
    def percent(self) -> int:
        return 100 * self.upload.received_bytes // self.upload.size_bytes

    @property
    def is_whole(self) -> bool:
        return self.upload.received_bytes == self.upload.size_bytes


@login_required
@require_safe
def upload_page(request: HttpRequest) -> HttpResponse:
    context = {
        "form": OptionsForm(),
        "row_form": OptionsForm(prefix=ROW),
        "limits": {
            "max_bytes": settings.ENV.MAX_UPLOAD_BYTES,
            "extensions": list(upload.EXTENSIONS),
            "piece_bytes": upload.PIECE_BYTES,
        },
        "engines": pipeline_gateway.speech_engines(),
        "auto": pipeline_gateway.auto_engine(),
        "engine_note": pipeline_gateway.engine_note(),
        "has_sample": sample_path() is not None,
        "unfinished": _unfinished(request),
    }
    return render(request, "jobs/upload.html", context)


def _unfinished(request: HttpRequest) -> list[Unfinished]:
    """Those that were begun on this page. Other clients know their files in ways of their own."""
    begun = upload.unfinished(person(request)).filter(received_bytes__gt=0)[:SHOWN_UNFINISHED]
    said = [(one, tus.metadata(one.metadata)) for one in begun]
    found = [Unfinished(one, keys.get("filename", ""), keys.get("modified", "")) for one, keys in said]
    return [one for one in found if one.modified.isdecimal()]


def _of_an_upload(view: Callable[[HttpRequest, UUID], HttpResponse]) -> Callable[[HttpRequest, UUID], HttpResponse]:
    """Lets a view say why there is nothing to be done with an upload just now, or any more."""

    @wraps(view)
    def answer(request: HttpRequest, pk: UUID) -> HttpResponse:
        try:
            return view(request, pk)
        except UploadBusy:
            return tus.refuse(_("Something else is being done with this upload. Try again in a moment."), 409)
        except UploadGone:
            sentence = _("This upload has ended. Look among your recordings, or upload the file again.")
            return tus.refuse(sentence, 404)

    return answer


@tus.speaks_tus
@login_required
@require_POST
def upload_create(request: HttpRequest) -> HttpResponse:
    length = tus.number(request, "Upload-Length")
    if length is None:
        return tus.refuse(_("The upload did not say how large the file is."), 400)
    said = request.headers.get("Upload-Metadata", "")
    name = tus.metadata(said).get("filename", "")
    try:
        begun = upload.begin(owner=person(request), original_name=name, size_bytes=length, metadata=said)
    except PipelineError as error:
        return tus.refuse(translated(error.message), STATUSES.get(error.code, 422))
    location = reverse("upload_piece", args=[begun.pk])
    return HttpResponse(status=201, headers=tus.standing(begun, 0) | {"Location": location})


@tus.speaks_tus
@login_required
@require_http_methods(["HEAD", "PATCH", "DELETE"])
@_of_an_upload
def upload_piece(request: HttpRequest, pk: UUID) -> HttpResponse:
    answer = {"HEAD": _tell, "PATCH": _append, "DELETE": _end}[str(request.method)]
    return answer(request, own_upload(request, pk))


def _tell(request: HttpRequest, begun: Upload) -> HttpResponse:
    headers = tus.standing(begun, upload.received(begun)) | {"Upload-Length": str(begun.size_bytes)}
    if begun.metadata:
        headers["Upload-Metadata"] = begun.metadata
    return HttpResponse(status=200, headers=headers)


def _end(request: HttpRequest, begun: Upload) -> HttpResponse:
    upload.abandon(begun)
    return HttpResponse(status=204, headers=tus.HEADERS)


def _append(request: HttpRequest, begun: Upload) -> HttpResponse:
    try:
        piece = tus.piece(request)
        received = upload.append(begun, offset=piece.offset, body=piece.body, checksum=piece.checksum)
    except tus.BadHeader as error:
        return tus.refuse(str(error), error.status)
    except ChecksumMismatch:
        return tus.refuse(_("The piece was changed on its way."), tus.WRONG_CHECKSUM)
    except UploadConflict as conflict:
        return tus.refuse(str(conflict), 409)
    except PipelineError as error:
        return tus.refuse(translated(error.message), STATUSES[error.code])
    return HttpResponse(status=204, headers=tus.standing(begun, received))


@login_required
@require_safe
@_of_an_upload
def upload_same(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Which of the owner's recordings and other uploads are of the very file that was received."""
    begun = own_upload(request, pk)
    try:
        twins = upload.same_as(begun)
    except UploadConflict:
        return tus.refuse(_("Not all of the file has arrived."), 409)
    uploads = [_named(one.original_name, one, "upload_piece") for one in twins.uploads]
    return JsonResponse({"recordings": _linked(twins.recordings), "uploads": uploads}, headers=tus.HEADERS)


def _linked(recordings: Sequence[Recording]) -> list[dict[str, str]]:
    return [_named(one.title, one, "recording") for one in recordings]


def _named(title: str, twin: Recording | Upload, address: str) -> dict[str, str]:
    """`title`, `url` and `since`, the day it came."""
    day = date_format(localtime(twin.created_at), "DATE_FORMAT")
    return {"title": title, "url": reverse(address, args=[twin.pk]), "since": day}


@login_required
@require_POST
@_of_an_upload
def upload_submit(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Turn a received file into a recording with a job; with `unless_here`, not when the owner has one of it."""
    begun = own_upload(request, pk)
    form = OptionsForm(request.POST)
    if not form.is_valid() or form.options is None:
        fields = {name: " ".join(cast(list[str], errors)) for name, errors in form.errors.items()}
        return tus.refuse(next(iter(fields.values()), _("Check the options.")), 400, fields)
    try:
        job = upload.complete(
            begun, options=form.options, title=form.cleaned_data["title"], unless_here="unless_here" in request.POST
        )
    except UploadConflict:
        return tus.refuse(_("Not all of the file has arrived. Upload it again."), 409)
    except AlreadyHere as twins:
        known = {"error": _("You have this very file already."), "recordings": _linked(twins.recordings)}
        return JsonResponse(known, status=409, headers=tus.HEADERS)
    except PipelineError as error:
        return tus.refuse(translated(error.message), 422)
    return JsonResponse({"url": reverse("recording", args=[job.recording_id])}, status=201)


@login_required
@require_POST
def sample_view(request: HttpRequest) -> HttpResponse:
    """Transcribe the sample recording."""
    try:
        job = sample.transcribe_sample(person(request))
    except PipelineError as error:
        messages.error(request, translated(error.message))
        return redirect("upload")
    return redirect("recording", pk=job.recording_id)

"""The upload page, and the tus 1.0 protocol under it (https://tus.io/protocols/resumable-upload)."""

import base64
import binascii
from typing import cast
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from jobs import pipeline_gateway
from jobs.forms import OptionsForm
from jobs.models import Upload
from jobs.services import sample, upload
from jobs.services.submit import sample_path
from jobs.services.upload import UploadConflict, UploadGone
from jobs.views.access import own_upload, person
from jobs.wording import translated
from media_pipeline.errors import PipelineError

TUS = {"Tus-Resumable": "1.0.0", "Cache-Control": "no-store"}
STATUSES = {"too_large": 413, "no_room": 507}
MAX_DIGITS = 18
ROW = "ROW"  # stands in the names of one file's fields until the page gives that file a number


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
    }
    return render(request, "jobs/upload.html", context)


@login_required
@require_POST
def upload_create(request: HttpRequest) -> HttpResponse:
    length = _number(request, "Upload-Length")
    if length is None:
        return _refuse(_("The upload did not say how large the file is."), 400)
    name = _metadata(request.headers.get("Upload-Metadata", "")).get("filename", "")
    try:
        begun = upload.begin(owner=person(request), original_name=name, size_bytes=length)
    except PipelineError as error:
        return _refuse(translated(error.message), STATUSES.get(error.code, 422))
    location = reverse("upload_piece", args=[begun.pk])
    return HttpResponse(status=201, headers=TUS | {"Location": location, "Upload-Offset": "0"})


def _number(request: HttpRequest, header: str) -> int | None:
    """A whole number from a header, None when it is none."""
    text = request.headers.get(header, "")
    return int(text) if text.isdecimal() and len(text) <= MAX_DIGITS else None


def _metadata(header: str) -> dict[str, str]:
    """`key base64,key base64` as text; what cannot be read is left out."""
    found: dict[str, str] = {}
    for pair in header.split(","):
        key, _, value = pair.strip().partition(" ")
        try:
            found[key] = base64.b64decode(value, validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            continue
    return found


@login_required
@require_http_methods(["HEAD", "PATCH", "DELETE"])
def upload_piece(request: HttpRequest, pk: UUID) -> HttpResponse:
    begun = own_upload(request, pk)
    if request.method == "DELETE":
        upload.abandon(begun)
        return HttpResponse(status=204, headers=TUS)
    try:
        return _tell(begun) if request.method == "HEAD" else _append(request, begun)
    except UploadGone:
        return _gone()


def _tell(begun: Upload) -> HttpResponse:
    sizes = {"Upload-Offset": str(upload.received(begun)), "Upload-Length": str(begun.size_bytes)}
    return HttpResponse(status=200, headers=TUS | sizes)


def _append(request: HttpRequest, begun: Upload) -> HttpResponse:
    if request.content_type != "application/offset+octet-stream":
        return _refuse(_("This is not a piece of an upload."), 415)
    offset = _number(request, "Upload-Offset")
    if offset is None:
        return _refuse(_("The piece did not say where it belongs."), 400)
    try:
        received = upload.append(begun, offset=offset, body=request)  # type: ignore[arg-type]  # it has read()
    except UploadConflict as conflict:
        return _refuse(str(conflict), 409)
    except PipelineError as error:
        return _refuse(translated(error.message), STATUSES[error.code])
    return HttpResponse(status=204, headers=TUS | {"Upload-Offset": str(received)})


def _gone() -> JsonResponse:
    return _refuse(_("This upload has ended. Look among your recordings, or upload the file again."), 404)


def _refuse(sentence: str, status: int, fields: dict[str, str] | None = None) -> JsonResponse:
    return JsonResponse({"error": sentence, "fields": fields or {}}, status=status, headers=TUS)


@login_required
@require_POST
def upload_submit(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Turn a received file into a recording with a job."""
    begun = own_upload(request, pk)
    form = OptionsForm(request.POST)
    if not form.is_valid() or form.options is None:
        fields = {name: " ".join(cast(list[str], errors)) for name, errors in form.errors.items()}
        return _refuse(next(iter(fields.values()), _("Check the options.")), 400, fields)
    try:
        job = upload.complete(begun, options=form.options, title=form.cleaned_data["title"])
    except UploadConflict:
        return _refuse(_("Not all of the file has arrived. Upload it again."), 409)
    except UploadGone:
        return _gone()
    except PipelineError as error:
        return _refuse(translated(error.message), 422)
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

"""The links to a recording: its owner makes them, copies them and takes them back."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from jobs.forms import ShareForm
from jobs.models import Recording, Share
from jobs.services import share_links
from jobs.views.access import own_recording, own_share


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def shares(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The links there are, and the form for another. With the header X-Partial only what the dialog shows."""
    recording = own_recording(request, pk)
    if not recording.transcripts.exists():
        raise Http404
    form = ShareForm(request.POST or None)
    if request.method != "POST" or not form.is_valid():
        return _shown(request, recording, form)
    made = share_links.create(
        recording,
        expires_at=form.expires_at,
        password=form.cleaned_data["password"],
        has_audio=form.cleaned_data["has_audio"],
    )
    return _done(request, recording, _("The link is ready."), made)


@login_required
@require_POST
def share_revoke(request: HttpRequest, pk: UUID) -> HttpResponse:
    share = own_share(request, pk)
    share_links.revoke(share)
    return _done(request, share.recording, _("The link leads nowhere any more."))


def _done(request: HttpRequest, recording: Recording, sentence: str, made: Share | None = None) -> HttpResponse:
    if _is_partial(request):
        return _shown(request, recording, ShareForm(), said=sentence, made=made)
    messages.success(request, sentence)
    return redirect("shares", pk=recording.pk)


def _shown(request: HttpRequest, recording: Recording, form: ShareForm, **more: Any) -> HttpResponse:
    links = [(share, _address(request, share)) for share in share_links.links_of(recording)]
    context = {"recording": recording, "form": form, "links": links, **more}
    return render(request, "jobs/partials/_shares.html" if _is_partial(request) else "jobs/shares.html", context)


def _is_partial(request: HttpRequest) -> bool:
    return request.headers.get("X-Partial") == "1"


def _address(request: HttpRequest, share: Share) -> str | None:
    """The whole address to give away; None where it cannot be told again."""
    token = share_links.token_of(share)
    return request.build_absolute_uri(reverse("shared", args=[token])) if token else None

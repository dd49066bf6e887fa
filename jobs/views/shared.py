"""What people without an account see of a recording whose owner gave them a link: to read and play, nothing to change.

Every address begins with the link's token and shows its recording only. A link that was revoked, has expired or never
was is the same 404, as is what a link does not include.
"""

from collections.abc import Callable, Mapping
from functools import partial, wraps
from typing import Any

from allauth.core import ratelimit
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe
from django.views.defaults import page_not_found
from msgspec import structs

from jobs import shortcuts
from jobs.forms import SharedPasswordForm
from jobs.models import Artifact, Share, Transcript
from jobs.services import export_choices, exports, reading, share_links, versions
from jobs.services.export_choices import STANDARD, ExportChoices, ExportRefused
from jobs.views import exports as export_views
from jobs.views import finding, panels, recording, segments, serving, subtitle_reports
from media_pipeline.exports.registry import EXPORTERS

View = Callable[..., HttpResponseBase]

TABS = {name: panels.TITLES[name] for name in (panels.TRANSCRIPT, "exports")}
# Lists of ids in a visitor's session.
UNLOCKED, SEEN = "shares_unlocked", "shares_seen"
OPENED = "opened"  # what the page's script sends


def _by_token(view: View) -> View:
    """Gives a view the link that the address names, and keeps what it answers out of caches and search engines."""

    @wraps(view)
    def answer(request: HttpRequest, token: str, **kwargs: Any) -> HttpResponseBase:
        try:
            share = share_links.find(token)
            if share is None:
                raise Http404
            response = view(request, share, **kwargs)
        except Http404 as error:
            response = page_not_found(request, error)
        response.headers.setdefault("Referrer-Policy", "no-referrer")
        response.headers.setdefault("Cache-Control", "private, no-store")
        response.headers["X-Robots-Tag"] = "noindex, nofollow"
        return response

    return answer


def _unlocked(view: View) -> View:
    """Nothing is there for who has not given the password, where there is one."""

    @wraps(view)
    def answer(request: HttpRequest, share: Share, **kwargs: Any) -> HttpResponseBase:
        if _is_locked(request, share):
            raise Http404
        return view(request, share, **kwargs)

    return answer


def _is_locked(request: HttpRequest, share: Share) -> bool:
    return bool(share.password) and str(share.pk) not in request.session.get(UNLOCKED, [])


def _note(request: HttpRequest, name: str, share: Share) -> None:
    request.session[name] = [*request.session.get(name, []), str(share.pk)]


def _transcript(share: Share) -> Transcript:
    """The text that the owner sees, as it stands."""
    found = versions.shown_version(share.recording)
    if found is None:
        raise Http404
    return found


def _with_sound(share: Share) -> Share:
    if not share.has_audio:
        raise Http404
    return share


@require_http_methods(["GET", "HEAD", "POST"])
@_by_token
def page(request: HttpRequest, share: Share) -> HttpResponse:
    """The transcript, or the question for the password."""
    if _is_locked(request, share):
        return _password(request, share)
    if request.method == "POST":
        return _count(request, share) if OPENED in request.POST else redirect(request.path)
    transcript = _transcript(share)
    words = recording.shown_words(transcript, request.GET.get("t", ""))
    has_media = share.has_audio and bool(share.recording.media_key)
    return render(
        request,
        "jobs/shared.html",
        {
            "is_shared": True,
            "share": share,
            "recording": share.recording,
            "transcript": transcript,
            "addresses": _addresses(request.path),
            "formats": [(each, f"{request.path}export/{each.name}/") for each in export_views.quick_formats()],
            "tabs": {"titles": TABS, "open": "exports" if request.GET.get("tab") == "exports" else panels.TRANSCRIPT},
            "shortcuts": shortcuts.for_readers(with_sound=has_media),
            "has_media": has_media,
            "has_peaks": has_media and _peaks_of(share),
            **words,
            **export_views.options_context(transcript, STANDARD, f"{request.path}export/", f"{request.path}subtitles/"),
            "has_changes": False,
        },
    )


def _token(request: HttpRequest) -> str:
    assert request.resolver_match is not None
    return str(request.resolver_match.kwargs["token"])


def _addresses(path: str) -> dict[str, str]:
    return {name: f"{path}{name}/" for name in ("segments", "find", "text", "captions", "media", "peaks")}


def _peaks_of(share: Share) -> bool:
    return Artifact.objects.filter(job__recording=share.recording_id, name=recording.PEAKS).exists()


def _count(request: HttpRequest, share: Share) -> HttpResponse:
    """A visitor's session counts once, and the owner never. The page's script asks for it: no preview or robot does."""
    is_owner = request.user.is_authenticated and request.user.pk == share.recording.owner_id
    if not is_owner and str(share.pk) not in request.session.get(SEEN, []):
        _note(request, SEEN, share)
        share_links.count_view(share)
    return HttpResponse(status=204)


def _password(request: HttpRequest, share: Share) -> HttpResponse:
    """Asks for the password, and remembers in the session who knew it. Says nothing of the recording."""
    form = SharedPasswordForm(request.POST or None)
    status = 200
    if request.method == "POST" and not ratelimit.consume(request, action="share_password", key=str(share.pk)):
        form.add_error(None, _("Too many tries. Wait a few minutes, then try again."))
        status = 429
    elif form.is_valid():
        if share_links.is_right_password(share, form.cleaned_data["password"]):
            _note(request, UNLOCKED, share)
            request.session.cycle_key()
            return redirect(request.path)
        form.add_error("password", _("This is not the password of this link."))
    response = render(request, "jobs/shared_password.html", {"form": form}, status=status)
    # A form sent from a page with "no-referrer" names no origin and is refused as forged; this tells others as little.
    response["Referrer-Policy"] = "same-origin"
    return response


@require_safe
@_by_token
@_unlocked
def stretch(request: HttpRequest, share: Share) -> HttpResponse:
    """The rows of the stretch `?stretch=`."""
    return segments.shown_stretch(request, _transcript(share), is_shared=True)


@require_safe
@_by_token
@_unlocked
def find(request: HttpRequest, share: Share) -> HttpResponse:
    """Where a phrase stands, see jobs/views/finding.py."""
    return finding.told_hits(request, _transcript(share))


@require_safe
@_by_token
@_unlocked
def text(request: HttpRequest, share: Share) -> HttpResponse:
    """All of it as plain text, to be copied."""
    return HttpResponse(reading.plain_text(_transcript(share)), content_type="text/plain; charset=utf-8")


@require_safe
@_by_token
@_unlocked
def captions(request: HttpRequest, share: Share) -> HttpResponse:
    """WebVTT for the video."""
    return segments.shown_captions(_transcript(_with_sound(share)))


@require_safe
@_by_token
@_unlocked
def media(request: HttpRequest, share: Share) -> HttpResponseBase:
    """The audio or video: whole or by range."""
    return recording.stored_media(request, _with_sound(share).recording, share_links.media_name(share))


@require_safe
@_by_token
@_unlocked
def peaks(request: HttpRequest, share: Share) -> HttpResponse:
    """The waveform."""
    return recording.stored_peaks(request, _with_sound(share).recording)


@require_safe
@_by_token
@_unlocked
def export(request: HttpRequest, share: Share, name: str) -> HttpResponseBase:
    """The text as a file, or all of them as `zip`, as the address wants it; never what stood there before."""
    if name not in (exports.ZIP, *EXPORTERS):
        raise Http404
    try:
        choices = _choices(request.GET)
        span, transcript = export_choices.span(request.GET), _transcript(share)
        page = request.build_absolute_uri(reverse("shared", args=[_token(request)]))
        origin = exports.Origin(address=page, media=share_links.media_name(share))
        make = (
            partial(exports.archive, [transcript], origin_of=lambda _transcript: origin)
            if name == exports.ZIP
            else partial(exports.rendered, transcript, name, origin=origin)
        )
        made = make(choices, span)
    except ExportRefused as refused:
        messages.error(request, str(refused))
        return redirect(f"{reverse('shared', args=[_token(request)])}?tab=exports")
    return serving.made_file(request, made.pieces, content_type=made.content_type, filename=made.filename)


@require_safe
@_by_token
@_unlocked
def subtitles(request: HttpRequest, share: Share) -> HttpResponse:
    """What of the subtitles does not hold its limits, see jobs/views/subtitle_reports.py."""
    return subtitle_reports.shown_report(request, _transcript(share), _choices)


def _choices(query: Mapping[str, str]) -> ExportChoices:
    """What an address asks for; never what stood there before the corrections. Raises ExportRefused."""
    return structs.replace(export_choices.chosen(query, STANDARD), original=False)

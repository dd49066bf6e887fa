"""What is done to recordings in the library and in the trash, one or several at a time. All are plain forms."""

import math
from collections.abc import Callable
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, QueryDict
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from jobs.models import Recording
from jobs.services import export_choices, exports, library, lifecycle
from jobs.views import serving
from jobs.views.access import own_recording, person, trashed_recording
from jobs.views.exports import origin_of
from jobs.views.library import found_by, remember_trashed

PAGE_SIZE = 50


# One ------------------------------------------------------------------------------------------------------------------


@login_required
@require_POST
def rename(request: HttpRequest, pk: UUID) -> HttpResponse:
    recording = own_recording(request, pk)
    if not library.rename(recording, request.POST.get("title", "")):
        messages.error(request, _("A recording needs a title."))
    return _back(request)


@login_required
@require_POST
def tags(request: HttpRequest, pk: UUID) -> HttpResponse:
    """`add` puts a tag on, `remove` takes one off."""
    recording, owner = own_recording(request, pk), person(request)
    if request.POST.get("remove"):
        library.remove_tag([recording], request.POST["remove"], owner)
    elif not library.add_tag([recording], request.POST.get("add", ""), owner):
        messages.error(request, _("Type a tag first."))
    return _back(request)


@login_required
@require_POST
def recording_delete(request: HttpRequest, pk: UUID) -> HttpResponse:
    doomed = own_recording(request, pk)
    lifecycle.to_trash(doomed)
    remember_trashed(request, [doomed.pk], doomed.title)
    return _back(request)


@login_required
@require_POST
def purge(request: HttpRequest, pk: UUID) -> HttpResponse:
    doomed = trashed_recording(request, pk)
    if lifecycle.delete_trashed(doomed.pk) is None:
        messages.info(request, _("“%(title)s” is not in the trash any more.") % {"title": doomed.title})
    else:
        messages.success(request, _("“%(title)s” was deleted for good.") % {"title": doomed.title})
    return redirect("trash")


# Several --------------------------------------------------------------------------------------------------------------


@login_required
@require_POST
def act(request: HttpRequest) -> HttpResponseBase:
    """Do `action` to all recordings whose `id` is given, or to all that a list has on its pages.

    For these `found` is how many there are, as people read it, and `asked` what the address of the list asks for.
    """
    actions: dict[str, Callable[[HttpRequest, list[Recording]], HttpResponseBase | None]] = {
        "delete": _delete,
        "again": _again,
        "tag": _tag,
        "untag": _untag,
        "export": _export,
    }
    action = actions.get(request.POST.get("action", ""))
    chosen = _chosen(request)
    if chosen is None:
        messages.error(request, _("The list has changed meanwhile, so nothing was done. Please choose again."))
        return _back(request)
    if action is None or not chosen:
        messages.info(request, _("Choose one or more recordings first."))
        return _back(request)
    return action(request, chosen) or _back(request)


def _chosen(request: HttpRequest) -> list[Recording] | None:
    """None when a list has another number of recordings than it had for the person who chose all of them."""
    owned = library.own(person(request))
    if "found" not in request.POST:
        return list(library.chosen(owned, request.POST.getlist("id")))
    found = found_by(owned, QueryDict(request.POST.get("asked", "")))
    return found if request.POST["found"] == str(len(found)) else None


def _delete(request: HttpRequest, chosen: list[Recording]) -> None:
    for recording in chosen:
        lifecycle.to_trash(recording)
    title = chosen[0].title if len(chosen) == 1 else ""
    remember_trashed(request, [recording.pk for recording in chosen], title)


def _again(request: HttpRequest, chosen: list[Recording]) -> None:
    started = library.transcribe_again(chosen)
    said = ngettext("%(count)d recording is transcribed again.", "%(count)d recordings are transcribed again.", started)
    messages.info(request, said % {"count": started})
    if left := len(chosen) - started:
        said = ngettext(
            "%(count)d is at work already, or its media is gone.",
            "%(count)d are at work already, or their media is gone.",
            left,
        )
        messages.info(request, said % {"count": left})


def _tag(request: HttpRequest, chosen: list[Recording]) -> None:
    if not library.add_tag(chosen, request.POST.get("tag", ""), person(request)):
        messages.error(request, _("Type a tag first."))


def _untag(request: HttpRequest, chosen: list[Recording]) -> None:
    library.remove_tag(chosen, library.tag_name(request.POST.get("tag", "")), person(request))


def _export(request: HttpRequest, chosen: list[Recording]) -> HttpResponseBase | None:
    texts = library.texts_of(library.own(person(request)).filter(pk__in=[one.pk for one in chosen]))
    if not texts:
        messages.info(request, _("None of these has a text yet."))
        return None
    formats = _formats(request)
    if not formats:
        messages.info(request, _("Choose one or more formats first."))
        return None
    with_text = {text.recording_id for text in texts}
    made = exports.archive(
        texts,
        export_choices.remembered(person(request)),
        formats=formats,
        origin_of=lambda text: origin_of(request, text.recording),
        left_out=[one.title for one in chosen if one.pk not in with_text],
    )
    return serving.made_file(request, made.pieces, content_type=made.content_type, filename=made.filename)


def _formats(request: HttpRequest) -> tuple[str, ...]:
    """Those asked for, which are remembered; without the dialog they are asked for in, those of the last time."""
    if "formats" not in request.POST:
        return export_choices.archive_formats(person(request))
    formats = export_choices.known_formats(request.POST.getlist("format"))
    if formats:
        export_choices.remember_archive_formats(person(request), formats)
    return formats


# The trash ------------------------------------------------------------------------------------------------------------


@login_required
@require_safe
def trash(request: HttpRequest) -> HttpResponse:
    page = Paginator(library.trashed(person(request)), PAGE_SIZE).get_page(request.GET.get("page"))
    context = {"page_obj": page, "trash_days": math.ceil(settings.ENV.RETENTION_TRASH_DAYS)}
    return render(request, "jobs/trash.html", context)


@login_required
@require_POST
def restore(request: HttpRequest) -> HttpResponse:
    """Put back all whose `id` is given."""
    chosen = library.chosen(library.trashed(person(request)), request.POST.getlist("id"))
    back = [recording for recording in chosen if lifecycle.from_trash(recording)]
    if len(back) == 1:
        messages.success(request, _("“%(title)s” was put back.") % {"title": back[0].title})
    elif back:
        said = ngettext("%(count)d recording was put back.", "%(count)d recordings were put back.", len(back))
        messages.success(request, said % {"count": len(back)})
    _tell_stopped(request, back)
    return _back(request)


def _tell_stopped(request: HttpRequest, back: list[Recording]) -> None:
    """What was at work when it was deleted does not go on by itself."""
    kept = library.own(person(request)).filter(pk__in=[one.pk for one in back])
    stopped = library.filtered(kept, library.Filters(status=library.CANCELLED)).count()
    if stopped and len(back) == 1:
        messages.info(request, _("Its transcription had been stopped. Open the recording to continue it."))
    elif stopped:
        said = ngettext(
            "The transcription of %(count)d had been stopped. Open it to continue it.",
            "The transcriptions of %(count)d had been stopped. Open each to continue it.",
            stopped,
        )
        messages.info(request, said % {"count": stopped})


@login_required
@require_POST
def empty_trash(request: HttpRequest) -> HttpResponse:
    for pk in list(library.trashed(person(request)).values_list("pk", flat=True)):
        lifecycle.delete_trashed(pk)
    messages.success(request, _("The trash is empty."))
    return redirect("trash")


def _back(request: HttpRequest) -> HttpResponse:
    """To where the form was, when that is a page of ours; else to the library."""
    wanted = request.POST.get("next", "")
    is_ours = wanted.startswith("/") and url_has_allowed_host_and_scheme(wanted, allowed_hosts=None)
    return redirect(wanted if is_ours else reverse("library"))

"""What stands beside the words on a recording's page: a tab each, fetched when it is opened."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from jobs.models import Recording
from jobs.views import exports, runs, speakers, versions
from jobs.views.access import own_recording

TRANSCRIPT = "transcript"
TITLES: dict[str, Promise | str] = {
    TRANSCRIPT: _("Transcript"),
    "speakers": _("Speakers"),
    "exports": _("Exports"),
    "history": _("History"),
    "run": _("Run log"),
}

# What the template `_panel_<name>.html` needs.
CONTEXTS: dict[str, Callable[[HttpRequest, Recording], dict[str, Any]]] = {
    "speakers": speakers.panel_context,
    "exports": exports.exports_context,
    "history": versions.history_context,
    "run": runs.run_context,
}


@login_required
@require_safe
@cache_control(private=True, no_cache=True)
def panel(request: HttpRequest, pk: UUID, name: str) -> HttpResponse:
    """One tab's content, as the page itself would show it."""
    shown = own_recording(request, pk)
    if name not in CONTEXTS:
        raise Http404
    return render(request, f"jobs/partials/_panel_{name}.html", panel_context(request, shown, name))


def panel_context(request: HttpRequest, recording: Recording, name: str) -> dict[str, Any]:
    """What a panel needs besides what the page has anyway."""
    return {"recording": recording, **CONTEXTS[name](request, recording)}


def asked(request: HttpRequest) -> str:
    """The tab the address asks for; the transcript when it is missing or nonsense."""
    name = request.GET.get("tab", TRANSCRIPT)
    return name if name in TITLES else TRANSCRIPT

"""What of the subtitles does not hold its limits, each with its place: shown in the tab of exports."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from jobs.models import Transcript
from jobs.services import export_choices
from jobs.services.export_choices import ExportChoices, ExportRefused, written
from jobs.services.subtitle_report import KIND_TITLES, Place, Problem, SubtitleReport, subtitle_report, summary
from jobs.views.access import own_transcript, person
from media_pipeline.text.cue_report import FindingKind

PAGE = 100
BESIDE = "beside"
SENTENCES: Final[dict[FindingKind, Promise]] = {
    FindingKind.TOO_FAST: gettext_lazy("%(value)s characters a second, limit %(limit)s"),
    FindingKind.TOO_SHORT: gettext_lazy("Shown for %(value)s s, at least %(limit)s s"),
    FindingKind.TOO_LONG: gettext_lazy("Shown for %(value)s s, at most %(limit)s s"),
    FindingKind.LINE_TOO_LONG: gettext_lazy("A line of %(value)s characters, limit %(limit)s"),
    FindingKind.TOO_MANY_LINES: gettext_lazy("%(value)s lines, limit %(limit)s"),
    FindingKind.OVERLAP: gettext_lazy("Overlaps the next one by %(value)s s"),
    FindingKind.GAP_TOO_SMALL: gettext_lazy("%(value)s s to the next one, at least %(limit)s s"),
}


@login_required
@require_safe
@cache_control(private=True, no_store=True)
def report(request: HttpRequest, pk: int) -> HttpResponse:
    """Of the subtitles that a download with the same options would have. What is asked for is not remembered."""
    before = export_choices.remembered(person(request))
    return shown_report(request, own_transcript(request, pk), lambda query: export_choices.chosen(query, before))


def shown_report(
    request: HttpRequest, transcript: Transcript, choose: Callable[[Mapping[str, str]], ExportChoices]
) -> HttpResponse:
    """The report as HTML, or 422 with what cannot be.

    The address has the options of exports, read by `choose`, and `names_are=beside` for formats in which names are
    no text, `kind` for problems of one kind, and `after` for what follows so many places.
    """
    try:
        choices = choose(request.GET)
        has_prefixes = request.GET.get("names_are") != BESIDE
        found = subtitle_report(transcript, choices, export_choices.span(request.GET), has_prefixes=has_prefixes)
    except ExportRefused as refused:
        return JsonResponse({"error": str(refused), "fields": refused.fields}, status=422)
    after = _count(request.GET.get("after", ""))
    part = "_subtitle_places" if after else "_subtitle_report"
    context = _context(found, request.GET.get("kind", ""), after)
    context |= {"language": transcript.language, "has_prefixes": has_prefixes}
    return render(request, f"jobs/partials/{part}.html", context)


def _count(text: str) -> int:
    """A number of an address; 0 when it is missing or nonsense."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 8 else 0


def _context(found: SubtitleReport, kind: str, after: int) -> dict[str, Any]:
    places = found.of_kind(kind)
    shown = min(after + PAGE, len(places))
    return {
        "cues": found.cues,
        "has_names": found.has_names,
        "summary": summary(found),
        "kinds": [(name, KIND_TITLES[name], count) for name, count in found.counts.items()],
        "kind": kind if kind in found.counts else "",
        "all": len(found.places),
        "places": [_shown(place) for place in places[after:shown]],
        "total": len(places),
        "next": shown if shown < len(places) else None,
        "left": min(PAGE, len(places) - shown),
        "shown": shown,
    }


def _shown(place: Place) -> dict[str, Any]:
    return {
        "start": place.start,
        "lines": place.lines,
        "problems": [{"kind": problem.kind, "sentence": _told(problem)} for problem in place.problems],
    }


def _told(problem: Problem) -> str:
    """ "21.4 characters a second, limit 17"."""
    if problem.value == float("inf"):
        return _("Shown for no time at all")
    value = _rounded(problem.value, problem.limit)
    return str(SENTENCES[problem.kind]) % {"value": written(value), "limit": written(problem.limit)}


def _rounded(value: float, limit: float) -> float:
    """To a tenth, or so that it still is on its side of the limit."""
    return next((near for near in (round(value, 1), round(value, 2)) if (near - limit) * (value - limit) > 0), value)

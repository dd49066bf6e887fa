"""The list of a person's recordings, and what is looked for in them."""

from collections.abc import Callable, Iterable
from dataclasses import fields
from datetime import date
from typing import Any
from urllib.parse import urlencode, urlsplit
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.core.paginator import Page, Paginator
from django.db.models import F, OuterRef, Subquery
from django.db.models.functions import Substr
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from jobs.models import Recording, RecordingQuerySet, Segment, Transcript
from jobs.services import export_choices, search
from jobs.services import library as shelf
from jobs.services.library import Filters
from jobs.services.submit import sample_path
from jobs.templatetags.display import language_name
from jobs.title_order import TitleOrder
from jobs.views.access import person
from jobs.views.exports import format_groups

PAGE_SIZE = 50
FOUND_PAGE_SIZE = 20
SORTS = {  # without any the newest come first, or what matches a search best
    "-created_at": gettext_lazy("Newest first"),
    "created_at": gettext_lazy("Oldest first"),
    "title": gettext_lazy("Title"),
    "-duration": gettext_lazy("Longest first"),
}
STATUSES = {
    shelf.AT_WORK: gettext_lazy("At work"),
    shelf.DONE: gettext_lazy("Done"),
    shelf.FAILED: gettext_lazy("Failed"),
    shelf.CANCELLED: gettext_lazy("Cancelled"),
}
FILTERS = [field.name for field in fields(Filters)]
OPENING_CHARS = 160
ALL_PASSAGES = 200
TRASHED = "trashed"  # in the session: what to offer to put back


@login_required
@require_safe
def library(request: HttpRequest) -> HttpResponse:
    """With the header X-Partial only the list itself comes back, for search as you type and live status."""
    owned = shelf.own(person(request))
    query = _query(request.GET)
    sort = request.GET.get("sort", "")
    sort = sort if sort in SORTS else ""
    filters = _filters(request.GET)
    shown = shelf.filtered(owned, filters)
    listed = _found(request, shown, query, sort) if query.strip() else _listed(request, shown, sort)
    context = {
        **listed,
        "query": query,
        "is_search": bool(query.strip()),
        "sort": sort,
        "filters": filters,
        "address": _address(request, without=()),
        "address_of_pages": _address(request),
        "address_of_found": _address(request, without=("page", "in")),
        "address_of_tags": _address(request, without=("page", "in", "tag")),
        "asked": urlsplit(_address(request)).query,
        "is_narrowed": bool(query.strip()) or filters.are_any,
    }
    if request.headers.get("X-Partial") == "1":
        return render(request, "jobs/partials/_recordings.html", context)
    return render(request, "jobs/library.html", context | _around(request, owned, filters, listed["page_obj"]))


def found_by(owned: RecordingQuerySet, asked: QueryDict) -> list[Recording]:
    """All that a list shows on all its pages, when its address asks so."""
    shown, query = shelf.filtered(owned, _filters(asked)), _query(asked)
    if not query.strip():
        return list(shown)
    only = _only(shown, asked)
    return list(owned.filter(pk__in=[one.recording for one in _search(shown, query, only).found]))


def _around(request: HttpRequest, owned: RecordingQuerySet, filters: Filters, page: Page[Recording]) -> dict[str, Any]:
    """What stands around the list."""
    choices = shelf.choices(person(request))
    return {
        "sorts": list(SORTS.items()),
        "statuses": list(STATUSES.items()),
        "choices": choices,
        "languages": sorted(((code, language_name(code)) for code in choices.languages), key=lambda pair: pair[1]),
        "chips": _chips(request, filters),
        "filter_names": ",".join(FILTERS),
        "address_of_all": _address(request, without=("page", *FILTERS)),
        "has_any": bool(page.paginator.count) or owned.exists(),
        "has_trash": shelf.trashed(person(request)).exists(),
        "has_sample": sample_path() is not None,
        "format_groups": format_groups(),
        "archive_formats": export_choices.archive_formats(person(request)),
        "trashed": request.session.pop(TRASHED, None) if TRASHED in request.session else None,
    }


def _listed(request: HttpRequest, shown: RecordingQuerySet, sort: str) -> dict[str, Any]:
    ordered = _in_order(shown, sort)
    page = Paginator(ordered.values_list("pk", flat=True), PAGE_SIZE).get_page(request.GET.get("page"))
    return {"page_obj": _with_rows(page, list(page))}


def _found(request: HttpRequest, among: RecordingQuerySet, query: str, sort: str) -> dict[str, Any]:
    """Recordings with the passages that were found; with `in`, all passages of that one alone."""
    only = _only(among, request.GET)
    results = _search(among, query, only)
    page = Paginator(_sorted(results.found, sort), FOUND_PAGE_SIZE).get_page(request.GET.get("page"))
    found = {one.recording: one for one in page}
    for row in _with_rows(page, list(found)):
        row.found = found[row.pk]  # type: ignore[attr-defined]
    return {"page_obj": page, "is_cut": results.is_cut, "only": only}


def _only(among: RecordingQuerySet, asked: QueryDict) -> Recording | None:
    """The recording that alone is searched."""
    return next(iter(shelf.chosen(among, [asked.get("in", "")])), None)


def _search(among: RecordingQuerySet, query: str, only: Recording | None) -> search.Results:
    if only is None:
        return search.search(among, query)
    return search.search(among.filter(pk=only.pk), query, passages=ALL_PASSAGES)


def _sorted(found: list[search.Found], sort: str) -> list[search.Found]:
    """Best first, unless another order is asked for."""
    if not sort:
        return found
    by_id = {one.recording: one for one in found}
    ordered = _in_order(Recording.objects.filter(pk__in=by_id), sort)
    return [by_id[pk] for pk in ordered.values_list("pk", flat=True)]


def _with_rows(page: Page[Any], ids: list[UUID]) -> Page[Recording]:
    """Let a page, which counts all there are, show the recordings with these ids."""
    rows = _with_latest(Recording.objects.filter(pk__in=ids)).in_bulk()
    page.object_list = [rows[pk] for pk in ids if pk in rows]
    return page


def _in_order(recordings: RecordingQuerySet, sort: str) -> RecordingQuerySet:
    """Unknown lengths come last, which PostgreSQL would put first."""
    if sort == "title":
        return recordings.order_by(TitleOrder("title"), "-created_at", "pk")
    name = F(sort.removeprefix("-") or "created_at")
    first = name.asc(nulls_last=True) if sort == "created_at" else name.desc(nulls_last=True)
    return recordings.order_by(first, "-created_at", "pk")


def _with_latest(recordings: RecordingQuerySet) -> RecordingQuerySet:
    """With all that a row shows. Only for a page of them: the first words of each are looked up."""
    shown = Transcript.objects.filter(recording=OuterRef("pk")).order_by("-shown_at", "-pk")
    first_words = Segment.objects.filter(transcript=OuterRef("shown")).order_by("start", "pk")
    return (
        recordings.with_tags()
        .annotate(shown=Subquery(shown.values("pk")[:1]))
        .annotate(opening=Subquery(first_words.annotate(head=Substr("text", 1, OPENING_CHARS)).values("head")[:1]))
        .prefetch_related("jobs")
    )


# The address ----------------------------------------------------------------------------------------------------------


def _query(asked: QueryDict) -> str:
    """As it is typed: a blank at its end says that its last word is whole."""
    return asked.get("q", "").replace("\0", "").lstrip()


def _filters(asked: QueryDict) -> Filters:
    """What the address asks for; nonsense asks for nothing."""
    told = {name: asked.get(name, "").replace("\0", "") for name in ("speaker", "language", "status", "tag")}
    if told["status"] not in STATUSES:
        told["status"] = ""
    return Filters(**told, since=_day(asked.get("since", "")), until=_day(asked.get("until", "")))


def _day(typed: str) -> date | None:
    try:
        return date.fromisoformat(typed)
    except ValueError:
        return None


def _address(request: HttpRequest, *, without: Iterable[str] = ("page",)) -> str:
    """The address of this list, without some of what it asks for and whatever is empty."""
    asked = {name: value for name, value in request.GET.items() if value and name not in without}
    return f"{reverse('library')}?{urlencode(asked)}" if asked else reverse("library")


def _chips(request: HttpRequest, filters: Filters) -> list[tuple[str, str, str]]:
    """(name of a filter, what it filters by, the address without it)."""
    named: dict[str, Callable[[str], str]] = {
        "speaker": str,
        "language": language_name,
        "status": lambda status: str(STATUSES[status]),
        "tag": str,
        "since": lambda day: _("from %(day)s") % {"day": date_format(date.fromisoformat(day))},
        "until": lambda day: _("until %(day)s") % {"day": date_format(date.fromisoformat(day))},
    }
    asked = {name: getattr(filters, name) for name in named}
    return [
        (name, named[name](str(value)), _address(request, without=("page", name)))
        for name, value in asked.items()
        if value
    ]


def remember_trashed(request: HttpRequest, ids: Iterable[UUID], title: str) -> None:
    """Offer to put recordings back, on the next page of the library."""
    request.session[TRASHED] = {"ids": [str(pk) for pk in ids], "title": title}

"""The list of a person's recordings."""

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db.models import F, OrderBy, OuterRef, QuerySet, Subquery
from django.db.models.functions import Substr
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from jobs.models import Recording, Segment
from jobs.services.submit import sample_path
from jobs.views.access import person

PAGE_SIZE = 50
SORTS = {
    "-created_at": _("Newest first"),
    "created_at": _("Oldest first"),
    "title": _("Title"),
    "-duration": _("Longest first"),
}
OPENING_CHARS = 160


@login_required
@require_safe
def library(request: HttpRequest) -> HttpResponse:
    """With the header X-Partial only the list itself comes back, for search as you type and live status."""
    query = request.GET.get("q", "").replace("\0", "").strip()  # PostgreSQL takes no NUL
    sort = request.GET.get("sort", "")
    sort = sort if sort in SORTS else "-created_at"
    owned = Recording.objects.filter(owner=person(request))
    found = _with_latest(owned.filter(title__icontains=query) if query else owned)
    page = Paginator(found.order_by(_ordering(sort), "-created_at"), PAGE_SIZE).get_page(request.GET.get("page"))
    context = {
        "page_obj": page,
        "query": query,
        "sort": sort,
        "sorts": list(SORTS.items()),
        "has_any": bool(page.paginator.count) or owned.exists(),
        "has_sample": sample_path() is not None,
    }
    is_partial = request.headers.get("X-Partial") == "1"
    return render(request, "jobs/partials/_recordings.html" if is_partial else "jobs/library.html", context)


def _ordering(sort: str) -> OrderBy:
    """Unknown lengths come last, which PostgreSQL would put first."""
    name = F(sort.removeprefix("-"))
    return name.desc(nulls_last=True) if sort.startswith("-") else name.asc(nulls_last=True)


def _with_latest(recordings: QuerySet[Recording]) -> QuerySet[Recording]:
    heard = Segment.objects.filter(transcript__recording=OuterRef("pk"))
    first_words = heard.order_by("-transcript__shown_at", "start", "pk")
    return recordings.annotate(
        opening=Subquery(first_words.annotate(head=Substr("text", 1, OPENING_CHARS)).values("head")[:1])
    ).prefetch_related("jobs")

"""What to listen to again."""

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.utils.cache import get_conditional_response
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from jobs.models import Transcript
from jobs.services.doubts import Doubts
from jobs.services.doubts import doubts as find_doubts
from jobs.views.access import own_transcript

DOUBT_LIMITS = (50, 60, 70, 80, 90)  # percent
USUAL_LIMIT = 70


@login_required
@require_safe
@cache_control(private=True, no_cache=True)
def doubts(request: HttpRequest, pk: int) -> HttpResponseBase:
    """The doubtful words and passages, words below `?below=` percent.

    Up to 1,000 words: those around the time `?at=`, or those after the first `?skip=`.

    {"revision", "first", "total", "known", "words": [[segment id, start, index in the segment], …],
    "passages": [[segment id, start, mark], …], "marks": {mark: passages}}, see `jobs.services.doubts.Doubts`.
    """
    transcript = own_transcript(request, pk)
    query = (_number(request, "below") or USUAL_LIMIT, _number(request, "skip"), _number(request, "at") or 0)
    etag = '"{}-{}-{}-{}-{}"'.format(transcript.pk, transcript.revision, *query)
    unchanged = get_conditional_response(request, etag=etag)
    if unchanged is not None:
        return unchanged
    below, skip, at = query
    response: HttpResponse = JsonResponse(_told(transcript, find_doubts(transcript, below=below, skip=skip, at=at)))
    response["ETag"] = etag
    return response


def _told(transcript: Transcript, found: Doubts) -> dict[str, Any]:
    return {
        "revision": transcript.revision,
        "first": found.first,
        "total": found.total,
        "known": found.known,
        "words": found.words,
        "passages": found.passages,
        "marks": found.marks,
    }


def _number(request: HttpRequest, name: str) -> int | None:
    """A whole number from the query, None when it is missing or nonsense."""
    value = request.GET.get(name, "")
    return int(value) if value.isdecimal() and len(value) < 10 else None

"""Looking for a phrase in a transcript: where it stands, and what replacing it everywhere would do.

`?q=` is the phrase as it was typed; with `&case=1` it is found in just this case, with `&word=1` as a whole word.
"""

import re
from itertools import islice

import msgspec
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, JsonResponse
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from jobs.models import Transcript
from jobs.services import phrases
from jobs.views.access import own_transcript

MAX_MATCHES = 100
MAX_PHRASE = 1000


@login_required
@require_safe
@cache_control(private=True, no_cache=True)
def find(request: HttpRequest, pk: int) -> JsonResponse:
    """Which segments have it: {"hits": [[segment id, start, how often], …], "total": n, "more": bool}, after `?skip=`.

    A blank phrase is nowhere.
    """
    return told_hits(request, own_transcript(request, pk))


def told_hits(request: HttpRequest, transcript: Transcript) -> JsonResponse:
    """What `find` tells."""
    wanted = _asked(request)
    hits = phrases.hits(transcript, wanted, skip=_skip(request)) if wanted else phrases.Hits([], 0, False)
    return JsonResponse({"hits": hits.places, "total": hits.total, "more": hits.has_more})


@login_required
@require_safe
@cache_control(private=True, no_cache=True)
def matches(request: HttpRequest, pk: int) -> JsonResponse:
    """Each place with what stands around it: all counted, 100 told."""
    transcript = own_transcript(request, pk)
    wanted = _asked(request)
    if wanted is None:
        return JsonResponse({"error": _("Say what to look for, in at most 1,000 characters.")}, status=400)
    found = phrases.matches(transcript, wanted)
    shown = [msgspec.to_builtins(match) for match in islice(found, MAX_MATCHES)]
    count = len(shown) + sum(1 for _match in found)
    return JsonResponse({"revision": transcript.revision, "count": count, "matches": shown})


def _asked(request: HttpRequest) -> re.Pattern[str] | None:
    """What finds the phrase; None when it is blank or too long."""
    phrase = request.GET.get("q", "")
    if not phrase.strip() or len(phrase) > MAX_PHRASE:
        return None
    return phrases.pattern(phrase, match_case=request.GET.get("case") == "1", whole_word=request.GET.get("word") == "1")


def _skip(request: HttpRequest) -> int:
    """A whole number from the query, 0 when it is missing or nonsense."""
    value = request.GET.get("skip", "0")
    return int(value) if value.isdecimal() and len(value) < 10 else 0

"""The words of a transcript, a stretch at a time or all at once."""

import json
from collections.abc import Iterable
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from jobs.models import Segment, Speaker, Transcript
from jobs.models.transcript import CONFIRMED, places_of
from jobs.services import exports, reading
from jobs.views.access import own_transcript


@login_required
@require_safe
@cache_control(private=True, no_cache=True)
def segments(request: HttpRequest, pk: int) -> HttpResponse:
    """The rows of the stretch `?stretch=`, as the page itself shows them."""
    return shown_stretch(request, own_transcript(request, pk))


def shown_stretch(request: HttpRequest, transcript: Transcript, **more: Any) -> HttpResponse:
    """`more` is for the template besides."""
    context = stretch_context(transcript, _number(request, "stretch")) | more
    return render(request, "jobs/partials/_segments.html", context)


@login_required
@require_safe
@cache_control(private=True, no_cache=True)
def text(request: HttpRequest, pk: int) -> HttpResponse:
    """All of it as plain text, to be copied."""
    return HttpResponse(reading.plain_text(own_transcript(request, pk)), content_type="text/plain; charset=utf-8")


@login_required
@require_safe
@cache_control(private=True, no_cache=True)
def captions(request: HttpRequest, pk: int) -> HttpResponse:
    """WebVTT of the words as they stand, always from here: a video takes no captions from another site."""
    return shown_captions(own_transcript(request, pk))


def shown_captions(transcript: Transcript) -> HttpResponse:
    """Made for this answer."""
    made = exports.rendered(transcript, "vtt")
    return HttpResponse(made.content, content_type=made.content_type)


def stretch_context(transcript: Transcript, stretch: int, speakers: Iterable[Speaker] | None = None) -> dict[str, Any]:
    """What `_segments.html` needs."""
    known = list(transcript.speakers.all() if speakers is None else speakers)
    numbers = places_of(known)
    places = {speaker.pk: (numbers[speaker.pk], speaker) for speaker in known}
    rows = reading.segments_of(transcript, stretch)
    return {"segments": [_shown(segment, places) for segment in rows], "speakers": known}


def _shown(segment: Segment, places: dict[int, tuple[int, Speaker]]) -> dict[str, Any]:
    """What the template shows: the text once, and where in it each word begins and is heard."""
    index, speaker = places.get(segment.speaker_id or 0, (None, None))
    return {
        "id": segment.pk,
        "revision": segment.revision,
        "start": segment.start,
        "end": segment.end,
        "text": segment.text,
        "speaker": speaker,
        "speaker_id": segment.speaker_id or "",
        "speaker_index": index,
        "marks": segment.marks,
        "confidence": segment.confidence,
        "times_json": json.dumps(word_times(segment.text, segment.words), separators=(",", ":")),
    }


def word_times(text: str, words: list[list[Any]]) -> list[list[float]]:
    """`[[char offset, start, end, confidence in percent], …]` of the words found in `text`, in order.

    The confidence is left out where it is not known, and where a person said that the word is right.
    """
    times: list[list[float]] = []
    offset = 0
    for word, start, end, confidence, *notes in words:
        at = text.find(word, offset)
        if at >= 0:
            is_told = confidence is not None and CONFIRMED not in (notes[0] if notes else ())
            times.append([at, round(start, 2), round(end, 2), *([round(100 * confidence)] if is_told else [])])
            offset = at + len(word)
    return times


def _number(request: HttpRequest, name: str) -> int:
    """A whole number from the query, 0 when it is missing or nonsense."""
    value = request.GET.get(name, "0")
    return int(value) if value.isdecimal() and len(value) < 10 else 0

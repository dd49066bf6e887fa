"""Who speaks in a transcript: the list beside the words, the figures in their tab, the menu and the voice of each."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.utils.cache import get_conditional_response
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from jobs.models import Job, Recording, Speaker, Transcript
from jobs.models.transcript import places_of
from jobs.services import lifecycle, reading, speaker_names, statistics, versions, voice_samples
from jobs.services.lifecycle import SpeakersAgain
from jobs.services.statistics import STRIPS, Statistics, Voice
from jobs.services.voice_samples import Sample
from jobs.state import JobStatus
from jobs.views.access import own_transcript, person
from jobs.wording import translated
from media_pipeline.errors import PipelineError

SUGGESTIONS = 6
NAMES = 60
STRIP_HEIGHT = 20
LEAST_SHOWN = 0.02
TICKS = 4


def shown_voices(speakers: Sequence[Speaker], seconds: Mapping[int | None, float]) -> list[dict[str, Any]]:
    """The speakers as the list shows them: with their number from 0 on and their share of all that is said."""
    spoken = sum(seconds.values()) or 1.0
    numbers = places_of(speakers)
    return [
        {"speaker": each, "number": numbers[each.pk], "share": seconds.get(each.pk, 0.0) / spoken} for each in speakers
    ]


@login_required
@require_safe
@cache_control(private=True, no_cache=True)
def voices(request: HttpRequest, pk: int) -> HttpResponse:
    """The list of speakers as it is now."""
    transcript = own_transcript(request, pk)
    shown = shown_voices(list(transcript.speakers.all()), reading.outline(transcript).seconds)
    return render(
        request, "jobs/partials/_voices.html", {"transcript": transcript, "voices": shown} | _media(transcript)
    )


@login_required
@require_safe
@cache_control(private=True, no_cache=True)
def speaker_menu(request: HttpRequest, pk: int) -> HttpResponse:
    """What can be done with `?speaker=`, nobody where it is missing, in all the transcript or, with `?in=turn` or
    `?in=sentence`, at a place of it.
    """
    transcript = own_transcript(request, pk)
    known = list(transcript.speakers.all())
    numbers = places_of(known)
    asked = _number(request, "speaker")
    names = speaker_names.names_given(person(request), besides=known)
    context = {
        "transcript": transcript,
        "speaker": next((each for each in known if each.pk == asked), None),
        "number": numbers.get(asked or 0),
        "others": [(each, numbers[each.pk]) for each in known if each.pk != asked],
        "names": names[:NAMES],
        "suggestions": names[:SUGGESTIONS],
        "place": request.GET.get("in") if request.GET.get("in") in ("turn", "sentence") else "",
    }
    return render(request, "jobs/partials/_speaker_menu.html", context | _media(transcript))


def _media(transcript: Transcript) -> dict[str, bool]:
    return {"has_media": bool(transcript.recording.media_key)}


@login_required
@require_safe
def speaker_sample(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Ten seconds of `?speaker=`, as MP3; 404 with a sentence where there are none."""
    transcript = own_transcript(request, pk)
    speaker = get_object_or_404(transcript.speakers, pk=_number(request, "speaker") or 0)
    sample = voice_samples.find_sample(transcript, speaker)
    if sample is None:
        return _no_sample(_("Nothing is said by this speaker."))
    etag = _etag(transcript, sample)
    return get_conditional_response(request, etag=etag) or _cut(transcript, sample, etag)


def _etag(transcript: Transcript, sample: Sample) -> str:
    told = f"{transcript.recording.media_key} {sample.start} {sample.length}"
    return f'"{hashlib.sha256(told.encode()).hexdigest()[:32]}"'


def _cut(transcript: Transcript, sample: Sample, etag: str) -> HttpResponseBase:
    try:
        content = voice_samples.cut_sample(transcript.recording, sample)
    except FileNotFoundError:
        return _no_sample(_("The audio of this recording is no longer here."))
    except PipelineError as error:
        return _no_sample(translated(error.message))
    headers = {"ETag": etag, "Cache-Control": "private, no-cache", "Content-Disposition": "inline"}
    return HttpResponse(content, content_type="audio/mpeg", headers=headers)


def _no_sample(sentence: str) -> JsonResponse:
    return JsonResponse({"error": sentence}, status=404)


def _number(request: HttpRequest, name: str) -> int | None:
    """A whole number from the query, None when it is missing or nonsense."""
    value = request.GET.get(name, "")
    return int(value) if value.isdecimal() and len(value) < 16 else None


# The tab --------------------------------------------------------------------------------------------------------------


def panel_context(_request: HttpRequest, recording: Recording) -> dict[str, Any]:
    """The figures of the text that the page shows. Http404 where it shows none."""
    jobs = list(recording.jobs.of_text().select_related("recording", "transcript").order_by("-created_at"))
    job = versions.shown_job(jobs) if jobs else None
    transcript: Transcript | None = getattr(job, "transcript", None)
    if job is None or transcript is None:
        raise Http404
    transcript.recording = recording
    figures = statistics.statistics(transcript)
    return {
        "transcript": transcript,
        "has_media": bool(recording.media_key),
        "figures": figures,
        "panel_voices": _figures(transcript, figures),
        "most": _most(figures),
        "silence_share": figures.silence / figures.duration if figures.duration else 0.0,
        "strip_box": f"0 0 {STRIPS} {STRIP_HEIGHT}",
        "ticks": [figures.duration * step / TICKS for step in range(TICKS + 1)],
        **_again(job, jobs[0]),
    }


def _again(job: Job, run: Job) -> dict[str, Any]:
    """Whether the page offers to look for speakers again; not while a run is at work."""
    way = None if run.is_active or job.status != JobStatus.COMPLETED else lifecycle.speakers_again(job)
    return {"can_find": way not in (None, SpeakersAgain.IMPOSSIBLE), "is_lost": way == SpeakersAgain.IMPOSSIBLE}


def _most(figures: Statistics) -> dict[str, float]:
    """The largest of each figure, which fills its bar."""
    voices = figures.voices.values()
    found: dict[str, list[float]] = {
        "seconds": [voice.seconds for voice in voices],
        "words": [voice.words for voice in voices],
        "words_per_minute": [voice.words_per_minute or 0 for voice in voices],
        "turns": [voice.turns for voice in voices],
        "longest": [voice.longest.spoken for voice in voices if voice.longest],
        "interruptions": [voice.interruptions for voice in voices],
    }
    return {name: max(values, default=0) or 1 for name, values in found.items()}


def _figures(transcript: Transcript, figures: Statistics) -> list[dict[str, Any]]:
    """A row for each speaker in the order of their numbers, and one for what nobody known says."""
    known = list(transcript.speakers.all())
    numbers = places_of(known)
    rows: list[tuple[Speaker | None, int | None, Voice]] = [
        (each, numbers[each.pk], figures.voices.get(each.pk, Voice(each.pk))) for each in known
    ]
    if None in figures.voices:
        rows.append((None, None, figures.voices[None]))
    before = 0.0
    shown = []
    for speaker, number, voice in rows:
        shown.append(
            {
                "speaker": speaker,
                "number": number,
                "voice": voice,
                "before_percent": 100 * before,
                "middle_percent": 100 * (before + voice.share / 2),
                "share_percent": 100 * voice.share,
                "strip": strip_path(voice),
            }
        )
        before += voice.share
    return shown


def strip_path(voice: Voice) -> str:
    """How much of each part of the recording they speak, as an outline in a box of `STRIPS` by `STRIP_HEIGHT`."""
    path, before = [f"M0 {STRIP_HEIGHT}"], 0
    for index, share in enumerate(voice.strips):
        height = max(2, round(share * STRIP_HEIGHT)) if share >= LEAST_SHOWN else 0
        if height != before:
            path.append(f"H{index}V{STRIP_HEIGHT - height}")
            before = height
    return f"{''.join(path)}H{STRIPS}V{STRIP_HEIGHT}z"

"""Correcting a transcript. Bodies are JSON both ways.

Answers: 200 with what changed; 400 for a body that cannot be understood; 409 for a conflict, with both versions
and what can be undone now; 422 for what is not possible. All but 200 have a sentence under "error".
"""

import logging
from collections.abc import Callable
from typing import Annotated, Any, TypeVar

import msgspec
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, JsonResponse
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_POST, require_safe

from jobs.models import Change, Segment, Speaker, Transcript
from jobs.services import change_log, editing, versions
from jobs.services.change_log import Conflict, EditConflict, EditRefused, Outcome
from jobs.services.edit_operations import AnyOperation, Number, Revision
from jobs.views.access import own_transcript, person
from jobs.views.segments import word_times

log = logging.getLogger(__name__)

MAX_OPERATIONS = 100
# More changed segments than these are not sent: the page loads what it shows again.
MAX_SEGMENTS = 200

T = TypeVar("T")


class Body(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """`request` is a name that the page makes up for what it asks for. When an answer gets lost, it asks again under
    the same name: what was done then is told again, and nothing is done twice.
    """

    request: Annotated[str, msgspec.Meta(max_length=40)] = ""


class ChangesBody(Body, kw_only=True):
    operations: Annotated[list[AnyOperation], msgspec.Meta(min_length=1, max_length=MAX_OPERATIONS)]


class EmptyBody(Body):
    pass


class RestoreBody(Body, kw_only=True):
    """To what stood after change `number`, of all or of one `segment`; or to another version, by its id.

    `revision` is the transcript's.
    """

    revision: Revision
    number: Revision = 0
    segment: Number | None = None
    version: Number | None = None


@login_required
@require_POST
def changes(request: HttpRequest, pk: int) -> JsonResponse:
    """Do operations, all or none: each becomes one change."""
    transcript, who = own_transcript(request, pk), person(request)
    return _answer(
        request, transcript, ChangesBody, lambda body: editing.edit(transcript, who, body.operations, body.request)
    )


@login_required
@require_safe
@cache_control(private=True, no_cache=True)
def state(request: HttpRequest, pk: int) -> JsonResponse:
    """Where a transcript stands: {"revision", "speakers", "undo", "redo"}, the last two null where there is nothing."""
    return JsonResponse(_state(request, own_transcript(request, pk)))


@login_required
@require_POST
def undo(request: HttpRequest, pk: int) -> JsonResponse:
    transcript, who = own_transcript(request, pk), person(request)
    return _answer(request, transcript, EmptyBody, lambda body: change_log.undo(transcript, who, body.request))


@login_required
@require_POST
def redo(request: HttpRequest, pk: int) -> JsonResponse:
    transcript, who = own_transcript(request, pk), person(request)
    return _answer(request, transcript, EmptyBody, lambda body: change_log.redo(transcript, who, body.request))


@login_required
@require_POST
def restore(request: HttpRequest, pk: int) -> JsonResponse:
    transcript, who = own_transcript(request, pk), person(request)

    def act(body: RestoreBody) -> Outcome:
        seen: dict[str, Any] = {"revision": body.revision, "request": body.request}
        if body.version is not None:
            return versions.restore_version(transcript, who, version=body.version, **seen)
        return change_log.restore(transcript, who, number=body.number, segment=body.segment, **seen)

    return _answer(request, transcript, RestoreBody, act)


def _answer(request: HttpRequest, transcript: Transcript, kind: type[T], act: Callable[[T], Outcome]) -> JsonResponse:
    try:
        body = msgspec.json.decode(request.body or b"{}", type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        log.warning("a request to %s cannot be understood: %s", request.path, error)
        return _refuse(_("The page and the server do not understand each other. Load the page again."), 400)
    try:
        return JsonResponse(_outcome(request, act(body)))
    except EditRefused as refused:
        return _refuse(str(refused), 422)
    except EditConflict as conflict:
        conflicts = [_conflict(each) for each in conflict.conflicts]
        return _refuse(str(conflict), 409, conflicts=conflicts, **_turns(request, transcript))


def _refuse(sentence: str, status: int, **more: Any) -> JsonResponse:
    return JsonResponse({"error": sentence} | more, status=status)


def _outcome(request: HttpRequest, outcome: Outcome) -> dict[str, Any]:
    is_long = len(outcome.segments) + len(outcome.removed) > MAX_SEGMENTS
    shown = [] if is_long else sorted(outcome.segments.values(), key=lambda segment: (segment.start, segment.pk))
    return {
        **_state(request, outcome.transcript),
        "changes": [change.number for change in outcome.changes],
        "segments": [_segment(segment) for segment in shown],
        "removed": [] if is_long else outcome.removed,
        "reload": is_long,
    }


def _state(request: HttpRequest, transcript: Transcript) -> dict[str, Any]:
    """Where a transcript stands, and what its reader can undo."""
    speakers = [_speaker(speaker) for speaker in transcript.speakers.all()]
    return {"revision": transcript.revision, "speakers": speakers, **_turns(request, transcript)}


def _turns(request: HttpRequest, transcript: Transcript) -> dict[str, Any]:
    """What the person would undo and do again next."""
    undo, redo = (find(transcript, person(request)) for find in (change_log.next_undo, change_log.next_redo))
    return {"undo": _named(undo), "redo": _named(redo)}


def _named(change: Change | None) -> dict[str, Any] | None:
    return None if change is None else {"number": change.number, "kind": change.kind, "title": _title(change)}


def _title(change: Change) -> str:
    return str(change.get_kind_display())


def _segment(segment: Segment) -> dict[str, Any]:
    """All of it, and `times` as the page knows them."""
    times = word_times(segment.text, segment.words)
    return {"id": segment.pk, "revision": segment.revision, "times": times, **change_log.content(segment)}


def _speaker(speaker: Speaker) -> dict[str, Any]:
    return {"id": speaker.pk, "label": speaker.label, "name": speaker.name, "display_name": speaker.display_name}


def _conflict(conflict: Conflict) -> dict[str, Any]:
    last = conflict.last
    return {
        "segment": conflict.segment,
        "revision": conflict.revision,
        "base": conflict.base,
        "theirs": conflict.theirs,
        "yours": conflict.yours,
        "who": _who(last) if last else None,
        "at": last.created_at.isoformat() if last else None,
    }


def _who(change: Change) -> str:
    return change.person.get_username() if change.person else ""


@login_required
@require_safe
def history(request: HttpRequest, pk: int) -> JsonResponse:
    """All versions, and up to 50 changes, latest first: with `?segment=` of one, with `?below=` those numbered less."""
    transcript = own_transcript(request, pk)
    segment, below = (_number(request, name) for name in ("segment", "below"))
    entries = change_log.history(transcript, segment=segment, below=below)
    told = {"entries": [_entry(entry) for entry in entries]}
    told["versions"] = [_version(version, transcript) for version in versions.versions_of(transcript)]
    return JsonResponse(_state(request, transcript) | told)


def _version(version: Transcript, shown: Transcript) -> dict[str, Any]:
    return {
        "id": version.pk,
        "at": version.created_at.isoformat(),
        "engine": version.engine,
        "model": version.model,
        "language": version.language,
        "changes": version.revision,
        "is_shown": version.pk == shown.pk,
    }


def _entry(entry: change_log.Entry) -> dict[str, Any]:
    change, shown = entry.change, entry.shown
    return {
        "number": change.number,
        "kind": change.kind,
        "title": _title(change),
        "who": _who(change),
        "at": change.created_at.isoformat(),
        "standing": change.standing,
        "target": change.target.number if change.target else None,
        "segments": entry.segments,
        "shown": shown
        and {"segment": shown.segment, "before": _wordless(shown.before), "after": _wordless(shown.after)},
        "speakers": {"before": change.speakers_before, "after": change.speakers_after},
    }


def _wordless(patch: change_log.Patch | None) -> change_log.Patch | None:
    return patch and {name: value for name, value in patch.items() if name != "words"}


def _number(request: HttpRequest, name: str) -> int | None:
    """A whole number from the query, None when it is missing or nonsense."""
    value = request.GET.get(name, "")
    return int(value) if value.isdecimal() and len(value) < 16 else None

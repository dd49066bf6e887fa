"""Correcting a transcript: each operation is one change in its log and can be undone.

Whoever changes a segment says which revision of it they saw. If it is not the latest, nothing is done: the answer is a
conflict that holds both versions and what they started from.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import takewhile
from typing import Any, NoReturn

from django.contrib.auth.models import AbstractBaseUser
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from jobs.models import ChangeKind, Segment, SegmentChange, Speaker, Transcript, word_rows
from jobs.models.transcript import free_label
from jobs.services import phrases
from jobs.services.change_log import (
    Conflict,
    Draft,
    EditConflict,
    EditRefused,
    Outcome,
    Patch,
    content,
    done_before,
    locked,
    wound_back,
)
from jobs.services.edit_operations import (
    AnyOperation,
    Confirm,
    Delete,
    Insert,
    Join,
    MergeSpeakers,
    RenameSpeaker,
    ReplaceAll,
    SetSpeaker,
    SetText,
    SetTimes,
    Shift,
    Split,
)
from media_pipeline.exports.base import clean
from media_pipeline.languages import has_spaces
from media_pipeline.text.realign import in_turn, realign, realign_halves
from media_pipeline.transcript import Seconds, Word

# Containers often say a little less than there is to hear.
BEYOND_END: Seconds = 1.0


def edit(
    transcript: Transcript, person: AbstractBaseUser, operations: Sequence[AnyOperation], request: str = ""
) -> Outcome:
    """Do all of `operations` in order, or none of them; for `request` see `done_before`.

    Raises:
        EditConflict: Somebody else has changed the same since the person saw it.
        EditRefused: One of them is not possible.
    """
    with locked(transcript) as row:
        if done := done_before(row, person, request):
            return done
        outcome = Outcome(row)
        for operation in operations:
            kind, change = _OPERATIONS[type(operation)]
            draft = Draft(row, person, request)
            change(draft, operation)
            outcome.add(draft.keep(kind))
        return outcome


# Who comes first ------------------------------------------------------------------------------------------------------


def _seen(draft: Draft, pk: int, revision: int, yours: Patch) -> Segment:
    """The segment as the person saw it. EditConflict when it is another by now."""
    segment = draft.find(pk)
    if segment is None or segment.revision != revision:
        _refuse_stale(draft, pk, revision, yours, segment)
    return segment


def _refuse_stale(draft: Draft, pk: int, revision: int, yours: Patch, segment: Segment | None) -> NoReturn:
    rows = SegmentChange.objects.filter(segment=pk, change__transcript=draft.transcript)
    later = list(rows.filter(revision__gt=revision).order_by("-revision").select_related("change__person"))
    theirs = content(segment) if segment else None
    base = wound_back(theirs, later)
    last = later[0].change if later else None
    sentence = (
        _("Somebody else has changed this passage meanwhile.")
        if segment
        else _("This passage is no longer there: it was deleted or joined with another.")
    )
    raise EditConflict(sentence, [Conflict(pk, base, theirs, yours, last, segment.revision if segment else None)])


def _speaker(draft: Draft, pk: int) -> Speaker:
    speaker = draft.speakers.get(pk)
    if speaker is None:
        raise EditConflict(_("This speaker is no longer there. Load the page again."))
    return speaker


# Words ----------------------------------------------------------------------------------------------------------------


def _set_text(draft: Draft, operation: SetText) -> None:
    text = _text(operation.text)
    unchanged = draft.find(operation.segment)
    if unchanged is not None and unchanged.text == text:  # also when an answer got lost and it comes again
        if unchanged.revision != operation.revision:
            draft.tell(unchanged)
        return
    segment = _seen(draft, operation.segment, operation.revision, {"text": text})
    _say(draft, segment, text)


def _text(given: str) -> str:
    text = clean(given)
    if not text:
        raise EditRefused(_("A passage cannot be empty. Delete it instead."))
    return text


def _say(draft: Draft, segment: Segment, text: str) -> None:
    """Change what a segment says."""
    language = draft.transcript.language
    words = realign(segment.spoken_words, text, language, start=segment.start, end=segment.end)
    _put_words(segment, text, words)
    segment.is_edited = True


def _put_words(segment: Segment, text: str, words: Sequence[Word]) -> None:
    known = [word.confidence for word in words if word.confidence is not None]
    segment.text, segment.words = text, word_rows(words)
    segment.confidence = round(sum(known) / len(known), 3) if known else None


def _confirm(draft: Draft, operation: Confirm) -> None:
    segment = _seen(draft, operation.segment, operation.revision, {"word": operation.word})
    if operation.word >= len(segment.words):
        raise EditRefused(_("There is no such word."))
    words = list(segment.spoken_words)
    words[operation.word] = replace(words[operation.word], confidence=1.0, marks=(), is_confirmed=True)
    _put_words(segment, segment.text, words)
    segment.is_edited = True


def _replace_all(draft: Draft, operation: ReplaceAll) -> None:
    if draft.transcript.revision != operation.revision:
        raise EditConflict(_("The transcript has been changed meanwhile. Look again at what would be replaced."))
    wanted = phrases.pattern(operation.find, match_case=operation.match_case, whole_word=operation.whole_word)
    hits = list(dict.fromkeys(match.segment for match in phrases.matches(draft.transcript, wanted)))
    for first in range(0, len(hits), 500):
        for segment in draft.take(draft.transcript.segments.filter(pk__in=hits[first : first + 500])):
            text = clean(wanted.sub(lambda _found: operation.replacement, segment.text))
            if not text:
                draft.remove(segment)
            elif text != segment.text:
                _say(draft, segment, text)


# Passages -------------------------------------------------------------------------------------------------------------


def _split(draft: Draft, operation: Split) -> None:
    segment = _seen(draft, operation.segment, operation.revision, {"offset": operation.offset})
    halves = (segment.text[: operation.offset].strip(), segment.text[operation.offset :].strip())
    if not halves[0] or not halves[1]:
        raise EditRefused(_("There must be words on both sides of the place where you split."))
    if segment.end <= segment.start:
        raise EditRefused(_("This passage is too short to be split. Give it more time first."))
    start, end = segment.start, segment.end
    language = draft.transcript.language
    first, second = realign_halves(segment.spoken_words, halves, language, start=start, end=end)
    cut = min(max(second[0].start, start), end)
    behind = Segment(
        start=cut,
        end=end,
        speaker_id=segment.speaker_id,
        marks=segment.marks,
        is_edited=segment.is_edited,
        is_speaker_chosen=segment.is_speaker_chosen,
    )
    _put_words(behind, halves[1], second)
    draft.add(behind)
    segment.end = min(max(first[-1].end, start), cut)
    _put_words(segment, halves[0], first)


def _join(draft: Draft, operation: Join) -> None:
    segment = _seen(draft, operation.segment, operation.revision, {"following": operation.following})
    following = _seen(draft, operation.following, operation.following_revision, {"joined_to": operation.segment})
    if _behind(draft, segment).values_list("pk", flat=True).first() != following.pk:
        raise EditConflict(_("Another passage stands between these two by now."))
    space = " " if has_spaces(draft.transcript.language) else ""
    text = f"{segment.text}{space}{following.text}"
    _put_words(segment, text, in_turn(segment.spoken_words, following.spoken_words))
    segment.end = max(segment.end, following.end)
    segment.marks = list(dict.fromkeys([*segment.marks, *following.marks]))
    segment.is_edited = segment.is_edited or following.is_edited
    segment.is_speaker_chosen = segment.is_speaker_chosen or following.is_speaker_chosen
    draft.remove(following)


def _insert(draft: Draft, operation: Insert) -> None:
    text = _text(operation.text)
    start, end = _span(draft, operation.start, operation.end)
    speaker = _meant(draft, "", operation.speaker)
    segment = Segment(start=start, end=end, speaker=speaker, is_edited=True, is_speaker_chosen=speaker is not None)
    _put_words(segment, text, realign((), text, draft.transcript.language, start=start, end=end))
    draft.add(segment)


def _delete(draft: Draft, operation: Delete) -> None:
    draft.remove(_seen(draft, operation.segment, operation.revision, {"text": None}))


def _behind(draft: Draft, segment: Segment) -> QuerySet[Segment]:
    """All segments behind this one, in order."""
    return draft.transcript.segments.filter(Q(start__gt=segment.start) | Q(start=segment.start, pk__gt=segment.pk))


# Times ----------------------------------------------------------------------------------------------------------------


def _set_times(draft: Draft, operation: SetTimes) -> None:
    start, end = _span(draft, operation.start, operation.end)
    segment = _seen(draft, operation.segment, operation.revision, {"start": start, "end": end})
    segment.words = word_rows(
        replace(word, start=min(max(word.start, start), end), end=min(max(word.end, start), end))
        for word in segment.spoken_words
    )
    segment.start, segment.end = start, end


def _span(draft: Draft, start: Seconds, end: Seconds) -> tuple[Seconds, Seconds]:
    """To the millisecond. EditRefused when it is none, or not inside the recording."""
    start, end = round(start, 3), round(end, 3)
    if start >= end:
        raise EditRefused(_("A passage must end after it begins."))
    _refuse_outside(draft, start, end)
    return start, end


def _refuse_outside(draft: Draft, start: Seconds, end: Seconds) -> None:
    duration = draft.transcript.recording.duration
    if start < 0:
        raise EditRefused(_("This would begin before the recording does."))
    if duration is not None and end > duration + BEYOND_END:
        raise EditRefused(_("This would end after the recording does."))


def _shift(draft: Draft, operation: Shift) -> None:
    segment = _seen(draft, operation.segment, operation.revision, {"seconds": operation.seconds})
    others = draft.take(_behind(draft, segment)) if operation.reach == "onward" else []
    moved, by = [segment, *others], operation.seconds
    _refuse_outside(draft, min(each.start for each in moved) + by, max(each.end for each in moved) + by)
    for each in moved:
        each.start, each.end = round(each.start + by, 3), round(each.end + by, 3)
        each.words = word_rows(
            replace(word, start=round(word.start + by, 3), end=round(word.end + by, 3)) for word in each.spoken_words
        )


# Speakers -------------------------------------------------------------------------------------------------------------


def _set_speaker(draft: Draft, operation: SetSpeaker) -> None:
    yours = {"name": operation.name} if operation.name else {"speaker": operation.speaker}
    segment = _seen(draft, operation.segment, operation.revision, yours)
    speaker = _meant(draft, clean(operation.name), operation.speaker)
    for each in _turn_from(draft, segment) if operation.reach == "onward" else [segment]:
        each.speaker_id = speaker.pk if speaker else None
        each.is_speaker_chosen = True


def _meant(draft: Draft, name: str, pk: int | None) -> Speaker | None:
    """The speaker of that name, who is made if need be; without a name the one with that id; else nobody."""
    if name:
        return _called(draft, name) or draft.add_speaker(Speaker(label=_free_label(draft), name=name))
    return None if pk is None else _speaker(draft, pk)


def _turn_from(draft: Draft, segment: Segment) -> list[Segment]:
    """The segment and those behind it that have its speaker, up to the first that has not."""
    behind = _behind(draft, segment).values_list("pk", "speaker")
    same = [pk for pk, _speaker in takewhile(lambda row: row[1] == segment.speaker_id, behind.iterator())]
    found = [segment]
    for first in range(0, len(same), 500):
        found += draft.take(draft.transcript.segments.filter(pk__in=same[first : first + 500]))
    return found


def _called(draft: Draft, name: str) -> Speaker | None:
    """The speaker of that name, in whatever case."""
    wanted = name.casefold()
    return next((each for each in draft.speakers.values() if each.display_name.casefold() == wanted), None)


def _free_label(draft: Draft) -> str:
    """One that no speaker of this transcript has or had."""
    used = {speaker.label for speaker in draft.speakers.values()}
    for before in draft.transcript.changes.exclude(speakers_before={}).values_list("speakers_before", flat=True):
        used |= {state["label"] for state in before.values() if state}
    return free_label(used)


def _rename(draft: Draft, operation: RenameSpeaker) -> None:
    """An empty name brings back "Speaker 1"."""
    speaker, name = _speaker(draft, operation.speaker), clean(operation.name)
    if speaker.name == name:
        return
    if speaker.name != operation.was:
        theirs, yours = ({"label": speaker.label, "name": each} for each in (speaker.name, name))
        base = {"label": speaker.label, "name": operation.was}
        raise EditConflict(
            _("Somebody else has renamed this speaker meanwhile."), [Conflict(None, base, theirs, yours)]
        )
    other = _called(draft, name) if name else None
    if other is not None and other.pk != speaker.pk:
        raise EditRefused(_("There is a speaker of this name already. Merge the two instead."))
    speaker.name = name


def _merge(draft: Draft, operation: MergeSpeakers) -> None:
    speaker, into = _speaker(draft, operation.speaker), _speaker(draft, operation.into)
    if speaker.pk == into.pk:
        raise EditRefused(_("A speaker cannot be merged with themselves."))
    for segment in draft.take(draft.transcript.segments.filter(speaker=speaker)):
        segment.speaker_id = into.pk
    draft.remove_speaker(speaker)


_OPERATIONS: dict[type[AnyOperation], tuple[ChangeKind, Callable[[Draft, Any], None]]] = {
    SetText: (ChangeKind.TEXT, _set_text),
    Split: (ChangeKind.SPLIT, _split),
    Join: (ChangeKind.JOIN, _join),
    SetSpeaker: (ChangeKind.SPEAKER, _set_speaker),
    RenameSpeaker: (ChangeKind.RENAME, _rename),
    MergeSpeakers: (ChangeKind.MERGE, _merge),
    SetTimes: (ChangeKind.TIMES, _set_times),
    Shift: (ChangeKind.SHIFT, _shift),
    Insert: (ChangeKind.INSERT, _insert),
    Delete: (ChangeKind.DELETE, _delete),
    ReplaceAll: (ChangeKind.REPLACE, _replace_all),
    Confirm: (ChangeKind.CONFIRM, _confirm),
}

"""The log of what people change in a transcript, and the way back.

A change is made in a Draft and written down with what it replaced. Undo, redo and restore are changes that bring back
what is written down; they refuse to touch what somebody else has changed since.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.utils.translation import gettext as _

from jobs.models import Change, ChangeKind, Segment, SegmentChange, Speaker, Standing, Transcript
from jobs.services import shared_words

Patch: TypeAlias = dict[str, Any]

FIELDS = ("start", "end", "text", "words", "confidence", "marks", "is_edited", "is_speaker_chosen")
BATCH = 500
HISTORY_PAGE = 50
_TURNS = (ChangeKind.UNDO, ChangeKind.REDO)
_STACKED = [kind for kind in ChangeKind if kind not in _TURNS]
_OF_SPEAKER = frozenset(("speaker", "is_speaker_chosen"))


class EditRefused(Exception):
    """What was asked for cannot be done. Its text is for people."""


@dataclass(frozen=True, slots=True)
class Conflict:
    """Somebody changed a segment or speaker that a person was about to change.

    Attributes:
        base: What the person started from, as far as it is known.
        theirs: What stands now; None when it was deleted.
        yours: What the person wanted.
        last: The latest change of it.
        revision: Of the segment as it stands now, for doing it again knowingly.
    """

    segment: int | None
    base: Patch | None
    theirs: Patch | None
    yours: Patch | None
    last: Change | None = None
    revision: int | None = None


class EditConflict(Exception):
    """Nothing was changed, because it would have overwritten what somebody else did. The text is for people."""

    def __init__(self, sentence: str, conflicts: Sequence[Conflict] = ()) -> None:
        super().__init__(sentence)
        self.conflicts = tuple(conflicts)


@dataclass(slots=True)
class Outcome:
    """What changes did: the transcript's new revision, segments as they are now, ids of segments that are gone."""

    transcript: Transcript
    changes: list[Change] = field(default_factory=list)
    segments: dict[int, Segment] = field(default_factory=dict)
    removed: list[int] = field(default_factory=list)

    def add(self, other: "Outcome") -> None:
        self.changes += other.changes
        self.removed = [*(pk for pk in self.removed if pk not in other.segments), *other.removed]
        self.segments |= other.segments
        for pk in other.removed:
            self.segments.pop(pk, None)


@contextmanager
def locked(transcript: Transcript) -> Iterator[Transcript]:
    """The transcript in a transaction in which nobody else changes it.

    Raises:
        EditConflict: Another run has replaced it.
    """
    with transaction.atomic():
        row = Transcript.objects.select_for_update(of=("self",)).select_related("recording").filter(pk=transcript.pk)
        found = row.first()
        if found is None or _is_replaced(found):
            raise EditConflict(_("Another run has replaced this transcript. Load the page again."))
        yield found


def _is_replaced(transcript: Transcript) -> bool:
    """Whether another version is shown since, which people read instead."""
    others = Transcript.objects.filter(recording=transcript.recording_id, shown_at__gt=transcript.shown_at)
    return transcript.job_id is None or others.exists()


class Draft:
    """One change of a locked transcript while it is made. Segments and speakers got from it may be set at will."""

    def __init__(self, transcript: Transcript, person: AbstractBaseUser | None, request: str = "") -> None:
        self.transcript, self.person, self.request = transcript, person, request
        self.speakers: dict[int, Speaker] = {speaker.pk: speaker for speaker in transcript.speakers.all()}
        self._segments: dict[int, Segment] = {}
        self._before: dict[int, Patch | None] = {}
        self._removed: set[int] = set()
        self._told: set[int] = set()
        self._speakers_before: dict[int, Patch | None] = {
            pk: speaker_content(speaker) for pk, speaker in self.speakers.items()
        }

    def find(self, pk: int) -> Segment | None:
        """A segment of the transcript; None when there is none, or no more."""
        return next(iter(self.take(self.transcript.segments.filter(pk=pk))), None)

    def take(self, segments: Iterable[Segment]) -> list[Segment]:
        """Segments that may be changed."""
        found = []
        for segment in segments:
            if segment.pk not in self._segments:
                self._segments[segment.pk] = segment
                self._before[segment.pk] = content(segment)
            if segment.pk not in self._removed:
                found.append(self._segments[segment.pk])
        return found

    @property
    def taken(self) -> list[int]:
        return list(self._segments)

    @property
    def standing(self) -> list[Segment]:
        """Segments that were taken or added, and not removed."""
        return [segment for pk, segment in self._segments.items() if pk not in self._removed]

    def add(self, *segments: Segment) -> None:
        """Put segments into the transcript; those that have an id keep it."""
        for segment in segments:
            segment.transcript = self.transcript
        for segment in Segment.objects.bulk_create(segments, batch_size=BATCH):
            self._segments[segment.pk] = segment
            self._before[segment.pk] = None

    def remove(self, segment: Segment) -> None:
        self._removed.add(segment.pk)

    def tell(self, segment: Segment) -> None:
        """Let the outcome hold a segment, although the change leaves it as it is."""
        self._told.add(segment.pk)

    def add_speaker(self, speaker: Speaker) -> Speaker:
        """Put a speaker into the transcript. The label may be that of one who was removed before."""
        speaker.transcript = self.transcript
        removed = self.transcript.speakers.filter(label=speaker.label).exclude(pk__in=self.speakers)
        removed.update(label=f"removed for {speaker.label}"[-40:])  # its row goes when the change is kept
        speaker.save(force_insert=True)
        self.speakers[speaker.pk] = speaker
        return speaker

    def remove_speaker(self, speaker: Speaker) -> None:
        """Its segments must be given to somebody else before the change is kept."""
        del self.speakers[speaker.pk]

    def keep(self, kind: ChangeKind, target: Change | None = None) -> Outcome:
        """Write the change down and save what it did. Where nothing differs, there is no change."""
        outcome = Outcome(self.transcript, segments={pk: self._segments[pk] for pk in self._told})
        rows = list(self._segment_changes())
        before, after = self._speaker_changes()
        if not rows and not before:
            return outcome
        self.transcript.revision += 1
        Transcript.objects.filter(pk=self.transcript.pk).update(revision=self.transcript.revision)
        if kind in _STACKED:
            own_changes(self.transcript, self.person).filter(standing=Standing.UNDONE).update(standing=Standing.DROPPED)
        change = Change.objects.create(
            transcript=self.transcript,
            number=self.transcript.revision,
            person_id=self.person.pk if self.person else None,
            kind=kind,
            request=self.request,
            target=target,
            speakers_before=before,
            speakers_after=after,
        )
        for row in rows:
            row.change = change
        SegmentChange.objects.bulk_create(rows, batch_size=BATCH)
        self._write(rows)
        self._write_speakers(before, after)
        outcome.changes.append(change)
        outcome.removed = [row.segment for row in rows if row.after is None]
        outcome.segments |= {row.segment: self._segments[row.segment] for row in rows if row.after is not None}
        return outcome

    def _segment_changes(self) -> Iterator[SegmentChange]:
        for pk, segment in self._segments.items():
            before = self._before[pk]
            after = None if pk in self._removed else content(segment)
            if before == after:
                continue
            if before is not None and after is not None:
                names = [name for name, value in after.items() if value != before[name]]
                before, after = ({name: state[name] for name in names} for state in (before, after))
            segment.revision += 1
            yield SegmentChange(segment=pk, revision=segment.revision, before=before, after=after)

    def _speaker_changes(self) -> tuple[dict[int, Patch | None], dict[int, Patch | None]]:
        after: dict[int, Patch | None] = {pk: speaker_content(speaker) for pk, speaker in self.speakers.items()}
        changed = [pk for pk in {**self._speakers_before, **after} if self._speakers_before.get(pk) != after.get(pk)]
        return {pk: self._speakers_before.get(pk) for pk in changed}, {pk: after.get(pk) for pk in changed}

    def _write(self, rows: Sequence[SegmentChange]) -> None:
        """In few statements, for there may be thousands. The lock on the transcript keeps others from these rows."""
        gone = [row.segment for row in rows if row.after is None]
        Segment.objects.filter(pk__in=gone).delete()
        Segment.objects.bulk_create(
            [self._segments[row.segment] for row in rows if row.after is not None],
            batch_size=BATCH,
            update_conflicts=True,
            unique_fields=["id"],
            update_fields=[*FIELDS, "speaker", "revision"],
        )

    def _write_speakers(self, before: dict[int, Patch | None], after: dict[int, Patch | None]) -> None:
        for pk, state in after.items():
            if state is None:
                Speaker.objects.filter(pk=pk).delete()
            elif before[pk] is not None:
                Speaker.objects.filter(pk=pk).update(**state)


def content(segment: Segment) -> Patch:
    """What a segment says: all its fields that people can change."""
    return {name: getattr(segment, name) for name in FIELDS} | {"speaker": segment.speaker_id}


def speaker_content(speaker: Speaker) -> Patch:
    return {"label": speaker.label, "name": speaker.name}


def _fill(segment: Segment, patch: Patch) -> None:
    for name, value in patch.items():
        setattr(segment, "speaker_id" if name == "speaker" else name, value)


def own_changes(transcript: Transcript, person: AbstractBaseUser | None) -> QuerySet[Change]:
    """What a person can undo and redo."""
    return transcript.changes.filter(person=person.pk if person else None, kind__in=_STACKED)


def done_before(transcript: Transcript, person: AbstractBaseUser, request: str) -> Outcome | None:
    """What a person's request did when it came before, with segments as they are now; None when it did not.

    A request comes again when its answer was lost on the way. The transcript must be locked.

    Args:
        request: What the page calls it; a request without a name is always a new one.
    """
    changes = list(transcript.changes.filter(person=person.pk, request=request).order_by("number")) if request else []
    if not changes:
        return None
    touched = SegmentChange.objects.filter(change__in=changes).values("segment")
    segments = {segment.pk: segment for segment in transcript.segments.filter(pk__in=touched)}
    removed = set(touched.values_list("segment", flat=True)) - segments.keys()
    return Outcome(transcript, changes, segments, sorted(removed))


# The way back ---------------------------------------------------------------------------------------------------------


def next_undo(transcript: Transcript, person: AbstractBaseUser) -> Change | None:
    """The person's last change that stands."""
    return own_changes(transcript, person).filter(standing=Standing.DONE).order_by("-number").first()


def next_redo(transcript: Transcript, person: AbstractBaseUser) -> Change | None:
    """Of the person's undone changes the first that was made."""
    return own_changes(transcript, person).filter(standing=Standing.UNDONE).order_by("number").first()


def undo(transcript: Transcript, person: AbstractBaseUser, request: str = "") -> Outcome:
    """Take back a person's last change. For `request` see `done_before`.

    Raises:
        EditRefused: There is none.
        EditConflict: Somebody has changed the same since. It stays, and the next undo is of the one before.
    """
    return _turn_next(transcript, person, request, ChangeKind.UNDO)


def redo(transcript: Transcript, person: AbstractBaseUser, request: str = "") -> Outcome:
    """Do again what a person undid last. Raises as `undo`."""
    return _turn_next(transcript, person, request, ChangeKind.REDO)


def _turn_next(transcript: Transcript, person: AbstractBaseUser, request: str, kind: ChangeKind) -> Outcome:
    is_undo = kind == ChangeKind.UNDO
    with locked(transcript) as row:
        if done := done_before(row, person, request):
            return done
        change = _passed_over(row, person, request) or (next_undo if is_undo else next_redo)(row, person)
        if change is None:
            raise EditRefused(_("There is nothing to undo.") if is_undo else _("There is nothing to do again."))
        try:
            with transaction.atomic():
                return _turn(change, Draft(row, person, request), kind)
        except EditConflict as conflict:
            refused = EditConflict(f"{conflict} {_what_is_next(is_undo)}", conflict.conflicts)
        standing = Standing.KEPT if is_undo else Standing.DROPPED
        Change.objects.filter(pk=change.pk).update(standing=standing, passed_over=request)
    raise refused


def _passed_over(transcript: Transcript, person: AbstractBaseUser, request: str) -> Change | None:
    """The change that stood in the way of the same request when it came before."""
    return own_changes(transcript, person).filter(passed_over=request).first() if request else None


def _what_is_next(is_undo: bool) -> str:
    if is_undo:
        return _("The next undo takes back what you did before it.")
    return _("The next time, what you did after it is done again.")


def _turn(change: Change, draft: Draft, kind: ChangeKind) -> Outcome:
    is_undo = kind == ChangeKind.UNDO
    rows = list(change.segments.all())
    steps = {row.segment: (row.after, row.before) if is_undo else (row.before, row.after) for row in rows}
    speakers = (change.speakers_after, change.speakers_before)
    left, wanted = speakers if is_undo else speakers[::-1]
    current = {segment.pk: segment for segment in draft.take(draft.transcript.segments.filter(pk__in=steps))}
    conflicts = [
        Conflict(pk, base=expected, theirs=content(current[pk]) if pk in current else None, yours=to)
        for pk, (expected, to) in steps.items()
        if not _is_as(expected, content(current[pk]) if pk in current else None)
    ]
    conflicts += [
        Conflict(None, base=expected, theirs=theirs, yours=wanted[pk])
        for pk, expected in left.items()
        if expected != (theirs := speaker_content(draft.speakers[int(pk)]) if int(pk) in draft.speakers else None)
    ]
    _put_speakers(draft, {int(pk): state for pk, state in wanted.items()})
    conflicts += [
        Conflict(pk, base=expected, theirs=None, yours=to)
        for pk, (expected, to) in steps.items()
        if to and to.get("speaker") is not None and to["speaker"] not in draft.speakers
    ]
    if conflicts:
        raise EditConflict(_("This was changed by somebody else since, so it stays as it is."), conflicts)
    _put_segments(draft, {pk: to for pk, (_expected, to) in steps.items()}, current)
    _refuse_used(draft, wanted)
    Change.objects.filter(pk=change.pk).update(standing=Standing.UNDONE if is_undo else Standing.DONE)
    return draft.keep(kind, target=change)


def _is_as(expected: Patch | None, found: Patch | None) -> bool:
    """Whether what a change left is still there."""
    if expected is None or found is None:
        return expected is found
    return all(found[name] == value for name, value in expected.items())


def _put_speakers(draft: Draft, wanted: dict[int, Patch | None]) -> None:
    for pk in [pk for pk, state in wanted.items() if state is None and pk in draft.speakers]:
        draft.remove_speaker(draft.speakers[pk])
    for pk, state in wanted.items():
        speaker = draft.speakers.get(pk)
        if state is not None and speaker is not None:
            speaker.label, speaker.name = state["label"], state["name"]
        elif state is not None:
            draft.add_speaker(Speaker(pk=pk, **state))


def _put_segments(draft: Draft, wanted: dict[int, Patch | None], current: dict[int, Segment]) -> None:
    """Bring segments to a state each, deleted ones under the ids they had."""
    missing = [pk for pk, state in wanted.items() if state is not None and pk not in current]
    revisions = dict(
        SegmentChange.objects.filter(segment__in=missing).order_by("revision").values_list("segment", "revision")
    )
    for pk, segment in current.items():
        state = wanted[pk]
        if state is None:
            draft.remove(segment)
        else:
            _fill(segment, state)
    again = [Segment(pk=pk, revision=revisions[pk]) for pk in missing]
    for segment in again:
        _fill(segment, wanted[segment.pk] or {})
    draft.add(*again)


def _refuse_used(draft: Draft, wanted: dict[str, Patch | None]) -> None:
    """A speaker that somebody has given words to since cannot go."""
    gone = [int(pk) for pk, state in wanted.items() if state is None]
    left = draft.transcript.segments.filter(speaker__in=gone).exclude(pk__in=draft.taken)
    if gone and (left.exists() or any(segment.speaker_id in gone for segment in draft.standing)):
        raise EditConflict(_("Somebody has given words to this speaker since, so the speaker stays."))


def restore(
    transcript: Transcript,
    person: AbstractBaseUser,
    *,
    number: int,
    revision: int,
    segment: int | None = None,
    request: str = "",
) -> Outcome:
    """Bring back what stood after change `number` (0: what the engine wrote), of one segment or of everything.

    Those that one segment has shared words with since, by being cut or joined, come back with it.

    Args:
        revision: The transcript's, as the person knows it.
        request: See `done_before`.

    Raises:
        EditConflict: The transcript has been changed since, or somebody else changed one that would come back too.
        EditRefused: There is no such change, or the segment has nothing to do with what stood then.
    """
    with locked(transcript) as row:
        if done := done_before(row, person, request):
            return done
        refuse_unseen(row, revision)
        if not 0 <= number <= row.revision:
            raise EditRefused(_("The history has no such entry."))
        draft = Draft(row, person, request)
        if segment is None:
            later = row.changes.filter(number__gt=number)
            _put_speakers(draft, _speakers_before(later))
            states, current = _states_before(draft, SegmentChange.objects.filter(change__in=later))
        else:
            states, current = _states_of_one(draft, segment, number)
        for state in states.values():
            if state is not None and state["speaker"] not in draft.speakers:
                state["speaker"] = None
        _put_segments(draft, states, current)
        return draft.keep(ChangeKind.RESTORE, target=row.changes.filter(number=number).first())


def refuse_unseen(transcript: Transcript, revision: int) -> None:
    """EditConflict when the transcript is not what the person saw."""
    if transcript.revision != revision:
        raise EditConflict(_("The transcript has been changed meanwhile. Look at it again before you restore."))


def _speakers_before(later: QuerySet[Change]) -> dict[int, Patch | None]:
    states: dict[int, Patch | None] = {}
    for before in later.order_by("-number").values_list("speakers_before", flat=True):
        states |= {int(pk): state for pk, state in before.items()}
    return states


def _states_before(
    draft: Draft, touched: QuerySet[SegmentChange]
) -> tuple[dict[int, Patch | None], dict[int, Segment]]:
    """Each touched segment as it was before all of these changes, and those that are there now."""
    rows: defaultdict[int, list[SegmentChange]] = defaultdict(list)
    for row in touched.order_by("-revision"):
        rows[row.segment].append(row)
    current = {
        segment.pk: segment
        for segment in draft.take(draft.transcript.segments.filter(pk__in=touched.values("segment")))
    }
    return {
        pk: wound_back(content(current[pk]) if pk in current else None, changes) for pk, changes in rows.items()
    }, current


def _states_of_one(draft: Draft, segment: int, number: int) -> tuple[dict[int, Patch | None], dict[int, Segment]]:
    """As `_states_before`, of one segment as it was after a change, and of those that shared words with it since.

    These keep their speakers where they are there now as then.
    """
    if shared_words.came_with_version(draft.transcript, segment, number):
        raise EditRefused(_("Another version has taken the place of the text since. Restore all of it instead."))
    way = shared_words.way_back(draft.transcript, segment, number)
    touched = way.changes()
    states, current = _states_before(draft, touched)
    staying = [pk for pk in current if pk != segment and states[pk] is not None]
    _refuse_losing(draft, touched.exclude(segment=segment).exclude(change__number__in=way.sharing), staying, states)
    for pk in staying:
        now = content(current[pk])
        states[pk] = (states[pk] or {}) | {name: now[name] for name in _OF_SPEAKER}
    return states, current


def _refuse_losing(
    draft: Draft, lost: QuerySet[SegmentChange], staying: Sequence[int], states: dict[int, Patch | None]
) -> None:
    """EditConflict when other people made one of the changes that would be lost."""
    by_others = lost.exclude(change__person=draft.person.pk if draft.person else None)
    standing = by_others.exclude(change__kind__in=_TURNS).exclude(change__standing=Standing.UNDONE)
    conflicts = {
        row.segment: Conflict(
            row.segment,
            base=row.before,
            theirs=content(current) if (current := draft.find(row.segment)) else None,
            yours=states[row.segment],
            last=row.change,
            revision=current.revision if current else None,
        )
        for row in standing.select_related("change__person").order_by("revision")
        if row.segment not in staying or not _OF_SPEAKER.issuperset(row.after or ())
    }
    if conflicts:
        raise EditConflict(
            _(
                "This passage shared words with another one that somebody else has changed since. "
                "That would be lost, so nothing was restored."
            ),
            list(conflicts.values()),
        )


def wound_back(state: Patch | None, changes: Iterable[SegmentChange]) -> Patch | None:
    """What a segment was before `changes`, latest first, made `state` of it."""
    for change in changes:
        state = state | change.before if state and change.before else change.before
    return state


# What was done --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Entry:
    """A change as the history tells of it, with what it did to the first of its segments, or to the one asked for."""

    change: Change
    segments: int
    shown: SegmentChange | None


def history(transcript: Transcript, *, segment: int | None = None, below: int | None = None) -> list[Entry]:
    """Up to 50 changes, latest first: of everything or of one segment, those numbered less than `below`."""
    changes = transcript.changes.select_related("person", "target")
    touched = SegmentChange.objects.filter(change=OuterRef("pk"))
    if segment is not None:
        changes = changes.filter(segments__segment=segment)
        touched = touched.filter(segment=segment)
    if below is not None:
        changes = changes.filter(number__lt=below)
    first = Subquery(touched.order_by("pk").values("pk")[:1])
    count = Subquery(
        SegmentChange.objects.filter(change=OuterRef("pk"))
        .order_by()
        .values("change")
        .annotate(n=Count("pk"))
        .values("n")
    )
    page = list(changes.annotate(first=first, count=count).order_by("-number")[:HISTORY_PAGE])
    shown = SegmentChange.objects.in_bulk([change.first for change in page if change.first])
    return [Entry(change, change.count or 0, shown.get(change.first)) for change in page]

"""The changes of a transcript as the history tells them: who did what, where, and which words it touched."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from django.contrib.auth.models import AbstractBaseUser

from jobs.models import Change, Segment, SegmentChange, Speaker, Standing, Transcript
from jobs.services.change_log import Entry, Patch
from media_pipeline.languages import has_spaces
from media_pipeline.text.differences import Piece, PieceKind, differences
from media_pipeline.transcript import Seconds

# Stands between passages, where a change cut or joined them.
SEAM = "¶"
CONTEXT_WORDS = 8
# Changes of no more passages than these are told whole.
FEW = 2


@dataclass(frozen=True, slots=True)
class Words:
    """Words of both sides of a change, as text. `kind` is that of `Piece`; only what is the same may be cut."""

    kind: PieceKind
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Turned:
    """Something besides the words that a change turned from one value into another.

    `what` is name (of somebody), speaker (of a sentence), start or end. Empty for nobody, and for somebody who was not
    there before or is not any more.
    """

    what: str
    before: str | Seconds | None
    after: str | Seconds | None


@dataclass(frozen=True, slots=True)
class ToldChange:
    """One change.

    Attributes:
        start: Where in the recording; None when it has no place.
        words: The text before and after; empty when it did not change.
        confirmed: A word that was said to be right.
        more: How many further passages it touched.
        later: How many changes came after it.
        can_restore: Whether what stood after it can be brought back: not of a passage that it deleted.
    """

    change: Change
    is_own: bool
    start: Seconds | None
    words: list[Words]
    turned: list[Turned] = field(default_factory=list)
    confirmed: str = ""
    more: int = 0
    later: int = 0
    can_restore: bool = True

    @property
    def is_undone(self) -> bool:
        return self.change.standing in (Standing.UNDONE, Standing.DROPPED)


def told(transcript: Transcript, entries: Sequence[Entry], person: AbstractBaseUser) -> list[ToldChange]:
    """Entries of the transcript's history, as `person` reads them. Four queries, however many there are."""
    teller = _Teller(transcript, entries, person)
    return [teller.tell(entry) for entry in entries]


class _Teller:
    """What it takes to tell of all entries at once."""

    def __init__(self, transcript: Transcript, entries: Sequence[Entry], person: AbstractBaseUser) -> None:
        self._transcript, self._person = transcript, person
        self._rows = _rows(entries)
        self._names = _names(transcript)
        places = Segment.objects.filter(pk__in=[entry.shown.segment for entry in entries if entry.shown])
        self._starts: dict[int, Seconds] = dict(places.values_list("pk", "start"))

    def tell(self, entry: Entry) -> ToldChange:
        change, shown, rows = entry.change, entry.shown, self._rows[entry.change.pk]
        patches = [(row.before, row.after) for row in rows] or ([(shown.before, shown.after)] if shown else [])
        return ToldChange(
            change=change,
            is_own=change.person_id == self._person.pk,
            start=self._start(shown) if shown else None,
            words=_words(patches, self._transcript.language),
            turned=[*_renamed(change), *(_turned(shown, self._names) if shown else ())],
            confirmed=_confirmed(shown) if shown else "",
            more=max(0, entry.segments - max(1, len(rows))),
            later=self._transcript.revision - change.number,
            can_restore=shown is None or shown.after is not None,
        )

    def _start(self, row: SegmentChange) -> Seconds | None:
        for patch in (row.after, row.before):
            if patch and "start" in patch:
                return float(patch["start"])
        return self._starts.get(row.segment)


def _rows(entries: Sequence[Entry]) -> defaultdict[int, list[SegmentChange]]:
    """All rows of changes that have few."""
    found: defaultdict[int, list[SegmentChange]] = defaultdict(list)
    few = [entry.change.pk for entry in entries if 1 < entry.segments <= FEW]
    for row in SegmentChange.objects.filter(change__in=few).order_by("pk"):
        found[row.change_id].append(row)
    return found


def _names(transcript: Transcript) -> dict[int, str]:
    """What all speakers are called that are or were in the transcript."""
    names: dict[int, str] = {}
    for before in transcript.changes.exclude(speakers_before={}).values_list("speakers_before", flat=True):
        names |= {int(pk): _called(state) for pk, state in before.items() if state}
    return names | {speaker.pk: speaker.display_name for speaker in transcript.speakers.all()}


def _called(state: Patch | None) -> str:
    return Speaker(label=state["label"], name=state["name"]).display_name if state else ""


# Words ----------------------------------------------------------------------------------------------------------------


def _words(patches: Sequence[tuple[Patch | None, Patch | None]], language: str) -> list[Words]:
    texts = [
        f" {SEAM} ".join(patch["text"] for patch in side if patch and "text" in patch)
        for side in zip(*patches, strict=True)
    ]
    if not texts or texts[0] == texts[1]:
        return []
    return list(compared(texts[0], texts[1], language))


def compared(before: str, after: str, language: str) -> Iterator[Words]:
    """Two texts word by word, or character by character where words are not set apart."""
    joiner = " " if has_spaces(language) else ""
    pieces = differences(*(text.split() if joiner else list(text) for text in (before, after)))
    for index, piece in enumerate(pieces):
        cut = _cut(piece, index == 0, index == len(pieces) - 1) if piece.kind == PieceKind.SAME else None
        old, new = (cut, cut) if cut else (piece.before, piece.after)
        yield Words(piece.kind, joiner.join(old), joiner.join(new))


def _cut(piece: Piece, is_first: bool, is_last: bool) -> tuple[str, ...]:
    """What is the same, without words far from any difference."""
    words = piece.after
    head = () if is_first else words[:CONTEXT_WORDS]
    tail = () if is_last else words[-CONTEXT_WORDS:]
    return words if len(words) <= len(head) + len(tail) + 1 else (*head, "…", *tail)


# All but words --------------------------------------------------------------------------------------------------------


def _renamed(change: Change) -> Iterator[Turned]:
    for pk, before in change.speakers_before.items():
        yield Turned("name", _called(before), _called(change.speakers_after.get(pk)))


def _turned(row: SegmentChange, names: dict[int, str]) -> Iterable[Turned]:
    before, after = row.before, row.after
    if before is None or after is None:
        return
    if "speaker" in after:
        yield Turned("speaker", names.get(before["speaker"], ""), names.get(after["speaker"], ""))
    if "text" not in after:
        yield from (Turned(name, before[name], after[name]) for name in ("start", "end") if name in after)


def _confirmed(row: SegmentChange) -> str:
    """The word whose row alone differs, where neither text nor times do."""
    before, after = row.before, row.after
    if not before or not after or "words" not in after or {"text", "start", "end"} & set(after):
        return ""
    differing = [new[0] for old, new in zip(before["words"], after["words"], strict=False) if old != new]
    return str(differing[0]) if len(differing) == 1 else ""

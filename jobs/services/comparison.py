"""Two versions of a recording's text, compared; and what would bring a place of one into the other."""

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, islice
from typing import Any

from jobs.models import Segment, Speaker, Transcript
from media_pipeline.languages import has_spaces
from media_pipeline.text.side_by_side import Place, Run, RunKind, Token, aligned, places, runs, same_speakers
from media_pipeline.transcript import Seconds

AT_ONCE = 50
# As many as one request for changes may have.
MOST_OPERATIONS = 100
# Of words that are the same but said by somebody else, so many at both ends.
SHOWN_WORDS = 8
_WORD = re.compile(r"\S+")
_SHORTEST_PASSAGE: Seconds = 0.1

Operation = dict[str, Any]


@dataclass(frozen=True, slots=True)
class ShownRun:
    """A run as text; the speakers only of one of the kind `SPEAKER`, empty for nobody, and to be told if `is_named`."""

    kind: RunKind
    before: str
    after: str
    speaker_before: str = ""
    speaker_after: str = ""
    is_named: bool = False


@dataclass(frozen=True, slots=True)
class Difference:
    """A place where two versions differ, and the operations that make the shown one as the other is there.

    `operations` is empty where that takes more than can be done at once.
    """

    place: Place
    runs: list[ShownRun]
    operations: list[Operation]

    @property
    def operations_json(self) -> str:
        return json.dumps(self.operations, ensure_ascii=False)


@dataclass(frozen=True, slots=True)
class Comparison:
    """How a version differs from the one that is shown.

    Attributes:
        words: How many words differ: of the version that has more, place by place.
        spelled: How many are the same but for case and punctuation; these are no places unless they were asked for.
        said: How many are the same, but said by somebody else.
        names: Who is called otherwise: (in the other version, in the shown one).
        count: How many places there are.
        differences: Some of these.
    """

    words: int
    spelled: int
    said: int
    names: list[tuple[str, str]]
    count: int
    differences: list[Difference]


def compare(shown: Transcript, other: Transcript, *, skip: int = 0, is_exact: bool = False) -> Comparison:
    """All of both versions, and their differences after the first `skip`, at most `AT_ONCE`.

    Args:
        is_exact: Whether case and punctuation count.
    """
    before, after = list(_tokens(other)), list(_tokens(shown))
    people = [{speaker.pk: speaker for speaker in version.speakers.all()} for version in (other, shown)]
    pairs = aligned(before, after)
    speakers = _same_people(before, after, pairs, people[0], people[1])
    counts: Counter[RunKind] = Counter()
    counted = _counted(runs(before, after, pairs, speakers, is_exact=is_exact), counts)
    found = list(places(counted))
    page = list(islice(found, skip, skip + AT_ONCE))
    maker = _Maker(shown, (people[0], people[1]), speakers or {}, page)
    return Comparison(
        words=counts[RunKind.REPLACED] + counts[RunKind.REMOVED] + counts[RunKind.ADDED],
        spelled=sum(before[one].text != after[two].text for one, two in pairs),
        said=counts[RunKind.SPEAKER],
        names=_called_otherwise(speakers or {}, people[0], people[1]),
        count=len(found),
        differences=[Difference(place, list(maker.shown(place)), maker.operations(place)) for place in page],
    )


def _tokens(version: Transcript) -> Iterator[Token]:
    rows = version.segments.order_by("start", "pk").values_list("pk", "start", "end", "text", "words", "speaker")
    for pk, start, end, text, words, speaker in rows.iterator(chunk_size=2000):
        if not words:
            yield from (Token(found[0], start, end, speaker, pk, found.start()) for found in _WORD.finditer(text))
            continue
        offset = 0
        for row in words:
            at = text.find(row[0], offset)
            if at >= 0:
                offset = at + len(row[0])
                yield Token(row[0], row[1], row[2], speaker, pk, at)


def _counted(all_runs: Iterable[Run], counts: Counter[RunKind]) -> Iterator[Run]:
    for run in all_runs:
        counts[run.kind] += max(len(run.before), len(run.after))
        yield run


# Who is who -----------------------------------------------------------------------------------------------------------

People = dict[int, Speaker]
SamePeople = dict[int | None, int | None]


def _same_people(
    before: Sequence[Token], after: Sequence[Token], pairs: Sequence[tuple[int, int]], old: People, new: People
) -> SamePeople | None:
    """Who of the shown version is who of the other one; None where one of them tells nobody apart."""
    if not old or not new:
        return None

    def given(one: int | None, two: int | None) -> bool:
        names = (old[one].name if one in old else "", new[two].name if two in new else "")
        return bool(names[0]) and names[0] == names[1]

    return same_speakers(before, after, pairs, given)


def _called_otherwise(speakers: SamePeople, old: People, new: People) -> list[tuple[str, str]]:
    """Where people gave a name in one of them; the numbers of those without a name mean nothing."""
    both = [(old[one], new[two]) for one, two in speakers.items() if one in old and two in new]
    return sorted(
        (one.display_name, two.display_name) for one, two in both if one.name != two.name and (one.name or two.name)
    )


# Taking a place over --------------------------------------------------------------------------------------------------

# Characters from, to, and what stands there instead.
_Edit = tuple[int, int, str]


class _Maker:
    """Tells of places, and makes the operations that bring them from the other version into the shown one."""

    def __init__(
        self, shown: Transcript, people: tuple[People, People], speakers: SamePeople, page: Sequence[Place]
    ) -> None:
        touched = {token.segment for place in page for run in place.runs for token in run.after}
        self._segments: dict[int, Segment] = shown.segments.in_bulk(list(touched))
        self._joiner = " " if has_spaces(shown.language) else ""
        (self._old, self._new), self._speakers = people, speakers

    def shown(self, place: Place) -> Iterator[ShownRun]:
        """The runs as text; the speakers stand before the first of several that have the same."""
        told = None
        for run in place.runs:
            if run.kind != RunKind.SPEAKER:
                yield ShownRun(run.kind, self._text(run.before), self._text(run.after))
                continue
            names = _name(self._old, run.before[0].speaker), _name(self._new, run.after[0].speaker)
            yield ShownRun(run.kind, self._cut(run.before), self._cut(run.after), *names, is_named=names != told)
            told = names

    def _cut(self, tokens: Sequence[Token]) -> str:
        """The first and last of many words."""
        if len(tokens) <= 2 * SHOWN_WORDS:
            return self._text(tokens)
        return f"{self._text(tokens[:SHOWN_WORDS])} … {self._text(tokens[-SHOWN_WORDS:])}"

    def operations(self, place: Place) -> list[Operation]:
        """In order; empty where they are too many."""
        edits: defaultdict[int, list[_Edit]] = defaultdict(list)
        inserted: list[Operation] = []
        said: Counter[tuple[int, int | None]] = Counter()
        for index, run in enumerate(place.runs):
            if run.kind in (RunKind.REPLACED, RunKind.ADDED):
                self._replace(run, edits)
            elif run.kind == RunKind.REMOVED and not self._put_back(place.runs, index, edits):
                inserted.append(self._insert(run.before))
            elif run.kind == RunKind.SPEAKER:
                said.update((two.segment, one.speaker) for one, two in zip(run.before, run.after, strict=True))
        made = [self._say(pk, changes) for pk, changes in edits.items()]
        gone = {operation["segment"] for operation in made if operation["kind"] == "delete"}
        made += [*inserted, *self._give(said, set(edits), gone)]
        return made if len(made) <= MOST_OPERATIONS else []

    def _text(self, tokens: Sequence[Token]) -> str:
        return self._joiner.join(token.text for token in tokens)

    def _replace(self, run: Run, edits: defaultdict[int, list[_Edit]]) -> None:
        """All the words go where the first of those that they replace stands."""
        text = self._text(run.before)
        for pk, group in groupby(run.after, key=lambda token: token.segment):
            tokens = list(group)
            edits[pk].append((tokens[0].at, _end(tokens[-1]), text))
            text = ""

    def _put_back(self, all_runs: Sequence[Run], index: int, edits: defaultdict[int, list[_Edit]]) -> bool:
        """Put words beside those they stood with. False when they stood alone, or nothing stands there."""
        words = all_runs[index].before
        before, after = (all_runs[index - 1] if index else None), next(iter(all_runs[index + 1 : index + 2]), None)
        last = before.after[-1] if before and before.after else None
        first = after.after[0] if after and after.after else None
        is_within = last is not None and first is not None and last.segment == first.segment
        if last and (is_within or (before and before.before and before.before[-1].segment == words[0].segment)):
            edits[last.segment].append((_end(last), _end(last), self._joiner + self._text(words)))
            return True
        if first and after and after.before and after.before[0].segment == words[-1].segment:
            edits[first.segment].append((first.at, first.at, self._text(words) + self._joiner))
            return True
        return False

    def _say(self, pk: int, edits: Sequence[_Edit]) -> Operation:
        segment = self._segments[pk]
        text = segment.text
        for begin, end, instead in sorted(edits, reverse=True):
            text = text[:begin] + instead + text[end:]
        told: Operation = {"segment": pk, "revision": segment.revision}
        return told | ({"kind": "text", "text": text} if text.strip() else {"kind": "delete"})

    def _insert(self, words: Sequence[Token]) -> Operation:
        start = words[0].start
        end = max(words[-1].end, start + _SHORTEST_PASSAGE)
        speaker = self._speakers.get(words[0].speaker)
        return {"kind": "insert", "start": start, "end": end, "text": self._text(words), "speaker": speaker}

    def _give(self, said: Counter[tuple[int, int | None]], edited: set[int], gone: set[int]) -> Iterator[Operation]:
        """Change the speaker of passages that are mostly said by somebody else in the other version."""
        for (pk, speaker), count in said.items():
            segment = self._segments[pk]
            if pk in gone or 2 * count < len(segment.words or segment.text.split()):
                continue
            told = {"kind": "speaker", "segment": pk, "revision": segment.revision + (pk in edited)}
            if speaker in self._speakers:
                yield told | {"speaker": self._speakers[speaker]}
            elif speaker is not None:
                yield told | {"name": self._old[speaker].display_name}


def _name(people: People, speaker: int | None) -> str:
    return people[speaker].display_name if speaker in people else ""


def _end(token: Token) -> int:
    return token.at + len(token.text)

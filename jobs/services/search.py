"""Looking for words in the titles and texts of a person's recordings.

`one two` finds what has both words, `"one two"` the two beside each other, `wor*` words that begin so. A sentence
counts, not a whole text: all words must stand in one sentence, or in the title. In titles each word may be a beginning,
and so may the last word anywhere that no blank and no quotation mark follows: somebody may still be typing it.

The newest `CANDIDATES` sentences that have the words are ranked, so a common word takes no longer than a rare one. The
ranking is done here, over those few, so that both databases give the same.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple
from uuid import UUID

from django.db import connection
from django.db.models import BooleanField, QuerySet
from django.db.models.expressions import RawSQL

from jobs.models import Recording, Segment, Transcript
from jobs.search_index import composed, search_words, words_of
from jobs.services import versions

CANDIDATES = 1000
MAX_TITLES = 200
MAX_QUERY_CHARS = 200
MAX_TERMS = 12
SHORTEST_PREFIX = 2
EXCERPT_CHARS = 240
LONGEST_WORD = 24  # characters; a longer one is cut through
_ASKED = re.compile(r'"([^"]*)"?|(\S+)')
_QUOTES = str.maketrans(dict.fromkeys("“”„«»", '"'))


@dataclass(frozen=True, slots=True)
class Term:
    """Words that stand beside each other; the last may be the beginning of one."""

    words: tuple[str, ...]
    is_prefix: bool = False


class Piece(NamedTuple):
    """Part of a text; `is_hit` where it is what was looked for."""

    text: str
    is_hit: bool


@dataclass(frozen=True, slots=True)
class Passage:
    """A sentence that was found, cut to what can be read at a glance. `start` in seconds."""

    segment: int
    start: float
    pieces: tuple[Piece, ...]


@dataclass(slots=True)
class Found:
    """A recording that has what was looked for: the best of its sentences in their order, and how many there are."""

    recording: UUID
    title: tuple[Piece, ...] = ()
    passages: tuple[Passage, ...] = ()
    count: int = 0
    score: float = 0.0

    @property
    def left(self) -> int:
        """How many sentences are not among `passages`."""
        return self.count - len(self.passages)


@dataclass(frozen=True, slots=True)
class Results:
    """Best first. `is_cut` when there are more sentences than were looked at."""

    found: list[Found]
    is_cut: bool = False


class _Sentence(NamedTuple):
    segment: int
    transcript: int
    start: float
    text: str


def parse(query: str) -> list[Term]:
    """What a person typed, as terms; none when there is no word in it. A last word may be the beginning of one."""
    terms: list[Term] = []
    for match in _ASKED.finditer(query[:MAX_QUERY_CHARS].translate(_QUOTES)):
        phrase, word = match.groups()
        words = tuple(search_words(word if phrase is None else phrase).split())
        if words:
            is_open = phrase is None and (word.endswith("*") or match.end() == len(query))
            terms.append(Term(words, is_open and len(words[-1]) >= SHORTEST_PREFIX))
    return terms[:MAX_TERMS]


def search(recordings: QuerySet[Recording], query: str, *, passages: int = 3) -> Results:
    """Look in `recordings`, in the version of each that people read.

    Args:
        recordings: Only of one person; it is what limits the search to them.
        passages: How many sentences to show of each recording.
    """
    terms = parse(query)
    if not terms:
        return Results([])
    whole = parse(f"{query} ")
    sentences = _candidates(recordings, terms, whole)
    found = _titles(recordings, terms)
    by_recording = _by_recording(sentences[:CANDIDATES])
    asked = (terms,) if terms == whole else (terms, whole)
    for recording, said in by_recording.items():
        _add_passages(found.setdefault(recording, Found(recording)), said, asked, passages)
    ordered = sorted(found.values(), key=lambda one: one.score, reverse=True)
    return Results(ordered, is_cut=len(sentences) > CANDIDATES)


def _add_passages(found: Found, said: Sequence[_Sentence], asked: tuple[Sequence[Term], ...], most: int) -> None:
    """`asked` is what was looked for, then the same with a last word that is whole; what has both is better."""
    scored = sorted(((_score(one.text, asked), one) for one in said), key=lambda pair: (-pair[0], pair[1].start))
    best = sorted((one for _rank, one in scored[:most]), key=lambda one: one.start)
    found.passages = tuple(Passage(one.segment, one.start, _excerpt(one.text, asked[0])) for one in best)
    found.count = len(said)
    found.score += scored[0][0]


def _score(text: str, asked: tuple[Sequence[Term], ...]) -> float:
    """How much of a sentence is what was looked for; long ones are not punished for a word more."""
    words = [word for *_place, word in words_of(text)]
    hits = sum(end - begin for terms in asked for begin, end in _hits(words, terms))
    return hits / len(asked) / (len(words) + 10)


def _titles(recordings: QuerySet[Recording], terms: Sequence[Term]) -> dict[UUID, Found]:
    """Recordings with all terms in their title, newest first."""
    anywhere = [replace(term, is_prefix=len(term.words[-1]) >= SHORTEST_PREFIX) for term in terms]
    condition, values = _title_condition(anywhere), _title_values(anywhere)
    has_all = RawSQL(condition, values, output_field=BooleanField())  # noqa: S611  what people type is in `values`
    rows = recordings.filter(has_all).order_by("-created_at").values_list("pk", "title")[:MAX_TITLES]
    return {pk: Found(pk, title=tuple(_pieces(composed(title), anywhere)), score=1.0) for pk, title in rows}


# The database ---------------------------------------------------------------------------------------------------------


def _candidates(recordings: QuerySet[Recording], terms: Sequence[Term], whole: Sequence[Term]) -> list[_Sentence]:
    """The newest that have all terms; where there are too many, first those that have the last word whole."""
    sentences = _sentences(recordings, terms)
    if len(sentences) <= CANDIDATES or terms == whole:
        return sentences
    first = _sentences(recordings, whole)
    known = {one.segment for one in first}
    return [*first, *(one for one in sentences if one.segment not in known)][: CANDIDATES + 1]


def _sentences(recordings: QuerySet[Recording], terms: Sequence[Term]) -> list[_Sentence]:
    """The newest that have all terms; one more than are looked at, where there are more."""
    readable = Segment.objects.filter(transcript__in=versions.shown_in(recordings))
    rows = _with_words(readable, terms).order_by("-pk").values_list("pk", "transcript", "start", "text")
    return [_Sentence(pk, of, start, composed(text)) for pk, of, start, text in rows[: CANDIDATES + 1]]


def _with_words(segments: QuerySet[Segment], terms: Sequence[Term]) -> QuerySet[Segment]:
    if connection.vendor == "postgresql":
        condition, values = "jobs_segment.search_vector @@ %s::tsquery", [tsquery(terms)]
        return segments.filter(RawSQL(condition, values, output_field=BooleanField()))  # noqa: S611
    found = "SELECT rowid FROM jobs_segment_search WHERE words MATCH %s"
    return segments.filter(pk__in=RawSQL(found, [_fts_query(terms)]))  # noqa: S611


def tsquery(terms: Iterable[Term]) -> str:
    """As PostgreSQL takes it. Words have nothing but letters and digits, so nothing is to be escaped."""
    phrases = (" <-> ".join(f"'{word}'" for word in term.words) + ":*" * term.is_prefix for term in terms)
    return " & ".join(f"({phrase})" for phrase in phrases)


def _fts_query(terms: Iterable[Term]) -> str:
    return " AND ".join(f'"{" ".join(term.words)}"' + " *" * term.is_prefix for term in terms)


def _title_condition(terms: Sequence[Term]) -> str:
    if connection.vendor == "postgresql":
        return "jobs_recording.search_vector @@ %s::tsquery"
    return " AND ".join(["' ' || search_words(jobs_recording.title) || ' ' LIKE %s"] * len(terms))


def _title_values(terms: Sequence[Term]) -> list[str]:
    if connection.vendor == "postgresql":
        return [tsquery(terms)]
    return [f"% {' '.join(term.words)}{'' if term.is_prefix else ' '}%" for term in terms]


def _by_recording(sentences: Sequence[_Sentence]) -> dict[UUID, list[_Sentence]]:
    transcripts = Transcript.objects.filter(pk__in={one.transcript for one in sentences})
    recording_of = dict(transcripts.values_list("pk", "recording"))
    grouped: defaultdict[UUID, list[_Sentence]] = defaultdict(list)
    for one in sentences:
        if one.transcript in recording_of:  # else it was deleted just now
            grouped[recording_of[one.transcript]].append(one)
    return grouped


# What is shown --------------------------------------------------------------------------------------------------------


def _hits(words: Sequence[str], terms: Sequence[Term]) -> list[tuple[int, int]]:
    """(first, behind the last) of the words that a term stands on, in order; they may overlap."""
    return sorted((at, at + len(term.words)) for term in terms for at in range(len(words)) if _stands(term, words, at))


def _stands(term: Term, words: Sequence[str], at: int) -> bool:
    *whole, last = term.words
    end = at + len(whole)
    if end >= len(words) or tuple(words[at:end]) != tuple(whole):
        return False
    return words[end].startswith(last) if term.is_prefix else words[end] == last


def _marked(text: str, terms: Sequence[Term]) -> list[tuple[int, int]]:
    """(begin, end) of the characters to mark, none touching another."""
    words = words_of(text)
    marked: list[tuple[int, int]] = []
    for first, behind in _hits([word for *_place, word in words], terms):
        begin, end = words[first][0], words[behind - 1][1]
        if marked and begin < marked[-1][1]:
            marked[-1] = (marked[-1][0], max(end, marked[-1][1]))
        else:
            marked.append((begin, end))
    return marked


def _pieces(text: str, terms: Sequence[Term]) -> Iterator[Piece]:
    """The whole text, cut where marks begin and end."""
    at = 0
    for begin, end in _marked(text, terms):
        if begin > at:
            yield Piece(text[at:begin], False)
        yield Piece(text[begin:end], True)
        at = end
    if at < len(text):
        yield Piece(text[at:], False)


def _excerpt(text: str, terms: Sequence[Term]) -> tuple[Piece, ...]:
    """What stands around the first hit, when the text is long."""
    text = text.strip()
    if len(text) > EXCERPT_CHARS:
        first = next((begin for begin, _end in _marked(text, terms)), 0)
        begin = max(0, min(first - EXCERPT_CHARS // 3, len(text) - EXCERPT_CHARS))
        text = _cut(text, begin, begin + EXCERPT_CHARS)
    return tuple(_pieces(text, terms))


def _cut(text: str, begin: int, end: int) -> str:
    """Between two words where there are any, with an ellipsis where something is left out."""
    if begin:
        begin = next((at + 1 for at in range(begin, begin + LONGEST_WORD) if text[at].isspace()), begin)
    if end < len(text):
        end = next((at for at in range(end, end - LONGEST_WORD, -1) if text[at].isspace()), end)
    return "…" * bool(begin) + text[begin:end] + "…" * (end < len(text))

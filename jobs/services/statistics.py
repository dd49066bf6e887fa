"""Who spoke how much, how fast and when, from the segments of a transcript.

All of it is read off times: seconds in which a speaker's segments overlap count once, and a turn lasts until somebody
else's segment begins.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from django.db.models import F, Func, IntegerField

from jobs.models import Transcript
from media_pipeline.transcript import Mark, Seconds

# Shorter overlaps are within what diarizers and word times are off by, and hardly heard as such: people notice them
# from about 0.12 s on (Heldner 2011, doi:10.1121/1.3598457).
LEAST_OVERLAP: Seconds = 0.2
STRIPS = 240


@dataclass(frozen=True, slots=True)
class Said:
    """What the figures need of a segment. `speaker` is an id, None for nobody known."""

    start: Seconds
    end: Seconds
    speaker: int | None
    words: int
    is_overlapped: bool = False


@dataclass(frozen=True, slots=True)
class Turn:
    """Segments of one speaker with nobody else's between them; `spoken` leaves out the pauses."""

    speaker: int | None
    start: Seconds
    end: Seconds
    spoken: Seconds
    begins_overlapped: bool
    ends_overlapped: bool


@dataclass(slots=True)
class Voice:
    """The figures of one speaker.

    Attributes:
        share: Of all speech, 0..1.
        interruptions: How often they began before somebody else had ended; see `is_interruption`.
        longest: The turn in which they spoke longest.
        strips: The share, 0..1, that they speak of each of `STRIPS` equal parts of the recording.
    """

    speaker: int | None
    seconds: Seconds = 0.0
    share: float = 0.0
    words: int = 0
    turns: int = 0
    interruptions: int = 0
    longest: Turn | None = None
    strips: list[float] = field(default_factory=lambda: [0.0] * STRIPS)

    @property
    def words_per_minute(self) -> int | None:
        """While they speak, without pauses between segments. None when they are never heard."""
        return round(60 * self.words / self.seconds) if self.seconds else None


@dataclass(frozen=True, slots=True)
class Statistics:
    """`voices` by id. `silence` is what of `duration` lies in no segment."""

    voices: dict[int | None, Voice]
    duration: Seconds
    silence: Seconds

    @property
    def spoken(self) -> Seconds:
        """Of all speakers, so that seconds in which two speak count twice."""
        return sum(voice.seconds for voice in self.voices.values())


class _JSONLength(Func):
    """How many items a JSON list has."""

    function = "JSON_ARRAY_LENGTH"
    arity = 1
    output_field = IntegerField()

    def as_postgresql(self, compiler, connection, **extra):  # type: ignore[no-untyped-def]
        return self.as_sql(compiler, connection, function="JSONB_ARRAY_LENGTH", **extra)


def statistics(transcript: Transcript) -> Statistics:
    """The figures of a transcript as it is now. A recording of unknown length ends with its last words."""
    return measure(list(said_in(transcript)), transcript.recording.duration)


def said_in(transcript: Transcript) -> Iterator[Said]:
    """The segments in order. Where an engine told no times of words, these are what stands between blanks."""
    rows = transcript.segments.order_by("start", "pk").annotate(count=_JSONLength(F("words")))
    for start, end, speaker, marks, count, text in rows.values_list(
        "start", "end", "speaker", "marks", "count", "text"
    ):
        yield Said(start, end, speaker, count or len(text.split()), Mark.OVERLAP in marks)


def measure(said: Sequence[Said], duration: Seconds | None) -> Statistics:
    """The figures of segments in order of time."""
    length = max([duration or 0.0, *(one.end for one in said)])
    voices: dict[int | None, Voice] = {}
    spans: defaultdict[int | None, list[tuple[Seconds, Seconds]]] = defaultdict(list)
    for one in said:
        voices.setdefault(one.speaker, Voice(one.speaker)).words += one.words
        spans[one.speaker].append((one.start, one.end))
    for speaker, voice in voices.items():
        own = union(spans[speaker])
        voice.seconds = _length(own)
        _fill_strips(voice.strips, own, length)
    spoken = sum(voice.seconds for voice in voices.values())
    for voice in voices.values():
        voice.share = voice.seconds / spoken if spoken else 0.0
    _count_turns(voices, turns_of(said))
    return Statistics(voices, length, max(0.0, length - _length(union((one.start, one.end) for one in said))))


def turns_of(said: Iterable[Said]) -> Iterator[Turn]:
    """Each time somebody has the word, in order."""
    for speaker, group in groupby(said, key=lambda one: one.speaker):
        own = list(group)
        spoken = _length(union((one.start, one.end) for one in own))
        end = max(one.end for one in own)
        yield Turn(speaker, own[0].start, end, spoken, own[0].is_overlapped, own[-1].is_overlapped)


def is_interruption(before: Turn, turn: Turn) -> bool:
    """Whether a turn began before another one, somebody else's, had ended.

    That is: by more than 0.2 s before its end; or, because words heard on one channel hardly ever overlap in time, at
    once behind it where several people are heard at the same time. After West and Zimmerman's "incursion into another's
    turn" (1983), without their count of syllables. Words of agreement count as well.
    """
    if before.speaker == turn.speaker:
        return False
    overlap = before.end - turn.start
    is_heard_over = before.ends_overlapped or turn.begins_overlapped
    return overlap > LEAST_OVERLAP or (is_heard_over and overlap >= -LEAST_OVERLAP)


def _count_turns(voices: dict[int | None, Voice], turns: Iterable[Turn]) -> None:
    before: Turn | None = None
    for turn in turns:
        voice = voices[turn.speaker]
        voice.turns += 1
        if voice.longest is None or turn.spoken > voice.longest.spoken:
            voice.longest = turn
        if before is not None and is_interruption(before, turn):
            voice.interruptions += 1
        if before is None or turn.end >= before.end:  # else it was a remark during which the other went on
            before = turn


def union(spans: Iterable[tuple[Seconds, Seconds]]) -> list[tuple[Seconds, Seconds]]:
    """Spans in order of their starts, without overlaps."""
    joined: list[tuple[Seconds, Seconds]] = []
    for start, end in spans:
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        else:
            joined.append((start, end))
    return joined


def _length(spans: Iterable[tuple[Seconds, Seconds]]) -> Seconds:
    return sum(end - start for start, end in spans)


def _fill_strips(strips: list[float], spans: Iterable[tuple[Seconds, Seconds]], length: Seconds) -> None:
    if length <= 0:
        return
    width = length / len(strips)
    for start, end in spans:
        first, last = (min(len(strips) - 1, int(time / width)) for time in (start, end))
        for index in range(first, last + 1):
            shared = min(end, (index + 1) * width) - max(start, index * width)
            strips[index] = min(1.0, strips[index] + max(0.0, shared) / width)

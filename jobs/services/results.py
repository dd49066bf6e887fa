"""Turning a finished step's files into rows."""

from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Sequence

from jobs.job_files import JobFiles
from jobs.models import Job, Recording, Segment, Speaker, word_rows
from jobs.models import Transcript as TranscriptRow
from media_pipeline.media import AudioFacts
from media_pipeline.text.carry_over import carry_over
from media_pipeline.transcript import Mark, Seconds, Transcript
from media_pipeline.transcript import Segment as SpokenSegment

BATCH = 1000
_HEARD = ("start", "end", "speaker__name", "speaker__label")


def keep(job: Job, step: str, files: JobFiles) -> None:
    """Save what the pages read of a step's result, in the transaction at hand."""
    keeper = _KEEPERS.get(step)
    if keeper is not None:
        keeper(job, files)


def has_text(job: Job) -> bool:
    """Whether the job has already given words that people can read."""
    return TranscriptRow.objects.filter(job=job).exists()


def _keep_duration(job: Job, files: JobFiles) -> None:
    """The decoded length is the truth; the file's header was a guess."""
    facts = files.load("normalize", "facts.json", AudioFacts)
    Recording.objects.filter(pk=job.recording_id).update(duration=facts.duration)


def _keep_transcript(job: Job, files: JobFiles) -> None:
    spoken = files.load("assemble", "transcript.json", Transcript)
    before = _version_before(job)
    names = _names_kept(before, spoken) if before else {}
    segments = carry_over(spoken.segments, _corrected(before) if before else [], spoken.language)
    _make_room(job)
    row = TranscriptRow.objects.create(
        recording_id=job.recording_id, job=job, language=spoken.language, engine=spoken.engine, model=spoken.model
    )
    labels = dict.fromkeys(segment.speaker for segment, _is_edited in segments if segment.speaker)
    speakers = {
        label: Speaker.objects.create(transcript=row, label=label, name=names.get(label, "")) for label in labels
    }
    Segment.objects.bulk_create(_segment_rows(row, segments, speakers), batch_size=BATCH)


def _version_before(job: Job) -> TranscriptRow | None:
    """What people had to read so far: of this job, else the recording's latest. Nobody changes it from now on."""
    versions = TranscriptRow.objects.select_for_update()
    own = versions.filter(job=job).first()
    return own or versions.filter(recording=job.recording_id).order_by("-created_at").first()


def _corrected(version: TranscriptRow) -> list[SpokenSegment]:
    rows = version.segments.filter(is_edited=True).select_related("speaker")
    return [row.as_spoken() for row in rows]


def _make_room(job: Job) -> None:
    """A job has one version; one that people changed is kept beside it."""
    TranscriptRow.objects.filter(job=job, revision__gt=0).update(job=None)
    TranscriptRow.objects.filter(job=job).delete()


def _names_kept(version: TranscriptRow, spoken: Transcript) -> dict[str, str]:
    """Names people gave, by new label: a name goes to who now speaks most where that person was heard before.

    Where two of the old speakers meet in one new label, the name of the one with more speech stays.
    """
    heard = version.segments.exclude(speaker=None)
    before = [(start, end, name or label) for start, end, name, label in heard.values_list(*_HEARD)]
    named = set(heard.exclude(speaker__name="").values_list("speaker__name", flat=True))
    after = [(item.start, item.end, item.speaker) for item in spoken.segments if item.speaker]
    shared: defaultdict[tuple[str, str], Seconds] = defaultdict(float)
    for one, label, seconds in _shared_times(before, after):
        shared[one, label] += seconds
    kept: dict[str, str] = {}
    placed: set[str] = set()
    for one, label in sorted(shared, key=lambda pair: -shared[pair]):
        if one not in placed:
            kept.setdefault(label, one)
            placed.add(one)
    return {label: one for label, one in kept.items() if one in named}


def _shared_times(
    before: Sequence[tuple[Seconds, Seconds, str]], after: Sequence[tuple[Seconds, Seconds, str]]
) -> Iterator[tuple[str, str, Seconds]]:
    """(one, other, seconds) for every two pieces heard at the same time; both come in order of time."""
    waiting = deque(after)
    for start, end, one in before:
        while waiting and waiting[0][1] <= start:
            waiting.popleft()
        for other_start, other_end, other in waiting:
            if other_start >= end:
                break
            yield one, other, max(0.0, min(end, other_end) - max(start, other_start))


def _segment_rows(
    row: TranscriptRow, segments: Iterable[tuple[SpokenSegment, bool]], speakers: dict[str, Speaker]
) -> Iterator[Segment]:
    for segment, is_edited in segments:
        yield Segment(
            transcript=row,
            start=segment.start,
            end=segment.end,
            speaker=speakers.get(segment.speaker or ""),
            text=segment.text,
            words=word_rows(segment.words),
            confidence=segment.confidence,
            marks=_marks(segment),
            is_edited=is_edited,
        )


def _marks(segment: SpokenSegment) -> list[Mark]:
    """Those of the segment and of its words, each once, in the order of their kinds."""
    found = {*segment.marks, *(mark for word in segment.words for mark in word.marks)}
    return [mark for mark in Mark if mark in found]


_KEEPERS: dict[str, Callable[[Job, JobFiles], None]] = {
    "normalize": _keep_duration,
    "assemble": _keep_transcript,
}

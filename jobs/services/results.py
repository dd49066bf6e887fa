"""Turning a finished step's files into rows."""

import math
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import accumulate

from jobs.job_files import JobFiles
from jobs.models import Job, Recording, Segment, Speaker, word_rows
from jobs.models import Transcript as TranscriptRow
from jobs.models.transcript import free_label
from media_pipeline.media import AudioFacts
from media_pipeline.text.carry_over import Choice, Kept, carry_over
from media_pipeline.transcript import Mark, Seconds, Transcript
from media_pipeline.transcript import Segment as SpokenSegment

BATCH = 1000
MARGIN: Seconds = 0.5


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
    segments, names = _carried(before, spoken) if before else ([Kept(segment) for segment in spoken.segments], {})
    _make_room(job)
    row = TranscriptRow.objects.create(
        recording_id=job.recording_id, job=job, language=spoken.language, engine=spoken.engine, model=spoken.model
    )
    found = dict.fromkeys(kept.segment.speaker for kept in segments if kept.segment.speaker)
    speakers = {
        label: Speaker.objects.create(transcript=row, label=label, name=names.get(label, "")) for label in found
    }
    Segment.objects.bulk_create(_segment_rows(row, segments, speakers), batch_size=BATCH)


def _carried(before: TranscriptRow, spoken: Transcript) -> tuple[list[Kept], dict[str, str]]:
    """What was found together with what people did to the version before, and the names of speakers by label."""
    labels = _labels_now(before, spoken)
    given = before.speakers.exclude(name="").values_list("pk", "name")
    names = {labels[pk]: name for pk, name in given if pk in labels}
    corrected, others = _corrected(before)
    return carry_over(spoken.segments, corrected, spoken.language, _chosen(before, labels), others), names


def _version_before(job: Job) -> TranscriptRow | None:
    """What people had to read so far: of this job, else the recording's latest. Nobody changes it from now on."""
    versions = TranscriptRow.objects.select_for_update()
    own = versions.filter(job=job).first()
    return own or versions.filter(recording=job.recording_id).order_by("-shown_at", "-pk").first()


def _corrected(version: TranscriptRow) -> tuple[list[SpokenSegment], list[SpokenSegment]]:
    """What people corrected and, where they did, all the rest."""
    rows = version.segments.select_related("speaker")
    corrected = [row.as_spoken() for row in rows.filter(is_edited=True)]
    return corrected, [row.as_spoken() for row in rows.filter(is_edited=False)] if corrected else []


def _make_room(job: Job) -> None:
    """A job has one version; one that people changed is kept beside it."""
    TranscriptRow.objects.filter(job=job, revision__gt=0).update(job=None)
    TranscriptRow.objects.filter(job=job).delete()


def _labels_now(version: TranscriptRow, spoken: Transcript) -> dict[int, str]:
    """The new labels of the speakers there were, by id: of those who are found again or were chosen by a person."""
    labels = _labels_found(version, spoken)
    used = {*labels.values(), *(segment.speaker for segment in spoken.segments if segment.speaker)}
    chosen = version.segments.filter(is_speaker_chosen=True).exclude(speaker=None)
    for pk in sorted(set(chosen.values_list("speaker", flat=True)) - labels.keys()):
        labels[pk] = free_label(used)
        used.add(labels[pk])
    return labels


def _labels_found(version: TranscriptRow, spoken: Transcript) -> dict[int, str]:
    """A speaker becomes the one who now speaks most where they were heard before.

    Where two of the old speakers meet in one new label, the one with more speech stays.
    """
    before = list(version.segments.exclude(speaker=None).values_list("start", "end", "speaker"))
    after = [(item.start, item.end, item.speaker) for item in spoken.segments if item.speaker]
    shared: defaultdict[tuple[int, str], Seconds] = defaultdict(float)
    for one, label, seconds in _shared_times(before, after):
        shared[one, label] += seconds
    kept: dict[str, int] = {}
    placed: set[int] = set()
    for one, label in sorted(shared, key=lambda pair: -shared[pair]):
        if one not in placed:
            kept.setdefault(label, one)
            placed.add(one)
    return {one: label for label, one in kept.items()}


def _chosen(version: TranscriptRow, labels: dict[int, str]) -> list[Choice]:
    """Where people said who speaks, with some of the pause on both sides: other engines hear words a bit apart."""
    rows = list(version.segments.values_list("start", "end", "speaker", "is_speaker_chosen"))
    ends = [0.0, *accumulate((end for _start, end, *_rest in rows), max)]
    starts = [*(start for start, *_rest in rows[1:]), math.inf]
    return [
        Choice(start - _margin(start - ended), end + _margin(begins - end), labels.get(speaker or 0))
        for (start, end, speaker, is_chosen), ended, begins in zip(rows, ends, starts, strict=False)
        if is_chosen
    ]


def _margin(pause: Seconds) -> Seconds:
    return min(MARGIN, max(0.0, pause) / 2)


def _shared_times(
    before: Sequence[tuple[Seconds, Seconds, int]], after: Sequence[tuple[Seconds, Seconds, str]]
) -> Iterator[tuple[int, str, Seconds]]:
    """(one, other, seconds) for every two pieces heard at the same time; both come in order of time."""
    waiting = deque(after)
    for start, end, one in before:
        while waiting and waiting[0][1] <= start:
            waiting.popleft()
        for other_start, other_end, other in waiting:
            if other_start >= end:
                break
            yield one, other, max(0.0, min(end, other_end) - max(start, other_start))


def _segment_rows(row: TranscriptRow, segments: Iterable[Kept], speakers: dict[str, Speaker]) -> Iterator[Segment]:
    for kept in segments:
        segment = kept.segment
        yield Segment(
            transcript=row,
            start=segment.start,
            end=segment.end,
            speaker=speakers.get(segment.speaker or ""),
            text=segment.text,
            words=word_rows(segment.words),
            confidence=segment.confidence,
            marks=_marks(segment),
            is_edited=kept.is_corrected,
            is_speaker_chosen=kept.is_speaker_chosen,
        )


def _marks(segment: SpokenSegment) -> list[Mark]:
    """Those of the segment and of its words, each once, in the order of their kinds."""
    found = {*segment.marks, *(mark for word in segment.words for mark in word.marks)}
    return [mark for mark in Mark if mark in found]


_KEEPERS: dict[str, Callable[[Job, JobFiles], None]] = {
    "normalize": _keep_duration,
    "assemble": _keep_transcript,
}

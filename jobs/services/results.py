"""Turning a finished step's files into rows."""

from collections.abc import Callable, Iterator

from jobs.job_files import JobFiles
from jobs.models import Job, Recording, Segment, Speaker
from jobs.models import Transcript as TranscriptRow
from media_pipeline.media import AudioFacts
from media_pipeline.transcript import Mark, Transcript
from media_pipeline.transcript import Segment as SpokenSegment

BATCH = 1000


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
    TranscriptRow.objects.filter(job=job).delete()
    row = TranscriptRow.objects.create(
        recording_id=job.recording_id, job=job, language=spoken.language, engine=spoken.engine, model=spoken.model
    )
    labels = dict.fromkeys(segment.speaker for segment in spoken.segments if segment.speaker)
    speakers = {label: Speaker.objects.create(transcript=row, label=label) for label in labels}
    Segment.objects.bulk_create(_segment_rows(row, spoken.segments, speakers), batch_size=BATCH)


def _segment_rows(
    row: TranscriptRow, segments: tuple[SpokenSegment, ...], speakers: dict[str, Speaker]
) -> Iterator[Segment]:
    for position, segment in enumerate(segments):
        yield Segment(
            transcript=row,
            position=position,
            start=segment.start,
            end=segment.end,
            speaker=speakers.get(segment.speaker or ""),
            text=segment.text,
            words=[[word.text, word.start, word.end, word.confidence] for word in segment.words],
            confidence=segment.confidence,
            marks=_marks(segment),
        )


def _marks(segment: SpokenSegment) -> list[Mark]:
    """Those of the segment and of its words, each once, in the order of their kinds."""
    found = {*segment.marks, *(mark for word in segment.words for mark in word.marks)}
    return [mark for mark in Mark if mark in found]


_KEEPERS: dict[str, Callable[[Job, JobFiles], None]] = {
    "normalize": _keep_duration,
    "assemble": _keep_transcript,
}

"""What the engine wrote, whatever people made of it since."""

from collections import defaultdict
from dataclasses import replace
from typing import Any

import msgspec

from jobs import storage
from jobs.models import Artifact, Segment, SegmentChange, Transcript
from jobs.services.change_log import Patch, content, wound_back
from media_pipeline.transcript import Segment as SpokenSegment
from media_pipeline.transcript import Transcript as SpokenTranscript


def original_segments(transcript: Transcript) -> tuple[SpokenSegment, ...]:
    """From the file its job left. A version without that file is wound back through the log of its changes."""
    stored = Artifact.objects.filter(job=transcript.job_id, step="assemble", name="transcript.json").first()
    if transcript.job_id and stored is not None and storage.exists(stored.key):
        with storage.open_file(stored.key) as source:
            return msgspec.json.decode(source.read(), type=SpokenTranscript).segments
    return _before_all_changes(transcript)


def _before_all_changes(transcript: Transcript) -> tuple[SpokenSegment, ...]:
    states: dict[int, Patch | None] = {segment.pk: content(segment) for segment in transcript.segments.all()}
    rows: defaultdict[int, list[SegmentChange]] = defaultdict(list)
    for row in SegmentChange.objects.filter(change__transcript=transcript).order_by("-revision"):
        rows[row.segment].append(row)
    for pk, changes in rows.items():
        states[pk] = wound_back(states.get(pk), changes)
    labels = _labels(transcript)
    found = [_spoken(state, labels) for state in states.values() if state is not None]
    return tuple(sorted(found, key=lambda segment: (segment.start, segment.end)))


def _labels(transcript: Transcript) -> dict[int, str]:
    """Of all speakers that are or were in it, by id."""
    found: dict[int, str] = {}
    for before in transcript.changes.exclude(speakers_before={}).values_list("speakers_before", flat=True):
        found |= {int(pk): state["label"] for pk, state in before.items() if state}
    return found | dict(transcript.speakers.values_list("pk", "label"))


def _spoken(state: Patch, labels: dict[int, str]) -> SpokenSegment:
    values: dict[str, Any] = {name: value for name, value in state.items() if name != "speaker"}
    label = labels.get(state["speaker"] or 0)
    spoken = Segment(**values).as_spoken()
    return replace(spoken, speaker=label, words=tuple(replace(word, speaker=label) for word in spoken.words))

"""The rows: who asked for what, where it stands, where the result lies."""

from jobs.models.artifact import Artifact
from jobs.models.change import Change, ChangeKind, SegmentChange, Standing
from jobs.models.export_preference import ExportPreference
from jobs.models.job import Job
from jobs.models.recording import Recording, RecordingQuerySet, Upload
from jobs.models.share import Share
from jobs.models.step import StepRun
from jobs.models.tag import Tag
from jobs.models.transcript import Segment, Speaker, Transcript, word_rows

__all__ = [
    "Artifact",
    "Change",
    "ChangeKind",
    "ExportPreference",
    "Job",
    "Recording",
    "RecordingQuerySet",
    "Segment",
    "SegmentChange",
    "Share",
    "Speaker",
    "Standing",
    "StepRun",
    "Tag",
    "Transcript",
    "Upload",
    "word_rows",
]

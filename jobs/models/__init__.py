"""The rows: who asked for what, where it stands, where the result lies."""

from jobs.models.artifact import Artifact
from jobs.models.change import Change, ChangeKind, SegmentChange, Standing
from jobs.models.export_preference import ExportPreference
from jobs.models.job import Job
from jobs.models.recording import Recording, Upload
from jobs.models.step import StepRun
from jobs.models.share import Share
from jobs.models.transcript import Segment, Speaker, Transcript, word_rows

__all__ = [
    "Artifact",
    "Change",
    "ChangeKind",
    "ExportPreference",
    "Job",
    "Recording",
    "Segment",
    "SegmentChange",
    "Speaker",
    "Standing",
    "StepRun",
    "Share",
    "Transcript",
    "Upload",
    "word_rows",
]

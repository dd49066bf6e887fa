"""The rows: who asked for what, where it stands, where the result lies."""

from jobs.models.artifact import Artifact
from jobs.models.job import Job
from jobs.models.recording import Recording, Upload
from jobs.models.step import StepRun
from jobs.models.transcript import Segment, Speaker, Transcript

__all__ = ["Artifact", "Job", "Recording", "Segment", "Speaker", "StepRun", "Transcript", "Upload"]

"""The states of jobs and steps and the legal moves between them. Pure Python."""

from enum import StrEnum


class JobKind(StrEnum):
    """What a job makes. More kinds come as recipes are added."""

    TRANSCRIBE = "transcribe"
    PASSAGE = "passage"
    SUBTITLED_VIDEO = "subtitled_video"


# Kinds that make the text of a recording as a whole.
TEXT_KINDS = frozenset({JobKind.TRANSCRIBE})


class JobStatus(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


class StepStatus(StrEnum):
    """WAITING for other steps → READY for a worker → RUNNING under a lease → an end."""

    WAITING = "waiting"
    READY = "ready"
    RUNNING = "running"
    DONE = "done"
    SKIPPED = "skipped"
    FAILED = "failed"
    CANCELLED = "cancelled"


JOB_ACTIVE = frozenset({JobStatus.QUEUED, JobStatus.RUNNING})
JOB_ENDED = frozenset(JobStatus) - JOB_ACTIVE
JOB_RETRYABLE = frozenset({JobStatus.FAILED, JobStatus.CANCELLED})

# Which job of a recording tells its state: one at work, else one that gave text, else any; of several the newest.
TELLING: tuple[frozenset[JobStatus], ...] = (JOB_ACTIVE, frozenset({JobStatus.COMPLETED}))


def telling_rank(status: str) -> int:
    """The place of a job's status in `TELLING`: the job with the lowest one tells the state of its recording."""
    return next((rank for rank, group in enumerate(TELLING) if status in group), len(TELLING))


STEP_OPEN = frozenset({StepStatus.WAITING, StepStatus.READY, StepStatus.RUNNING})
STEP_ENDED = frozenset(StepStatus) - STEP_OPEN
STEP_PASSED = frozenset({StepStatus.DONE, StepStatus.SKIPPED})

JOB_MOVES: dict[JobStatus, frozenset[JobStatus]] = {
    JobStatus.QUEUED: frozenset({JobStatus.RUNNING, JobStatus.COMPLETED, JobStatus.FAILED, JobStatus.CANCELLED}),
    JobStatus.RUNNING: frozenset({JobStatus.COMPLETED, JobStatus.FAILED, JobStatus.CANCELLED}),
    JobStatus.COMPLETED: frozenset({JobStatus.RUNNING}),  # one step run again
    JobStatus.FAILED: frozenset({JobStatus.QUEUED}),
    JobStatus.CANCELLED: frozenset({JobStatus.QUEUED}),
}


def sources(target: JobStatus) -> frozenset[JobStatus]:
    """The states from which a job may move to `target`."""
    return frozenset(status for status, targets in JOB_MOVES.items() if target in targets)

"""Videos with the text of a recording as subtitles: a job each, with a file that can be made again at any time."""

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import msgspec
from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from jobs import events
from jobs.job_files import JobFiles
from jobs.models import Artifact, Job, Recording, Transcript
from jobs.pipeline_gateway import options_of
from jobs.services import conduct, exports, lifecycle
from jobs.services.export_choices import ExportChoices
from jobs.services.exports import ExportedFile
from jobs.state import JOB_ENDED, JobKind, JobStatus
from jobs.wording import translated
from media_pipeline.containers import CONTAINERS
from media_pipeline.options import SubtitledVideo, SubtitleMode, TranscribeOptions
from media_pipeline.recipes.subtitled_video import GIVEN, VIDEO, Words

# What is put behind the title of a recording to name its file.
FILE_WORDS = {
    SubtitleMode.TRACK: pgettext_lazy("name of a file", "with subtitles"),
    SubtitleMode.BURNED: pgettext_lazy("name of a file", "subtitles burned in"),
}
NO_PICTURE = gettext_lazy("This recording has no picture to put subtitles into.")
NO_MEDIA = gettext_lazy("The video of this recording was deleted, so subtitles can no longer be put into it.")


class VideoRefused(Exception):
    """The video cannot be made; the message says why."""


@dataclass(frozen=True, slots=True)
class Made:
    """A file that is there. `is_old` when the text has changed since."""

    job: Job
    size_bytes: int
    extension: str
    made_at: datetime
    is_old: bool
    warnings: list[str]


@dataclass(frozen=True, slots=True)
class Standing:
    """Where one kind of video of a recording stands.

    `run` is what is being made, or did not come about, after `made`.
    """

    mode: SubtitleMode
    run: Job | None
    made: Made | None


def why_not(recording: Recording) -> str:
    """Why no video can be made, as a sentence; empty when one can."""
    if not recording.has_video:
        return str(NO_PICTURE)
    return "" if recording.media_key else str(NO_MEDIA)


def make(transcript: Transcript, mode: SubtitleMode, choices: ExportChoices) -> Job:
    """Start a job that makes a video with the text as it stands, and as a person wants subtitles.

    What was made before stays until this one is there.

    Raises:
        VideoRefused: It cannot be made, or is being made already.
        ExportRefused: Of `choices`.
    """
    with transaction.atomic():
        recording = Recording.objects.select_for_update().get(pk=transcript.recording_id)
        _refuse(recording, mode)
        found = exports.material(transcript, choices)
        if not found.spoken.segments:
            raise VideoRefused(_("There is no text to make subtitles of."))
        words = Words(found.spoken, found.names, msgspec.structs.replace(found.options, bom=False))
        video = SubtitledVideo(mode, transcript.pk, transcript.revision)
        options = TranscribeOptions(transcript.engine, transcript.model, transcript.language, video=video)
        job = Job.objects.create(
            recording=recording, kind=JobKind.SUBTITLED_VIDEO, options=msgspec.to_builtins(options)
        )
        _give(job, words)
        conduct.start(job)
    for old in _outlived(recording, mode):
        lifecycle.delete_job(old.pk)
    events.publish(job.pk)
    return job


def _refuse(recording: Recording, mode: SubtitleMode) -> None:
    reason = why_not(recording)
    if reason:
        raise VideoRefused(reason)
    if any(job.is_active for job in _of(mode, _jobs(recording))):
        raise VideoRefused(_("This video is being made already."))


def _give(job: Job, words: Words) -> None:
    """The text belongs to the job from now on: every attempt makes the same video."""
    with tempfile.TemporaryDirectory(dir=settings.DATA_DIR) as folder:
        files = JobFiles(job, GIVEN[0], 0, 0, Path(folder))
        files.dump(GIVEN[1], words)
    files.record()


def _jobs(recording: Recording) -> list[Job]:
    """Newest first, with their files."""
    jobs = recording.jobs.filter(kind=JobKind.SUBTITLED_VIDEO).order_by("-created_at")
    return list(jobs.prefetch_related("artifacts"))


def _of(mode: SubtitleMode, jobs: list[Job]) -> list[Job]:
    return [job for job in jobs if _video(job).mode == mode]


def _video(job: Job) -> SubtitledVideo:
    video = options_of(job).video
    if video is None:
        raise ValueError("the job does not say which video to make")
    return video


def _outlived(recording: Recording, mode: SubtitleMode) -> Iterator[Job]:
    """What nobody will see any more now that a new one is made: all but the latest file."""
    is_latest = True
    for job in _of(mode, _jobs(recording)):
        if job.status == JobStatus.COMPLETED and is_latest:
            is_latest = False
        elif job.status in JOB_ENDED:
            yield job


def standings(transcript: Transcript) -> list[Standing]:
    """Where each kind of video stands, for the text that people read."""
    jobs = _jobs(transcript.recording)
    return [_standing(transcript, mode, _of(mode, jobs)) for mode in SubtitleMode]


def _standing(transcript: Transcript, mode: SubtitleMode, jobs: list[Job]) -> Standing:
    run: Job | None = None
    for job in jobs:
        artifact = _artifact(job)
        if artifact is not None:
            return Standing(mode, run, _made(job, artifact, transcript))
        if run is None and job.status != JobStatus.CANCELLED:
            run = job
    return Standing(mode, run, None)


def _artifact(job: Job) -> Artifact | None:
    if job.status != JobStatus.COMPLETED:
        return None
    return next((artifact for artifact in job.artifacts.all() if artifact.name.startswith(f"{VIDEO}.")), None)


def _made(job: Job, artifact: Artifact, transcript: Transcript) -> Made:
    video = _video(job)
    is_old = (video.transcript, video.revision) != (transcript.pk, transcript.revision)
    return Made(
        job=job,
        size_bytes=artifact.size_bytes,
        extension=_suffix(artifact),
        made_at=job.ended_at or job.created_at,
        is_old=is_old,
        warnings=[translated(warning) for warning in job.warnings],
    )


def _suffix(artifact: Artifact) -> str:
    return artifact.name.rpartition(".")[2]


def file_of(job: Job) -> ExportedFile | None:
    """The video, for the one who asked for it; None where there is none."""
    artifact = _artifact(job) if job.kind == JobKind.SUBTITLED_VIDEO else None
    if artifact is None:
        return None
    suffix = _suffix(artifact)
    title = f"{job.recording.title} ({FILE_WORDS[_video(job).mode]})"
    return ExportedFile(artifact.key, exports.file_name(title, suffix), CONTAINERS[suffix].media_type)


def delete(job: Job) -> bool:
    """Delete a video. False when it is being made, or is none."""
    return job.kind == JobKind.SUBTITLED_VIDEO and lifecycle.delete_job(job.pk) is not None

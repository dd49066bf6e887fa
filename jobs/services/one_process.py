"""A whole transcription in this one process: no Redis, no server, no workers."""

import shutil
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from django.db import connection

from jobs import events, queue
from jobs.models import Job, Transcript
from jobs.services import exports, lifecycle, work
from jobs.services.submit import submit
from jobs.services.subtitle_report import in_one_line, subtitle_report
from media_pipeline.errors import InputError, PipelineError
from media_pipeline.exports.base import Kind
from media_pipeline.exports.registry import EXPORTERS
from media_pipeline.options import TranscribeOptions

WATCH_SECONDS = 0.5


def transcribe(
    path: Path,
    *,
    options: TranscribeOptions,
    export_format: str,
    tell: Callable[[events.JobSnapshot], None],
    remark: Callable[[str], None],
) -> bytes:
    """Transcribe one file and return the exported text. Nothing of it stays in the database or storage.

    Args:
        tell: Called with the job's snapshot about twice a second while it runs, and once at its end.
        remark: Called with a sentence on how readable subtitles are.

    Raises:
        PipelineError: The file or the engine cannot do it; the message is for the user.
    """
    with queue.silenced():
        job = _submit_copy(path, options)
        try:
            with _watched(job, tell):
                work.run_here(job.pk, worker="command line")
            transcript = _transcript(Job.objects.get(pk=job.pk))
            if EXPORTERS[export_format].kind == Kind.SUBTITLES:
                remark(in_one_line(subtitle_report(transcript, has_prefixes=export_format == "srt")))
            origin = exports.Origin(media=job.recording.original_name)
            return exports.rendered(transcript, export_format, origin=origin).content
        finally:
            lifecycle.delete_recording(job.recording)


def _submit_copy(path: Path, options: TranscribeOptions) -> Job:
    if not path.is_file():
        raise InputError("no_file", f"There is no file {path}.")
    scratch = work.scratch_dir()
    scratch.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=scratch) as folder:
        copy = Path(folder) / "media"
        try:
            copy.hardlink_to(path.resolve())
        except OSError:
            shutil.copyfile(path, copy)
        return submit(path=copy, original_name=path.name, options=options, owner=None)


@contextmanager
def _watched(job: Job, tell: Callable[[events.JobSnapshot], None]) -> Iterator[None]:
    ended = threading.Event()
    thread = threading.Thread(target=_watch, args=(job, tell, ended), daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def _watch(job: Job, tell: Callable[[events.JobSnapshot], None], ended: threading.Event) -> None:
    while not ended.wait(WATCH_SECONDS):
        tell(events.snapshot(Job.objects.get(pk=job.pk)))
    tell(events.snapshot(Job.objects.get(pk=job.pk)))
    connection.close()


def _transcript(job: Job) -> Transcript:
    if job.error_message:
        raise PipelineError(job.error_code, job.error_message)
    transcript = Transcript.objects.filter(job=job).select_related("recording", "job").first()
    if transcript is None:
        reasons = job.warnings or ["The transcription ended without a result."]
        raise PipelineError("no_export", " ".join(reasons))
    return transcript

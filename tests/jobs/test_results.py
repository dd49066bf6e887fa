"""What of a finished step's files becomes rows."""

import pytest
from django.contrib.auth.models import User

from jobs import queue
from jobs.models import Job, Segment
from jobs.services import work
from media_pipeline.options import TranscribeOptions
from media_pipeline.recipe import Files
from media_pipeline.run import Run
from media_pipeline.transcript import Mark, Transcript, Word
from media_pipeline.transcript import Segment as SpokenSegment
from tests.jobs.recipes import make_job, recipe_of


def finish(job: Job) -> Job:
    with queue.silenced():
        work.run_here(job.pk, worker="test")
    job.refresh_from_db()
    return job


@pytest.mark.django_db
def test_marks_of_a_sentence_and_of_its_words_are_kept_each_once(owner: User) -> None:
    def assemble(files: Files, options: TranscribeOptions, run: Run, part: int) -> None:
        words = (Word("No,", 0.0, 0.5, marks=(Mark.OVERLAP,)), Word("no.", 0.5, 1.0, marks=(Mark.OVERLAP,)))
        marked = SpokenSegment(0.0, 1.0, "No, no.", words, marks=(Mark.DOUBTFUL,))
        clear = SpokenSegment(1.0, 2.0, "Yes.", (Word("Yes.", 1.0, 2.0),))
        files.dump("transcript.json", Transcript("en", (marked, clear), 2.0, options.engine, options.model))

    with recipe_of(assemble=assemble):
        finish(make_job(owner))

    assert [segment.marks for segment in Segment.objects.all()] == [["overlap", "doubtful"], []]

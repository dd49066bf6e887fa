"""What of a finished step's files becomes rows."""

import pytest
from django.contrib.auth.models import User

from jobs import queue
from jobs.models import Job, Segment, Speaker, word_rows
from jobs.models import Transcript as TranscriptRow
from jobs.services import change_log, editing, lifecycle, versions, work
from jobs.services.change_log import EditRefused
from jobs.services.edit_operations import RenameSpeaker, SetSpeaker, SetText, Split
from media_pipeline.options import SpeakerOptions, TranscribeOptions
from media_pipeline.recipe import Files
from media_pipeline.run import Run
from media_pipeline.transcript import Mark, Transcript, Word
from media_pipeline.transcript import Segment as SpokenSegment
from tests.jobs.recipes import make_job, recipe_of
from tests.jobs.transcripts import make_transcript, texts_of, voices_of


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


def test_marks_of_words_are_kept_with_the_words() -> None:
    rows = word_rows([Word("No,", 0.0, 0.5, marks=(Mark.OVERLAP,)), Word("no.", 0.5, 1.0, 0.5)])

    assert rows == [["No,", 0.0, 0.5, None, ["overlap"]], ["no.", 0.5, 1.0, 0.5]]
    assert Segment(words=rows).spoken_words[0].marks == (Mark.OVERLAP,)


@pytest.fixture
def corrected(owner: User) -> Job:
    """A finished job with one corrected sentence and one speaker with a name."""
    with recipe_of():
        job = finish(make_job(owner))
    segment = job.transcript.segments.all()[1]
    speaker = Speaker.objects.get()
    editing.edit(job.transcript, owner, [SetText(segment=segment.pk, revision=0, text="Party one.")])
    editing.edit(job.transcript, owner, [RenameSpeaker(speaker=speaker.pk, was="", name="Ann")])
    return job


def run_again(job: Job) -> Job:
    with recipe_of():
        assert lifecycle.find_speakers(job, SpeakerOptions(exact=2))
        return finish(Job.objects.get(pk=job.pk))


def test_a_second_run_keeps_what_people_corrected(corrected: Job) -> None:
    job = run_again(corrected)

    assert texts_of(job.transcript) == ["Part 0.", "Party one.", "Part 2."]
    assert voices_of(job.transcript) == ["Ann"] * 3
    assert list(job.transcript.segments.values_list("is_edited", flat=True)) == [False, True, False]
    assert [word.text for word in job.transcript.segments.all()[1].spoken_words if word.is_confirmed] == [
        "Party",
        "one.",
    ]


def test_a_second_run_keeps_the_version_before_with_its_history(corrected: Job, owner: User) -> None:
    before = corrected.transcript.pk

    job = run_again(corrected)

    old = TranscriptRow.objects.get(pk=before)
    assert (old.job, old.changes.count(), texts_of(old)[1]) == (None, 2, "Party one.")
    assert job.transcript.pk != before
    assert change_log.next_undo(job.transcript, owner) is None


def test_what_a_third_run_finds_still_has_the_corrections(corrected: Job, owner: User) -> None:
    job = run_again(corrected)
    segment = job.transcript.segments.all()[1]
    editing.edit(job.transcript, owner, [Split(segment=segment.pk, revision=0, offset=5)])

    assert texts_of(run_again(job).transcript) == ["Part 0.", "Party", "one.", "Part 2."]


@pytest.mark.django_db
def test_a_version_nobody_changed_is_not_kept(owner: User) -> None:
    with recipe_of():
        job = finish(make_job(owner))

    run_again(job)

    assert TranscriptRow.objects.count() == 1


def test_the_version_before_can_take_the_place_of_what_another_run_found(corrected: Job, owner: User) -> None:
    before = corrected.transcript
    job = run_again(corrected)
    segment = job.transcript.segments.all()[0]
    editing.edit(job.transcript, owner, [SetText(segment=segment.pk, revision=0, text="Spoiled.")])
    speaker = job.transcript.speakers.get()
    editing.edit(job.transcript, owner, [RenameSpeaker(speaker=speaker.pk, was="Ann", name="Bea")])

    versions.restore_version(job.transcript, owner, version=before.pk, revision=2)

    texts = texts_of(job.transcript), voices_of(job.transcript)
    assert texts == (["Part 0.", "Party one.", "Part 2."], ["Ann"] * 3) == (texts_of(before), voices_of(before))
    change_log.undo(job.transcript, owner)
    assert (texts_of(job.transcript)[0], voices_of(job.transcript)[0]) == ("Spoiled.", "Bea")
    change_log.redo(job.transcript, owner)
    assert texts_of(job.transcript) == texts_of(before)


def test_a_version_with_other_speakers_brings_them_along(corrected: Job, owner: User) -> None:
    before = corrected.transcript
    first = before.segments.all()[0]
    editing.edit(before, owner, [SetSpeaker(segment=first.pk, revision=0, name="Zoë")])
    job = run_again(corrected)

    versions.restore_version(job.transcript, owner, version=before.pk, revision=0)

    assert voices_of(job.transcript) == ["Zoë", "Ann", "Ann"]
    change_log.undo(job.transcript, owner)
    assert job.transcript.speakers.count() == 1


def test_only_versions_of_the_same_recording_in_the_same_language_can_be_restored(corrected: Job, owner: User) -> None:
    other = make_transcript(owner, ["Elsewhere."])
    before = corrected.transcript.pk
    job = run_again(corrected)

    for version in (other.pk, job.transcript.pk, 10**9):
        with pytest.raises(EditRefused, match="no such version"):
            versions.restore_version(job.transcript, owner, version=version, revision=0)
    TranscriptRow.objects.filter(pk=before).update(language="de")
    with pytest.raises(EditRefused, match="another language"):
        versions.restore_version(job.transcript, owner, version=before, revision=0)
    assert job.transcript.changes.count() == 0

"""What of a finished step's files becomes rows."""

from typing import Any

import pytest
from django.contrib.auth.models import User

from jobs import queue
from jobs.models import Job, Segment, Speaker, word_rows
from jobs.models import Transcript as TranscriptRow
from jobs.services import change_log, editing, lifecycle, versions, work
from jobs.services.change_log import EditRefused
from jobs.services.edit_operations import MergeSpeakers, RenameSpeaker, SetSpeaker, SetText, Split
from media_pipeline.options import SpeakerOptions, TranscribeOptions
from media_pipeline.recipe import Binding, Files
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
    ann, zoe = job.transcript.speakers.all()
    editing.edit(job.transcript, owner, [MergeSpeakers(speaker=zoe.pk, into=ann.pk)])

    versions.restore_version(job.transcript, owner, version=before.pk, revision=1)

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


# Speakers that a person chose -----------------------------------------------------------------------------------------


@pytest.fixture
def chosen(owner: User) -> Job:
    """A finished job of one speaker, whose second sentence was given to Zoë by hand."""
    with recipe_of():
        job = finish(make_job(owner))
    choose(job, owner, 1, name="Zoë")
    return job


def choose(job: Job, owner: User, index: int, **whom: Any) -> None:
    segment = job.transcript.segments.all()[index]
    editing.edit(job.transcript, owner, [SetSpeaker(segment=segment.pk, revision=segment.revision, **whom)])


def flags_of(job: Job) -> list[bool]:
    return list(job.transcript.segments.values_list("is_speaker_chosen", flat=True))


def found_anew(*labels: str, shift: float = 0.0) -> Binding:
    """A step that finds the same words, a little later, with these speakers; "" for nobody."""

    def assemble(files: Files, options: TranscribeOptions, run: Run, part: int) -> None:
        segments = []
        for index, label in enumerate(labels):
            at = index * 4.0 + shift
            words = (Word("Part", at, at + 1), Word(f"{index}.", at + 1, at + 2))
            segments.append(SpokenSegment(at, at + 2, f"Part {index}.", words, label or None))
        files.dump("transcript.json", Transcript("en", tuple(segments), 12.0, options.engine, options.model))

    return assemble


def run_anew(job: Job, *labels: str, shift: float = 0.0) -> Job:
    with recipe_of(assemble=found_anew(*labels, shift=shift)):
        assert lifecycle.find_speakers(job, SpeakerOptions(exact=2))
        return finish(Job.objects.get(pk=job.pk))


def test_a_speaker_set_by_hand_survives_a_new_search(chosen: Job) -> None:
    job = run_again(chosen)

    assert voices_of(job.transcript) == ["Speaker 1", "Zoë", "Speaker 1"]
    assert flags_of(job) == [False, True, False]
    assert list(job.transcript.segments.values_list("is_edited", flat=True)) == [False] * 3


def test_and_every_search_after_that(chosen: Job) -> None:
    job = run_again(run_again(chosen))

    assert voices_of(job.transcript) == ["Speaker 1", "Zoë", "Speaker 1"]
    assert flags_of(job) == [False, True, False]


def test_the_new_search_may_find_the_same_person_by_itself(chosen: Job) -> None:
    job = run_anew(chosen, "SPEAKER_00", "SPEAKER_01", "SPEAKER_01")

    assert voices_of(job.transcript) == ["Speaker 1", "Zoë", "Zoë"]
    assert flags_of(job) == [False, True, False]


def test_nobody_can_be_chosen_too(owner: User, chosen: Job) -> None:
    choose(chosen, owner, 2, speaker=None)

    job = run_again(chosen)

    assert voices_of(job.transcript) == ["Speaker 1", "Zoë", ""]
    assert flags_of(job) == [False, True, True]


def test_a_choice_survives_where_nobody_looked_for_speakers(chosen: Job) -> None:
    job = run_anew(chosen, "", "", "")

    assert voices_of(job.transcript) == ["", "Zoë", ""]


def test_words_that_another_engine_hears_a_bit_later_are_still_hers(chosen: Job) -> None:
    job = run_anew(chosen, "SPEAKER_00", "SPEAKER_00", "SPEAKER_00", shift=0.9)

    assert voices_of(job.transcript) == ["Speaker 1", "Zoë", "Speaker 1"]


def test_a_choice_among_speakers_without_names_survives(owner: User, chosen: Job) -> None:
    job = run_anew(chosen, "SPEAKER_00", "SPEAKER_01", "SPEAKER_00")
    zoe = job.transcript.speakers.get(name="Zoë")
    editing.edit(job.transcript, owner, [RenameSpeaker(speaker=zoe.pk, was="Zoë", name="")])

    again = run_anew(job, "SPEAKER_00", "SPEAKER_00", "SPEAKER_00")

    assert voices_of(again.transcript) == ["Speaker 1", "Speaker 2", "Speaker 1"]


def test_a_corrected_sentence_keeps_its_chosen_speaker(owner: User, chosen: Job) -> None:
    segment = chosen.transcript.segments.all()[1]
    editing.edit(chosen.transcript, owner, [SetText(segment=segment.pk, revision=1, text="Party one.")])

    job = run_again(chosen)

    assert (texts_of(job.transcript)[1], voices_of(job.transcript)[1], flags_of(job)[1]) == ("Party one.", "Zoë", True)


def test_a_choice_that_was_undone_counts_no_more(owner: User, chosen: Job) -> None:
    change_log.undo(chosen.transcript, owner)

    job = run_again(chosen)

    assert voices_of(job.transcript) == ["Speaker 1"] * 3
    assert flags_of(job) == [False] * 3


def test_both_parts_of_a_split_sentence_keep_the_choice_and_a_merged_speaker_gives_it_on(
    owner: User, chosen: Job
) -> None:
    segment = chosen.transcript.segments.all()[1]
    editing.edit(chosen.transcript, owner, [Split(segment=segment.pk, revision=1, offset=4)])
    assert flags_of(chosen) == [False, True, True, False]
    first, zoe = chosen.transcript.speakers.all()

    editing.edit(chosen.transcript, owner, [MergeSpeakers(speaker=first.pk, into=zoe.pk)])

    assert flags_of(chosen) == [False, True, True, False]
    assert voices_of(run_again(chosen).transcript) == ["Zoë"] * 3

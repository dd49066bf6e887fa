"""Each operation changes what it says, is one entry of the history, and can be undone and done again."""

import random
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User

from jobs.models import Change, ChangeKind, Segment, SegmentChange, Transcript
from jobs.services import change_log, editing, phrases, versions
from jobs.services.change_log import EditConflict, EditRefused
from jobs.services.edit_operations import (
    AnyOperation,
    Confirm,
    Delete,
    Insert,
    Join,
    MergeSpeakers,
    RenameSpeaker,
    ReplaceAll,
    SetSpeaker,
    SetText,
    SetTimes,
    Shift,
    Split,
)
from tests.jobs.transcripts import make_transcript, texts_of, voices_of

pytestmark = pytest.mark.django_db

TEXTS = ["We met in may.", "Who was there?", "The May team.", "And then?"]


@pytest.fixture
def transcript(owner: User) -> Transcript:
    return make_transcript(owner, TEXTS, speakers="0110", duration=60.0)


def nth(transcript: Transcript, index: int) -> dict[str, int]:
    """What names a segment and the revision of it that is seen now."""
    segment = list(transcript.segments.all())[index]
    return {"segment": segment.pk, "revision": segment.revision}


def speaker_ids(transcript: Transcript) -> list[int]:
    return list(transcript.speakers.values_list("pk", flat=True))


def state(transcript: Transcript) -> list[Any]:
    """All that a transcript says, without its revisions."""
    segments = [(segment.pk, change_log.content(segment)) for segment in transcript.segments.all()]
    return [segments, sorted((each.pk, each.label, each.name) for each in transcript.speakers.all())]


def do(transcript: Transcript, person: User, *operations: AnyOperation) -> change_log.Outcome:
    return editing.edit(transcript, person, operations)


# Operations -----------------------------------------------------------------------------------------------------------


def test_a_corrected_word_keeps_its_neighbors_and_is_known_as_corrected(transcript: Transcript, owner: User) -> None:
    outcome = do(transcript, owner, SetText(**nth(transcript, 0), text="We met in June."))

    segment = transcript.segments.first()
    assert segment is not None
    assert segment.words == [
        ["We", 0.0, 1.0, 0.5],
        ["met", 1.0, 2.0, 0.5],
        ["in", 2.0, 3.0, 0.5],
        ["June.", 3.0, 4.0, 1.0, ["confirmed"]],
    ]
    assert (segment.is_edited, segment.revision, segment.confidence) == (True, 1, 0.625)
    assert (outcome.transcript.revision, list(outcome.segments), outcome.removed) == (1, [segment.pk], [])


def test_white_space_and_control_characters_do_not_come_in(transcript: Transcript, owner: User) -> None:
    do(transcript, owner, SetText(**nth(transcript, 0), text=" We\nmet \x00 in\tmay. "))

    assert texts_of(transcript)[0] == "We met in may."
    assert transcript.changes.count() == 0


def test_a_segment_is_split_where_asked(transcript: Transcript, owner: User) -> None:
    do(transcript, owner, Split(**nth(transcript, 0), offset=6))

    first, second = transcript.segments.all()[:2]
    assert (first.text, first.start, first.end) == ("We met", 0.0, 2.0)
    assert (second.text, second.start, second.end) == ("in may.", 2.0, 4.0)
    assert [row[0] for row in second.words] == ["in", "may."]
    assert second.speaker_id == first.speaker_id


@pytest.mark.parametrize("offset", [0, 14, 99])
def test_a_split_needs_words_on_both_sides(transcript: Transcript, owner: User, offset: int) -> None:
    with pytest.raises(EditRefused, match="both sides"):
        do(transcript, owner, Split(**nth(transcript, 0), offset=offset))


def test_two_segments_are_joined(transcript: Transcript, owner: User) -> None:
    following = nth(transcript, 1)

    outcome = do(
        transcript,
        owner,
        Join(**nth(transcript, 0), following=following["segment"], following_revision=following["revision"]),
    )

    joined = transcript.segments.first()
    assert joined is not None
    assert (joined.text, joined.start, joined.end) == ("We met in may. Who was there?", 0.0, 8.0)
    assert len(joined.words) == 7
    assert outcome.removed == [following["segment"]]


def test_joined_sentences_that_overlap_have_their_words_one_after_the_other(
    transcript: Transcript, owner: User
) -> None:
    following = list(transcript.segments.all())[1]
    following.start, following.end = 2.5, 5.5
    following.words = [["Who", 2.5, 3.5, 0.5], ["was", 3.5, 4.5, 0.5], ["there?", 4.5, 5.5, 0.5]]
    following.save()

    do(transcript, owner, join_op(transcript, 0))

    joined = transcript.segments.first()
    assert joined is not None
    assert [row[0] for row in joined.words] == ["We", "met", "in", "may.", "Who", "was", "there?"]
    assert [row[1:3] for row in joined.words[:2]] == [[0.0, 1.0], [1.0, 2.0]]
    assert joined.words[-1][1:3] == [4.5, 5.5]
    edges = [joined.start, *(edge for row in joined.words for edge in row[1:3]), joined.end]
    assert edges == sorted(edges)
    assert all(row[2] > row[1] for row in joined.words)


def test_only_neighbors_are_joined(transcript: Transcript, owner: User) -> None:
    far = nth(transcript, 2)

    with pytest.raises(EditConflict, match="between"):
        do(transcript, owner, Join(**nth(transcript, 0), following=far["segment"], following_revision=0))


def test_the_speaker_of_one_segment_changes(transcript: Transcript, owner: User) -> None:
    do(transcript, owner, SetSpeaker(**nth(transcript, 1), speaker=speaker_ids(transcript)[0]))

    assert voices_of(transcript) == ["Speaker 1", "Speaker 1", "Speaker 2", "Speaker 1"]


def test_the_speaker_changes_from_here_to_the_end_of_the_turn(transcript: Transcript, owner: User) -> None:
    do(transcript, owner, SetSpeaker(**nth(transcript, 1), name="Zoë", reach="onward"))

    assert voices_of(transcript) == ["Speaker 1", "Zoë", "Zoë", "Speaker 1"]
    assert transcript.speakers.get(name="Zoë").label == "SPEAKER_02"


def test_a_name_that_is_there_already_is_that_speaker(transcript: Transcript, owner: User) -> None:
    do(transcript, owner, SetSpeaker(**nth(transcript, 0), name="speaker 2"))

    assert voices_of(transcript)[0] == "Speaker 2"
    assert transcript.speakers.count() == 2


def test_a_segment_can_be_nobodys(transcript: Transcript, owner: User) -> None:
    do(transcript, owner, SetSpeaker(**nth(transcript, 0)))

    assert voices_of(transcript)[0] == ""


def test_a_speaker_is_renamed_everywhere(transcript: Transcript, owner: User) -> None:
    do(transcript, owner, RenameSpeaker(speaker=speaker_ids(transcript)[1], was="", name=" Ann  Lee "))

    assert voices_of(transcript) == ["Speaker 1", "Ann Lee", "Ann Lee", "Speaker 1"]


def test_two_speakers_cannot_have_one_name(transcript: Transcript, owner: User) -> None:
    with pytest.raises(EditRefused, match="Merge"):
        do(transcript, owner, RenameSpeaker(speaker=speaker_ids(transcript)[1], was="", name="speaker 1"))


def test_speakers_are_merged(transcript: Transcript, owner: User) -> None:
    first, second = speaker_ids(transcript)

    do(transcript, owner, MergeSpeakers(speaker=second, into=first))

    assert voices_of(transcript) == ["Speaker 1"] * 4
    assert speaker_ids(transcript) == [first]


def test_times_are_set_and_words_stay_inside(transcript: Transcript, owner: User) -> None:
    do(transcript, owner, SetTimes(**nth(transcript, 0), start=0.5, end=3.25))

    segment = transcript.segments.first()
    assert segment is not None
    assert (segment.start, segment.end) == (0.5, 3.25)
    assert [row[1:3] for row in segment.words] == [[0.5, 1.0], [1.0, 2.0], [2.0, 3.0], [3.0, 3.25]]


def test_a_segment_moves_in_time_and_all_behind_it_too_when_asked(transcript: Transcript, owner: User) -> None:
    do(transcript, owner, Shift(**nth(transcript, 2), seconds=0.5, reach="onward"))

    assert list(transcript.segments.values_list("start", flat=True)) == [0.0, 5.0, 9.5, 13.5]
    assert transcript.segments.all()[3].words[0][:2] == ["And", 13.5]


@pytest.mark.parametrize("seconds", [-0.5, 100.0])
def test_nothing_moves_out_of_the_recording(transcript: Transcript, owner: User, seconds: float) -> None:
    with pytest.raises(EditRefused, match="recording"):
        do(transcript, owner, Shift(**nth(transcript, 0), seconds=seconds))


def test_a_segment_is_inserted_where_its_time_is(transcript: Transcript, owner: User) -> None:
    do(transcript, owner, Insert(start=4.2, end=4.8, text="Hm. Yes."))

    inserted = transcript.segments.all()[1]
    assert inserted.text == "Hm. Yes."
    assert [row[1:3] for row in inserted.words] == [[4.2, 4.457], [4.457, 4.8]]


def test_a_segment_must_end_after_it_begins(transcript: Transcript, owner: User) -> None:
    with pytest.raises(EditRefused, match="end after"):
        do(transcript, owner, Insert(start=4.8, end=4.8, text="Hm."))


def test_a_segment_is_deleted(transcript: Transcript, owner: User) -> None:
    do(transcript, owner, Delete(**nth(transcript, 1)))

    assert texts_of(transcript) == [TEXTS[0], *TEXTS[2:]]


@pytest.mark.parametrize(
    ("options", "texts"),
    [
        ({}, ["We met in June.", "The June team."]),
        ({"match_case": True}, ["We met in June.", "The May team."]),
    ],
)
def test_all_places_are_replaced_in_one_change(
    transcript: Transcript, owner: User, options: dict[str, bool], texts: list[str]
) -> None:
    do(transcript, owner, ReplaceAll(revision=0, find="may", replacement="June", **options))

    assert [texts_of(transcript)[index] for index in (0, 2)] == texts
    assert transcript.changes.count() == 1


def test_whole_words_are_whole_in_any_script(owner: User) -> None:
    made = make_transcript(owner, ["кот и котик", "a cat, cat_s (cat)"])

    def count(phrase: str) -> int:
        return len(list(phrases.matches(made, phrases.pattern(phrase, whole_word=True))))

    assert (count("Кот"), count("cat")) == (1, 2)


def test_what_a_replacement_leaves_empty_goes(owner: User) -> None:
    made = make_transcript(owner, ["Um.", "Um. Well."])

    do(made, owner, ReplaceAll(revision=0, find="um.", replacement=""))

    assert texts_of(made) == ["Well."]


def test_a_replacement_is_taken_as_it_is_written(owner: User) -> None:
    made = make_transcript(owner, ["a.b axb"])

    do(made, owner, ReplaceAll(revision=0, find="a.b", replacement=r"\1 \g<0>"))

    assert texts_of(made) == [r"\1 \g<0> axb"]


def test_a_word_is_confirmed(transcript: Transcript, owner: User) -> None:
    do(transcript, owner, Confirm(**nth(transcript, 0), word=3))

    segment = transcript.segments.first()
    assert segment is not None
    assert segment.words[3] == ["may.", 3.0, 4.0, 1.0, ["confirmed"]]
    assert segment.spoken_words[3].is_confirmed


# Undo, redo, restore --------------------------------------------------------------------------------------------------

EVERYTHING: dict[str, Callable[[Transcript], AnyOperation]] = {
    "text": lambda t: SetText(**nth(t, 0), text="Entirely other words."),
    "split": lambda t: Split(**nth(t, 0), offset=6),
    "join": lambda t: Join(**nth(t, 0), following=nth(t, 1)["segment"], following_revision=nth(t, 1)["revision"]),
    "speaker": lambda t: SetSpeaker(**nth(t, 1), name="New", reach="onward"),
    "rename": lambda t: RenameSpeaker(speaker=speaker_ids(t)[0], was="", name="Ann"),
    "merge": lambda t: MergeSpeakers(speaker=speaker_ids(t)[0], into=speaker_ids(t)[1]),
    "times": lambda t: SetTimes(**nth(t, 0), start=0.1, end=3.9),
    "shift": lambda t: Shift(**nth(t, 1), seconds=0.25, reach="onward"),
    "insert": lambda t: Insert(start=4.1, end=4.9, text="Yes."),
    "delete": lambda t: Delete(**nth(t, 1)),
    "replace": lambda t: ReplaceAll(revision=Transcript.objects.get(pk=t.pk).revision, find="e", replacement="i"),
    "confirm": lambda t: Confirm(**nth(t, 0), word=1),
}


def test_every_operation_is_tried() -> None:
    assert {*EVERYTHING, "undo", "redo", "restore"} == set(ChangeKind.values)


@pytest.mark.parametrize("kind", EVERYTHING)
def test_each_operation_is_one_change_and_has_a_way_back_and_forth(
    transcript: Transcript, owner: User, kind: str
) -> None:
    before = state(transcript)

    do(transcript, owner, EVERYTHING[kind](transcript))
    after = state(transcript)
    change_log.undo(transcript, owner)
    undone = state(transcript)
    change_log.redo(transcript, owner)

    assert undone == before != after
    assert state(transcript) == after
    assert list(transcript.changes.order_by("number").values_list("kind", "number")) == [
        (kind, 1),
        ("undo", 2),
        ("redo", 3),
    ]


def test_many_changes_are_undone_and_done_again_in_order(transcript: Transcript, owner: User) -> None:
    chosen = random.Random(5)
    states = [state(transcript)]
    for _ in range(40):
        operation = EVERYTHING[chosen.choice(["text", "split", "join", "shift", "insert", "delete", "confirm"])]
        try:
            do(transcript, owner, operation(transcript))
        except (EditRefused, EditConflict, IndexError):
            continue
        if state(transcript) != states[-1]:
            states.append(state(transcript))

    for wanted in reversed(states[:-1]):
        change_log.undo(transcript, owner)
        assert state(transcript) == wanted
    for wanted in states[1:]:
        change_log.redo(transcript, owner)
        assert state(transcript) == wanted
    assert len(states) > 20


def test_something_else_instead_of_redo_ends_what_was_undone(transcript: Transcript, owner: User) -> None:
    do(transcript, owner, SetText(**nth(transcript, 0), text="One."))
    do(transcript, owner, SetText(**nth(transcript, 0), text="Two."))
    change_log.undo(transcript, owner)
    do(transcript, owner, SetText(**nth(transcript, 0), text="Three."))

    with pytest.raises(EditRefused, match="nothing to do again"):
        change_log.redo(transcript, owner)
    change_log.undo(transcript, owner)
    assert texts_of(transcript)[0] == "One."
    change_log.undo(transcript, owner)
    assert texts_of(transcript)[0] == TEXTS[0]
    change_log.redo(transcript, owner)
    assert texts_of(transcript)[0] == "One."


def test_everybody_undoes_their_own(transcript: Transcript, owner: User, stranger: User) -> None:
    do(transcript, owner, SetText(**nth(transcript, 0), text="Mine."))
    do(transcript, stranger, SetText(**nth(transcript, 1), text="Theirs."))

    change_log.undo(transcript, owner)

    assert texts_of(transcript)[:2] == [TEXTS[0], "Theirs."]
    with pytest.raises(EditRefused):
        change_log.undo(transcript, owner)


def test_what_somebody_else_changed_since_is_not_undone(transcript: Transcript, owner: User, stranger: User) -> None:
    do(transcript, owner, SetText(**nth(transcript, 0), text="Mine."))
    do(transcript, stranger, SetText(**nth(transcript, 0), text="Mine and theirs."))

    with pytest.raises(EditConflict) as refused:
        change_log.undo(transcript, owner)

    (conflict,) = refused.value.conflicts
    assert conflict.theirs and conflict.theirs["text"] == "Mine and theirs."
    assert conflict.yours and conflict.yours["text"] == TEXTS[0]
    assert texts_of(transcript)[0] == "Mine and theirs."
    assert transcript.changes.count() == 2


def test_what_cannot_be_undone_is_passed_over_the_next_time(
    transcript: Transcript, owner: User, stranger: User
) -> None:
    do(transcript, owner, SetText(**nth(transcript, 1), text="Before."))
    do(transcript, owner, SetText(**nth(transcript, 0), text="Mine."))
    do(transcript, stranger, SetText(**nth(transcript, 0), text="Mine and theirs."))

    with pytest.raises(EditConflict, match="The next undo") as refused:
        change_log.undo(transcript, owner, "a")
    with pytest.raises(EditConflict) as again:  # when the answer got lost
        change_log.undo(transcript, owner, "a")

    assert [each.segment for each in again.value.conflicts] == [each.segment for each in refused.value.conflicts]
    assert texts_of(transcript)[:2] == ["Mine and theirs.", "Before."]
    assert transcript.changes.get(number=2).standing == "kept"
    change_log.undo(transcript, owner)
    assert texts_of(transcript)[:2] == ["Mine and theirs.", TEXTS[1]]
    with pytest.raises(EditRefused, match="nothing to undo"):
        change_log.undo(transcript, owner)
    change_log.redo(transcript, owner)
    assert texts_of(transcript)[:2] == ["Mine and theirs.", "Before."]


def test_what_cannot_be_done_again_is_passed_over_too(transcript: Transcript, owner: User, stranger: User) -> None:
    do(transcript, owner, SetText(**nth(transcript, 0), text="Mine."))
    do(transcript, owner, SetText(**nth(transcript, 1), text="After."))
    for _ in range(2):
        change_log.undo(transcript, owner)
    do(transcript, stranger, SetText(**nth(transcript, 0), text="Theirs."))

    with pytest.raises(EditConflict, match="after it"):
        change_log.redo(transcript, owner)

    change_log.redo(transcript, owner)
    assert texts_of(transcript)[:2] == ["Theirs.", "After."]
    with pytest.raises(EditRefused, match="nothing to do again"):
        change_log.redo(transcript, owner)
    change_log.undo(transcript, owner)
    assert texts_of(transcript)[:2] == ["Theirs.", TEXTS[1]]


def test_what_somebody_else_changed_beside_it_stays(transcript: Transcript, owner: User, stranger: User) -> None:
    do(transcript, owner, SetText(**nth(transcript, 0), text="Mine."))
    do(transcript, stranger, SetSpeaker(**nth(transcript, 0), name="Zoë"))

    change_log.undo(transcript, owner)

    assert (texts_of(transcript)[0], voices_of(transcript)[0]) == (TEXTS[0], "Zoë")


def test_a_speaker_somebody_else_uses_by_now_stays(transcript: Transcript, owner: User, stranger: User) -> None:
    do(transcript, owner, SetSpeaker(**nth(transcript, 0), name="Zoë"))
    do(transcript, stranger, SetSpeaker(**nth(transcript, 1), name="Zoë"))

    with pytest.raises(EditConflict):
        change_log.undo(transcript, owner)

    assert voices_of(transcript)[:2] == ["Zoë", "Zoë"]


def test_every_point_of_the_history_can_be_restored_as_one_change(transcript: Transcript, owner: User) -> None:
    states = [state(transcript)]
    for operation in EVERYTHING.values():
        try:
            do(transcript, owner, operation(transcript))
        except EditRefused:
            continue
        states.append(state(transcript))
    last = len(states) - 1

    for number in [0, last, 3, 7, 1, last]:
        revision = Transcript.objects.get(pk=transcript.pk).revision
        change_log.restore(transcript, owner, number=number, revision=revision)

        assert state(transcript) == states[number], number
        assert Transcript.objects.get(pk=transcript.pk).revision == revision + 1
    change_log.undo(transcript, owner)
    assert state(transcript) == states[1]


def test_one_segment_can_be_restored_alone(transcript: Transcript, owner: User) -> None:
    do(transcript, owner, SetText(**nth(transcript, 0), text="One."))
    do(transcript, owner, SetText(**nth(transcript, 1), text="Two."))

    change_log.restore(transcript, owner, number=0, revision=2, segment=nth(transcript, 0)["segment"])

    assert texts_of(transcript)[:2] == [TEXTS[0], "Two."]


def revision_of(transcript: Transcript) -> int:
    return Transcript.objects.get(pk=transcript.pk).revision


def restore_one(transcript: Transcript, person: User, segment: int, number: int) -> change_log.Outcome:
    revision = revision_of(transcript)
    return change_log.restore(transcript, person, number=number, revision=revision, segment=segment)


def join_op(transcript: Transcript, index: int) -> Join:
    following = nth(transcript, index + 1)
    return Join(**nth(transcript, index), following=following["segment"], following_revision=following["revision"])


@pytest.mark.parametrize("half", [0, 1])
def test_a_segment_from_before_it_was_split_takes_back_what_was_cut_off(
    transcript: Transcript, owner: User, half: int
) -> None:
    do(transcript, owner, Split(**nth(transcript, 0), offset=6))
    do(transcript, owner, SetText(**nth(transcript, half), text="Something else."))
    do(transcript, owner, SetText(**nth(transcript, 2), text="Elsewhere."))
    before = state(transcript)
    first = nth(transcript, 0)["segment"]

    restore_one(transcript, owner, first, 0)

    assert texts_of(transcript) == [TEXTS[0], "Elsewhere.", *TEXTS[2:]]
    assert transcript.changes.count() == 4
    change_log.undo(transcript, owner)
    assert state(transcript) == before


def test_a_segment_from_before_it_was_joined_gives_back_what_it_took(transcript: Transcript, owner: User) -> None:
    do(transcript, owner, SetText(**nth(transcript, 1), text="Who came?"))
    do(transcript, owner, join_op(transcript, 0))
    do(transcript, owner, SetText(**nth(transcript, 0), text="All of it in other words."))
    before = state(transcript)

    restore_one(transcript, owner, nth(transcript, 0)["segment"], 0)

    assert texts_of(transcript) == [TEXTS[0], "Who came?", *TEXTS[2:]]
    change_log.undo(transcript, owner)
    assert state(transcript) == before


def test_segments_that_shared_words_by_way_of_others_come_back_too(transcript: Transcript, owner: User) -> None:
    do(transcript, owner, Split(**nth(transcript, 0), offset=6))
    do(transcript, owner, join_op(transcript, 1))
    assert texts_of(transcript) == ["We met", "in may. Who was there?", *TEXTS[2:]]

    restore_one(transcript, owner, nth(transcript, 0)["segment"], 0)

    assert texts_of(transcript) == TEXTS


def test_a_segment_comes_back_across_a_way_back_that_others_shared(transcript: Transcript, owner: User) -> None:
    do(transcript, owner, Split(**nth(transcript, 0), offset=6))
    do(transcript, owner, SetText(**nth(transcript, 2), text="Elsewhere."))
    change_log.restore(transcript, owner, number=0, revision=2)

    restore_one(transcript, owner, nth(transcript, 0)["segment"], 1)

    assert texts_of(transcript) == ["We met", "in may.", *TEXTS[1:]]


def test_what_was_cut_off_before_keeps_what_was_done_to_it(transcript: Transcript, owner: User) -> None:
    do(transcript, owner, Split(**nth(transcript, 0), offset=6))
    do(transcript, owner, SetText(**nth(transcript, 0), text="We sat"))
    do(transcript, owner, SetText(**nth(transcript, 1), text="in June."))

    restore_one(transcript, owner, nth(transcript, 0)["segment"], 1)

    assert texts_of(transcript)[:2] == ["We met", "in June."]


def test_what_somebody_else_corrected_in_the_other_part_is_not_lost(
    transcript: Transcript, owner: User, stranger: User
) -> None:
    do(transcript, owner, Split(**nth(transcript, 0), offset=6))
    other = nth(transcript, 1)["segment"]
    do(transcript, stranger, SetText(**nth(transcript, 1), text="in June."))
    before = state(transcript)

    with pytest.raises(EditConflict, match="shared words") as refused:
        restore_one(transcript, owner, nth(transcript, 0)["segment"], 0)

    (conflict,) = refused.value.conflicts
    assert (conflict.segment, (conflict.theirs or {})["text"], conflict.yours) == (other, "in June.", None)
    assert conflict.last and conflict.last.person == stranger
    assert state(transcript) == before
    change_log.undo(transcript, stranger)
    restore_one(transcript, owner, nth(transcript, 0)["segment"], 0)
    assert texts_of(transcript) == TEXTS


def test_what_somebody_else_corrected_before_a_join_stays_when_it_is_taken_apart(
    transcript: Transcript, owner: User, stranger: User
) -> None:
    do(transcript, owner, SetText(**nth(transcript, 0), text="We sat."))
    do(transcript, stranger, SetText(**nth(transcript, 1), text="Who came?"))
    do(transcript, owner, join_op(transcript, 0))

    restore_one(transcript, owner, nth(transcript, 0)["segment"], 0)

    assert texts_of(transcript) == [TEXTS[0], "Who came?", *TEXTS[2:]]


def test_a_passage_that_comes_back_with_another_keeps_the_speaker_it_has(
    transcript: Transcript, owner: User, stranger: User
) -> None:
    do(transcript, owner, Split(**nth(transcript, 0), offset=6))
    do(transcript, stranger, SetSpeaker(**nth(transcript, 0), name="Zoë"))

    restore_one(transcript, owner, nth(transcript, 1)["segment"], 0)

    assert (texts_of(transcript), voices_of(transcript)[0]) == (TEXTS, "Zoë")


def test_one_segment_is_not_restored_alone_across_another_version(transcript: Transcript, owner: User) -> None:
    old = Transcript.objects.create(
        recording=transcript.recording, language="en", engine="vosk", model="", shown_at=transcript.created_at
    )
    Transcript.objects.filter(pk=old.pk).update(shown_at=transcript.shown_at - timedelta(hours=1))
    old.segments.create(start=0.0, end=1.0, text="Older.")
    versions.restore_version(transcript, owner, version=old.pk, revision=0)

    with pytest.raises(EditRefused, match="Another version"):
        restore_one(transcript, owner, nth(transcript, 0)["segment"], 0)

    assert texts_of(transcript) == ["Older."]


@pytest.mark.parametrize("seed", range(12))
def test_whatever_was_cut_and_joined_a_segment_comes_back_without_loss(owner: User, seed: int) -> None:
    chance = random.Random(seed)
    made = make_transcript(owner, [" ".join(f"w{place}{number}" for number in range(6)) for place in "abcd"])
    words = sorted(" ".join(texts_of(made)).split())
    saved = {0: dict(made.segments.values_list("pk", "text"))}
    for _ in range(14):
        count = made.segments.count()
        index = chance.randrange(count)
        text = texts_of(made)[index]
        kind = chance.choice(["split", "split", "join", "undo", "redo", "one"])
        try:
            if kind == "split":
                do(made, owner, Split(**nth(made, index), offset=text.find(" ") if " " in text else 0))
            elif kind == "join" and index + 1 < count:
                do(made, owner, join_op(made, index))
            elif kind == "one":
                number = chance.randint(0, revision_of(made))
                segment = chance.choice([*saved[number]])
                restore_one(made, owner, segment, number)
                assert dict(made.segments.values_list("pk", "text")).get(segment) == saved[number][segment]
            elif kind in ("undo", "redo"):
                (change_log.undo if kind == "undo" else change_log.redo)(made, owner)
        except (EditRefused, EditConflict):
            continue
        saved[revision_of(made)] = dict(made.segments.values_list("pk", "text"))
        assert sorted(" ".join(texts_of(made)).split()) == words


def test_nothing_is_restored_over_changes_that_were_not_seen(transcript: Transcript, owner: User) -> None:
    do(transcript, owner, SetText(**nth(transcript, 0), text="One."))

    with pytest.raises(EditConflict):
        change_log.restore(transcript, owner, number=0, revision=0)


# Two people -----------------------------------------------------------------------------------------------------------


def test_a_stale_change_is_refused_with_all_three_texts(transcript: Transcript, owner: User, stranger: User) -> None:
    seen = nth(transcript, 0)
    do(transcript, stranger, SetText(**seen, text="Theirs."))

    with pytest.raises(EditConflict) as refused:
        do(transcript, owner, SetText(**seen, text="Mine."))

    (conflict,) = refused.value.conflicts
    assert (conflict.base or {})["text"] == TEXTS[0]
    assert (conflict.theirs or {})["text"] == "Theirs."
    assert conflict.yours == {"text": "Mine."}
    assert conflict.revision == 1
    assert conflict.last and conflict.last.person == stranger
    assert texts_of(transcript)[0] == "Theirs."


def test_a_change_of_a_deleted_segment_tells_what_it_was(transcript: Transcript, owner: User, stranger: User) -> None:
    seen = nth(transcript, 0)
    do(transcript, stranger, Delete(**seen))

    with pytest.raises(EditConflict) as refused:
        do(transcript, owner, SetText(**seen, text="Mine."))

    (conflict,) = refused.value.conflicts
    assert (conflict.theirs, (conflict.base or {})["text"]) == (None, TEXTS[0])


def test_the_same_change_again_is_none(transcript: Transcript, owner: User) -> None:
    operation = SetText(**nth(transcript, 0), text="Mine.")

    do(transcript, owner, operation)
    again = do(transcript, owner, operation)

    assert (again.changes, transcript.changes.count()) == ([], 1)


def test_all_of_several_operations_are_done_or_none(transcript: Transcript, owner: User) -> None:
    with pytest.raises(EditConflict):
        do(
            transcript,
            owner,
            SetText(**nth(transcript, 0), text="Mine."),
            SetText(segment=nth(transcript, 1)["segment"], revision=7, text="Stale."),
        )

    assert texts_of(transcript) == TEXTS
    assert Change.objects.count() == 0


def test_a_speaker_renamed_by_somebody_else_is_not_renamed_over(
    transcript: Transcript, owner: User, stranger: User
) -> None:
    speaker = speaker_ids(transcript)[0]
    do(transcript, stranger, RenameSpeaker(speaker=speaker, was="", name="Ann"))

    with pytest.raises(EditConflict) as refused:
        do(transcript, owner, RenameSpeaker(speaker=speaker, was="", name="Bea"))

    assert (refused.value.conflicts[0].theirs or {})["name"] == "Ann"


def test_a_version_that_was_replaced_is_not_changed(transcript: Transcript, owner: User) -> None:
    operation = SetText(**nth(transcript, 0), text="Mine.")
    Transcript.objects.filter(pk=transcript.pk).update(job=None)

    with pytest.raises(EditConflict, match="replaced"):
        do(transcript, owner, operation)


# Size -----------------------------------------------------------------------------------------------------------------


def test_a_split_in_a_long_transcript_touches_two_rows(
    owner: User, django_assert_max_num_queries: Callable[[int], Any]
) -> None:
    made = make_transcript(owner, ["some words here"] * 3000)
    operation = Split(**nth(made, 1500), offset=4)

    with django_assert_max_num_queries(20):
        do(made, owner, operation)

    assert SegmentChange.objects.count() == 2
    assert Segment.objects.count() == 3001


def test_merging_speakers_of_a_long_transcript_takes_few_queries(
    owner: User, django_assert_max_num_queries: Callable[[int], Any]
) -> None:
    made = make_transcript(owner, ["some words here"] * 3000, speakers="01" * 1500)
    first, second = speaker_ids(made)

    with django_assert_max_num_queries(60):
        do(made, owner, MergeSpeakers(speaker=second, into=first))

    assert SegmentChange.objects.values_list("before", "after").first() == ({"speaker": second}, {"speaker": first})

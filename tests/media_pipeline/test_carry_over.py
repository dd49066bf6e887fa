"""What people corrected survives another run."""

import random
import time
from dataclasses import replace

import pytest

from media_pipeline.text.carry_over import Choice, Kept, carry_over
from media_pipeline.transcript import Segment, Word


def segment(start: float, text: str, speaker: str | None = None) -> Segment:
    """A second for each word."""
    words = tuple(Word(word, start + index, start + index + 1, 0.5) for index, word in enumerate(text.split()))
    return Segment(start, start + len(words), text, words, speaker, 0.5)


def told(found: list[Segment], corrected: list[Segment]) -> list[tuple[str, bool]]:
    return [(each.segment.text, each.is_corrected) for each in carry_over(found, corrected, "en")]


def spoken(found: list[Segment], choices: list[Choice], corrected: list[Segment] | None = None) -> list[str]:
    kept = carry_over(found, corrected or [], "en", choices)
    return [f"{each.segment.speaker}{'!' if each.is_speaker_chosen else ''}: {each.segment.text}" for each in kept]


def test_without_corrections_all_is_as_found() -> None:
    found = [segment(0, "one two"), segment(2, "three")]

    assert carry_over(found, [], "en") == [Kept(found[0]), Kept(found[1])]


def test_a_corrected_segment_stands_instead_of_what_was_found_in_its_time() -> None:
    assert told([segment(0, "one two"), segment(2, "tree")], [segment(2, "three")]) == [
        ("one two", False),
        ("three", True),
    ]


def test_what_was_found_on_both_sides_becomes_two() -> None:
    found = [segment(0, "one two three four five")]

    assert told(found, [segment(2, "THREE")]) == [("one two", False), ("THREE", True), ("four five", False)]


def test_corrected_segments_side_by_side_leave_nothing_between() -> None:
    found = [segment(0, "one two three four")]

    assert told(found, [segment(1, "TWO"), segment(2, "THREE")]) == [
        ("one", False),
        ("TWO", True),
        ("THREE", True),
        ("four", False),
    ]


def test_a_segment_without_words_goes_when_its_middle_was_corrected() -> None:
    silent = replace(segment(0, "one two"), words=())

    assert told([silent], [segment(0, "uno dos")]) == [("uno dos", True)]


def test_a_corrected_segment_has_the_speaker_found_now() -> None:
    found = [segment(0, "one two three", "SPEAKER_01"), segment(3, "four", "SPEAKER_00")]

    kept = carry_over(found, [segment(1, "TWO THREE FOUR", "OLD")], "en")

    assert [each.segment.speaker for each in kept if each.is_corrected] == ["SPEAKER_01"]


def test_who_a_person_said_it_was_stays() -> None:
    found = [segment(0, "one two", "A"), segment(2, "three four", "A"), segment(4, "five", "B")]

    assert spoken(found, [Choice(2, 4, "B"), Choice(4, 5, None)]) == ["A: one two", "B!: three four", "None!: five"]


def test_a_sentence_that_is_partly_in_the_time_of_a_choice_becomes_several() -> None:
    kept = carry_over([segment(0, "one two three four five", "A")], [], "en", [Choice(1, 3, "B"), Choice(3, 4, "C")])

    assert [(each.segment.text, each.segment.speaker, each.is_speaker_chosen) for each in kept] == [
        ("one", "A", False),
        ("two three", "B", True),
        ("four", "C", True),
        ("five", "A", False),
    ]
    assert [{word.speaker for word in each.segment.words} for each in kept][1:3] == [{"B"}, {"C"}]
    assert [(each.segment.start, each.segment.end) for each in kept] == [(0, 1), (1, 3), (3, 4), (4, 5)]


def test_a_sentence_over_two_choices_for_the_same_speaker_stays_whole() -> None:
    found = [segment(0, "one two three four", "A")]

    assert spoken(found, [Choice(0, 2, "B"), Choice(2, 4, "B")]) == ["B!: one two three four"]


def test_words_are_given_to_somebody_by_their_middle() -> None:
    found = [segment(0.4, "one two", "A")]

    assert spoken(found, [Choice(0, 1, "B")]) == ["B!: one", "A: two"]


def test_a_corrected_sentence_is_not_cut_by_a_choice() -> None:
    found = [segment(0, "one two three four", "A")]
    corrected = [segment(0, "ONE TWO THREE", "OLD")]

    assert spoken(found, [Choice(0, 3, "B")], corrected) == ["B!: ONE TWO THREE", "A: four"]
    assert spoken(found, [Choice(2, 4, "B")], corrected) == ["A: ONE TWO THREE", "B!: four"]


def test_a_sentence_without_words_has_the_choice_of_its_middle() -> None:
    silent = replace(segment(0, "one two", "A"), words=())

    assert spoken([silent], [Choice(0.5, 1.5, "B")]) == ["B!: one two"]
    assert spoken([silent], [Choice(1.5, 3, "B")]) == ["A: one two"]


@pytest.mark.parametrize("seed", range(30))
def test_whatever_was_chosen_no_word_is_lost_and_all_are_as_chosen(seed: int) -> None:
    chance = random.Random(seed)
    found, at = [], 0.0
    while len(found) < 40:
        found.append(segment(at, " ".join("word" for _ in range(chance.randint(1, 6))), chance.choice("AB")))
        at = found[-1].end + chance.choice([0.0, 0.3, 2.0])
    borders = sorted(chance.uniform(0, at) for _ in range(20))
    choices = [Choice(start, end, chance.choice("XY")) for start, end in zip(borders[::2], borders[1::2], strict=True)]

    kept = carry_over(found, [], "en", choices)

    before = [word for each in found for word in each.words]
    after = [word for each in kept for word in each.segment.words]
    assert [(word.text, word.start, word.end) for word in before] == [
        (word.text, word.start, word.end) for word in after
    ]
    for each in kept:
        for word in each.segment.words:
            middle = (word.start + word.end) / 2
            wanted = next((choice.speaker for choice in choices if choice.start <= middle < choice.end), None)
            assert each.is_speaker_chosen == (wanted is not None)
            assert each.segment.speaker == (wanted or each.segment.speaker)


def test_ten_hours_with_every_second_speaker_chosen_take_no_time() -> None:
    found = [segment(3.0 * index, "one two", "A") for index in range(12_000)]
    choices = [Choice(each.start, each.end, "B") for each in found[::2]]

    began = time.perf_counter()
    kept = carry_over(found, found[1::4], "en", choices)

    assert time.perf_counter() - began < 2.0
    assert sum(each.is_speaker_chosen for each in kept) == 6_000

"""What people corrected survives another run."""

import random
import time
from dataclasses import replace
from itertools import pairwise

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


# Words heard a bit earlier or later than before -----------------------------------------------------------------------


def heard(*words: tuple[str, float, float]) -> Segment:
    said = tuple(Word(text, start, end, 0.5) for text, start, end in words)
    return Segment(said[0].start, said[-1].end, " ".join(word.text for word in said), said, None, 0.5)


def all_told(found: list[Segment], corrected: list[Segment], others: list[Segment], language: str = "en") -> list[str]:
    return [each.segment.text for each in carry_over(found, corrected, language, (), others)]


CAT = Segment(
    10.0,
    12.0,
    "The cat sat down",
    tuple(Word(word, 10.0 + at / 2, 10.5 + at / 2, 1.0) for at, word in enumerate(["The", "cat", "sat", "down"])),
)


def test_the_outer_words_of_a_corrected_sentence_are_not_there_twice() -> None:
    wide = heard(("the", 9.55, 9.95), ("cat,", 10.05, 10.5), ("sat", 10.5, 11.9), ("down.", 11.9, 12.3))

    assert all_told([wide], [CAT], []) == ["The cat sat down"]


def test_nor_in_sentences_of_their_own() -> None:
    found = [
        heard(("I", 8.0, 8.5), ("saw.", 8.5, 9.0), ("The", 9.55, 9.95)),
        heard(("cat", 10.05, 10.5), ("sat", 10.5, 11.9)),
        heard(("down", 11.95, 12.3), ("And", 12.6, 13.0)),
    ]

    assert all_told(found, [CAT], [heard(("I", 8.0, 8.5), ("saw", 8.5, 9.0))]) == ["I saw.", "The cat sat down", "And"]


def test_a_short_corrected_sentence_may_be_heard_all_before_its_time() -> None:
    assert all_told([heard(("Yes.", 9.7, 9.99))], [heard(("Yes!", 10.0, 10.3))], []) == ["Yes!"]


def test_what_is_said_twice_stays_twice() -> None:
    very = heard(("very", 10.0, 10.5), ("good", 10.5, 11.0))
    found = [heard(("very", 9.5, 9.9), ("very", 10.0, 10.5), ("good", 10.5, 11.0))]

    assert all_told(found, [very], []) == ["very", "very good"]


def test_a_word_that_the_sentence_before_ended_with_stays_there() -> None:
    yes = heard(("Yes,", 10.0, 10.2), ("I", 10.2, 10.5), ("do", 10.5, 11.0))
    found = [heard(("Oh", 9.2, 9.5), ("yes", 9.6, 9.9), ("I", 10.2, 10.5), ("do", 10.5, 11.0))]

    assert all_told(found, [yes], [heard(("Oh", 9.2, 9.5), ("yes.", 9.6, 9.95))]) == ["Oh yes", "Yes, I do"]


def test_words_of_the_sentences_around_are_not_lost_when_they_are_heard_inside() -> None:
    found = [
        heard(("go", 9.2, 9.6), ("away", 9.8, 10.4), ("the", 10.4, 10.6), ("cat", 10.6, 11.0), ("sat", 11.0, 11.3)),
        heard(("down", 11.3, 11.6), ("then", 11.7, 12.2), ("he", 12.2, 12.6)),
    ]
    others = [heard(("go", 9.0, 9.4), ("away.", 9.4, 9.9)), heard(("Then", 12.1, 12.4), ("he", 12.4, 12.8))]

    kept = carry_over(found, [CAT], "en", (), others)

    assert [each.segment.text for each in kept] == ["go away", "The cat sat down", "then he"]
    assert [(each.segment.start, each.segment.end) for each in kept] == [(9.2, 10.0), (10.0, 12.0), (12.0, 12.6)]


def test_between_two_corrected_sentences_each_has_its_own_word_once() -> None:
    second = heard(("It", 12.1, 12.4), ("slept", 12.4, 13.0))
    found = [heard(("the", 10.0, 10.4), ("cat", 10.4, 11.0), ("sat", 11.0, 11.4), ("down", 11.4, 11.6),
                   ("it", 11.7, 11.95), ("slept", 12.0, 12.9))]  # fmt: skip

    assert all_told(found, [CAT, second], []) == ["The cat sat down", "It slept"]


def test_the_edges_of_a_language_without_spaces() -> None:
    corrected = heard(("今日", 10.0, 10.6), ("は", 10.6, 10.8), ("晴", 10.8, 11.0), ("れ", 11.0, 11.2))
    found = [heard(("今", 9.5, 9.75), ("日", 9.75, 9.95), ("は", 10.5, 10.7), ("晴れ", 10.8, 11.1))]

    assert all_told(found, [corrected], [], "ja") == [corrected.text]


@pytest.mark.parametrize("seed", range(60))
def test_no_word_is_doubled_or_lost_however_times_move(seed: int) -> None:
    chance = random.Random(seed)
    few = ["the", "a", "yes", "no", "and"]
    before: list[Segment] = []
    said: list[tuple[str, float, float]] = []
    at = 0.0
    for number in range(30):
        words = []
        for place in range(chance.randint(1, 7)):
            text = chance.choice(few) if chance.random() < 0.2 else f"w{number}x{place}"
            words.append((text, at, at + chance.uniform(0.15, 0.5)))
            at = words[-1][2]
        before.append(heard(*words))
        said += words
        at += chance.choice([0.0, 0.05, 0.3, 1.0])
    corrected = [each for each in before if chance.random() < 0.4]
    shift = chance.uniform(-0.3, 0.3)
    again = [(text, max(0.0, start + shift), max(0.05, end + shift)) for text, start, end in said]
    cuts = sorted({0, len(again), *(chance.randrange(len(again)) for _ in range(25))})
    found = [heard(*again[first:last]) for first, last in pairwise(cuts)]

    kept = carry_over(found, corrected, "en", (), [each for each in before if each not in corrected])

    assert " ".join(each.segment.text for each in kept).split() == [text for text, _start, _end in said]


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

    began = time.process_time()
    kept = carry_over(found, found[1::4], "en", choices)

    assert time.process_time() - began < 2.0
    assert sum(each.is_speaker_chosen for each in kept) == 6_000

"""Words keep their times through corrections."""

import time
from itertools import count, pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from media_pipeline.text.realign import in_turn, realign, realign_halves
from media_pipeline.transcript import Mark, Word

HEARD = (
    Word("We", 1.0, 1.2, 0.9, "SPEAKER_00"),
    Word("met", 1.2, 1.5, 0.8, "SPEAKER_00", (Mark.OVERLAP,)),
    Word("in", 1.9, 2.0, 0.7, "SPEAKER_00"),
    Word("may.", 2.0, 2.5, 0.4, "SPEAKER_00"),
)


def again(text: str, words: tuple[Word, ...] = HEARD, language: str = "en") -> tuple[Word, ...]:
    return realign(words, text, language, start=1.0, end=3.0)


def assert_sound(words: tuple[Word, ...], start: float, end: float) -> None:
    """Monotone, no overlap, inside the segment."""
    edges = [start, *(edge for word in words for edge in (word.start, word.end)), end]
    assert all(first <= second for first, second in pairwise(edges)), edges


def test_the_same_text_changes_nothing() -> None:
    assert again("We met in may.") == HEARD


def test_case_and_punctuation_change_the_text_alone() -> None:
    we, met, in_, may = again("we met, in May!")

    assert (we.text, met.text, may.text) == ("we", "met,", "May!")
    assert (met.start, met.end, met.confidence, met.marks) == (1.2, 1.5, 0.8, (Mark.OVERLAP,))
    assert (may.start, may.end, may.confidence, may.is_confirmed) == (2.0, 2.5, 0.4, False)
    assert in_ is HEARD[2]


def test_a_changed_word_has_the_time_of_the_old_one_and_is_sure() -> None:
    words = again("We met in June.")

    assert words[:3] == HEARD[:3]
    assert words[3] == Word("June.", 2.0, 2.5, 1.0, "SPEAKER_00", is_confirmed=True)


def test_new_words_share_the_time_of_those_they_replace_by_length() -> None:
    words = again("We met in a marvelous.")

    assert [word.text for word in words[3:]] == ["a", "marvelous."]
    assert words[3].start == 2.0
    assert words[4].end >= 2.5
    assert words[3].end == words[4].start
    assert (words[4].end - words[4].start) / (words[3].end - words[3].start) == pytest.approx(10, rel=0.05)


def test_a_word_put_into_a_pause_stands_next_to_the_word_before_it() -> None:
    words = again("We met up in may.")

    assert (words[2].text, words[2].start, words[2].end) == ("up", 1.5, 1.7)
    assert [*words[:2], *words[3:]] == list(HEARD)


def test_where_there_is_no_pause_a_new_word_has_no_length() -> None:
    words = again("We all met in may.")

    assert (words[1].start, words[1].end) == (1.2, 1.2)
    assert [words[0], *words[2:]] == list(HEARD)


def test_a_removed_word_leaves_its_neighbors_alone() -> None:
    assert again("We met may.") == (HEARD[0], HEARD[1], HEARD[3])


def test_a_word_that_is_there_twice_keeps_the_one_that_is_written_the_same() -> None:
    words = (Word("No,", 1.0, 1.5), Word("no.", 1.5, 2.0))

    assert again("no.", words) == (words[1],)


def test_words_of_a_segment_without_any_fill_it() -> None:
    words = again("Brand new text", ())

    assert (words[0].start, words[-1].end) == (1.0, 3.0)
    assert_sound(words, 1.0, 3.0)


def test_a_text_without_words_has_none() -> None:
    assert again("  ") == ()


def test_chinese_words_stay_when_their_characters_do() -> None:
    words = (
        Word("今天", 1.0, 1.4, 0.9),
        Word("天气", 1.4, 1.8, 0.9),
        Word("很", 1.8, 2.0, 0.9),
        Word("好。", 2.0, 2.6, 0.9),
    )

    corrected = again("今天天色不好。", words, "zh")

    assert [word.text for word in corrected] == ["今天", "天", "色", "不", "好。"]
    assert (corrected[0], corrected[-1]) == (words[0], words[3])
    assert corrected[1].start == 1.4
    assert corrected[3].end == 2.0
    assert_sound(corrected, 1.0, 3.0)


def test_new_punctuation_stands_with_the_character_before_it_and_names_stay_whole() -> None:
    corrected = again("我用Linux，你呢", (), "zh")

    assert [word.text for word in corrected] == ["我", "用", "Linux，", "你", "呢"]


def test_japanese_text_is_what_its_words_say() -> None:
    words = (Word("東京 ", 1.0, 1.5), Word("です。", 1.5, 2.0))

    assert "".join(word.text for word in again("東京 都です。", words, "ja")) == "東京 都です。"


def test_halves_have_the_words_of_either_side() -> None:
    first, second = realign_halves(HEARD, ("We met", "in may."), "en", start=1.0, end=3.0)

    assert (first, second) == (HEARD[:2], HEARD[2:])


def test_a_word_cut_in_two_shares_its_time() -> None:
    first, second = realign_halves((Word("together", 1.0, 2.0, 0.5),), ("to", "gether"), "en", start=1.0, end=2.0)

    assert first == (Word("to", 1.0, 1.25),)
    assert second == (Word("gether", 1.25, 2.0),)


def test_a_chinese_word_can_be_cut_too() -> None:
    words = (Word("今天", 1.0, 1.4), Word("天气", 1.4, 1.8))

    first, second = realign_halves(words, ("今天天", "气"), "zh", start=1.0, end=2.0)

    assert ("".join(word.text for word in first), "".join(word.text for word in second)) == ("今天天", "气")
    assert first[0] == words[0]
    assert_sound((*first, *second), 1.0, 2.0)


# 200 corrections in a row ---------------------------------------------------------------------------------------------

EDITS = st.lists(
    st.tuples(st.sampled_from(["change", "insert", "remove", "case"]), st.integers(0, 10**6), st.integers(1, 4)),
    min_size=200,
    max_size=230,
)


def heard(language: str, number: int = 30) -> tuple[Word, ...]:
    """Words that are all different, with pauses here and there."""
    signs = [chr(0x4E00 + index) for index in range(number)] if language == "zh" else [f"w{i}" for i in range(number)]
    starts = [round(0.5 + 0.4 * index, 3) for index in range(number)]
    return tuple(
        Word(sign, at, round(at + (0.4 if at % 3 < 1 else 0.25), 3), 0.5, "A")
        for sign, at in zip(signs, starts, strict=True)
    )


@pytest.mark.parametrize("language", ["en", "zh"])
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(edits=EDITS)
def test_two_hundred_random_edits_keep_every_unchanged_word_exactly(
    language: str, edits: list[tuple[str, int, int]]
) -> None:
    space = " " if language == "en" else ""
    fresh = (chr(0x5E00 + number) if language == "zh" else f"n{number}" for number in count())
    words, start, end = heard(language), 0.25, 14.0

    for kind, place, size in edits:
        first = place % (len(words) + 1)
        last = min(len(words), first + (0 if kind == "insert" else size))
        texts = [word.text for word in words]
        new = [next(fresh) for _ in range(size)] if kind in ("change", "insert") else []
        if kind == "case":
            new = [text.upper() for text in texts[first:last]]
        text = space.join([*texts[:first], *new, *texts[last:]])
        if not text:
            continue

        after = realign(words, text, language, start=start, end=end)

        assert space.join(word.text for word in after) == text
        assert after[:first] == words[:first]
        assert after[len(after) - (len(words) - last) :] == words[last:]
        if kind == "case":
            assert [(word.start, word.end) for word in after] == [(word.start, word.end) for word in words]
        assert_sound(after, start, end)
        words = after


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.sampled_from(["a", "A", "b", "b,", "c"]), max_size=12),
    st.lists(st.sampled_from(["a", "b", "B", "c", "d"]), max_size=12),
    st.sampled_from(["en", "zh"]),
)
def test_any_text_after_any_other_is_sound(old: list[str], new: list[str], language: str) -> None:
    space = " " if language == "en" else ""
    words = tuple(Word(text, 1.0 + 0.3 * index, 1.2 + 0.3 * index) for index, text in enumerate(old))

    after = realign(words, space.join(new), language, start=1.0, end=5.0)

    assert space.join(word.text for word in after) == space.join(new)
    assert_sound(after, 1.0, 5.0)


def test_three_hundred_words_take_less_than_five_milliseconds() -> None:
    common = ["the", "of", "and", "to", "in"]
    texts = [common[index % 5] if index % 3 else f"word{index}" for index in range(300)]
    words = tuple(Word(text, index * 0.3, index * 0.3 + 0.25) for index, text in enumerate(texts))
    texts[10], texts[150], texts[290] = "changed", "also changed", "here"

    took = []
    for _ in range(20):
        began = time.perf_counter()
        realign(words, " ".join(texts), "en", start=0.0, end=90.0)
        took.append(time.perf_counter() - began)

    assert min(took) < 0.005


@given(st.data())
def test_words_in_turn_never_overlap_and_keep_their_times_where_nothing_did(data: st.DataObject) -> None:
    def words(name: str, start: float) -> tuple[Word, ...]:
        lengths = data.draw(st.lists(st.floats(0, 2), min_size=1, max_size=6))
        edges = [start]
        for length in lengths:
            edges.append(edges[-1] + length)
        return tuple(Word(f"{name}{at}", *pair) for at, pair in enumerate(pairwise(edges)))

    first = words("a", 0.0)
    second = words("b", data.draw(st.floats(0, 12)))

    found = in_turn(first, second)

    assert [word.text for word in found] == [word.text for word in (*first, *second)]
    assert_sound(found, 0.0, max(first[-1].end, second[-1].end))
    untouched = {word for word in first if word.end <= second[0].start}
    untouched |= {word for word in second if word.start >= first[-1].end}
    assert untouched <= set(found)

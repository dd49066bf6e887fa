"""What counts as wrong, and by how much."""

import pytest

from media_pipeline.evaluation.measures import (
    Share,
    character_errors,
    diarization_errors,
    median_and_90,
    plain_words,
    time_errors,
    word_errors,
)
from media_pipeline.evaluation.reference import Passage
from media_pipeline.media import SpeakerTurn


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Well-known, isn’t it? 'Yes'...", ["well", "known", "isn't", "it", "yes"]),
        ("В 10:30 — ЁЖИК!", ["в", "10", "30", "ёжик"]),
        ("हिन्दी में।", ["हिन्दी", "में"]),
        ("日本語、です。", ["日本語", "です"]),
        ("Straße STRASSE", ["strasse", "strasse"]),
        ("Ｆｕｌｌ cafe\u0301 co\u00adop", ["full", "café", "coop"]),
        ("50 % & more", ["50", "more"]),
        ("…", []),
    ],
)
def test_words_are_compared_without_case_and_punctuation(text: str, words: list[str]) -> None:
    assert plain_words(text) == words


@pytest.mark.parametrize(
    ("said", "heard", "share"),
    [
        ("One two three.", "one, TWO three", Share(0, 3)),
        ("one two three four", "one too three", Share(2, 4)),
        ("one", "one two three", Share(2, 1)),
        ("one two", "", Share(2, 2)),
        ("Раз, два", "раз три", Share(1, 2)),
        ("", "one", Share(1, 0)),
    ],
)
def test_words_wrong_missing_and_too_many_count(said: str, heard: str, share: Share) -> None:
    assert word_errors(said, heard) == share


def test_characters_are_for_languages_without_spaces() -> None:
    assert character_errors("日本 語です", "日本 誤です") == Share(1, 5)


def test_rates_of_several_recordings_weigh_each_word_the_same() -> None:
    assert (Share(1, 2) + Share(0, 8)).rate == pytest.approx(0.1)


def test_a_word_is_as_wrong_in_time_as_the_worse_of_its_edges() -> None:
    said = [Passage("one", 0.0, 1.0), Passage("two", 1.0, 2.0), Passage("three", 2.0, 3.0), Passage("four")]
    heard = [Passage("One", 0.1, 1.3), Passage("too", 5.0, 6.0), Passage("...", 6.0, 6.1), Passage("three", 2.0, 3.0)]

    assert time_errors(said, heard) == pytest.approx([0.3, 0.0])


def test_of_a_cue_its_edges_count() -> None:
    said = [Passage("One two three", 1.0, 3.0), Passage("four five", 4.0, 5.0)]
    heard = [
        Passage(text, start, start + 0.5)
        for text, start in [("one", 1.2), ("two", 9.0), ("three", 2.9), ("fear", 4.0), ("five", 4.5)]
    ]

    assert time_errors(said, heard) == pytest.approx([0.2, 0.4, 0.0])


def test_without_times_or_words_there_is_nothing_to_compare() -> None:
    assert time_errors([Passage("one")], [Passage("one", 0.0, 1.0)]) == []
    assert time_errors([Passage("one", 0.0, 1.0)], []) == []
    assert median_and_90([]) is None


def test_the_median_and_what_nine_of_ten_do_not_exceed() -> None:
    assert median_and_90([0.1 * number for number in range(11)]) == pytest.approx((0.5, 0.9))


def test_speakers_may_have_other_names_but_not_each_others_time() -> None:
    said = [SpeakerTurn(0, 4, "ann"), SpeakerTurn(4, 8, "bob")]

    same = diarization_errors(said, [SpeakerTurn(0, 4, "B"), SpeakerTurn(4, 8, "A")], 10)
    all_one = diarization_errors(said, [SpeakerTurn(0, 8, "A")], 10, collar=0)
    missed = diarization_errors(said, [], 10, collar=0)

    assert same.rate == 0
    assert all_one == Share(4, 8)
    assert missed == Share(8, 8)

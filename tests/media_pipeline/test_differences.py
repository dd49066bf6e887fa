"""What two texts have in common, and where they differ."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from media_pipeline.text.differences import Piece, PieceKind, differences, sound

WORDS = st.lists(st.sampled_from(["one", "One,", "two", "three", "four", "five", "six"]), max_size=40)


def told(before: str, after: str) -> list[tuple[str, str, str]]:
    pieces = differences(before.split(), after.split())
    return [(piece.kind, " ".join(piece.before), " ".join(piece.after)) for piece in pieces]


def test_a_changed_word_stands_between_those_that_stayed() -> None:
    assert told("we go home now", "we went home now") == [
        ("same", "we", "we"),
        ("replaced", "go", "went"),
        ("same", "home now", "home now"),
    ]


def test_words_that_came_and_went_are_told_apart() -> None:
    assert told("a b c", "b c d") == [("removed", "a", ""), ("same", "b c", "b c"), ("added", "", "d")]


def test_nothing_differs_from_nothing() -> None:
    assert differences([], []) == []
    assert told("", "new") == [("added", "", "new")]


def test_words_may_count_as_the_same_that_are_written_differently() -> None:
    assert differences(["Hello,", "you"], ["hello", "You."], alike=sound) == [
        Piece(PieceKind.SAME, ("Hello,", "you"), ("hello", "You."), 0, 0)
    ]


def test_signs_and_case_are_not_heard_but_vowel_signs_are() -> None:
    assert sound("«Don’t!»") == sound("dont") == "dont"
    assert sound("snake_case") == "snakecase"
    assert sound("—") == "—"
    assert sound("की") != sound("कि")  # Hindi: only the vowel sign differs
    assert sound("Cafe\u0301") == sound("café")  # written in two ways


@given(WORDS, WORDS)
def test_the_pieces_are_both_texts_whole_and_take_turns(before: list[str], after: list[str]) -> None:
    pieces = differences(before, after)

    assert [word for piece in pieces for word in piece.before] == before
    assert [word for piece in pieces for word in piece.after] == after
    assert all(before[piece.before_at :][: len(piece.before)] == list(piece.before) for piece in pieces)
    assert all(after[piece.after_at :][: len(piece.after)] == list(piece.after) for piece in pieces)
    same = [piece.kind == PieceKind.SAME for piece in pieces]
    assert all(one != other for one, other in pairwise(same))
    assert all(piece.before == piece.after for piece in pieces if piece.kind == PieceKind.SAME)

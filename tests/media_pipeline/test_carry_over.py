"""What people corrected survives another run."""

from dataclasses import replace

from media_pipeline.text.carry_over import carry_over
from media_pipeline.transcript import Segment, Word


def segment(start: float, text: str, speaker: str | None = None) -> Segment:
    """A second for each word."""
    words = tuple(Word(word, start + index, start + index + 1, 0.5) for index, word in enumerate(text.split()))
    return Segment(start, start + len(words), text, words, speaker, 0.5)


def told(found: list[Segment], corrected: list[Segment]) -> list[tuple[str, bool]]:
    return [(each.text, is_corrected) for each, is_corrected in carry_over(found, corrected, "en")]


def test_without_corrections_all_is_as_found() -> None:
    found = [segment(0, "one two"), segment(2, "three")]

    assert carry_over(found, [], "en") == [(found[0], False), (found[1], False)]


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

    carried = [
        each for each, is_corrected in carry_over(found, [segment(1, "TWO THREE FOUR", "OLD")], "en") if is_corrected
    ]

    assert [each.speaker for each in carried] == ["SPEAKER_01"]

"""Options mean the same in every format: who, when, turns, a range, and how the file begins."""

import pytest

from media_pipeline.exports.files import PIECE, pieces, whole
from media_pipeline.exports.options import ExportOptions
from media_pipeline.exports.paragraphs import paragraphs
from media_pipeline.exports.registry import EXPORTERS
from media_pipeline.exports.span import within
from media_pipeline.transcript import Segment, Transcript, Word
from tests.media_pipeline.said import NAMES, discussion, spoken


def text_of(name: str, **options: bool | float) -> str:
    return whole(EXPORTERS[name], discussion(), NAMES, ExportOptions(**options)).decode()


@pytest.mark.parametrize(
    ("options", "first"),
    [
        ({}, "[00:00:00] Anna & <Co>:\nGood morning."),
        ({"times": False}, "Anna & <Co>:\nGood morning."),
        ({"names": False}, "[00:00:00] Good morning."),
        ({"names": False, "times": False}, "Good morning."),
        ({"by_turn": False}, "[00:00:00] Anna & <Co>: Good morning."),
        ({"by_turn": False, "names": False, "times": False}, "Good morning."),
    ],
)
def test_names_times_and_turns_in_plain_text(options: dict[str, bool], first: str) -> None:
    assert text_of("txt", **options).startswith(first)


def test_sentences_have_lines_of_their_own_where_turns_are_not_wanted() -> None:
    assert len(text_of("txt", by_turn=False).splitlines()) == len(discussion().segments)
    assert len(text_of("csv", by_turn=False).splitlines()) == len(discussion().segments) + 1


@pytest.mark.parametrize("name", [name for name in EXPORTERS if name not in ("docx", "pdf", "rttm", "json")])
def test_nobody_is_named_where_names_are_not_wanted(name: str) -> None:
    text = text_of(name, names=False)

    assert "Anna" not in text
    assert "Speaker 2" not in text


def test_tables_without_names_and_times_have_no_columns_for_them() -> None:
    assert text_of("csv", names=False, times=False).splitlines()[0] == "text,confidence"


def test_turns_are_parted_where_somebody_else_speaks_and_each_minute() -> None:
    said = [Segment(at * 10.0, at * 10.0 + 9, f"Number {at}.", speaker="SPEAKER_00") for at in range(10)]
    said.append(Segment(100.0, 101.0, "Yes.", speaker="SPEAKER_01"))

    found = list(paragraphs(Transcript("en", tuple(said), 101.0, "any", "any"), {}, ExportOptions()))

    assert [(one.start, one.voice, one.is_change) for one in found] == [(0, 0, True), (60, 0, False), (100, 1, True)]
    assert found[1].text == "Number 6. Number 7. Number 8. Number 9."


def test_paragraphs_of_a_language_without_spaces_have_none_between_sentences() -> None:
    (paragraph,) = paragraphs(spoken(["一。", "二。"], "ja"), {}, ExportOptions())

    assert paragraph.text == "一。二。"


def words(*texts: str, start: float = 0.0) -> Segment:
    found = tuple(Word(text, start + at, start + at + 0.8) for at, text in enumerate(texts))
    return Segment(start, found[-1].end, " ".join(texts), found)


def cut(*said: Segment, start: float | None = None, end: float | None = None) -> list[str]:
    transcript = Transcript("en", said, 60.0, "any", "any")
    return [segment.text for segment in within(transcript, ExportOptions(start=start, end=end)).segments]


def test_a_range_keeps_the_words_whose_middle_is_inside() -> None:
    said = (words("one", "two", "three"), words("four", "five", start=5), words("six", "seven", start=10))

    assert cut(*said, start=1.0, end=10.5) == ["two three", "four five", "six"]
    assert cut(*said, start=5.0) == ["four five", "six seven"]
    assert cut(*said, end=0.1) == []
    assert cut(*said) == ["one two three", "four five", "six seven"]


def test_a_sentence_without_known_word_times_stays_or_goes_as_a_whole() -> None:
    edited = Segment(0.0, 10.0, "Something else.", words("one", "two").words)

    assert cut(edited, start=4.0) == ["Something else."]
    assert cut(edited, start=6.0) == []


@pytest.mark.parametrize("name", EXPORTERS)
def test_a_range_is_cut_in_every_format(name: str) -> None:
    nothing = whole(EXPORTERS[name], discussion(), NAMES, ExportOptions(start=30.0, end=40.0))

    assert b"morning" not in nothing
    assert b"Thank" not in nothing


def test_text_begins_with_a_byte_order_mark_where_it_is_wanted() -> None:
    assert text_of("csv", bom=True).startswith("\ufeffstart,end")
    assert not text_of("csv").startswith("\ufeff")


def test_text_comes_in_pieces_of_which_the_first_comes_at_once() -> None:
    long = spoken(["one two three four"] * 5_000)

    found = pieces(EXPORTERS["txt"], long, {}, ExportOptions(by_turn=False))

    assert len(next(found)) < 100
    assert all(len(piece) < 2 * PIECE for piece in found)

"""Subtitles that can be read in the time they are shown, whatever was said and however fast."""

import time
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from media_pipeline.exports.cues import MAX_CUE, MAX_LINE, Cue, _width, cues
from media_pipeline.transcript import Segment, Transcript, Word

NOBODY: dict[str, str] = {}
TOKENS = st.one_of(
    st.text(min_size=1, max_size=12),
    st.sampled_from(["word", "clause,", "end.", "x" * 100, "👩‍👩‍👧", "-->", "مرحبا", "漢字" * 30, "é" * 50, "\n"]),
)


@st.composite
def segments(draw: st.DrawFn) -> Segment:
    tokens = draw(st.lists(TOKENS, min_size=1, max_size=40))
    start = draw(st.floats(0, 100))
    speaker = draw(st.sampled_from([None, "SPEAKER_00", "SPEAKER_01"]))
    if draw(st.booleans()):
        return Segment(start, start + draw(st.floats(0, 60)), " ".join(tokens), speaker=speaker)
    words, cursor = [], start
    for token in tokens:
        end = cursor + draw(st.floats(0, 9))
        words.append(Word(token, cursor, end))
        cursor = end
    return Segment(start, cursor, " ".join(tokens), tuple(words), speaker)


def transcript(*said: Segment, language: str = "en") -> Transcript:
    ordered = tuple(sorted(said, key=lambda segment: segment.start))
    return Transcript(language, ordered, 700.0, "any", "any")


def letters(text: str) -> str:
    return "".join(character for character in text if character.isalnum())


def assert_readable(found: tuple[Cue, ...]) -> None:
    for cue in found:
        assert 1 <= len(cue.lines) <= 2
        assert all(line.strip() == line and 0 < _width(line) <= MAX_LINE for line in cue.lines if _width(line))
        assert all(cue.lines)
        assert 0 < cue.end - cue.start <= MAX_CUE + 0.001
    assert all(cue.end <= following.start for cue, following in pairwise(found))


@settings(max_examples=150, deadline=None)
@given(
    st.lists(segments(), max_size=5), st.booleans(), st.sampled_from(["en", "ja"]), st.sampled_from(["Anna", "N" * 60])
)
def test_cues_of_anything_are_readable_and_in_order(
    said: list[Segment], has_prefixes: bool, language: str, name: str
) -> None:
    assert_readable(cues(transcript(*said, language=language), {"SPEAKER_00": name}, has_prefixes=has_prefixes))


@settings(max_examples=100, deadline=None)
@given(segments(), st.sampled_from(["en", "ja"]))
def test_no_letter_is_lost_or_doubled(said: Segment, language: str) -> None:
    found = cues(transcript(said, language=language), NOBODY)

    assert letters("".join("".join(cue.lines) for cue in found)) == letters(said.text)


def test_a_short_sentence_is_one_cue_shown_long_enough() -> None:
    (cue,) = cues(transcript(Segment(1.0, 1.2, "Yes.")), NOBODY)

    assert cue == Cue(1.0, 2.0, ("Yes.",))


def test_a_line_is_broken_at_a_clause_rather_than_in_the_middle() -> None:
    (cue,) = cues(transcript(Segment(0, 5, "When the meeting ended, we all went home to sleep.")), NOBODY)

    assert cue.lines == ("When the meeting ended,", "we all went home to sleep.")


def test_the_name_stands_where_the_speaker_changes_only() -> None:
    said = [Segment(start, start + 1, "Yes.", speaker=f"SPEAKER_0{start // 4}") for start in (0, 2, 4)]

    found = cues(transcript(*said), NOBODY, has_prefixes=True)

    assert [cue.lines for cue in found] == [("Speaker 1: Yes.",), ("Yes.",), ("Speaker 2: Yes.",)]
    assert [cue.speaker for cue in found] == ["Speaker 1", "Speaker 1", "Speaker 2"]


def test_text_that_was_edited_is_shown_and_not_the_words_that_were_heard() -> None:
    said = Segment(0, 2, "Dear Anna.", (Word("deer", 0, 1), Word("anna", 1, 2)))

    (cue,) = cues(transcript(said), NOBODY)

    assert cue.lines == ("Dear Anna.",)


def test_a_wide_character_takes_two_columns() -> None:
    found = cues(transcript(Segment(0, 6, "漢" * 63), language="zh"), NOBODY)

    assert max(len(line) for cue in found for line in cue.lines) == 21


@pytest.mark.parametrize("token", ["word", "wörd"])
def test_an_hour_of_talk_takes_no_time(token: str) -> None:
    words = [Word(token + "," * (number % 7 == 0), number * 0.4, number * 0.4 + 0.3) for number in range(9_000)]
    said = [
        Segment(group[0].start, group[-1].end, " ".join(word.text for word in group), tuple(group))
        for group in (words[first : first + 15] for first in range(0, len(words), 15))
    ]
    started = time.process_time()

    found = cues(transcript(*said), NOBODY)

    assert len(found) > 500
    assert time.process_time() - started < 0.6  # 0.06 s, or 0.1 s with accents, when measured

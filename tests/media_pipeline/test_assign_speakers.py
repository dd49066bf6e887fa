"""Each word goes to whoever speaks during it."""

import time

from hypothesis import given, settings
from hypothesis import strategies as st

from media_pipeline.media import SpeakerTurn
from media_pipeline.text.assign_speakers import assign_speakers
from media_pipeline.transcript import Segment, Word

A, B, C = "SPEAKER_00", "SPEAKER_01", "SPEAKER_02"


def said(*starts: float, length: float = 0.4) -> Segment:
    words = tuple(Word(f"w{number}", start, start + length) for number, start in enumerate(starts))
    return Segment(words[0].start, words[-1].end, " ".join(word.text for word in words), words)


def speakers(segments: tuple[Segment, ...]) -> list[str | None]:
    return [word.speaker for segment in segments for word in segment.words]


@st.composite
def turns(draw: st.DrawFn) -> list[SpeakerTurn]:
    drawn = draw(
        st.lists(st.tuples(st.floats(0, 60), st.floats(0.1, 20), st.sampled_from([A, B, C])), min_size=1, max_size=12)
    )
    return sorted(
        (SpeakerTurn(start, start + length, who) for start, length, who in drawn), key=lambda turn: turn.start
    )


@st.composite
def talks(draw: st.DrawFn) -> list[Segment]:
    segments, cursor = [], 0.0
    for sizes in draw(st.lists(st.lists(st.floats(0, 2), min_size=1, max_size=8), max_size=8)):
        starts = []
        for gap in sizes:
            cursor += gap
            starts.append(cursor)
            cursor += 0.4
        segments.append(said(*starts))
    return segments


@settings(max_examples=200, deadline=None)
@given(talks(), turns())
def test_words_are_kept_and_no_segment_has_two_speakers(talk: list[Segment], spoken: list[SpeakerTurn]) -> None:
    found = assign_speakers(talk, spoken, "en")

    before = [(word.text, word.start, word.end) for segment in talk for word in segment.words]
    assert [(word.text, word.start, word.end) for segment in found for word in segment.words] == before
    for segment in found:
        assert segment.speaker in {turn.speaker for turn in spoken}
        assert {word.speaker for word in segment.words} == {segment.speaker}
        assert segment.text == " ".join(word.text for word in segment.words)


@settings(max_examples=100, deadline=None)
@given(talks(), turns())
def test_a_word_alone_goes_to_whoever_talks_longest_in_it(talk: list[Segment], spoken: list[SpeakerTurn]) -> None:
    alone = [Segment(word.start, word.end, word.text, (word,)) for segment in talk for word in segment.words]

    for segment in assign_speakers(alone, spoken, "en"):
        shares: dict[str, float] = {}
        for turn in spoken:
            overlap = max(0.0, min(turn.end, segment.end) - max(turn.start, segment.start))
            shares[turn.speaker] = shares.get(turn.speaker, 0.0) + overlap
        if max(shares.values()) > 0.001:
            assert shares[str(segment.speaker)] >= max(shares.values()) - 0.000_001


def test_a_segment_is_cut_where_the_speaker_changes() -> None:
    found = assign_speakers([said(0, 0.5, 1, 2, 2.5)], [SpeakerTurn(0, 1.5, A), SpeakerTurn(1.9, 3, B)], "en")

    assert [(segment.text, segment.speaker, segment.start, segment.end) for segment in found] == [
        ("w0 w1 w2", A, 0, 1.4),
        ("w3 w4", B, 2, 2.9),
    ]


def test_a_lone_word_that_sticks_to_its_neighbors_does_not_change_hands() -> None:
    spoken = [SpeakerTurn(0, 0.95, A), SpeakerTurn(0.95, 1.45, B), SpeakerTurn(1.45, 9, A)]

    assert speakers(assign_speakers([said(0, 0.5, 1, 1.5, 2)], spoken, "en")) == [A] * 5


def test_a_lone_word_between_pauses_keeps_its_speaker() -> None:
    spoken = [SpeakerTurn(0, 1, A), SpeakerTurn(1.4, 1.8, B), SpeakerTurn(2.2, 9, A)]

    assert speakers(assign_speakers([said(0, 0.5, 1.4, 2.3, 2.8)], spoken, "en")) == [A, A, B, A, A]


def test_a_sentence_of_one_word_is_no_island() -> None:
    found = assign_speakers([said(0, 0.5), said(1), said(1.5, 2)], [SpeakerTurn(0, 1, A), SpeakerTurn(1, 3, B)], "en")

    assert [segment.speaker for segment in found] == [A, B, B]


def test_a_word_outside_all_turns_goes_to_the_nearest() -> None:
    found = assign_speakers([said(0), said(5), said(6.5), said(20)], [SpeakerTurn(2, 3, A), SpeakerTurn(7, 8, B)], "en")

    assert [segment.speaker for segment in found] == [A, B, B, B]


def test_a_segment_without_words_goes_as_a_whole() -> None:
    found = assign_speakers([Segment(0, 10, "whole")], [SpeakerTurn(0, 3, A), SpeakerTurn(3, 10, B)], "en")

    assert [(segment.text, segment.speaker) for segment in found] == [("whole", B)]


def test_without_turns_nobody_is_named() -> None:
    assert assign_speakers([said(0, 1)], [], "en") == (said(0, 1),)


def test_ten_hours_take_seconds() -> None:
    talk = [said(*(first + number * 0.4 for number in range(10)), length=0.3) for first in range(0, 36_000, 4)]
    spoken = [SpeakerTurn(start, start + 3.2, (A, B)[start % 2]) for start in range(0, 36_000, 3)]
    started = time.process_time()

    assign_speakers(talk, spoken, "en")

    assert time.process_time() - started < 6

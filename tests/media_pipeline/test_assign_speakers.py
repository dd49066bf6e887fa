"""Each word goes to whoever speaks during it."""

import time
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from media_pipeline.media import SpeakerTurn, SpeechRegion
from media_pipeline.text.assign_speakers import assign_speakers, sweep
from media_pipeline.transcript import Mark, Segment, Word

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


def sentence(text: str, start: float = 0.0, length: float = 0.3, gap: float = 0.05) -> Segment:
    """Words one after the other; each "|" between them is a pause of half a second."""
    words = []
    for token in text.split():
        if token == "|":
            start += 0.5
            continue
        words.append(Word(token, start, start + length))
        start += length + gap
    return Segment(words[0].start, words[-1].end, " ".join(word.text for word in words), tuple(words))


def by_speaker(segments: tuple[Segment, ...]) -> list[tuple[str | None, str]]:
    return [(segment.speaker, segment.text) for segment in segments]


@pytest.mark.parametrize("late", [0.0, 0.2, 0.4, 0.6])
def test_a_sentence_whose_first_words_the_diarizer_gave_to_the_last_speaker_stays_whole(late: float) -> None:
    talk = [sentence("That is the whole budget."), sentence("What do you think?", 1.9)]
    spoken = [SpeakerTurn(0, 1.9 + late, A), SpeakerTurn(1.9 + late, 9, B)]

    assert by_speaker(assign_speakers(talk, spoken, "en")) == [(A, talk[0].text), (B, talk[1].text)]


@pytest.mark.parametrize("early", [0.2, 0.4, 0.6])
def test_a_sentence_whose_last_words_were_given_to_the_next_speaker_stays_whole(early: float) -> None:
    talk = [sentence("That is the whole budget."), sentence("What do you think?", 1.9)]
    spoken = [SpeakerTurn(0, 1.7 - early, A), SpeakerTurn(1.7 - early, 9, B)]

    assert by_speaker(assign_speakers(talk, spoken, "en")) == [(A, talk[0].text), (B, talk[1].text)]


@pytest.mark.parametrize("border", [1.05, 1.5, 2.1])
def test_without_punctuation_a_change_moves_to_the_pause_close_by(border: float) -> None:
    talk = [sentence("yes it is the | who else knows of it")]

    found = assign_speakers(talk, [SpeakerTurn(0, border, A), SpeakerTurn(border, 9, B)], "en")

    assert by_speaker(found) == [(A, "yes it is the"), (B, "who else knows of it")]


def test_a_change_far_from_any_pause_stays_where_the_diarizer_heard_it() -> None:
    talk = [sentence("one two three four five six seven | eight")]

    found = assign_speakers(talk, [SpeakerTurn(0, 1.04, A), SpeakerTurn(1.04, 9, B)], "en")

    assert by_speaker(found) == [(A, "one two three"), (B, "four five six seven eight")]


def test_two_words_inside_a_sentence_do_not_change_hands() -> None:
    talk = [sentence("we will send you the report on Monday")]
    spoken = [SpeakerTurn(0, 1.03, A), SpeakerTurn(1.03, 1.74, B), SpeakerTurn(1.74, 9, A)]

    assert by_speaker(assign_speakers(talk, spoken, "en")) == [(A, talk[0].text)]


def test_three_words_inside_a_sentence_do() -> None:
    talk = [sentence("we will send you the report on Monday", length=0.4)]
    spoken = [SpeakerTurn(0, 0.88, A), SpeakerTurn(0.88, 2.22, B), SpeakerTurn(2.22, 9, A)]

    assert by_speaker(assign_speakers(talk, spoken, "en")) == [
        (A, "we will"),
        (B, "send you the"),
        (A, "report on Monday"),
    ]


@pytest.mark.parametrize("answer", ["Yes.", "No, thanks.", "Sure, why not?"])
def test_a_short_answer_keeps_its_speaker(answer: str) -> None:
    asked, answered = sentence("Would you like some more?"), sentence(answer, 1.8)
    went_on = sentence("Then let us go on.", answered.end + 0.1)
    spoken = [SpeakerTurn(0, 1.75, A), SpeakerTurn(1.78, answered.end, B), SpeakerTurn(answered.end + 0.1, 9, A)]

    found = assign_speakers([asked, answered, went_on], spoken, "en")

    assert by_speaker(found) == [(A, asked.text), (B, answer), (A, went_on.text)]


def test_a_short_answer_between_pauses_keeps_its_speaker_without_punctuation() -> None:
    talk = [sentence("shall we go on | yes please | then let us go")]
    spoken = [SpeakerTurn(0, 1.4, A), SpeakerTurn(1.8, 2.6, B), SpeakerTurn(3.0, 9, A)]

    assert by_speaker(assign_speakers(talk, spoken, "en")) == [
        (A, "shall we go on"),
        (B, "yes please"),
        (A, "then let us go"),
    ]


def test_words_said_while_another_speaks_are_marked() -> None:
    talk = [sentence("one two three four"), sentence("five six seven eight", 2.0)]
    spoken = [SpeakerTurn(0, 9, A)]

    found = assign_speakers(talk, spoken, "en", [SpeechRegion(0.4, 0.6), SpeechRegion(0.8, 0.99), SpeechRegion(2, 2.3)])

    assert [[bool(word.marks) for word in segment.words] for segment in found] == [
        [False, True, True, False],
        [True, False, False, False],
    ]
    assert [segment.marks for segment in found] == [(Mark.OVERLAP,), ()]


def test_other_marks_stay_and_marks_cut_nothing() -> None:
    doubtful = replace(sentence("one two three four"), marks=(Mark.DOUBTFUL,))
    doubtful = replace(doubtful, words=tuple(replace(word, marks=(Mark.DOUBTFUL,)) for word in doubtful.words))

    found = assign_speakers([doubtful, Segment(5, 6, "whole")], [SpeakerTurn(0, 9, A)], "en", [SpeechRegion(0, 1)])

    assert [segment.marks for segment in found] == [(Mark.DOUBTFUL, Mark.OVERLAP), ()]
    assert [word.marks for word in found[0].words] == [(Mark.DOUBTFUL, Mark.OVERLAP)] * 3 + [(Mark.DOUBTFUL,)]


def test_pieces_of_a_segment_keep_its_marks() -> None:
    doubtful = replace(sentence("one two three | four five six"), marks=(Mark.DOUBTFUL,))

    found = assign_speakers([doubtful], [SpeakerTurn(0, 1.2, A), SpeakerTurn(1.3, 9, B)], "en")

    assert [(segment.speaker, segment.marks) for segment in found] == [(A, (Mark.DOUBTFUL,)), (B, (Mark.DOUBTFUL,))]


@settings(max_examples=100, deadline=None)
@given(talks(), turns())
def test_the_sweep_says_how_clearly_a_speaker_leads(talk: list[Segment], spoken: list[SpeakerTurn]) -> None:
    words = [word for segment in talk for word in segment.words]

    for word, (speaker, clearness) in zip(words, sweep(words, spoken), strict=True):
        assert 0 <= clearness <= 1
        assert speaker in {turn.speaker for turn in spoken}
        shares = {
            who: sum(max(0.0, min(t.end, word.end) - max(t.start, word.start)) for t in spoken if t.speaker == who)
            for who in (A, B, C)
        }
        if shares[speaker]:
            lead = shares[speaker] - max(share for who, share in shares.items() if who != speaker)
            assert clearness == pytest.approx(min(1.0, lead / (word.end - word.start)), abs=1e-6)


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

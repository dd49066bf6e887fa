from dataclasses import replace
from pathlib import Path

import pytest

from media_pipeline.engines.stt.whisper_text import (
    PROMPT_TOKENS,
    Piece,
    Trust,
    bcp47,
    compression_ratio,
    prompt_of,
    segment_of,
    whisper_code,
    within_speech,
    words_of,
    words_to_expect,
)
from media_pipeline.errors import EngineUnavailable
from media_pipeline.media import SpeechRegion, Window
from media_pipeline.run import Run
from media_pipeline.transcript import Mark
from tests.media_pipeline.spoken import MACHINE

WINDOW = Window(100.0, 130.0, ())
KNOWN = ("en", "es", "jw", "no", "tl")


def pieces(*found: tuple[str, float, float]) -> list[Piece]:
    return [Piece(text, start, end, 0.5) for text, start, end in found]


def test_pieces_without_a_space_belong_to_the_word_before() -> None:
    found = words_of(
        pieces((" well", 0.0, 0.2), ("-known", 0.2, 0.5), (" 3", 0.6, 0.7), (",000", 0.7, 0.9)), WINDOW, "en"
    )

    assert [(word.text, word.start, word.end) for word in found] == [
        ("well-known", 100.0, 100.5),
        ("3,000", 100.6, 100.9),
    ]


def test_where_words_are_written_together_each_stays_a_word() -> None:
    found = words_of(pieces(("你", 0.0, 0.2), ("好", 0.2, 0.5), (" OK", 0.6, 0.7)), WINDOW, "zh")

    assert [word.text for word in found] == ["你", "好", " OK"]


def test_words_keep_to_where_somebody_speaks() -> None:
    window = Window(100.0, 110.0, (SpeechRegion(100.5, 102.0), SpeechRegion(104.0, 106.0)))
    late, early = pieces((" end.", 1.5, 3.9), (" New", 1.9, 4.5))
    inside, outside = pieces((" talk", 4.5, 5.0), (" hum", 2.5, 3.0))

    found = within_speech([late, early, inside, outside], window)

    assert [(piece.start, piece.end) for piece in found] == [(1.5, 2.0), (4.0, 4.5), (4.5, 5.0), (2.5, 3.0)]
    assert within_speech([late], WINDOW) == [late]


def test_words_never_leave_their_window_and_never_end_before_they_start() -> None:
    late, turned = words_of(pieces((" end", 29.5, 31.0), (" odd", 5.0, 4.0)), WINDOW, "en")

    assert (late.end, turned.start, turned.end) == (130.0, 105.0, 105.0)


def test_a_segment_spans_its_words_and_bears_their_marks() -> None:
    segment = segment_of(pieces((" Good", 1.0, 1.2), (" day.", 1.3, 1.5)), WINDOW, "en", (Mark.DOUBTFUL,))

    assert segment is not None
    assert (segment.start, segment.end, segment.text) == (101.0, 101.5, "Good day.")
    assert segment.marks == segment.words[1].marks == (Mark.DOUBTFUL,)
    assert segment.confidence == 0.5


@pytest.mark.parametrize(("probability", "marks"), [(0.5, (Mark.DOUBTFUL,)), (0.95, ())])
def test_words_quicker_than_anybody_speaks_are_doubted_unless_the_model_is_sure_of_them(
    probability: float, marks: tuple[Mark, ...]
) -> None:
    window = Window(100.0, 130.0, (SpeechRegion(100.0, 130.0),))
    slow, *quick = pieces(
        (" So", 1.0, 1.5), (" see", 2.0, 2.1), (" you", 2.1, 2.1), (" all", 2.1, 2.1), (" ok", 2.1, 2.2)
    )

    segment = segment_of([slow, *(replace(piece, probability=probability) for piece in quick)], window, "en")

    assert segment is not None
    assert [word.marks for word in segment.words] == [(), *[marks] * 4]


def test_text_without_times_lasts_as_long_as_its_window() -> None:
    segment = segment_of([], WINDOW, "en", text=" Hm.")

    assert segment is not None
    assert (segment.start, segment.end, segment.text, segment.words) == (100.0, 130.0, "Hm.", ())


def test_nothing_said_is_no_segment() -> None:
    assert segment_of([], WINDOW, "en", text="  ") is None


@pytest.mark.parametrize(("language", "code"), [("es-MX", "es"), ("NB", "no"), ("jv", "jw"), ("fil", "tl")])
def test_languages_are_told_in_whispers_own_codes(language: str, code: str) -> None:
    assert whisper_code(language, "base", KNOWN) == code


def test_codes_come_back_as_languages() -> None:
    assert [bcp47(code) for code in ("jw", "en")] == ["jv", "en"]


@pytest.mark.parametrize(("known", "advice"), [(KNOWN, "does not know"), (("en",), "knows English only")])
def test_an_unknown_language_is_refused(known: tuple[str, ...], advice: str) -> None:
    with pytest.raises(EngineUnavailable, match=advice) as caught:
        whisper_code("xx", "/models/base.pt", known)

    assert caught.value.code == "language_unknown"
    assert "/models" not in caught.value.message


@pytest.mark.parametrize(
    ("trust", "retry", "marks"),
    [
        (Trust(1.5, -0.3, 0.1), False, ()),
        (Trust(1.5, -0.3, 0.9), False, ()),
        (Trust(2.5, -0.3, 0.1), True, (Mark.REPEATED,)),
        (Trust(1.5, -1.1, 0.1), True, (Mark.DOUBTFUL,)),
        (Trust(1.5, -1.1, 0.9), False, (Mark.DOUBTFUL,)),
        (Trust(2.5, -1.1, 0.1), True, (Mark.REPEATED, Mark.DOUBTFUL)),
    ],
)
def test_text_is_tried_again_and_marked_as_whisper_judges_it(
    trust: Trust, retry: bool, marks: tuple[Mark, ...]
) -> None:
    assert trust.should_retry is retry
    assert trust.marks == marks


def test_of_several_failures_the_best_is_no_loop_and_surest() -> None:
    loop, guess, wild_guess = Trust(3.0, -0.1, 0.0), Trust(1.0, -1.2, 0.0), Trust(1.0, -2.0, 0.0)

    assert max([loop, wild_guess, guess], key=lambda trust: trust.rank) is guess


def test_what_was_heard_again_must_have_words_and_be_sure_of_them() -> None:
    nothing, silence, good = Trust(0.0, -0.1, 0.9), Trust(1.5, -1.1, 0.9), Trust(1.5, -0.3, 0.1)

    assert [trust.passes(0) for trust in (nothing, silence, good)] == [True, True, True]
    assert [trust.passes(1) for trust in (nothing, silence, good)] == [False, False, True]


def test_of_two_tries_words_are_kept_before_nothing_and_a_surer_guess_before_a_later_one() -> None:
    nothing, guess, wild_guess = Trust(0.0, -0.1, 0.9), Trust(1.5, -1.1, 0.9), Trust(1.5, -2.0, 0.9)

    assert guess.beats(None, 1)
    assert guess.beats(nothing, 1)
    assert not nothing.beats(guess, 1)
    assert not wild_guess.beats(guess, 1)


@pytest.mark.parametrize(
    ("trust", "temperature", "may"),
    [
        (Trust(1.5, -0.3, 0.1), 0.4, True),
        (Trust(1.5, -0.3, 0.1), 0.6, False),
        (Trust(2.5, -0.3, 0.1), 0.0, False),
        (Trust(1.5, -1.1, 0.1), 0.0, False),
    ],
)
def test_only_text_that_is_trusted_leads_what_follows(trust: Trust, temperature: float, may: bool) -> None:
    assert trust.may_lead(temperature) is may


def test_a_prompt_holds_the_words_to_expect_and_the_end_of_what_was_said(tmp_path: Path) -> None:
    run = Run(tmp_path, MACHINE)
    words = words_to_expect(range(1000, 1300), run, has_context=True)
    prompt = prompt_of(words, range(300))

    assert (len(words), len(prompt)) == (111, PROMPT_TOKENS)
    assert (prompt[0], prompt[-1]) == (1000, 299)
    assert "first of them" in run.warnings[0]
    assert prompt_of(words_to_expect(range(300), run, has_context=False), range(9))[-1] == 222
    assert prompt_of((), ()) == ()


def test_repeated_text_compresses_well() -> None:
    assert compression_ratio("") == 0.0
    assert compression_ratio("The meeting is on Monday at nine.") < 2.4 < compression_ratio("again and " * 30)

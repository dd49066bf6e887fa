"""Subtitles that can be read in the time they are shown, whatever was said and however fast."""

import time
from collections.abc import Sequence

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from media_pipeline.text.columns import width
from media_pipeline.text.cue_limits import DEFAULT, PRESETS, CueLimits, limits_for
from media_pipeline.text.cue_report import FindingKind, report
from media_pipeline.text.cues import Cue, cues, flow
from media_pipeline.transcript import Segment, Transcript, Word

TOKENS = st.one_of(
    st.text(min_size=1, max_size=12),
    st.sampled_from(
        ["word", "the", "clause,", "end.", "x" * 100, "👩‍👩‍👧", "-->", "–", "«", "مرحبا", "漢字" * 30, "é" * 50, "\n"]
    ),
)
LIMITS = st.sampled_from(
    [
        *(limits for limits in PRESETS.values() if not limits.one_per_segment),
        limits_for("default", "ja"),
        CueLimits(lines=3, line_characters=12, characters_per_second=30.0, shortest=0.5, longest=2.0, gap=0.0),
        CueLimits(lines=1, line_characters=60, speakers_by_dashes=False, linger=0.0, pause=0.2, close_gaps_below=0.0),
        CueLimits(lines=4, line_characters=5, characters_per_second=1.0, longest=1.0, gap=0.5),
    ]
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


def spoken(text: str, start: float = 0.0, pace: float = 0.3, speaker: str | None = None) -> Segment:
    """Every word takes `pace` seconds, without pauses."""
    words = [
        Word(token, round(start + pace * number, 3), round(start + pace * (number + 1), 3))
        for number, token in enumerate(text.split())
    ]
    return Segment(words[0].start, words[-1].end, text, tuple(words), speaker)


def letters(text: str) -> str:
    return "".join(character for character in text if character.isalnum())


def lines(found: Sequence[Cue]) -> list[tuple[str, ...]]:
    return [cue.lines for cue in found]


def assert_readable(found: Sequence[Cue], limits: CueLimits) -> None:
    never = {FindingKind.TOO_LONG, FindingKind.TOO_MANY_LINES, FindingKind.OVERLAP, FindingKind.GAP_TOO_SMALL}
    assert not never & {finding.kind for finding in report(found, limits)}
    for cue in found:
        assert len(cue.speakers) == len(cue.lines)
        assert all(line == line.strip() for line in cue.lines)
        assert all(cue.lines)
        # A character, or several joined to one picture, may be wider than the whole line.
        assert all(width(line) <= limits.columns or len(line) < 3 or "\u200d" in line for line in cue.lines)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(segments(), max_size=5), st.sampled_from(["", "Anna:", "N" * 60]), st.sampled_from(["en", "ja"]), LIMITS
)
def test_cues_of_anything_hold_the_limits_that_words_cannot_break(
    said: list[Segment], prefix: str, language: str, limits: CueLimits
) -> None:
    prefixes = {"SPEAKER_00": prefix} if prefix else {}

    assert_readable(cues(transcript(*said, language=language), limits, prefixes), limits)


@settings(max_examples=150, deadline=None)
@given(segments(), st.sampled_from(["en", "ja", "ru"]), LIMITS)
def test_every_letter_is_kept_in_its_order(said: Segment, language: str, limits: CueLimits) -> None:
    found = cues(transcript(said, language=language), limits)

    assert letters("".join("".join(cue.lines) for cue in found)) == letters(said.text)


@settings(max_examples=60, deadline=None)
@given(st.lists(segments(), max_size=4))
def test_the_cues_of_a_segment_name_it(said: list[Segment]) -> None:
    spread = [shifted(segment, 400.0 * number) for number, segment in enumerate(said)]

    for cue in cues(transcript(*spread)):
        assert cue.segments
        assert all(spread[index].start - 0.001 <= cue.start for index in cue.segments)
        assert all(speaker in {spread[index].speaker for index in cue.segments} for speaker in cue.speakers)


def shifted(segment: Segment, seconds: float) -> Segment:
    words = tuple(Word(word.text, word.start + seconds, word.end + seconds) for word in segment.words)
    return Segment(segment.start + seconds, segment.end + seconds, segment.text, words, segment.speaker)


def test_a_short_sentence_is_one_cue_shown_long_enough() -> None:
    (cue,) = cues(transcript(Segment(1.0, 1.2, "Yes.")))

    assert cue == Cue(1.0, 2.0, ("Yes.",), (None,), range(1))


def test_a_line_is_broken_at_a_clause_rather_than_in_the_middle() -> None:
    (cue,) = cues(transcript(Segment(0, 5, "When the meeting ended, we all went home to sleep.")))

    assert cue.lines == ("When the meeting ended,", "we all went home to sleep.")


@pytest.mark.parametrize(
    ("language", "text", "broken"),
    [
        ("en", "The children played in the garden because it was warm", "The children played in the garden"),
        ("en", "Nobody had ever looked behind the enormous green door", "Nobody had ever looked"),
        ("en", "Has anybody here ever been told about it by Mr. Smith", "Has anybody here ever been told"),
        ("ru", "Мы вышли из дома рано утром и пошли к старому вокзалу", "Мы вышли из дома рано утром"),
        ("ru", "Он давно уже хотел сказать ей об этом, но не решался", "Он давно уже хотел сказать ей об этом,"),
        ("de", "Wir gingen am frühen Abend nach Hause, weil es regnete", "Wir gingen am frühen Abend nach Hause,"),
        ("fr", "Nous avons attendu le train pendant une heure à la gare", "Nous avons attendu le train"),
    ],
)
def test_lines_end_where_the_sense_does(language: str, text: str, broken: str) -> None:
    (cue,) = cues(transcript(spoken(text, pace=0.4), language=language))

    assert cue.lines[0] == broken


def test_an_article_is_never_parted_from_its_noun_even_where_there_is_little_room() -> None:
    text = "I saw the house and the garden and the river and an owl in the middle of a tree at the end of the road " * 3

    found = cues(transcript(spoken(text.strip(), pace=0.45)), limits_for("vertical", "en"))

    assert not [line for cue in found for line in cue.lines if line.split()[-1] in ("the", "a", "an")]


def test_sentences_of_one_speaker_share_a_cue_where_one_alone_would_be_too_short() -> None:
    said = [spoken("Yes.", 0.0), spoken("That is what I wanted to say.", 0.35)]

    (cue,) = cues(transcript(*said))

    assert cue.lines == ("Yes. That is what I wanted to say.",)
    assert cue.segments == range(2)


def test_two_speakers_share_a_cue_by_dashes_only_where_one_could_not_be_read_alone() -> None:
    quick = [spoken("Are you coming?", 0.0, speaker="A"), spoken("No.", 1.0, 0.3, speaker="B")]
    quick.append(spoken("Why not?", 1.6, speaker="A"))
    calm = [spoken("Are you coming?", 0.0, speaker="A"), spoken("No.", 1.6, speaker="B")]

    shared = cues(transcript(*quick))
    alone = cues(transcript(*calm))

    assert lines(shared) == [("- Are you coming?", "- No."), ("Why not?",)]
    assert lines(alone) == [("Are you coming?",), ("No.",)]
    assert not report(shared, DEFAULT)


def test_two_speakers_never_share_a_cue_when_that_is_not_wanted() -> None:
    quick = [spoken("Are you coming?", 0.0, speaker="A"), spoken("No.", 1.0, 0.3, speaker="B")]
    quick.append(spoken("Why not?", 1.6, speaker="A"))

    found = cues(transcript(*quick), msgspec.structs.replace(DEFAULT, speakers_by_dashes=False))

    assert all(len(set(cue.speakers)) == 1 for cue in found)


def test_a_silence_always_ends_a_cue() -> None:
    words = (Word("Well,", 0.0, 0.4), Word("I", 2.0, 2.1), Word("do", 2.1, 2.3), Word("not", 2.3, 2.6))

    found = cues(transcript(Segment(0.0, 2.6, "Well, I do not", words)))

    assert lines(found) == [("Well,",), ("I do not",)]


def test_small_gaps_are_closed_and_larger_ones_left() -> None:
    said = [spoken("We wanted to see it once.", start) for start in (0.0, 2.2, 5.0)]

    first, second, third = cues(transcript(*said))

    assert (first.start, first.end, second.start) == (0.0, 2.116, 2.2)
    assert (second.end, third.start) == (4.0, 5.0)


def test_a_cue_stays_after_its_last_word_only_to_be_read() -> None:
    quick = spoken("Administrative infrastructure notwithstanding", pace=0.4)

    (cue,) = cues(transcript(quick))
    (netflix,) = cues(transcript(quick), limits_for("netflix", "en"))

    assert cue.end == pytest.approx(44 / 17, abs=0.001)
    assert netflix.end == pytest.approx(1.2 + 0.5)


def test_the_name_stands_where_the_speaker_changes_only() -> None:
    said = [Segment(start, start + 1, "Yes.", speaker=f"SPEAKER_0{start // 4}") for start in (0, 2, 4)]

    found = cues(transcript(*said), DEFAULT, {"SPEAKER_00": "Anna:", "SPEAKER_01": "Eve:"})

    assert lines(found) == [("Anna: Yes.",), ("Yes.",), ("Eve: Yes.",)]
    assert [cue.speakers for cue in found] == [("SPEAKER_00",), ("SPEAKER_00",), ("SPEAKER_01",)]


def test_text_that_was_edited_is_shown_and_not_the_words_that_were_heard() -> None:
    said = Segment(0, 2, "Dear Anna.", (Word("deer", 0, 1), Word("anna", 1, 2)))

    (cue,) = cues(transcript(said))

    assert cue.lines == ("Dear Anna.",)


@pytest.mark.parametrize(
    ("language", "characters"), [("zh", 16), ("ja", 21), ("ko", 16), ("en", 21)], ids=["zh", "ja", "ko", "not CJK"]
)
def test_wide_characters_are_counted_as_the_language_does(language: str, characters: int) -> None:
    limits = limits_for("default", language)

    (one,) = cues(transcript(Segment(0, 5, "漢" * characters), language=language), limits)
    (two,) = cues(transcript(Segment(0, 5, "漢" * (characters + 1)), language=language), limits)

    assert (len(one.lines), len(two.lines)) == (1, 2)


def test_a_full_stop_begins_no_line_where_words_are_written_without_spaces() -> None:
    found = cues(
        transcript(Segment(0, 12, "漢" * 16 + "。" + "漢" * 15 + "。"), language="zh"), limits_for("default", "zh")
    )

    assert not [line for cue in found for line in cue.lines if line.startswith("。")]


def test_spaces_stay_where_words_carry_them() -> None:
    words = tuple(Word(text, number, number + 1) for number, text in enumerate(("我们用", " Django", " REST ", "框架")))

    (cue,) = cues(transcript(Segment(0, 4, "我们用 Django REST 框架", words), language="zh"))

    assert cue.lines == ("我们用 Django REST 框架",)


def test_people_who_speak_at_once_get_cues_in_the_order_in_which_they_start() -> None:
    long = spoken("I would like to tell you something about the house in which I was born " * 3, 0.0, 0.4, "A")
    aside = spoken("Really?", 7.0, 0.4, "B")

    found = cues(transcript(long, aside))

    assert [cue.start for cue in found] == sorted(cue.start for cue in found)
    assert ("Really?",) in lines(found)
    assert_readable(found, DEFAULT)


def test_a_remark_while_another_one_speaks_leaves_time_to_read_what_that_one_says() -> None:
    long = spoken("We should discuss the price with Peter before the meeting starts.", 0.0, 0.44, "A")
    remark = spoken("Yeah.", 2.0, 0.4, "B")

    found = cues(transcript(long, remark, spoken("Then we go on.", 5.2, 0.3, "A")))

    assert lines(found)[1:] == [("Yeah.",), ("Then we go on.",)]
    assert [one.kind for one in report(found, DEFAULT)] == []


def test_raw_gives_each_segment_a_cue_with_its_own_times() -> None:
    said = [spoken("A sentence that is far too long for a single line. " * 3, 0.0, 0.1), Segment(9.0, 9.1, " Yes.\n")]

    found = cues(transcript(*said), PRESETS["raw"])

    assert [(cue.start, cue.end, cue.segments) for cue in found] == [(0.0, 3.3, range(1)), (9.0, 9.1, range(1, 2))]
    assert [len(cue.lines) for cue in found] == [1, 1]


def test_the_first_cue_comes_before_the_rest_is_cut() -> None:
    talk = transcript(*(spoken("We said what we wanted to say.", 3.0 * number) for number in range(5_000)))
    started = time.process_time()

    first = next(flow(talk))

    assert first.start == 0.0
    assert time.process_time() - started < 0.02  # under a millisecond when measured


@pytest.mark.parametrize("token", ["word", "wörd"])
def test_an_hour_of_talk_takes_no_time(token: str) -> None:
    words = [Word(token + "," * (number % 7 == 0), number * 0.4, number * 0.4 + 0.3) for number in range(9_000)]
    said = [
        Segment(group[0].start, group[-1].end, " ".join(word.text for word in group), tuple(group))
        for group in (words[first : first + 15] for first in range(0, len(words), 15))
    ]
    started = time.process_time()

    found = cues(transcript(*said))

    assert len(found) > 500
    assert time.process_time() - started < 0.6  # 0.03 s when measured


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("language", ["en", "ru", "ja", "zh-Hans", "pt-BR"])
def test_every_preset_is_within_its_own_bounds(preset: str, language: str) -> None:
    limits = limits_for(preset, language)

    assert msgspec.json.decode(msgspec.json.encode(limits), type=CueLimits) == limits


@pytest.mark.parametrize(
    "changed",
    [{"lines": 0}, {"line_characters": 500}, {"gap": -0.1}, {"shortest": 8.0}, {"dash": "----"}, {"width": 3}],
)
def test_limits_out_of_bounds_are_refused(changed: dict[str, object]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(changed, CueLimits)


def test_an_unknown_preset_lists_the_choices() -> None:
    with pytest.raises(KeyError, match="default, netflix, bbc"):
        limits_for("cinema", "en")


def test_russian_lines_are_shorter_and_english_may_be_read_faster_for_netflix() -> None:
    assert limits_for("default", "ru").line_characters == 39
    assert limits_for("social", "ru-RU").line_characters == 32
    assert limits_for("netflix", "en-US").characters_per_second == 20
    assert limits_for("netflix", "ru").characters_per_second == 17


def test_the_report_names_each_limit_that_is_not_held_and_no_other() -> None:
    shown = [
        Cue(0.0, 1.0, ("A line that is fast",), (None,), range(1)),
        Cue(1.05, 1.55, ("Short",), (None,), range(1, 2)),
        Cue(1.5, 9.0, ("Long", "and", "high"), (None,) * 3, range(2, 3)),
        Cue(10.0, 15.0, ("w" * 43,), (None,), range(3, 4)),
        Cue(15.084, 16.084, ("Fine.",), (None,), range(4, 5)),
    ]

    found = report(shown, DEFAULT)

    assert [(finding.kind, finding.cue, finding.value, finding.limit) for finding in found] == [
        ("too_fast", 0, 19.0, 17.0),
        ("gap_too_small", 0, 0.05, 0.084),
        ("too_short", 1, 0.5, 1.0),
        ("overlap", 1, 0.05, 0.0),
        ("too_long", 2, 7.5, 7.0),
        ("too_many_lines", 2, 3, 2),
        ("line_too_long", 3, 43, 42),
    ]
    assert [finding.start for finding in found][:3] == [0.0, 0.0, 1.05]

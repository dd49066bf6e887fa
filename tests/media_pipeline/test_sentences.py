"""Words are cut into sentences; none is changed, lost or moved."""

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from media_pipeline.text.sentences import MAX_CHARACTERS, MAX_SECONDS, sentences
from media_pipeline.transcript import Mark, Segment, Word

TOKENS = st.sampled_from(["word", "clause,", "end.", "What?", "Dr.", "A", "...", "x" * 90, "。", "und"])


def said(*tokens: str, gaps: dict[int, float] | None = None) -> Segment:
    """One segment; a word takes 0.3 s and has 0.1 s before it, or what `gaps` says for its index."""
    words, time = [], 0.0
    for index, token in enumerate(tokens):
        time += (gaps or {}).get(index, 0.1)
        words.append(Word(token, round(time, 3), round(time + 0.3, 3), 0.5))
        time += 0.3
    return Segment(words[0].start, words[-1].end, " ".join(tokens), tuple(words))


def texts(*segments: Segment, language: str = "en") -> list[str]:
    return [segment.text for segment in sentences(segments, language)]


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.tuples(TOKENS, st.floats(0, 3), st.floats(0, 25), st.sampled_from([None, "SPEAKER_00"])),
        min_size=1,
        max_size=80,
    )
)
def test_words_stay_as_they_are_and_no_sentence_is_long(parts: list[tuple[str, float, float, str | None]]) -> None:
    words, time = [], 0.0
    for token, pause, length, speaker in parts:
        start = time + pause
        time = start + length
        words.append(Word(token, start, time, speaker=speaker))

    found = sentences([Segment(0, time, "", tuple(words))], "en")

    assert [word for segment in found for word in segment.words] == words
    for segment in found:
        assert segment.text == " ".join(word.text for word in segment.words)
        assert (segment.start, segment.end) == (segment.words[0].start, segment.words[-1].end)
        assert {word.speaker for word in segment.words} == {segment.speaker}
        is_short = segment.end - segment.start <= MAX_SECONDS and len(segment.text) <= MAX_CHARACTERS
        assert is_short or len(segment.words) == 1


def test_a_sentence_ends_at_its_mark() -> None:
    assert texts(said("Is", "it?", "Yes!", "“It", "is.”", "Good.")) == ["Is it?", "Yes!", "“It is.”", "Good."]


def test_an_abbreviation_or_a_small_letter_ends_nothing() -> None:
    assert texts(said("Dr.", "Smith", "met", "J.", "Doe", "approx.", "twice.")) == [
        "Dr. Smith met J. Doe approx. twice."
    ]


def test_segments_of_an_engine_are_joined_when_the_sentence_goes_on() -> None:
    first = said("The", "budget")
    rest = Segment(1, 2, "is ready.", (Word("is", 1.0, 1.3), Word("ready.", 1.4, 2.0)))

    assert texts(first, rest) == ["The budget is ready."]


def test_a_pause_ends_a_sentence() -> None:
    assert texts(said("Well", "then", gaps={1: 0.9})) == ["Well", "then"]


def test_without_punctuation_a_shorter_pause_does() -> None:
    assert texts(said("well", "then", gaps={1: 0.6})) == ["well", "then"]
    assert texts(said("Well", "then.", gaps={1: 0.6})) == ["Well then."]


def test_a_change_of_speaker_ends_a_sentence() -> None:
    words = (Word("one", 0, 1, speaker="SPEAKER_00"), Word("two", 1, 2, speaker="SPEAKER_01"))

    found = sentences([Segment(0, 2, "one two", words)], "en")

    assert [(segment.text, segment.speaker) for segment in found] == [("one", "SPEAKER_00"), ("two", "SPEAKER_01")]


def test_a_long_sentence_is_cut_at_a_clause() -> None:
    tokens = ["word"] * 60
    tokens[25] = "clause,"

    assert [text.split()[-1] for text in texts(said(*tokens))] == ["clause,", "word"]


def test_languages_without_spaces_are_joined_without() -> None:
    assert texts(said("你", "好", "。", "再", "见", "。"), language="zh") == ["你好。", "再见。"]


def test_a_segment_without_word_times_stays_as_it_is() -> None:
    whole = Segment(0, 90, "One. Two. Three.")

    assert sentences([whole], "en") == (whole,)


def test_nothing_gives_nothing() -> None:
    assert sentences([], "en") == ()


def test_confidence_is_the_mean_of_what_is_known() -> None:
    words = (Word("a", 0, 1, 0.5), Word("b", 1, 2), Word("c", 2, 3, 1.0))

    (found,) = sentences([Segment(0, 3, "a b c", words)], "en")

    assert found.confidence == 0.75


def test_doubt_about_a_word_does_not_cut_its_sentence() -> None:
    doubtful = (Mark.DOUBTFUL,)
    words = [Word(text, start, start + 0.9) for start, text in enumerate(["We", "will", "see", "tomorrow."])]
    words[1] = replace(words[1], marks=doubtful)

    (one,) = sentences([Segment(0, 4, "", tuple(words))], "en")
    words[2] = replace(words[2], marks=doubtful)
    (half,) = sentences([Segment(0, 4, "", tuple(words))], "en")

    assert one.marks == ()
    assert one.words[1].marks == doubtful
    assert half.marks == doubtful

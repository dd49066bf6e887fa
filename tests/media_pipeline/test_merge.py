"""Words of overlapping chunks are joined: none dropped, none doubled."""

import random
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from media_pipeline.media import ChunkTranscript
from media_pipeline.text.merge import Merged, main_language, merge
from media_pipeline.transcript import Segment, Word
from tests.overlaps import COMMON, account, hear, talk


def chunk(index: int, start: float, end: float, *segments: Segment, language: str = "en") -> ChunkTranscript:
    return ChunkTranscript(index, start, end, language, "any", "any", "cpu", segments)


def sentence(*words: Word) -> Segment:
    return Segment(words[0].start, words[-1].end, " ".join(word.text for word in words), words)


def texts(segments: tuple[Segment, ...]) -> list[str]:
    return [word.text for segment in segments for word in segment.words]


@st.composite
def talks(draw: st.DrawFn) -> tuple[list[Word], list[ChunkTranscript]]:
    """Words of a talk, and chunks with an overlap, each of which heard all words that lie in it."""
    lengths = draw(st.lists(st.tuples(st.floats(0, 3), st.floats(0.05, 1)), min_size=1, max_size=60))
    words, cursor = [], 0.0
    for number, (pause, length) in enumerate(lengths):
        words.append(Word(f"w{number}", cursor + pause, cursor + pause + length))
        cursor += pause + length
    step, overlap = draw(st.floats(5, 30)), draw(st.floats(2.1, 4.9))
    chunks = []
    for index in range(int(cursor / step) + 1):
        start, end = index * step, (index + 1) * step + overlap
        heard = [word for word in words if word.start >= start and word.end <= end]
        pieces = [heard[first : first + 7] for first in range(0, len(heard), 7)]
        chunks.append(chunk(index, start, end, *(sentence(*piece) for piece in pieces)))
    return words, chunks


@settings(max_examples=200, deadline=None)
@given(talks())
def test_every_word_is_kept_once_and_in_order(talk: tuple[list[Word], list[ChunkTranscript]]) -> None:
    words, chunks = talk

    merged = merge(chunks)

    assert texts(merged.segments) == [word.text for word in words]
    assert all(earlier.start <= later.start for earlier, later in pairwise(merged.segments))


@settings(max_examples=50, deadline=None)
@given(talks(), st.randoms())
def test_the_order_in_which_chunks_come_does_not_matter(
    talk: tuple[list[Word], list[ChunkTranscript]], random: object
) -> None:
    _, chunks = talk
    shuffled = list(chunks)
    random.shuffle(shuffled)  # type: ignore[attr-defined]

    assert merge(shuffled) == merge(chunks)


EDGE, OVERLAP = 1.0, 10.0


@settings(max_examples=300, deadline=None)
@given(st.integers(0, 2**32), st.floats(0, 0.2), st.floats(0, 0.3), st.sampled_from([3, 25, 400]))
def test_two_hearings_of_the_same_seconds_become_one(seed: int, jitter: float, loops: float, variety: int) -> None:
    rng = random.Random(seed)
    vocabulary = COMMON[-variety:] if variety < 400 else [f"word{number}" for number in range(variety)]
    spoken = talk(rng, 120, vocabulary, loops)
    end = spoken[-1].end + 2 * EDGE
    mark = rng.uniform(0.3 * end, 0.7 * end)
    spans = [(-2 * EDGE, mark + OVERLAP / 2), (mark - OVERLAP / 2, end)]

    parts = [hear(spoken, index, *span, rng, jitter=jitter, edge=EDGE) for index, span in enumerate(spans)]
    merged = merge(parts)

    written = [word for segment in merged.segments for word in segment.words]
    assert account(spoken, written).is_perfect
    assert [word.text for word in written] == [word.text for word in spoken]
    assert all(a.start <= b.start for a, b in pairwise(written))
    assert merged.unsure == ()


def test_the_seam_lies_behind_a_word_that_both_heard_alike() -> None:
    earlier = sentence(
        Word("We", 6, 6.4), Word("will", 6.5, 7), Word("meet", 8, 8.4), Word("and", 8.5, 8.8), Word("ea", 9.6, 10)
    )
    later = sentence(
        Word("ill", 5, 5.2),
        Word("Will", 6.6, 7),
        Word("meet,", 7.9, 8.3),
        Word("Anna", 8.5, 8.9),
        Word("eats", 9.6, 10.1),
    )

    merged = merge([chunk(0, 0, 10, earlier), chunk(1, 5, 15, later)])

    assert texts(merged.segments) == ["We", "will", "meet,", "Anna", "eats"]
    assert merged.unsure == ()


def test_numbers_written_differently_do_not_hide_what_agrees_around_them() -> None:
    earlier = sentence(Word("about", 6, 6.4), Word("twenty", 6.5, 7), Word("people", 7.1, 7.6), Word("came", 7.7, 8))
    later = sentence(Word("about", 6.1, 6.4), Word("20", 6.6, 7), Word("people", 7.2, 7.6), Word("came", 7.7, 8))

    merged = merge([chunk(0, 0, 10, earlier), chunk(1, 5, 15, later)])

    assert texts(merged.segments)[2:] == ["people", "came"]
    assert texts(merged.segments)[:2] in (["about", "twenty"], ["about", "20"])


def test_where_only_one_chunk_has_words_all_of_them_are_kept() -> None:
    words = sentence(Word("only", 5.5, 6), Word("one", 8, 8.5), Word("heard", 9, 9.6))

    assert merge([chunk(0, 0, 10, words), chunk(1, 5, 15)]) == Merged((words,))
    assert merge([chunk(0, 0, 10), chunk(1, 5, 15, words)]) == Merged((words,))


def test_chunks_without_overlap_are_kept_as_they_are() -> None:
    first, second = sentence(Word("one", 1, 2)), sentence(Word("two", 10, 11))

    assert merge([chunk(1, 10, 20, second), chunk(0, 0, 10, first)]) == Merged((first, second))


def test_where_nothing_agrees_the_seam_lies_in_the_pause_and_is_called_unsure() -> None:
    earlier = sentence(Word("good", 6, 7), Word("day", 9, 10))
    later = sentence(Word("gut", 6.1, 7), Word("they", 9, 10))

    merged = merge([chunk(0, 0, 10, earlier), chunk(1, 5, 15, later)])

    assert texts(merged.segments) == ["good", "they"]
    assert merged.unsure == (8.0,)
    assert [segment.text for segment in merged.segments] == ["good", "they"]


def test_a_seam_without_any_pause_lies_in_the_middle() -> None:
    words = [Word(str(second), second, second + 1) for second in range(10)]

    merged = merge([chunk(0, 0, 10, sentence(*words)), chunk(1, 0, 10, sentence(*words))])

    assert texts(merged.segments) == [str(second) for second in range(10)]


def test_a_segment_without_words_is_taken_once() -> None:
    said = Segment(6, 9, "no word times")

    assert merge([chunk(0, 0, 10, said), chunk(1, 5, 15, said)]) == Merged((said,))


def test_nothing_gives_nothing() -> None:
    assert merge([]) == Merged(())
    assert merge([chunk(0, 0, 10)]) == Merged(())


def test_the_main_language_is_that_of_most_words() -> None:
    german = chunk(0, 0, 10, sentence(Word("ja", 1, 2)), language="de")
    english = chunk(1, 10, 20, sentence(Word("yes", 11, 12), Word("sir", 12, 13)), language="en")

    assert main_language([german, english]) == "en"
    assert main_language([]) is None

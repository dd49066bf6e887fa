"""Words of overlapping chunks are joined: none dropped, none doubled."""

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from media_pipeline.media import ChunkTranscript
from media_pipeline.text.merge import Merged, main_language, merge
from media_pipeline.transcript import Segment, Word


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


def test_chunks_without_overlap_are_kept_as_they_are() -> None:
    first, second = sentence(Word("one", 1, 2)), sentence(Word("two", 10, 11))

    assert merge([chunk(1, 10, 20, second), chunk(0, 0, 10, first)]) == Merged((first, second))


def test_the_seam_lies_in_the_pause() -> None:
    earlier = sentence(Word("good", 6, 7), Word("day", 9, 10))
    later = sentence(Word("gut", 6.1, 7), Word("they", 9, 10))

    merged = merge([chunk(0, 0, 10, earlier), chunk(1, 5, 15, later)])

    assert texts(merged.segments) == ["good", "they"]
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

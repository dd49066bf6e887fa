"""One transcript out of the words of chunks and the turns of speakers."""

from media_pipeline.media import ChunkTranscript, Diarization, SpeakerTurn
from media_pipeline.options import TranscribeOptions
from media_pipeline.steps.assemble import NO_SPEECH, assemble
from media_pipeline.transcript import Segment, Word

OPTIONS = TranscribeOptions(engine="pocketsphinx", model="en-us")


def part(index: int, *tokens: str, warnings: tuple[str, ...] = ()) -> ChunkTranscript:
    start = index * 10.0
    words = tuple(Word(token, start + number, start + number + 0.9) for number, token in enumerate(tokens))
    segments = (Segment(start, start + len(tokens), " ".join(tokens), words),) if words else ()
    return ChunkTranscript(index, start, start + 10, "en", "pocketsphinx", "en-us", "cpu", segments, warnings)


def test_sentences_of_all_chunks_come_in_order_with_their_speakers() -> None:
    turns = (SpeakerTurn(0, 9, "SPEAKER_00"), SpeakerTurn(9.5, 20, "SPEAKER_01"))

    made = assemble([part(1, "Yes.", "Sure."), part(0, "Is", "it?")], Diarization("embedded", turns), 20.0, OPTIONS)

    assert [(segment.text, segment.speaker) for segment in made.segments] == [
        ("Is it?", "SPEAKER_00"),
        ("Yes.", "SPEAKER_01"),
        ("Sure.", "SPEAKER_01"),
    ]
    assert (made.language, made.duration, made.engine, made.model) == ("en", 20.0, "pocketsphinx", "en-us")


def test_without_diarization_nobody_is_named() -> None:
    made = assemble([part(0, "Yes.")], None, 10.0, OPTIONS)

    assert [segment.speaker for segment in made.segments] == [None]


def test_silence_gives_an_empty_transcript_that_says_so() -> None:
    made = assemble([], Diarization("embedded", ()), 10.0, OPTIONS)

    assert (made.segments, made.language, made.warnings) == ((), "und", (NO_SPEECH,))


def test_silence_is_in_the_language_that_was_asked_for() -> None:
    assert assemble([], None, 10.0, TranscribeOptions(engine="any", model="any", language="de")).language == "de"


def test_the_same_warning_of_several_chunks_is_given_once() -> None:
    parts = [part(0, "Yes.", warnings=("Noisy.", "Short.")), part(1, "No.", warnings=("Noisy.",))]

    assert assemble(parts, None, 20.0, OPTIONS).warnings == ("Noisy.", "Short.")


def test_a_place_where_two_chunks_do_not_agree_is_named() -> None:
    heard = [
        ChunkTranscript(0, 0, 700, "en", "any", "any", "cpu", (said("good", 691), said("day", 694))),
        ChunkTranscript(1, 690, 900, "en", "any", "any", "cpu", (said("gut", 691), said("they", 694))),
    ]

    made = assemble(heard, None, 900.0, OPTIONS)

    assert made.warnings == (
        "At 11:37, two parts of the recording were joined that were heard differently: please listen there.",
    )


def said(text: str, start: float) -> Segment:
    return Segment(start, start + 1, text, (Word(text, start, start + 1),))

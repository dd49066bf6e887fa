"""Where chunks meet, no sentence is lost and none is said twice."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random

import jiwer
import pytest

from media_pipeline.engines import pool
from media_pipeline.engines.base import SpeechToText
from media_pipeline.media import SpeechRegion
from media_pipeline.run import Run
from media_pipeline.steps.detect_speech import plan, quietest
from media_pipeline.steps.transcribe import transcribe
from media_pipeline.text.merge import merge
from media_pipeline.transcript import Word
from tests.grammar import plain
from tests.media_pipeline.spoken import CHECKPOINT, MACHINE, options, prepared
from tests.speech import SpokenWord, conversation, render

SENTENCE = 3  # words at least; the small checkpoint gets single ones wrong anywhere
NEAR = 5.0  # seconds


@pytest.fixture(scope="module")
def engine() -> SpeechToText:
    return pool.get("stt", "whisper", CHECKPOINT, MACHINE)


@pytest.mark.parametrize("is_known", [True, False], ids=["cut in silence", "overlapping"])
def test_no_sentence_is_lost_or_doubled_at_a_seam(engine: SpeechToText, tmp_path: Path, is_known: bool) -> None:
    speech = render(conversation(30, seed=41, voices=("slt", "rms", "awb"), gap=(0.3, 1.2)))
    audio, whole = prepared(speech.path)
    regions = [region for chunk in whole.chunks for region in chunk.regions]
    if not is_known:  # as if somebody spoke all the time
        regions = [SpeechRegion(0.0, audio.facts.duration)]
    random = Random(2)

    for _ in range(10):
        seconds = random.uniform(15.0, 60.0) if is_known else random.uniform(40.0, 80.0)
        cut = plan(regions, audio.facts.duration, seconds, lambda start, end: quietest(audio, start, end))
        wanted, run = options("whisper", language="en"), Run(tmp_path, MACHINE)
        heard = merge([transcribe(audio, chunk, wanted, engine, run) for chunk in cut.chunks]).segments

        seams = [chunk.start for chunk in cut.chunks[1:]]
        assert seams
        for place, words in strays(speech.words, [word for segment in heard for word in segment.words]):
            assert all(abs(place - seam) > NEAR for seam in seams), (place, words, seams)


def strays(said: Sequence[SpokenWord], heard: Sequence[Word]) -> Iterator[tuple[float, str]]:
    """When what is missing was said, or what is too much was heard, and these words: three or more of them."""
    texts = [" ".join(plain(word.text).replace(" ", "") or "_" for word in words) for words in (said, heard)]
    found = jiwer.process_words(*texts)
    for piece in found.alignments[0]:
        if piece.type == "delete" and piece.ref_end_idx - piece.ref_start_idx >= SENTENCE:
            words: Sequence[SpokenWord | Word] = said[piece.ref_start_idx : piece.ref_end_idx]
        elif piece.type == "insert" and piece.hyp_end_idx - piece.hyp_start_idx >= SENTENCE:
            words = heard[piece.hyp_start_idx : piece.hyp_end_idx]
        else:
            continue
        yield words[0].start, " ".join(word.text for word in words)

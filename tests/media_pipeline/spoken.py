"""What the tests of engines share: a prepared recording, and how well its words were understood."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

from media_pipeline.engines import pool
from media_pipeline.evaluation import measures
from media_pipeline.evaluation.reference import Passage
from media_pipeline.media import Audio, SpeechPlan
from media_pipeline.options import TranscribeOptions
from media_pipeline.run import Machine, Run
from media_pipeline.steps.detect_speech import detect_speech
from media_pipeline.steps.normalize import normalize
from media_pipeline.steps.probe import probe
from media_pipeline.transcript import Word
from tests.environment import FOLDER
from tests.speech import Speech, SpokenWord

CHECKPOINT = str(Path(__file__).parents[1] / "checkpoints" / "tiny-test.pt")
CT2_CHECKPOINT = str(Path(__file__).parents[1] / "checkpoints" / "tiny-test-ct2")
MACHINE = Machine(Path("no-models-here"), device="cpu", threads=1)


def options(engine: str = "pocketsphinx", **values: object) -> TranscribeOptions:
    model = {"whisper": CHECKPOINT, "faster_whisper": CT2_CHECKPOINT}.get(engine, "en-us")
    return TranscribeOptions(**{"engine": engine, "model": model, **values})  # type: ignore[arg-type]


@cache
def prepared(path: Path) -> tuple[Audio, SpeechPlan]:
    """The recording as the steps before transcription leave it."""
    run = Run(Path(mkdtemp(dir=FOLDER)), MACHINE)
    wav, facts, _ = normalize(path, probe(path, 36_000), 36_000, run)
    audio = Audio(wav, facts)
    return audio, detect_speech(audio, pool.get("vad", "silero", "", MACHINE), options(), run)


def word_error_rate(speech: Speech, text: str) -> float:
    return measures.word_errors(speech.text, text).rate


def time_errors(spoken: Sequence[SpokenWord], heard: Sequence[Word]) -> list[float]:
    """For each word understood: how far its start or end is off, whichever is more."""
    said, found = ([Passage(word.text, word.start, word.end) for word in words] for words in (spoken, heard))
    return measures.time_errors(said, found)

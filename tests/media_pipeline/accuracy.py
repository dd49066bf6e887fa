"""Print the figures of docs/accuracy.md: `python -m tests.media_pipeline.accuracy`. Takes about a minute."""

from importlib.metadata import distribution
from pathlib import Path
from statistics import median
from tempfile import mkdtemp

import torch
import whisper

from media_pipeline.engines import pool
from media_pipeline.options import SpeakerOptions
from media_pipeline.run import Run
from media_pipeline.steps.transcribe import transcribe
from media_pipeline.transcript import Segment
from tests.environment import FOLDER
from tests.media_pipeline.spoken import CHECKPOINT, MACHINE, options, prepared, time_errors, word_error_rate
from tests.media_pipeline.test_embedded_diarizer import error_rate, heard, labels, talk
from tests.media_pipeline.test_pocketsphinx import EVERYDAY, two_voices
from tests.speech import Speech, Utterance, conversation, render

VOICES = [("slt", "rms"), ("slt", "awb"), ("rms", "awb"), ("slt", "rms", "awb")]


def main() -> None:
    torch.set_num_threads(1)
    three_minutes = render(conversation(50, 7))
    two = ("slt", "rms")
    words_row("pocketsphinx, everyday talk, two voices", "pocketsphinx", two_voices(EVERYDAY))
    words_row("pocketsphinx, office talk, two voices", "pocketsphinx", render(conversation(20, 12, two)))
    words_row("pocketsphinx, office talk, four voices", "pocketsphinx", three_minutes)
    words_row("whisper, test checkpoint, four voices", "whisper", three_minutes)
    words_row("faster-whisper, test checkpoint, four voices", "faster_whisper", three_minutes)
    whole_row(three_minutes)
    for voices in VOICES:
        speakers_row(voices)
    real_call_rows()


def words_row(name: str, engine_name: str, speech: Speech) -> None:
    segments = understood(engine_name, speech)
    errors = sorted(time_errors(speech.words, [word for segment in segments for word in segment.words]))
    wrong = word_error_rate(speech, " ".join(segment.text for segment in segments))
    close = sum(error <= 0.3 for error in errors) / len(errors)
    print(
        f"{name}: {speech.duration:.0f} s, {len(speech.words)} words, {wrong:.1%} wrong; times of the others: "
        f"median {median(errors):.3f} s, 90 % within {errors[int(len(errors) * 0.9)]:.3f} s, {close:.0%} within 0.3 s"
    )


def understood(engine_name: str, speech: Speech) -> list[Segment]:
    audio, plan = prepared(speech.path)
    wanted = options(engine_name)
    engine = pool.get("stt", engine_name, wanted.model, MACHINE)
    parts = [transcribe(audio, chunk, wanted, engine, Run(Path(mkdtemp(dir=FOLDER)), MACHINE)) for chunk in plan.chunks]
    return [segment for part in parts for segment in part.segments]


def whole_row(speech: Speech) -> None:
    whole = whisper.load_model(CHECKPOINT).transcribe(str(speech.path), fp16=False)
    print(f"whisper's own transcribe() of the same file: {word_error_rate(speech, whole['text']):.1%} wrong")


def speakers_row(voices: tuple[str, ...]) -> None:
    speech = talk(*voices)
    found = heard(speech, pool.get("diarization", "embedded", "", MACHINE), Path(mkdtemp(dir=FOLDER)), SpeakerOptions())
    print(
        f"embedded diarizer, {' and '.join(voices)}: {speech.duration:.0f} s, {len(labels(found))} speakers found, "
        f"diarization error rate {error_rate(speech, found):.1%}"
    )


def real_call_rows() -> None:
    """Half a minute of a real telephone call that comes with pyannote.audio: fast, overlapping, 8 kHz."""
    folder = distribution("pyannote.audio").locate_file("pyannote/audio/sample")
    assert isinstance(folder, Path)
    utterances = []
    for line in (folder / "sample.stm").read_text().splitlines():
        _, _, speaker, start, end, text = line.split(maxsplit=5)
        utterances.append(Utterance(float(start), float(end), speaker, text, ()))
    call = Speech(folder / "sample.wav", utterances[-1].end, tuple(utterances))
    text = " ".join(segment.text for segment in understood("pocketsphinx", call))
    print(f"pocketsphinx, a real telephone call: {word_error_rate(call, text):.1%} wrong")
    found = heard(call, pool.get("diarization", "embedded", "", MACHINE), Path(mkdtemp(dir=FOLDER)), SpeakerOptions())
    print(
        f"embedded diarizer, the same: {len(labels(found))} speakers found, "
        f"diarization error rate {error_rate(call, found):.1%}"
    )


if __name__ == "__main__":
    main()

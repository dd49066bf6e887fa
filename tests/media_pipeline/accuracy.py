"""Print the figures of docs/accuracy.md: `python -m tests.media_pipeline.accuracy`. Takes some minutes."""

from collections import Counter
from collections.abc import Sequence
from importlib.metadata import distribution
from itertools import groupby, pairwise
from pathlib import Path
from random import Random
from statistics import median
from tempfile import mkdtemp

import torch
import whisper

from media_pipeline.engines import pool
from media_pipeline.media import SpeakerTurn
from media_pipeline.options import SpeakerOptions
from media_pipeline.run import Run
from media_pipeline.steps.transcribe import transcribe
from media_pipeline.text.assign_speakers import assign_speakers, sweep
from media_pipeline.text.sentences import sentences
from media_pipeline.transcript import Seconds, Segment, Word
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
    for gap in ((0.05, 0.3), (0.3, 2.0)):
        speakers_of_words_rows(gap)
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


def speakers_of_words_rows(gap: tuple[Seconds, Seconds]) -> None:
    """Words with the right speaker before and after changes of speaker are moved, with `gap` between sentences."""
    speech = render(conversation(40, seed=5, voices=VOICES[-1], gap=gap))
    embedded = pool.get("diarization", "embedded", "", MACHINE)
    found = heard(speech, embedded, Path(mkdtemp(dir=FOLDER)), SpeakerOptions()).turns
    cases = {f"true turns, off by up to {off} s": displaced(speech, off) for off in (0.2, 0.4, 0.7)}
    for name, turns in (cases | {"embedded": found}).items():
        before, after = right_speakers(speech, turns, is_punctuated=True)
        _, plain = right_speakers(speech, turns, is_punctuated=False)
        print(
            f"speakers of {len(speech.words)} words, gaps of {gap[0]} to {gap[1]} s, {name}: {before:.1%} right by time"
            f" alone, {after:.1%} after that with punctuation, {plain:.1%} without"
        )


def displaced(speech: Speech, most: Seconds) -> list[SpeakerTurn]:
    """The true turns, each border moved by up to `most`."""
    random = Random(1)
    groups = [list(group) for _, group in groupby(speech.utterances, key=lambda utterance: utterance.speaker)]
    middles = [(before[-1].end + after[0].start) / 2 for before, after in pairwise(groups)]
    borders = [0.0, *(middle + random.uniform(-most, most) for middle in middles), speech.duration]
    return [
        SpeakerTurn(start, max(start + 0.05, end), group[0].speaker)
        for (start, end), group in zip(pairwise(borders), groups, strict=True)
    ]


def right_speakers(speech: Speech, turns: Sequence[SpeakerTurn], *, is_punctuated: bool) -> tuple[float, float]:
    """The share of words with the right speaker: by time alone, and as `assign_speakers` has it."""
    said = [(word, utterance.speaker) for utterance in speech.utterances for word in utterance.words]
    texts = [word.text if is_punctuated else word.text.strip(".,?!").lower() for word, _ in said]
    words = tuple(Word(text, word.start, word.end) for text, (word, _) in zip(texts, said, strict=True))
    cut = sentences([Segment(words[0].start, words[-1].end, "", words)], "en")
    by_time = [speaker for speaker, _ in sweep(words, turns)]
    assigned = [str(word.speaker) for segment in assign_speakers(cut, turns, "en") for word in segment.words]
    truth = [speaker for _, speaker in said]
    return share_right(by_time, truth), share_right(assigned, truth)


def share_right(found: Sequence[str], truth: Sequence[str]) -> float:
    """A label stands for the voice most of its words are of."""
    pairs = Counter(zip(found, truth, strict=True))
    voice = {label: max(set(truth), key=lambda true, label=label: pairs[label, true]) for label in set(found)}
    return sum(count for (label, true), count in pairs.items() if voice[label] == true) / len(truth)


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

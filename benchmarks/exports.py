"""C13: taking 100,000 words away: Whisper's own writers beside ours, in one run, on the same words.

Whisper's writer of subtitles has three ways: a cue a segment from a result with words, which it copies all ("plain");
the same from one without words ("bare"); and lines of 42 characters, two a cue ("lines"), which it fills word by word,
whatever they say and however short they are shown. Ours are a cue a segment, or two lines that can be read in time and
break where a reader expects it. Like is set beside like, without names, for Whisper has none; and the two lines also
beside Whisper's plain way. Memory is what writing adds at most to what the transcript takes.
"""

import random
import statistics
import tempfile
import tracemalloc
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from benchmarks.measuring import conclude, say, timed
from media_pipeline.exports.files import pieces
from media_pipeline.exports.options import DEFAULT, ExportOptions
from media_pipeline.exports.registry import EXPORTERS
from media_pipeline.text.cue_limits import PRESETS
from media_pipeline.transcript import Segment, Transcript, Word
from tests.overlaps import COMMON

WORDS = 100_000
ROUNDS = 15
NONE: Mapping[str, int] = MappingProxyType({})
LINES = MappingProxyType({"max_line_width": 42, "max_line_count": 2})
AS_SPOKEN = ExportOptions(cues=PRESETS["raw"], names=False, by_turn=False, times=False)
TWO_LINES = ExportOptions(names=False)
COMPARED = ("srt", "vtt", "txt", "json")
TEXTS = (*COMPARED, "verbose_json", "csv", "tsv", "md", "html", "ttml", "rttm", "labels")


def run() -> None:
    transcript = talk(random.Random(13), WORDS)
    say(f"{WORDS:,} words in {len(transcript.segments):,} segments, {ROUNDS} times each")
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        result = as_whisper_has_it(transcript)
        for name in COMPARED:
            ours, peer = compared(name, transcript, folder, AS_SPOKEN, result)
            conclude(f"C13/{name}", ours, peer, "s", ">=1.0")
        for name in ("srt", "vtt"):
            ours, peer = compared(name, transcript, folder, AS_SPOKEN, without_words(result))
            conclude(f"C13/{name}-bare", ours, peer, "s", ">=1.0")
            ours, peer = compared(name, transcript, folder, TWO_LINES, result, LINES)
            conclude(f"C13/{name}-lines", ours, peer, "s", ">=1.0")
            ours, peer = compared(name, transcript, folder, TWO_LINES, result)
            conclude(f"C13/{name}-lines-plain", ours, peer, "s", ">=1.0")
        named = statistics.median(timed(lambda: write("srt", transcript, folder)) for _ in range(ROUNDS))
        say(f"two lines with names, which count as text: srt {named:.3f} s")
        seconds = statistics.median(timed(lambda: write("docx", transcript, folder)) for _ in range(ROUNDS))
        conclude("C13/docx", seconds, 3.0, "s", "ours<=3s")
        say(f"pdf {timed(lambda: write('pdf', transcript, folder)):.2f} s")
    slowest = max(TEXTS, key=lambda name: first_byte_ms(name, transcript))
    say(f"the slowest to begin is {slowest}")
    conclude("C13/first-byte", first_byte_ms(slowest, transcript), 50.0, "ms", "ours<=50ms")
    most = max(TEXTS, key=lambda name: held_mib(name, transcript))
    say(f"the most memory takes {most}")
    conclude("C13/memory", held_mib(most, transcript), 16.0, "MiB", "ours<=16MiB")


def compared(
    name: str,
    transcript: Transcript,
    folder: Path,
    options: ExportOptions,
    result: dict[str, Any],
    peer_options: Mapping[str, int] = NONE,
) -> tuple[float, float]:
    """Median seconds of our writer and of the peer's, by turns."""
    from whisper.utils import get_writer

    writer = get_writer(name, str(folder))
    ours, peer = [], []
    for _ in range(ROUNDS):
        ours.append(timed(lambda: write(name, transcript, folder, options)))
        peer.append(timed(lambda: writer(result, "peer.wav", dict(peer_options))))
    return statistics.median(ours), statistics.median(peer)


def write(name: str, transcript: Transcript, folder: Path, options: ExportOptions = DEFAULT) -> None:
    with (folder / f"ours.{name}").open("wb") as target:
        target.writelines(pieces(EXPORTERS[name], transcript, {}, options))


def first_byte_ms(name: str, transcript: Transcript) -> float:
    """The median of some times."""
    return statistics.median(1000 * timed(lambda: next(_begun(name, transcript))) for _ in range(ROUNDS))


def _begun(name: str, transcript: Transcript) -> Iterator[bytes]:
    return pieces(EXPORTERS[name], transcript, {})


def held_mib(name: str, transcript: Transcript) -> float:
    """The most that is held at once while a file is made piece by piece."""
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    for _ in _begun(name, transcript):
        pass
    most = tracemalloc.get_traced_memory()[1] - before
    tracemalloc.stop()
    return most / 1024**2


def talk(rng: random.Random, count: int) -> Transcript:
    """Sentences of 6 to 22 words with times, of four people who take turns."""
    segments, at, spoken, speaker = [], 0.0, 0, 0
    while spoken < count:
        length = min(rng.randint(6, 22), count - spoken)
        speaker = rng.randrange(4) if rng.random() < 0.3 else speaker
        words = []
        for place in range(length):
            text = rng.choice(COMMON) + ("." if place == length - 1 else "," if rng.random() < 0.08 else "")
            words.append(Word(text, round(at, 2), round(at + 0.3, 2), 0.9, f"SPEAKER_0{speaker}"))
            at += 0.35
        text = " ".join(word.text for word in words)
        segments.append(Segment(words[0].start, words[-1].end, text, tuple(words), f"SPEAKER_0{speaker}", 0.9))
        spoken += length
        at += rng.random()
    return Transcript("en", tuple(segments), at, "whisper", "base")


def as_whisper_has_it(transcript: Transcript) -> dict[str, Any]:
    """The same as the result of `whisper.transcribe`."""
    segments = [
        {
            "id": number,
            "start": segment.start,
            "end": segment.end,
            "text": f" {segment.text}",
            "words": [
                {"word": f" {word.text}", "start": word.start, "end": word.end, "probability": word.confidence}
                for word in segment.words
            ],
        }
        for number, segment in enumerate(transcript.segments)
    ]
    text = "".join(str(segment["text"]) for segment in segments)
    return {"text": text, "segments": segments, "language": transcript.language}


def without_words(result: dict[str, Any]) -> dict[str, Any]:
    """As `whisper.transcribe` gives it by default."""
    bare = [{key: value for key, value in segment.items() if key != "words"} for segment in result["segments"]]
    return {**result, "segments": bare}

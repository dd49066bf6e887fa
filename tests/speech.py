"""Make speech whose every word is known: what was said, when, and by which voice.

flite says at what time each of its phones ends, so the times of words are true, not measured. Rendered files
are kept in `tests/.cache`.
"""

import functools
import hashlib
import json
import random
import re
import subprocess
import tempfile
import wave
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from math import gcd
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tests.grammar import sentence

RATE_HZ = 16_000
CACHE = Path(__file__).parent / ".cache" / "speech"
FLITE_VOICES = ("slt", "rms", "awb", "kal16")
_FORMAT = 2  # raise when rendering changes, so that old files are not taken

PCM = npt.NDArray[np.int16]


@dataclass(frozen=True, slots=True)
class Line:
    """Something to say. `gap` is the silence before it, in seconds. A voice that is not flite's is espeak-ng's."""

    voice: str
    text: str
    gap: float = 0.5


@dataclass(frozen=True, slots=True)
class SpokenWord:
    text: str
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class Utterance:
    """A line as it was spoken. `words` is empty for espeak-ng, which tells no times."""

    start: float
    end: float
    speaker: str
    text: str
    words: tuple[SpokenWord, ...]


@dataclass(frozen=True, slots=True)
class Speech:
    """A 16 kHz mono 16-bit WAV and what is said in it."""

    path: Path
    duration: float
    utterances: tuple[Utterance, ...]

    @property
    def text(self) -> str:
        return " ".join(utterance.text for utterance in self.utterances)

    @property
    def words(self) -> tuple[SpokenWord, ...]:
        return tuple(word for utterance in self.utterances for word in utterance.words)


def render(
    lines: Sequence[Line], *, tail: float = 1.0, noise: float = 0.0, seed: int = 0, stretch: float = 1.0
) -> Speech:
    """Speak `lines` one after the other. `noise` is the standard deviation of white noise, of full scale 1."""
    asked = json.dumps([_FORMAT, [asdict(line) for line in lines], tail, noise, seed, stretch])
    wav = CACHE / f"{hashlib.sha256(asked.encode()).hexdigest()[:24]}.wav"
    reference = wav.with_suffix(".json")
    if not (wav.exists() and reference.exists()):
        CACHE.mkdir(parents=True, exist_ok=True)
        pcm, utterances = _speak_all(lines, tail, stretch)
        if noise:
            hiss = np.random.default_rng(seed).standard_normal(len(pcm)) * noise * 32767
            pcm = np.clip(pcm + hiss, -32768, 32767).astype(np.int16)
        _write(wav, pcm)
        _replace(reference, json.dumps([asdict(utterance) for utterance in utterances]).encode())
    return _load(wav, reference)


def conversation(
    count: int,
    seed: int = 0,
    voices: Sequence[str] = FLITE_VOICES,
    language: str = "en",
    gap: tuple[float, float] = (0.3, 2.0),
) -> list[Line]:
    """`count` random sentences of the office grammar, each by a random voice."""
    rng = random.Random(f"conversation-{seed}")
    return [
        Line(rng.choice(voices), sentence(rng, language, "test"), round(rng.uniform(*gap), 2)) for _ in range(count)
    ]


def _speak_all(lines: Sequence[Line], tail: float, stretch: float) -> tuple[PCM, list[Utterance]]:
    parts: list[PCM] = []
    utterances: list[Utterance] = []
    length = 0
    for line in lines:
        voice, words = _speak(line.voice, line.text, stretch)
        silence = np.zeros(round(line.gap * RATE_HZ), np.int16)
        start = (length + len(silence)) / RATE_HZ
        moved = tuple(SpokenWord(word.text, start + word.start, start + word.end) for word in words)
        utterances.append(Utterance(start, start + len(voice) / RATE_HZ, line.voice, line.text, moved))
        parts += [silence, voice]
        length += len(silence) + len(voice)
    return np.concatenate([*parts, np.zeros(round(tail * RATE_HZ), np.int16)]), utterances


def _speak(voice: str, text: str, stretch: float) -> tuple[PCM, list[SpokenWord]]:
    """The voice without the silence at its edges, and its words on its own clock."""
    if voice not in FLITE_VOICES:
        pcm = _espeak(voice, text, stretch)
        loud = np.flatnonzero(np.abs(pcm.astype(np.int32)) > max(20, int(np.abs(pcm).max()) // 180))
        return pcm[loud[0] : loud[-1] + 1], []
    pcm, phones = _flite(voice, text, stretch)
    first, last = max(0, round((phones[0][1] - 0.02) * RATE_HZ)), round((phones[-1][2] + 0.05) * RATE_HZ)
    return pcm[first:last], _words(voice, text, phones, first / RATE_HZ)


def _words(voice: str, text: str, phones: Sequence[tuple[str, float, float]], offset: float) -> list[SpokenWord]:
    """Deal the phones out to the words, each taking as many as it has when spoken alone."""
    tokens = text.split()
    counts = [_phone_count(voice, token) for token in tokens]
    if sum(counts) != len(phones):
        raise ValueError(f"{voice} speaks the words of {text!r} differently alone: {counts} for {len(phones)} phones")
    words, used = [], 0
    for token, count in zip(tokens, counts, strict=True):
        start, end = phones[used][1], phones[used + count - 1][2]
        words.append(SpokenWord(token, max(0.0, start - offset), end - offset))
        used += count
    return words


@functools.cache
def _phone_count(voice: str, token: str) -> int:
    return len(_flite(voice, re.sub(r"[^\w'.]+$", "", token), 1.0)[1])


def _flite(voice: str, text: str, stretch: float) -> tuple[PCM, list[tuple[str, float, float]]]:
    """The sound and its phones: (name, start, end), pauses left out."""
    with tempfile.TemporaryDirectory() as folder:
        wav = Path(folder) / "voice.wav"
        command = ["flite", "-psdur", "-voice", voice, "--setf", f"duration_stretch={stretch:.3f}", "-t", text]
        printed = subprocess.run([*command, "-o", wav], check=True, capture_output=True, text=True).stdout
        pcm = _read(wav)
    phones, start = [], 0.0
    for name, end in re.findall(r"(\S+):([\d.]+)", printed):
        if name != "pau":
            phones.append((name, start, float(end)))
        start = float(end)
    return pcm, phones


def _espeak(voice: str, text: str, stretch: float) -> PCM:
    with tempfile.TemporaryDirectory() as folder:
        wav = Path(folder) / "voice.wav"
        command = ["espeak-ng", "-v", voice, "-s", str(int(160 / stretch)), "-w", str(wav), "--", text]
        subprocess.run(command, check=True, capture_output=True)
        return _read(wav)


def _read(path: Path) -> PCM:
    """Samples of a mono 16-bit WAV, brought to 16 kHz."""
    with wave.open(str(path), "rb") as wav:
        rate = wav.getframerate()
        pcm = np.frombuffer(wav.readframes(wav.getnframes()), dtype=np.int16)
    if rate == RATE_HZ:
        return pcm
    from scipy.signal import resample_poly

    common = gcd(rate, RATE_HZ)
    resampled: npt.NDArray[np.float32] = resample_poly(pcm.astype(np.float32), RATE_HZ // common, rate // common)
    return np.clip(resampled, -32768, 32767).astype(np.int16)


def _write(path: Path, pcm: PCM) -> None:
    with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file, wave.open(file, "wb") as wav:
        wav.setparams((1, 2, RATE_HZ, 0, "NONE", ""))
        wav.writeframes(pcm.tobytes())
    Path(file.name).replace(path)


def _replace(path: Path, content: bytes) -> None:
    """Write so that a test running beside this one never reads half a file."""
    with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
        file.write(content)
    Path(file.name).replace(path)


def _load(wav: Path, reference: Path) -> Speech:
    with wave.open(str(wav), "rb") as opened:
        duration = opened.getnframes() / opened.getframerate()
    utterances = tuple(
        Utterance(**{**stored, "words": tuple(SpokenWord(**word) for word in stored["words"])})
        for stored in json.loads(reference.read_text())
    )
    return Speech(wav, duration, utterances)

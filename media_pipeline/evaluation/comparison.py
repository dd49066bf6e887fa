"""Engines side by side: figures of each on each recording, as a table to read and as JSON."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import reduce
from operator import add
from typing import Any

from media_pipeline.evaluation.measures import (
    COLLAR,
    Share,
    character_errors,
    diarization_errors,
    median_and_90,
    time_errors,
    word_errors,
)
from media_pipeline.evaluation.reference import Passage, Reference
from media_pipeline.evaluation.trial import Kind, Outcome
from media_pipeline.media import Diarization
from media_pipeline.options import model_title
from media_pipeline.transcript import Seconds, Transcript

_MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Result:
    """One engine on one recording. What the reference does not tell is None or empty."""

    file: str
    duration: Seconds
    seconds: Seconds
    words: Share | None = None
    characters: Share | None = None
    times: tuple[Seconds, ...] = ()
    speakers: Share | None = None
    speakers_found: int | None = None


@dataclass(slots=True)
class Entry:
    """All results of one engine with one model.

    `problem` says why some, or all, are missing; `is_left_out` that it was not even tried.
    """

    kind: Kind
    engine: str
    model: str
    device: str = ""
    load_seconds: Seconds = 0.0
    peak_bytes: int = 0
    gpu_peak_bytes: int = 0
    problem: str = ""
    is_left_out: bool = False
    results: list[Result] = field(default_factory=list)

    @property
    def title(self) -> str:
        return f"{self.engine} {model_title(self.model)}".strip()

    def add(self, file: str, duration: Seconds, reference: Reference, outcome: Outcome) -> None:
        """Compare with `reference` what the engine made of `file`."""
        self.device = outcome.device
        self.load_seconds += outcome.load_seconds
        self.peak_bytes = max(self.peak_bytes, outcome.peak_bytes)
        self.gpu_peak_bytes = max(self.gpu_peak_bytes, outcome.gpu_peak_bytes)
        if isinstance(outcome.found, Transcript):
            self.results.append(_speech_result(file, duration, reference, outcome.found, outcome.seconds))
        else:
            self.results.append(_speaker_result(file, duration, reference, outcome.found, outcome.seconds))


def _speech_result(file: str, duration: Seconds, reference: Reference, found: Transcript, seconds: Seconds) -> Result:
    text = " ".join(segment.text for segment in found.segments)
    heard = [Passage(word.text, word.start, word.end) for segment in found.segments for word in segment.words]
    return Result(
        file,
        duration,
        seconds,
        words=word_errors(reference.text, text),
        characters=character_errors(reference.text, text),
        times=tuple(time_errors(reference.passages, heard)),
    )


def _speaker_result(file: str, duration: Seconds, reference: Reference, found: Diarization, seconds: Seconds) -> Result:
    return Result(
        file,
        duration,
        seconds,
        speakers=diarization_errors(reference.turns, found.turns, duration),
        speakers_found=len({turn.speaker for turn in found.turns}),
    )


# --- as a table ------------------------------------------------------------------------------------

_SPEECH_COLUMNS = ("engine", "file", "words wrong", "characters wrong", "times off: median, 90 %")
_SPEAKER_COLUMNS = ("engine", "file", "speaker time wrong", "speakers found")
_COST_COLUMNS = ("seconds per second", "speed", "load", "memory", "device")


def table(entries: Sequence[Entry]) -> str:
    """Words first, then speakers. With several recordings, a line for each and one for all of them."""
    speech = [entry for entry in entries if entry.kind == "stt" and entry.results]
    speakers = [entry for entry in entries if entry.kind == "diarization" and entry.results]
    blocks = []
    if speech:
        blocks.append(_aligned([(*_SPEECH_COLUMNS, *_COST_COLUMNS), *_lines(speech)]))
    if speakers:
        blocks.append(_aligned([(*_SPEAKER_COLUMNS, *_COST_COLUMNS), *_lines(speakers)]))
    problems = [
        f"{entry.title} {'was left out' if entry.is_left_out else 'failed'}: {entry.problem}"
        for entry in entries
        if entry.problem
    ]
    return "\n\n".join([*blocks, *(["\n".join(problems)] if problems else [])])


def _lines(entries: Sequence[Entry]) -> list[tuple[str, ...]]:
    lines = []
    for entry in entries:
        shown = entry.results if len(entry.results) < 2 else [*entry.results, total(entry.results)]
        lines += [(entry.title, *_figures(entry.kind, result), *_cost(entry, result)) for result in shown]
    return lines


def total(results: Sequence[Result]) -> Result:
    """All recordings as if they were one: every word and second counts the same."""
    return Result(
        "all",
        sum(result.duration for result in results),
        sum(result.seconds for result in results),
        words=_sum([result.words for result in results]),
        characters=_sum([result.characters for result in results]),
        times=tuple(off for result in results for off in result.times),
        speakers=_sum([result.speakers for result in results]),
    )


def _sum(shares: Sequence[Share | None]) -> Share | None:
    known = [share for share in shares if share is not None]
    return reduce(add, known) if known else None


def _figures(kind: Kind, result: Result) -> tuple[str, ...]:
    if kind == "diarization":
        found = "" if result.speakers_found is None else str(result.speakers_found)
        return result.file, _percent(result.speakers), found
    off = median_and_90(result.times)
    times = f"{off[0]:.2f} s, {off[1]:.2f} s" if off else "-"
    return result.file, _percent(result.words), _percent(result.characters), times


def _cost(entry: Entry, result: Result) -> tuple[str, ...]:
    factor = result.seconds / result.duration
    device = entry.device + (f", {entry.gpu_peak_bytes / _MIB:.0f} MiB" if entry.gpu_peak_bytes else "")
    memory = f"{entry.peak_bytes / _MIB:.0f} MiB"
    return f"{factor:.3f}", f"{1 / factor:.3g}x", f"{entry.load_seconds:.1f} s", memory, device


def _percent(share: Share | None) -> str:
    return "-" if share is None else f"{share.rate:.1%} of {share.total:.0f}"


def _aligned(rows: Sequence[tuple[str, ...]]) -> str:
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )


# --- as JSON ---------------------------------------------------------------------------------------


def as_json(entries: Sequence[Entry]) -> dict[str, Any]:
    """Everything of the table, unrounded; its shape only grows within a `schema_version`."""
    return {
        "schema_version": 1,
        "der_collar_seconds": COLLAR,
        "engines": [_entry_json(entry) for entry in entries],
    }


def _entry_json(entry: Entry) -> dict[str, Any]:
    return {
        "kind": entry.kind,
        "engine": entry.engine,
        "model": model_title(entry.model),
        "device": entry.device,
        "load_seconds": entry.load_seconds,
        "peak_memory_bytes": entry.peak_bytes,
        "gpu_peak_memory_bytes": entry.gpu_peak_bytes,
        "is_left_out": entry.is_left_out,
        "problem": entry.problem or None,
        "files": [_result_json(result) for result in entry.results],
        "all": _result_json(total(entry.results)) if entry.results else None,
    }


def _result_json(result: Result) -> dict[str, Any]:
    off = median_and_90(result.times)
    return {
        "file": result.file,
        "duration": result.duration,
        "seconds": result.seconds,
        "real_time_factor": result.seconds / result.duration,
        "wer": result.words.rate if result.words else None,
        "words": result.words.total if result.words else None,
        "cer": result.characters.rate if result.characters else None,
        "time_error_median_seconds": off[0] if off else None,
        "time_error_90_percent_seconds": off[1] if off else None,
        "times_compared": len(result.times),
        "der": result.speakers.rate if result.speakers else None,
        "speakers_found": result.speakers_found,
    }

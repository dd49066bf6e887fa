"""Compare engines on recordings whose words are known. Nothing goes into the database, storage or the queue."""

import multiprocessing
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from pathlib import Path

from jobs import pipeline_gateway
from jobs.services import work
from media_pipeline.errors import EngineCrashed, EngineUnavailable, InputError, PipelineError
from media_pipeline.evaluation import reference
from media_pipeline.evaluation.comparison import Entry
from media_pipeline.evaluation.reference import Reference
from media_pipeline.evaluation.trial import Outcome, Task, prepare, serve
from media_pipeline.options import TranscribeOptions
from media_pipeline.run import Machine
from media_pipeline.transcript import Seconds

END_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Pair:
    """A recording and what is right about it."""

    recording: Path
    reference: Reference


@dataclass(frozen=True, slots=True)
class Candidate:
    """An engine to be measured. Of `options`, only what concerns this engine counts."""

    entry: Entry
    options: TranscribeOptions


@dataclass(frozen=True, slots=True)
class _Prepared:
    pair: Pair
    folder: Path
    duration: Seconds


def pairs(recordings: Sequence[Path], references: Sequence[Path]) -> list[Pair]:
    """Recordings and references, in order; with one folder as reference, by the recordings' names.

    Raises:
        InputError: A file is missing or no reference, or the two do not match.
    """
    for recording in recordings:
        if not recording.is_file():
            raise InputError("no_file", f"There is no file {recording}.")
    if len(references) == 1 and references[0].is_dir():
        references = [_named_like(recording, references[0]) for recording in recordings]
    if len(recordings) != len(references):
        raise InputError(
            "references_do_not_match",
            f"There are {len(recordings)} recordings and {len(references)} references."
            " Give --reference once for each recording, in the same order, or once with a folder.",
        )
    return [
        Pair(recording, reference.read(path, recording.stem))
        for recording, path in zip(recordings, references, strict=True)
    ]


def _named_like(recording: Path, folder: Path) -> Path:
    found = [
        path for path in sorted(folder.iterdir()) if path.stem == recording.stem and path.suffix in reference.ENDINGS
    ]
    if len(found) != 1:
        names = ", ".join(path.name for path in found) or f"none of {recording.stem}.({'|'.join(reference.ENDINGS)})"
        raise InputError(
            "references_do_not_match", f"{folder} must hold one reference for {recording.name}; it has {names}."
        )
    return found[0]


def candidates(
    asked: Sequence[str], *, model: str, language: str | None, wants_words: bool, wants_speakers: bool
) -> list[Candidate]:
    """The engines to measure; without names, all that can be used here for what the references tell.

    An engine left out for want of something is there with a problem, so that nobody wonders.

    Raises:
        EngineUnavailable: One that was named does not exist, cannot be used, or the references tell nothing about it.
    """
    speech = [choice.name for choice in pipeline_gateway.speech_engines()]
    speakers = [choice.name for choice in pipeline_gateway.diarization_engines()]
    for name in asked:
        if name not in speech + speakers:
            raise EngineUnavailable(
                "unknown_engine", f"There is no engine {name!r}; choose {', '.join(speech + speakers)}."
            )
        if not (wants_words if name in speech else wants_speakers):
            raise EngineUnavailable(
                "nothing_to_compare",
                f"The references do not tell what {name} finds out: "
                + ("they hold no words." if name in speech else "they name no speakers."),
            )
    found = [
        _speech_candidate(name, model, language, bool(asked)) for name in speech if _is_wanted(name, asked, wants_words)
    ]
    found += [_speaker_candidate(name, bool(asked)) for name in speakers if _is_wanted(name, asked, wants_speakers)]
    return found


def _is_wanted(name: str, asked: Sequence[str], by_references: bool) -> bool:
    return name in asked if asked else by_references


def _speech_candidate(name: str, model: str, language: str | None, is_asked: bool) -> Candidate:
    entry = Entry("stt", name, model or pipeline_gateway.default_model(name))
    try:
        options = pipeline_gateway.transcribe_options(engine=name, model=model, language=language)
    except EngineUnavailable as error:
        if is_asked:
            raise
        entry.problem, entry.is_left_out = error.message, True
        options = TranscribeOptions(name, entry.model)
    return Candidate(entry, options)


def _speaker_candidate(name: str, is_asked: bool) -> Candidate:
    choice = next(choice for choice in pipeline_gateway.diarization_engines() if choice.name == name)
    if choice.problem and is_asked:
        raise EngineUnavailable("engine_unavailable", choice.problem)
    model = pipeline_gateway.diarization_model(name)
    entry = Entry("diarization", name, model, problem=choice.problem, is_left_out=bool(choice.problem))
    return Candidate(entry, TranscribeOptions("", "", diarization_engine=name, diarization_model=model))


def evaluate(
    compared: Sequence[Pair], chosen: Sequence[Candidate], *, device: str, tell: Callable[[str], None]
) -> list[Entry]:
    """Measure each candidate on each recording, in a process of its own that ends before the next one begins.

    An engine that fails has a problem in its entry, and the others go on.

    Args:
        device: "auto", "cpu" or "cuda"; empty for what the settings say.
        tell: Called with a sentence before each thing that takes time.

    Raises:
        PipelineError: A recording cannot be used.
    """
    machine = pipeline_gateway.machine()
    machine = replace(machine, device=device or machine.device)
    scratch = work.scratch_dir()
    scratch.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=scratch, prefix="evaluate-") as name:
        limits = pipeline_gateway.transcribe_options()
        recordings = []
        for number, pair in enumerate(compared):
            tell(f"Preparing {pair.recording.name}")
            folder = Path(name, str(number))
            folder.mkdir()
            recordings.append(_Prepared(pair, folder, prepare(pair.recording, folder, limits, machine)))
        for candidate in chosen:
            if not candidate.entry.is_left_out:
                _measure(candidate, recordings, machine, tell)
    return [candidate.entry for candidate in chosen]


def _measure(
    candidate: Candidate, recordings: Sequence[_Prepared], machine: Machine, tell: Callable[[str], None]
) -> None:
    entry = candidate.entry
    with _engine_process() as ask:
        for recording in recordings:
            right = recording.pair.reference
            if not (right.passages if entry.kind == "stt" else right.turns):
                continue
            tell(f"{entry.title}: {recording.pair.recording.name}")
            try:
                outcome = ask(Task(entry.kind, candidate.options, machine, recording.folder))
            except PipelineError as error:
                entry.problem = f"{recording.pair.recording.name}: {error.message}"
                return
            entry.add(recording.pair.recording.name, recording.duration, right, outcome)


@contextmanager
def _engine_process() -> Iterator[Callable[[Task], Outcome]]:
    """A fresh process that does tasks; its memory is the engine's alone."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=serve, args=(theirs,), daemon=True)
    process.start()
    theirs.close()
    try:
        yield lambda task: _answer(ours, task)
    except BaseException:
        process.kill()  # it may be in the midst of work
        raise
    finally:
        ours.close()
        process.join(END_SECONDS)
        if process.is_alive():
            process.kill()
            process.join()


def _answer(connection: Connection, task: Task) -> Outcome:
    try:
        connection.send(task)
        answer: Outcome | tuple[str, str] = connection.recv()
    except (EOFError, OSError) as err:
        raise EngineCrashed(
            "engine_ended", "The engine's process ended unexpectedly; most likely the memory ran full."
        ) from err
    if isinstance(answer, tuple):
        raise PipelineError(*answer)
    return answer

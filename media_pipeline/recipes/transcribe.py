"""From a recording to a transcript and its files."""

from media_pipeline.engines import pool, registry
from media_pipeline.engines.base import Hints
from media_pipeline.exports import files as exports
from media_pipeline.media import Audio, AudioFacts, Chunk, ChunkTranscript, Diarization, SpeechPlan
from media_pipeline.options import SpeakerOptions, TranscribeOptions
from media_pipeline.recipe import Files, Lane, Pace, Recipe, Step
from media_pipeline.run import Run
from media_pipeline.steps.assemble import assemble
from media_pipeline.steps.detect_language import detect_language
from media_pipeline.steps.detect_speech import detect_speech
from media_pipeline.steps.diarize import diarize
from media_pipeline.steps.normalize import normalize
from media_pipeline.steps.probe import probe
from media_pipeline.steps.transcribe import transcribe, words_before
from media_pipeline.transcript import Transcript
from media_pipeline.wording import say

VAD_ENGINE = "silero"


def _normalize(files: Files, options: TranscribeOptions, run: Run, part: int) -> None:
    source = files.media()
    wav, facts, peaks = normalize(source, probe(source, options.max_duration), options.max_duration, run)
    files.save("audio.wav", wav)
    files.save("peaks.json", peaks)
    files.dump("facts.json", facts)


@pool.emptied_by_crash
def _detect_speech(files: Files, options: TranscribeOptions, run: Run, part: int) -> None:
    vad = pool.get("vad", VAD_ENGINE, "", run.machine)
    files.dump("plan.json", detect_speech(_audio(files), vad, options, run))


@pool.emptied_by_crash
def _detect_language(files: Files, options: TranscribeOptions, run: Run, part: int) -> None:
    engine = pool.get("stt", options.engine, options.model, run.machine)
    files.dump("language.json", detect_language(_audio(files), _plan(files), engine, run))


@pool.emptied_by_crash
def _transcribe(files: Files, options: TranscribeOptions, run: Run, part: int) -> None:
    engine = pool.get("stt", options.engine, options.model, run.machine)
    chunk = _plan(files).chunks[part]
    language = files.load("detect_language", "language.json", str) if files.has("detect_language") else None
    hints = Hints(language, _context(files, options, chunk))
    files.dump("chunk.json", transcribe(_audio(files), chunk, options, engine, run, hints=hints))


def _context(files: Files, options: TranscribeOptions, chunk: Chunk) -> str:
    """What was said right before `chunk`; nothing where parts do not wait for each other."""
    if not chunk.index or not _carries_context(options):
        return ""
    return words_before(files.load("transcribe", "chunk.json", ChunkTranscript, chunk.index - 1), chunk.start)


@pool.emptied_by_crash
def _diarize(files: Files, options: TranscribeOptions, run: Run, part: int) -> None:
    engine = pool.get("diarization", options.diarization_engine, options.diarization_model, run.machine)
    speakers = options.speakers or SpeakerOptions()
    files.dump("turns.json", diarize(_audio(files), _plan(files), speakers, engine, run))


def _assemble(files: Files, options: TranscribeOptions, run: Run, part: int) -> None:
    chunks = [
        files.load("transcribe", "chunk.json", ChunkTranscript, index) for index in range(files.parts("transcribe"))
    ]
    turns = files.load("diarize", "turns.json", Diarization) if files.has("diarize") else None
    facts = files.load("normalize", "facts.json", AudioFacts)
    transcript = assemble(chunks, turns, facts.duration, options)
    if chunks:  # without chunks, detect_speech has said already that nobody speaks
        for warning in transcript.warnings:
            run.warn(warning)
    files.dump("transcript.json", transcript)


def _export(files: Files, options: TranscribeOptions, run: Run, part: int) -> None:
    transcript = files.load("assemble", "transcript.json", Transcript)
    for done, path in enumerate(exports.write(transcript, {}, options.export_formats, run.workdir), start=1):
        files.save(path.name, path)
        run.report(done / len(options.export_formats))


def _audio(files: Files) -> Audio:
    return Audio(files.path("normalize", "audio.wav"), files.load("normalize", "facts.json", AudioFacts))


def _plan(files: Files) -> SpeechPlan:
    return files.load("detect_speech", "plan.json", SpeechPlan)


def _one_per_chunk(files: Files) -> int:
    return len(_plan(files).chunks)


def _one_for_many_chunks(files: Files) -> int:
    """A single chunk finds its language itself; where there are more, they must agree."""
    return 1 if _one_per_chunk(files) > 1 else 0


def _must_find_language(options: TranscribeOptions) -> bool:
    is_open = options.language is None and not options.mixed_languages
    return is_open and not registry.info("stt", options.engine).languages


def _carries_context(options: TranscribeOptions) -> bool:
    return options.carry_context and registry.info("stt", options.engine).uses_context


def _wants_speakers(options: TranscribeOptions) -> bool:
    return options.speakers is not None


# FFmpeg decodes at hundreds of times real time; Silero, on a CPU everywhere, hears at about a hundred times.
FAST = Pace(cpu=0.5, cuda=0.5)
# Whisper large needs some 30 s on two cores, and 0.2 to 0.4 s on a small GPU; where it is unsure, it decodes up to
# six times. faster-whisper is quicker, but draws five texts each time it is unsure: it has the same bound.
WORDS = Pace(cpu=40.0, cuda=2.0, engines={"pocketsphinx": 2.0})
# A few windows go through the first half of the network; 300 s for loading it are in every limit.
_LANGUAGE = Pace(cpu=2.0, cuda=0.5)
_SPEAKERS = Pace(cpu=5.0, cuda=1.0, engines={"embedded": 0.5})
_TEXT = Pace(cpu=0.1, cuda=0.1)

TRANSCRIBE = Recipe(
    "transcribe",
    (
        Step("normalize", say("Preparing the audio"), _normalize, Lane.CPU, weight=6, pace=FAST),
        Step(
            "detect_speech",
            say("Finding speech"),
            _detect_speech,
            Lane.CPU,
            weight=4,
            needs=("normalize",),
            pace=FAST,
        ),
        Step(
            "detect_language",
            say("Finding the language"),
            _detect_language,
            Lane.GPU,
            weight=2,
            needs=("detect_speech",),
            parts=_one_for_many_chunks,
            when=_must_find_language,
            pace=_LANGUAGE,
        ),
        Step(
            "transcribe",
            say("Transcribing"),
            _transcribe,
            Lane.GPU,
            weight=60,
            needs=("detect_speech", "detect_language"),
            parts=_one_per_chunk,
            in_order=_carries_context,
            pace=WORDS,
        ),
        Step(
            "diarize",
            say("Telling speakers apart"),
            _diarize,
            Lane.GPU,
            weight=18,
            needs=("normalize", "detect_speech"),
            when=_wants_speakers,
            is_required=False,
            pace=_SPEAKERS,
        ),
        Step(
            "assemble",
            say("Putting the text together"),
            _assemble,
            Lane.CPU,
            weight=4,
            needs=("transcribe", "diarize"),
            pace=_TEXT,
        ),
        Step(
            "export",
            say("Writing files"),
            _export,
            Lane.CPU,
            weight=2,
            needs=("assemble",),
            is_required=False,
            pace=_TEXT,
        ),
    ),
)

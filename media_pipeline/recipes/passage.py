"""A passage of a recording, heard again: its words are laid beside the text that stands."""

from media_pipeline.engines import pool
from media_pipeline.media import Audio, AudioFacts, SpeechPlan
from media_pipeline.options import Passage, TranscribeOptions
from media_pipeline.recipe import Files, Lane, Recipe, Step
from media_pipeline.recipes.transcribe import FAST, VAD_ENGINE, WORDS
from media_pipeline.run import Run
from media_pipeline.steps.cut_passage import begin_of, cut_passage
from media_pipeline.steps.plan_passage import plan_passage
from media_pipeline.steps.probe import probe
from media_pipeline.steps.transcribe import transcribe
from media_pipeline.wording import say

# What the last step leaves behind: a list with the ChunkTranscript, or an empty one when there was nothing to hear.
HEARD = ("transcribe", "heard.json")


def _cut(files: Files, options: TranscribeOptions, run: Run, part: int) -> None:
    source = files.media()
    audio = cut_passage(source, probe(source, options.max_duration), _passage(options), run)
    files.save("audio.wav", audio.path)
    files.dump("facts.json", audio.facts)


@pool.emptied_by_crash
def _detect_speech(files: Files, options: TranscribeOptions, run: Run, part: int) -> None:
    vad = pool.get("vad", VAD_ENGINE, "", run.machine)
    files.dump("plan.json", plan_passage(_audio(files, options), vad, options, run))


@pool.emptied_by_crash
def _transcribe(files: Files, options: TranscribeOptions, run: Run, part: int) -> None:
    engine = pool.get("stt", options.engine, options.model, run.machine)
    audio, plan = _audio(files, options), files.load("detect_speech", "plan.json", SpeechPlan)
    files.dump(HEARD[1], [transcribe(audio, chunk, options, engine, run) for chunk in plan.chunks])


def _audio(files: Files, options: TranscribeOptions) -> Audio:
    facts = files.load("cut", "facts.json", AudioFacts)
    return Audio(files.path("cut", "audio.wav"), facts, begin_of(_passage(options)))


def _passage(options: TranscribeOptions) -> Passage:
    if options.passage is None:
        raise ValueError("the job does not say which passage to hear")
    return options.passage


PASSAGE = Recipe(
    "passage",
    (
        Step("cut", say("Cutting out the passage"), _cut, Lane.CPU, weight=8, pace=FAST),
        Step(
            "detect_speech",
            say("Finding speech"),
            _detect_speech,
            Lane.CPU,
            weight=7,
            needs=("cut",),
            pace=FAST,
        ),
        Step(
            HEARD[0],
            say("Listening again"),
            _transcribe,
            Lane.GPU,
            weight=85,
            needs=("detect_speech",),
            pace=WORDS,
        ),
    ),
)

"""Between the site and the pipeline: settings and job options in, pipeline options and engine choices out."""

from dataclasses import dataclass, replace
from pathlib import Path

import msgspec
from django.conf import settings
from django.utils.translation import gettext as _

from jobs.models import Job
from jobs.wording import translated
from media_pipeline import devices
from media_pipeline.engines import registry
from media_pipeline.engines.base import EngineInfo
from media_pipeline.errors import EngineUnavailable
from media_pipeline.media import MediaInfo
from media_pipeline.options import SpeakerOptions, TranscribeOptions, model_title
from media_pipeline.run import Machine
from media_pipeline.steps.probe import probe
from media_pipeline.wording import say

AUTO = "auto"
EMBEDDED_ENGINE = "pocketsphinx"
# What runs the model that WHISPER_MODEL names, by device, the quicker one first.
WHISPER_ENGINES = {"cuda": ("whisper", "faster_whisper"), "cpu": ("faster_whisper", "whisper")}
MAX_SPEAKERS = 20


@dataclass(frozen=True, slots=True)
class EngineChoice:
    """An engine as a form and the doctor show it, in the language at hand.

    `problem` says what to do when it is not usable.
    """

    name: str
    title: str
    note: str
    models: tuple[str, ...]
    languages: tuple[str, ...]
    problem: str
    uses_context: bool = False

    @property
    def mixes_languages(self) -> bool:
        """Whether it knows more than one language. An engine that names none knows many."""
        return len(self.languages) != 1

    @property
    def usable(self) -> bool:
        return not self.problem


def machine() -> Machine:
    """This machine, as the settings describe it, and one worker's share of its cores."""
    env = settings.ENV
    threads = env.THREADS or devices.threads_each(env.WORKERS_GPU)
    return Machine(models_dir=env.models_dir, device=env.DEVICE, threads=threads, hub_token=env.HF_TOKEN)


def options_of(job: Job) -> TranscribeOptions:
    """The job's frozen options."""
    return msgspec.convert(job.options, TranscribeOptions)


def with_speakers(options: TranscribeOptions, speakers: SpeakerOptions) -> TranscribeOptions:
    """The same options, but for who is looked for, and with the engine that would look for them today."""
    engine = diarization_engine()
    return replace(options, speakers=speakers, diarization_engine=engine, diarization_model=diarization_model(engine))


def inspect(path: Path) -> MediaInfo:
    """What a file is. InputError, with a sentence for the user, when it cannot be transcribed."""
    return probe(path, settings.ENV.MAX_DURATION_SECONDS)


def default_model(engine: str) -> str:
    """The model used when the user names none: what WHISPER_MODEL names, where the engine can have that."""
    model: str = settings.ENV.WHISPER_MODEL
    info = registry.info("stt", engine)
    return model if engine in _engines_of(model) else info.default_model


def _engines_of(model: str) -> tuple[str, ...]:
    """Which engines a Whisper model is for, the quicker one on this machine first.

    A name may be for both. A path is for one: a folder holds a model of CTranslate2, a file one of openai-whisper.
    """
    engines = WHISPER_ENGINES[devices.expected(settings.ENV.DEVICE)]
    named = tuple(engine for engine in engines if model in registry.info("stt", engine).models)
    return named or (("faster_whisper",) if Path(model).expanduser().is_dir() else ("whisper",))


def speech_engines() -> list[EngineChoice]:
    """All engines that turn speech into text."""
    return [_choice("stt", name, default_model(name)) for name in registry.names("stt")]


@dataclass(frozen=True, slots=True)
class Listener:
    """An engine with one of its models that are on this machine.

    `model` is empty for the engine's default where that has no name to choose it by, only a path.
    """

    engine: EngineChoice
    model: str

    @property
    def model_title(self) -> str:
        return model_title(self.model or default_model(self.engine.name))

    @property
    def title(self) -> str:
        return self.engine.title if len(self.engine.models) == 1 else f"{self.engine.title} · {self.model_title}"


def listeners() -> list[Listener]:
    """Whatever can turn speech into text here and now."""
    return [Listener(engine, model) for engine in speech_engines() for model in _models_here(engine)]


@dataclass(frozen=True, slots=True)
class Absent:
    """What an engine could do besides: `models` that `command` fetches, MODEL standing for one of them.

    An engine that cannot be used at all says what to do in its `problem`.
    """

    engine: EngineChoice
    models: list[str]
    command: str


def absent() -> list[Absent]:
    """What is not on this machine, for those who want more than `listeners`."""
    return [found for found in map(_absent, speech_engines()) if found.models or found.engine.problem]


def _absent(engine: EngineChoice) -> Absent:
    here = _models_here(engine)
    models = [model for model in engine.models if model not in here] if engine.usable else []
    return Absent(engine, models, f"manage.py download_models MODEL{_engine_option(engine.name)}")


def _models_here(engine: EngineChoice) -> list[str]:
    kind = registry.engine_class("stt", engine.name)
    here = [model for model in engine.models if not kind.missing(model, machine())]
    is_nameless = engine.usable and default_model(engine.name) not in engine.models
    return ["", *here] if is_nameless else here


def engine_title(name: str) -> str:
    """What people call an engine that turns speech into text; its name when it is no longer there."""
    return translated(registry.info("stt", name).title) if name in registry.names("stt") else name


def diarization_engines() -> list[EngineChoice]:
    """All engines that tell speakers apart."""
    models = {name: diarization_model(name) or _default(name) for name in registry.names("diarization")}
    return [_choice("diarization", name, model) for name, model in models.items()]


def _default(diarizer: str) -> str:
    return registry.info("diarization", diarizer).default_model


def _choice(kind: str, name: str, model: str) -> EngineChoice:
    info = registry.info(kind, name)
    problem = registry.engine_class(kind, name).missing(model, machine()) or ""
    title, note, problem = (translated(sentence) for sentence in (info.title, info.note, problem))
    return EngineChoice(name, title, note, info.models, info.languages, problem, info.uses_context)


def auto_engine() -> EngineChoice:
    """What "auto" takes now: the first of the preferred engines that is usable, else the embedded one.

    Raises:
        EngineUnavailable: DEFAULT_ENGINE names none; the message lists the choices.
    """
    preferred = (_choice("stt", name, default_model(name)) for name in _preferred())
    usable = (choice for choice in preferred if choice.usable)
    return next(usable, None) or _choice("stt", EMBEDDED_ENGINE, default_model(EMBEDDED_ENGINE))


def _preferred() -> tuple[str, ...]:
    name: str = settings.ENV.DEFAULT_ENGINE
    return _engines_of(settings.ENV.WHISPER_MODEL) if name == AUTO else (name,)


def engine_note() -> str:
    """One sentence on what "auto" takes and, where that is not what is preferred, how to get it."""
    chosen = auto_engine()
    if chosen.name != EMBEDDED_ENGINE:
        values = {"engine": chosen.title, "model": model_title(default_model(chosen.name))}
        return _("Automatic uses %(engine)s with the model %(model)s.") % values
    note = _("Automatic uses %(engine)s: English only, good for clear speech.") % {"engine": chosen.title}
    return note if _preferred() == (EMBEDDED_ENGINE,) else f"{note} {_advice()}"


def engine_to_fetch() -> str | None:
    """Whose form of the model WHISPER_MODEL names would serve this machine best, where "auto" has nothing better than
    the embedded engine. None: nothing is missing, or nobody publishes it.
    """
    if auto_engine().name != EMBEDDED_ENGINE:
        return None
    model: str = settings.ENV.WHISPER_MODEL
    return next((name for name in _preferred() if model in registry.info("stt", name).models), None)


def _advice() -> str:
    engine = _preferred()[0]
    model = default_model(engine)
    if model not in registry.info("stt", engine).models:
        return _("The checkpoint that WHISPER_MODEL names, for better text in many languages, is not there.")
    option = _engine_option(engine)
    command = f"manage.py download_models {model}{option}"
    return _("For better text in many languages run “%(command)s” once.") % {"command": command}


def _engine_option(engine: str) -> str:
    return "" if engine == "whisper" else f" --engine {engine}"


def transcribe_options(
    *,
    engine: str = AUTO,
    model: str = "",
    language: str | None = None,
    speakers: SpeakerOptions | None = None,
    vocabulary: str = "",
    mixed_languages: bool = False,
    carry_context: bool = False,
) -> TranscribeOptions:
    """Concrete options for a new job.

    Raises:
        EngineUnavailable: The engine cannot do what is asked; the message says what to do.
    """
    language = _as_written(language) if language else None
    name = auto_engine().name if engine == AUTO else engine
    info = registry.info("stt", name)
    model = model or default_model(name)
    problem = registry.engine_class("stt", name).missing(model, machine())
    if problem:
        raise EngineUnavailable("engine_unavailable", problem)
    if language and info.languages and language.partition("-")[0] not in info.languages:
        known = ", ".join(info.languages)
        raise EngineUnavailable(
            "language_unknown",
            say(
                "{engine} does not know this language (it knows: {known}). Choose another engine or language.",
                engine=info.title,
                known=known,
            ),
        )
    _refuse_what_has_no_effect(info, language, mixed_languages=mixed_languages, carry_context=carry_context)
    diarizer = diarization_engine()
    return TranscribeOptions(
        engine=name,
        model=model,
        language=language,
        requested_engine=engine,
        speakers=speakers,
        diarization_engine=diarizer,
        diarization_model=diarization_model(diarizer),
        vocabulary=vocabulary,
        mixed_languages=mixed_languages,
        carry_context=carry_context,
        chunk_seconds=settings.ENV.CHUNK_SECONDS,
        max_duration=settings.ENV.MAX_DURATION_SECONDS,
    )


def _refuse_what_has_no_effect(
    info: EngineInfo, language: str | None, *, mixed_languages: bool, carry_context: bool
) -> None:
    """EngineUnavailable when this engine would pay no heed to an option: nobody should wait for its effect."""
    if mixed_languages and language:
        raise EngineUnavailable(
            "languages_not_mixed", say("Either name one language, or say that the recording mixes languages.")
        )
    if mixed_languages and len(info.languages) == 1:
        raise EngineUnavailable(
            "languages_not_mixed",
            say("{engine} knows one language only. Choose another engine for mixed languages.", engine=info.title),
        )
    if carry_context and not info.uses_context:
        raise EngineUnavailable(
            "context_not_used",
            say(
                "{engine} makes no use of what was said before. Choose another engine, or leave this option out.",
                engine=info.title,
            ),
        )


def _as_written(language: str) -> str:
    """A BCP 47 code, which counts in any case, with its language in lower case as engines know it."""
    base, dash, rest = language.partition("-")
    return f"{base.lower()}{dash}{rest}"


def diarization_engine() -> str:
    """Who looks for speakers now: whom the setting names, else the best that is usable."""
    wanted: str = settings.ENV.DIARIZATION_ENGINE
    if wanted != AUTO:
        return wanted
    usable = [choice.name for choice in diarization_engines() if choice.usable and choice.name != "embedded"]
    return usable[0] if usable else "embedded"


def diarization_model(engine: str) -> str:
    """What DIARIZATION_MODEL names, where the engine can have that; else empty, for the engine's default."""
    wanted: str = settings.ENV.DIARIZATION_MODEL
    return wanted if registry.info("diarization", engine).takes_paths else ""


def default_model_or_none(engine: str) -> str | None:
    """The default model of an engine, None for "auto" and unknown names."""
    return default_model(engine) if engine in registry.names("stt") else None

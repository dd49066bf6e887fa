"""System checks of our own."""

import shutil
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register

from media_pipeline.engines import registry


@register()
def programs_are_installed(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    missing = [name for name in ("ffmpeg", "ffprobe") if shutil.which(name) is None]
    return [
        Warning(f"{name} is not installed, so recordings cannot be read.", hint="apt install ffmpeg", id="jobs.W001")
        for name in missing
    ]


@register()
def translations_are_compiled(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    folders = [path for root in settings.LOCALE_PATHS for path in root.glob("*/LC_MESSAGES")]
    names = [folder.parent.name for folder in folders if not (folder / "django.mo").is_file()]
    sentence = "The translation “{}” is not compiled, so its readers see English."
    hint = "python -m scripts.messages compile"
    return [Warning(sentence.format(name), hint=hint, id="jobs.W002") for name in sorted(names)]


@register()
def settings_name_what_there_is(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    choices = {
        "DEFAULT_ENGINE": ("auto", *registry.names("stt")),
        "DIARIZATION_ENGINE": ("auto", *registry.names("diarization")),
        "DEVICE": ("auto", "cpu", "cuda"),
    }
    values = {name: getattr(settings.ENV, name) for name in choices}
    return [
        Error(f"{name} is “{value}”, and must be {' or '.join(choices[name])}.", id="jobs.E001")
        for name, value in values.items()
        if value not in choices[name]
    ]

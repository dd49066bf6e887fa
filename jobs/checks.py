"""System checks of our own."""

import shutil
from typing import Any

from django.core.checks import CheckMessage, Warning, register


@register()
def programs_are_installed(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    missing = [name for name in ("ffmpeg", "ffprobe") if shutil.which(name) is None]
    return [
        Warning(f"{name} is not installed, so recordings cannot be read.", hint="apt install ffmpeg", id="jobs.W001")
        for name in missing
    ]

"""Decide whether a file can be transcribed, before it is stored."""

from pathlib import Path

from media_pipeline import ffmpeg
from media_pipeline.errors import InputError
from media_pipeline.media import MediaInfo
from media_pipeline.transcript import Seconds
from media_pipeline.wording import say


def probe(path: Path, max_duration: Seconds) -> MediaInfo:
    """What is in the file, when it can be accepted.

    Raises:
        InputError: `empty`, `not_media`, `no_audio`, `bad_audio` or `too_long`.
    """
    if path.stat().st_size == 0:
        raise InputError("empty", say("The file is empty. Check that it was saved completely and upload it again."))
    info = ffmpeg.probe(path)
    if info.duration and info.duration > max_duration:
        raise ffmpeg.too_long(max_duration)
    return info

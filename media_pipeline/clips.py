"""Joining short clips. For whole recordings see `ffmpeg`: what is done here holds all of it in memory."""

from collections.abc import Sequence
from pathlib import Path

from media_pipeline.media import SAMPLE_RATE_HZ
from media_pipeline.transcript import Seconds


def join(clips: Sequence[Path], target: Path, *, pause: Seconds) -> Seconds:
    """Put WAV clips one after the other with a pause behind each, as 16 kHz mono, encoded as `target`'s suffix says.

    Returns:
        The length of what was written.
    """
    from pydub import AudioSegment

    silence = AudioSegment.silent(duration=round(pause * 1000), frame_rate=SAMPLE_RATE_HZ)
    whole = AudioSegment.empty().set_frame_rate(SAMPLE_RATE_HZ)
    for clip in clips:
        whole += AudioSegment.from_wav(clip).set_channels(1).set_frame_rate(SAMPLE_RATE_HZ) + silence
    whole.export(target, format=target.suffix.removeprefix("."), bitrate="64k").close()
    return float(whole.duration_seconds)

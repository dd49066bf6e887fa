"""Put subtitles that can be switched off into a video, whose picture and sound stay as they are."""

from pathlib import Path

from media_pipeline import ffmpeg
from media_pipeline.containers import Container
from media_pipeline.languages import own_name, three_letters
from media_pipeline.media import VideoInfo
from media_pipeline.run import Run
from media_pipeline.transcript import Seconds

# Seconds of work for a second of video, at worst: a disk on the other side of a slow network.
SLOWEST = 0.5


def add_subtitles(
    source: Path, info: VideoInfo, run: Run, *, container: Container, subtitles: Path, language: str, duration: Seconds
) -> Path:
    """A copy of the video with one more track, shown unless somebody switches it off.

    Args:
        subtitles: In the format that `container` wants.
        language: BCP 47, of the subtitles.
        duration: Of the video.

    Raises:
        As `ffmpeg.write_video`.
    """
    target = run.workdir / f"video.{container.suffix}"
    name = subtitles.name
    streams = [info.picture_stream, *(index for index, _codec in info.sounds)]
    words = (
        *ffmpeg.subtitle_input(name, container.subtitles, info.audio_delay),
        *(word for index in streams for word in ("-map", f"0:{index}")),
        *("-map", "1:0", "-c:v", "copy", "-c:a", "copy", "-dn"),
        *("-metadata:s:s:0", f"language={three_letters(language)}", "-disposition:s:0", "default"),
        # MP4 has no titles of tracks; players show the name of the "handler".
        *("-metadata:s:s:0", f"title={own_name(language)}", "-metadata:s:s:0", f"handler_name={own_name(language)}"),
        *container.words,
    )
    most = info.size_bytes + info.size_bytes // 4 + subtitles.stat().st_size * 4 + (64 << 20)
    limit = 240.0 + duration * SLOWEST
    ffmpeg.write_video(ffmpeg.Making(source, target, words, duration, limit, most, {name: subtitles}), run)
    run.report(1.0)
    return target

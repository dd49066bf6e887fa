"""Draw subtitles into the picture of a video."""

import os
import unicodedata
from collections.abc import Iterable
from pathlib import Path

from media_pipeline import ffmpeg
from media_pipeline.containers import MP4_WORDS, PLAIN_SOUNDS
from media_pipeline.errors import EngineUnavailable
from media_pipeline.media import VideoInfo
from media_pipeline.run import Run
from media_pipeline.transcript import Seconds
from media_pipeline.wording import say

# Seconds of work for a second of video, at worst: 4K on two slow cores.
SLOWEST = 20.0
_MOST_BYTES_A_SECOND = 8 << 20
_MOST_THREADS = 8
# Named here and not after anything of the user's, so that no filter has to be told a name it might misread.
_FILE = "subtitles.ass"
_SHOWN_AT_MOST = 12


def burn_in(source: Path, info: VideoInfo, subtitles: Path, duration: Seconds, run: Run) -> Path:
    """The video with subtitles as part of its picture: H.264 and AAC in MP4, which play everywhere.

    The picture is upright with square pixels, even sides, and as many frames in every second: in a recording of a
    screen a still picture may stand for minutes, and the subtitles over it change all the same.

    Args:
        subtitles: ASS, on the video's own clock.
        duration: Of the video.

    Raises:
        EngineUnavailable: `cannot_draw`.
        Others as `ffmpeg.write_video`.
    """
    _refuse_incapable()
    target = run.workdir / "video.mp4"
    frames = f"fps={info.frames_per_second:.6f}"
    upright = "scale=w=trunc(iw*max(sar\\,0.01)/2)*2:h=trunc(ih/2)*2,setsar=1"
    words = (
        *("-map", f"0:{info.picture_stream}", "-vf", f"{frames},{upright},ass={_FILE},format=yuv420p"),
        *("-c:v", "libx264", "-preset", "veryfast", "-crf", "20", "-threads", str(_threads(run))),
        *(word for place, sound in enumerate(info.sounds) for word in _sound(place, *sound)),
        *("-sn", "-dn", *MP4_WORDS),
    )
    most = int(duration * _MOST_BYTES_A_SECOND) + (64 << 20)
    limit = 240.0 + duration * SLOWEST
    ffmpeg.write_video(ffmpeg.Making(source, target, words, duration, limit, most, {_FILE: subtitles}), run)
    run.report(1.0)
    return target


def _sound(place: int, index: int, codec: str) -> tuple[str, ...]:
    encoded = ("copy",) if codec in PLAIN_SOUNDS else ("aac", f"-b:a:{place}", "160k")
    return ("-map", f"0:{index}", f"-c:a:{place}", *encoded)


def _threads(run: Run) -> int:
    return min(run.machine.threads or os.cpu_count() or 1, _MOST_THREADS)


def _refuse_incapable() -> None:
    lacking = ffmpeg.unable(filters=("ass",), encoders=("libx264", "aac"))
    if lacking:
        raise EngineUnavailable(
            "cannot_draw",
            say(
                "This FFmpeg was built without {parts}, so it cannot draw subtitles. Install one that has it, "
                "or take the video with subtitles that can be switched off.",
                parts=", ".join(lacking),
            ),
        )


def check_fonts(texts: Iterable[str], run: Run) -> None:
    """See that everything can be drawn; warn of signs that cannot.

    Raises:
        EngineUnavailable: `font_missing`, when letters cannot be drawn; `fontconfig_missing`.
    """
    characters = sorted({char for text in texts for char in text if char.isprintable() and ord(char) > 127})
    fonts = ffmpeg.drawable() if characters else []
    missing = [char for char in characters if not any(ord(char) in font for font in fonts)]
    letters = [char for char in missing if unicodedata.category(char).startswith("L")]
    if letters:
        raise EngineUnavailable(
            "font_missing",
            say(
                "No font on this machine has these letters: {letters}. Install one, for example "
                "`apt install fonts-noto-core fonts-noto-cjk`, and try again.",
                letters="".join(letters[:_SHOWN_AT_MOST]),
            ),
        )
    signs = [char for char in missing if unicodedata.category(char) not in ("Cf", "Mn")]
    if signs:
        run.warn(say("No font on this machine has these signs: {signs}", signs="".join(signs[:_SHOWN_AT_MOST])))

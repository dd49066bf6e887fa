"""Small videos, and what is in one: made and looked at by FFmpeg itself, not by our own code."""

import json
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

SOUND = ("-f", "lavfi", "-i", "sine=frequency=300:sample_rate=16000")
H264 = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p")
VP9 = ("-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-pix_fmt", "yuv420p", "-c:a", "libopus")


def make_video(
    path: Path,
    *more: str,
    seconds: float = 6.0,
    size: str = "320x180",
    rate: str = "10",
    color: str = "gray",
    sound: tuple[str, ...] = SOUND,
    codecs: tuple[str, ...] = H264,
) -> Path:
    """A video of one color with a tone. `more` is said right before the file's name."""
    picture = ("-f", "lavfi", "-i", f"color={color}:size={size}:rate={rate}")
    command = ["ffmpeg", "-v", "error", "-y", *picture, *sound, "-t", str(seconds), *codecs, *more, str(path)]
    subprocess.run(command, check=True)
    return path


def turned(source: Path, target: Path) -> Path:
    """The same video, which players turn upright."""
    argv = ["ffmpeg", "-v", "error", "-y", "-i", str(source), "-c", "copy", "-metadata:s:v:0", "rotate=90"]
    subprocess.run([*argv, str(target)], check=True)
    return target


def streams_of(path: Path) -> list[dict[str, Any]]:
    argv = ["ffprobe", "-v", "error", "-show_streams", "-of", "json", str(path)]
    found: list[dict[str, Any]] = json.loads(subprocess.run(argv, check=True, capture_output=True).stdout)["streams"]
    return found


def subtitles_of(path: Path) -> str:
    """The subtitle track, as SubRip."""
    argv = ["ffmpeg", "-v", "error", "-i", str(path), "-map", "0:s:0", "-f", "srt", "-"]
    return subprocess.run(argv, check=True, capture_output=True, text=True).stdout


def packets_of(path: Path, kind: str) -> str:
    """A digest of all packets of the first stream of a kind ("v" or "a"), as they are stored."""
    argv = ["ffmpeg", "-v", "error", "-i", str(path), "-map", f"0:{kind}:0", "-c", "copy", "-f", "md5", "-"]
    return subprocess.run(argv, check=True, capture_output=True, text=True).stdout


def frame_at(path: Path, seconds: float) -> npt.NDArray[np.int16]:
    """The picture at a time, upright: gray, shape (height, width), 0..255."""
    stream = next(stream for stream in streams_of(path) if stream["codec_type"] == "video")
    width, height = stream["width"], stream["height"]
    if any(abs(int(data.get("rotation", 0))) == 90 for data in stream.get("side_data_list", [])):
        width, height = height, width
    argv = ["ffmpeg", "-v", "error", "-ss", str(seconds), "-i", str(path), "-frames:v", "1"]
    raw = subprocess.run([*argv, "-f", "rawvideo", "-pix_fmt", "gray", "-"], check=True, capture_output=True).stdout
    return np.frombuffer(raw, np.uint8).reshape(height, width).astype(np.int16)

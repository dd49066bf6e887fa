"""FFmpeg and ffprobe: the only module that starts a process.

A recording comes from a stranger, so both programs run fenced in: only the `file` protocol and a fixed list
of demuxers (a playlist named `.mp3` must not open other people's files), an empty folder of their own, an
environment without secrets, limits on memory, CPU time, file size and open files, no new privileges, and death
together with the parent.
"""

import json
import logging
import os
import selectors
import shutil
import signal
import subprocess
import tempfile
import time
import wave
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import numpy as np

from media_pipeline.errors import EngineCrashed, EngineUnavailable, InputError
from media_pipeline.media import SAMPLE_RATE_HZ, MediaInfo, VideoInfo
from media_pipeline.run import Run
from media_pipeline.transcript import Seconds
from media_pipeline.wording import say

log = logging.getLogger(__name__)

DEMUXERS = (
    "wav,w64,mp3,aac,ac3,eac3,flac,ogg,matroska,mov,avi,asf,aiff,au,amr,amrnb,amrwb,caf,mpegts,mpeg,mpegvideo,flv,wv"
)
PROBE_LIMIT: Seconds = 60.0
CUT_LIMIT: Seconds = 20.0
MIN_RATE_HZ, MAX_RATE_HZ = 4_000, 384_000
MAX_CHANNELS = 16
# FFmpeg knows how to mix these down by itself; beyond eight channels it has no layout to go by.
MAX_LAYOUT_CHANNELS = 8

_PROGRAMS = ("ffmpeg", "ffprobe", "setpriv", "prlimit")
_MEMORY_BYTES = 2 << 30
# Encoders keep dozens of pictures, and a stack for each thread.
_VIDEO_MEMORY_BYTES = 6 << 30
# The largest that H.264 has a level for.
_MAX_PIXELS = 8192 * 4320
# Below that a subtitle would come too late, above it nobody sees a difference.
_MIN_FRAMES, _MAX_FRAMES, _USUAL_FRAMES = 12.0, 60.0, 25.0
_BYTES_PER_SECOND = SAMPLE_RATE_HZ * 2
_HEADER_BYTES = 44
_POLL: Seconds = 0.2
_STDERR_TAIL_BYTES = 2_048
_LOW_DISK_BYTES = 1 << 20
# ffprobe scores what it merely guesses with 1 (a program "is" MPEG layer I); what it recognizes gets 10 times that.
_MIN_PROBE_SCORE = 2
# With more decoding errors than this FFmpeg still writes what it could decode, but ends with a status of its own.
_MAX_ERROR_RATE = 0.01
# A stereo mix this quiet may be two channels that cancel each other: worth a look at the left one alone.
_SUSPICIOUS_MIX_DB = -40.0
_CANCELLATION_DB = 12.0
_INPUT_FENCE = (
    *("-protocol_whitelist", "file", "-format_whitelist", DEMUXERS),
    *("-max_alloc", "268435456", "-max_streams", "64"),
)


def missing() -> str | None:
    """None when everything needed to read media is installed; else one sentence that says what to do."""
    absent = [program for program in _PROGRAMS if shutil.which(program) is None]
    if not absent:
        return None
    return say(
        "{programs} not found: install FFmpeg and util-linux, for example `apt install ffmpeg util-linux`.",
        programs=", ".join(absent),
    )


def probe(path: Path) -> MediaInfo:
    """What is in the file at `path`, and that its sound can be decoded.

    Raises:
        InputError: `not_media`, `no_audio` or `bad_audio`.
        EngineUnavailable: `ffmpeg_missing`.
        EngineCrashed: `ffmpeg_killed`.
    """
    facts = _ffprobe(path)
    streams = _dicts(facts.get("streams"))
    stream = _pick_audio(streams)
    container = _dict(facts.get("format"))
    info = MediaInfo(
        container=_text(container, "format_name"),
        duration=_number(container, "duration") or _number(stream, "duration"),
        audio_codec=_text(stream, "codec_name"),
        audio_stream=int(_number(stream, "index") or 0),
        sample_rate_hz=int(_number(stream, "sample_rate") or 0),
        channels=int(_number(stream, "channels") or 0),
        has_video=any(_is_moving_picture(candidate) for candidate in streams),
        size_bytes=path.stat().st_size,
        audio_delay=_delay(stream, container),
    )
    _check_audio(info)
    return info


def decode(source: Path, target_wav: Path, info: MediaInfo, max_duration: Seconds, run: Run) -> Seconds:
    """Write the sound of `source` to `target_wav` as 16 kHz mono 16-bit WAV.

    Reports progress to `run`; warns there when only part of the file could be read.

    Returns:
        The decoded duration, which is the true one: a header may say anything.

    Raises:
        InputError: `too_long`, `empty` or `bad_audio`.
        Cancelled: At once when the run is cancelled; no process is left behind.
        EngineUnavailable: `ffmpeg_missing`.
        EngineCrashed: `ffmpeg_killed`, `ffmpeg_crashed` or `ffmpeg_timeout`.
    """
    # One second beyond the limit is decoded so that a recording that is too long shows itself.
    task = _Decoding(source, info, max_duration + 1.0, max_duration, run)
    is_damaged = _decode_once(task, target_wav, _downmix(info.channels))
    duration = wav_duration(target_wav)
    if duration <= 0:
        raise InputError("empty", say("The file holds no sound. Check that the recording was saved completely."))
    if info.channels == 2:
        _undo_cancellation(task, target_wav)
    _warn_if_damaged(duration, info, is_damaged, run)
    return duration


def decode_part(source: Path, target_wav: Path, info: MediaInfo, span: tuple[Seconds, Seconds], run: Run) -> None:
    """As `decode`, but only what is heard in `span`, from its start to its end on the clock of what `decode` writes.

    Raises:
        InputError: `empty` when there is no sound at that place, or `bad_audio`.
        Others as `decode`.
    """
    length = span[1] - span[0]
    task = _Decoding(source, info, length, length + 1.0, run, span[0] + info.audio_delay)
    _decode_once(task, target_wav, _downmix(info.channels))
    if wav_duration(target_wav) <= 0:
        raise InputError("empty", say("There is no sound at this place of the recording."))
    if info.channels == 2:
        _undo_cancellation(task, target_wav)


def cut(source: Path, target_mp3: Path, info: MediaInfo, start: Seconds, length: Seconds) -> None:
    """Write the sound of `source` from `start` on to `target_mp3`: mono, 24 kHz, 48 kbit/s, for people to listen to.

    `start` is on the clock of the sound that `decode` writes.

    Raises:
        InputError: `bad_audio` when there is nothing to hear at that place.
        EngineUnavailable: `ffmpeg_missing`.
        EngineCrashed: `ffmpeg_timeout` after 20 seconds.
    """
    # fmt: off
    command = (
        *_fence(cpu_seconds=CUT_LIMIT, file_bytes=int((length + 5.0) * 6_000) + 16_384),
        "ffmpeg", "-nostdin", "-y", "-v", "error", "-threads", "1", "-max_pixels", "1", *_INPUT_FENCE,
        "-ss", f"{start + info.audio_delay:.3f}", "-t", f"{length:.3f}", "-i", _file(source),
        "-map", f"0:{info.audio_stream}", "-vn", "-sn", "-dn", "-map_metadata", "-1", "-map_chapters", "-1",
        *_downmix(info.channels), "-ar", "24000", "-c:a", "libmp3lame", "-b:a", "48k",
        "-write_xing", "0", "-id3v2_version", "0", "-f", "mp3", _file(target_mp3),
    )
    # fmt: on
    returncode = _run(command)
    if returncode or not target_mp3.stat().st_size:
        log.warning("ffmpeg ended with status %d while it cut a piece", returncode)
        raise InputError("bad_audio", say("This part of the recording cannot be decoded."))


def probe_video(path: Path) -> VideoInfo:
    """What is in the file at `path` that has a moving picture.

    Raises:
        InputError: `not_media` or `no_picture`.
        EngineUnavailable: `ffmpeg_missing`.
        EngineCrashed: `ffmpeg_killed`.
    """
    facts = _ffprobe(path)
    streams = _dicts(facts.get("streams"))
    container = _dict(facts.get("format"))
    picture = next((stream for stream in streams if _is_moving_picture(stream)), None)
    if picture is None:
        raise InputError("no_picture", say("There is no moving picture in this recording to put subtitles into."))
    sounds = [stream for stream in streams if stream.get("codec_type") == "audio"]
    width, height = _shown_size(picture)
    return VideoInfo(
        container=_text(container, "format_name"),
        duration=_number(container, "duration") or _number(picture, "duration"),
        size_bytes=path.stat().st_size,
        picture_stream=int(_number(picture, "index") or 0),
        picture_codec=_text(picture, "codec_name"),
        width=width,
        height=height,
        frames_per_second=_frames_per_second(picture),
        sounds=tuple((int(_number(stream, "index") or 0), _text(stream, "codec_name")) for stream in sounds),
        audio_delay=_delay(_pick_audio(streams), container) if sounds else 0.0,
    )


def write_video(task: "Making", run: Run) -> None:
    """Write a video made of another one. Gives way to other processes; reports progress to `run`.

    Raises:
        InputError: `bad_video` or `video_too_large`.
        Cancelled: At once when the run is cancelled; no process is left behind.
        EngineUnavailable: `ffmpeg_missing`.
        EngineCrashed: `ffmpeg_killed`, `ffmpeg_crashed`, `disk_full` or `video_too_slow`.
    """
    cores = os.cpu_count() or 1
    fence = _fence(cpu_seconds=task.limit * cores, file_bytes=task.most_bytes, memory_bytes=_VIDEO_MEMORY_BYTES)
    # fmt: off
    command = (
        "nice", "-n", "10", *fence,
        "ffmpeg", "-nostdin", "-y", "-v", "error", "-progress", "pipe:1", "-stats_period", "0.25",
        "-max_pixels", str(_MAX_PIXELS), *_INPUT_FENCE, "-fflags", "+genpts", "-i", _file(task.source),
        *task.words, _file(task.target),
    )
    # fmt: on
    try:
        returncode = _watch(command, run, task.limit, _reporter(run, task.duration), task.beside)
    except EngineCrashed as err:
        if err.code != "ffmpeg_timeout":
            raise
        sentence = say("Making the video took far too long and was stopped. Try a smaller or shorter video.")
        raise EngineCrashed("video_too_slow", sentence, retryable=False) from err
    if returncode == -signal.SIGXFSZ:
        raise InputError(
            "video_too_large", say("The new video would be far larger than the old one, so it was not made.")
        )
    _judge_end(returncode, task.target.parent)
    if returncode or not task.target.stat().st_size:
        raise InputError(
            "bad_video",
            say("FFmpeg cannot make a new video of this one. Convert it to MP4 (H.264 and AAC) and upload that."),
        )


@dataclass(frozen=True, slots=True)
class Making:
    """A video to be made of `source`.

    Attributes:
        words: What FFmpeg is told behind its first input, up to the name of the file it writes.
        duration: How long the new one will be, for the progress.
        limit: Wall-clock seconds.
        most_bytes: What the new file may have at most.
        beside: Files that `words` name, by the name under which they lie in the folder in which FFmpeg runs: no path of
            ours has to be written as a filter wants it.
    """

    source: Path
    target: Path
    words: tuple[str, ...]
    duration: Seconds
    limit: Seconds
    most_bytes: int
    beside: Mapping[str, Path]


def subtitle_input(name: str, demuxer: str, delay: Seconds) -> tuple[str, ...]:
    """The command words for subtitles as another input, all of them `delay` later than they say."""
    fence = ("-protocol_whitelist", "file", "-format_whitelist", demuxer)
    return (*fence, "-itsoffset", f"{delay:.3f}", "-f", demuxer, "-i", f"file:{name}")


def unable(*, filters: Sequence[str] = (), encoders: Sequence[str] = ()) -> list[str]:
    """Which of these this FFmpeg was built without.

    Raises:
        EngineUnavailable: `ffmpeg_missing`.
    """
    known = {*_listed("-filters"), *_listed("-encoders")}
    return [name for name in (*filters, *encoders) if name not in known]


def _listed(option: str) -> list[str]:
    lines = _answer(("ffmpeg", "-nostdin", "-hide_banner", "-v", "error", option)).splitlines()
    return [line.split()[1] for line in lines if len(line.split()) > 1]


def drawable() -> list[range]:
    """The characters that some font of this machine has, as fontconfig knows them, which libass asks.

    Raises:
        EngineUnavailable: `fontconfig_missing`.
    """
    if shutil.which("fc-list") is None:
        sentence = say("fc-list not found: install fontconfig, for example `apt install fontconfig`.")
        raise EngineUnavailable("fontconfig_missing", sentence)
    ends = (piece.partition("-") for piece in _answer(("fc-list", "--format", "%{charset} ")).split())
    return [range(int(first, 16), int(last or first, 16) + 1) for first, _, last in ends]


def _answer(command: Sequence[str]) -> str:
    """What a program prints that reads nothing of ours."""
    return _asked(command).stdout.decode("utf-8", "replace")


def _asked(command: Sequence[str]) -> "subprocess.CompletedProcess[bytes]":
    """A program that is asked something and soon answers. Raises TimeoutExpired when it does not."""
    with _scratch(None) as folder:
        return subprocess.run(
            [*_fence(cpu_seconds=PROBE_LIMIT, file_bytes=1 << 20), *command],
            cwd=folder,
            env=_environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=PROBE_LIMIT,
            check=False,
        )


def _run(command: Sequence[str]) -> int:
    with _scratch(None) as folder:
        try:
            return subprocess.run(
                command,
                cwd=folder,
                env=_environment(),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                timeout=CUT_LIMIT,
                check=False,
            ).returncode
        except subprocess.TimeoutExpired as err:
            raise EngineCrashed("ffmpeg_timeout", say("Decoding took too long and was stopped. Try again.")) from err


def too_long(max_duration: Seconds) -> InputError:
    """The error for a recording beyond the limit."""
    hours, minutes = f"{max_duration / 3600:.3g}", f"{max_duration / 60:.3g}"
    limit = say("{hours} hours", hours=hours) if max_duration >= 3600 else say("{minutes} minutes", minutes=minutes)
    sentence = say("The recording is longer than {limit}. Split it and upload the parts.", limit=limit)
    return InputError("too_long", sentence)


def wav_duration(path: Path) -> Seconds:
    """Length of a WAV this module wrote, whether or not FFmpeg came to finish its header; 0.0 when there is none."""
    try:
        with wave.open(str(path), "rb") as wav:
            frames = min(wav.getnframes(), (path.stat().st_size - _HEADER_BYTES) // 2)
            return max(0, frames) / SAMPLE_RATE_HZ
    except (FileNotFoundError, EOFError, wave.Error):
        return 0.0


# --- ffprobe ---------------------------------------------------------------------------------------


def _ffprobe(path: Path) -> Mapping[str, object]:
    entries = (
        "format=format_name,duration,start_time,probe_score"
        ":stream=index,codec_type,codec_name,sample_rate,channels,duration,start_time"
        ",width,height,sample_aspect_ratio,avg_frame_rate,r_frame_rate"
        ":stream_disposition=default,attached_pic:stream_side_data=rotation"
    )
    command = ("ffprobe", "-v", "error", *_INPUT_FENCE, "-show_entries", entries, "-of", "json", "-i", _file(path))
    try:
        done = _asked(command)
    except subprocess.TimeoutExpired as err:
        raise _not_media() from err
    if done.returncode == -signal.SIGKILL:
        raise _killed("ffprobe")
    facts = _dict(json.loads(done.stdout)) if done.returncode == 0 else {}
    if (_number(_dict(facts.get("format")), "probe_score") or 0) < _MIN_PROBE_SCORE:
        raise _not_media()
    return facts


def _pick_audio(streams: Sequence[Mapping[str, object]]) -> Mapping[str, object]:
    """The audio stream marked as default, else the first one."""
    audio = [stream for stream in streams if stream.get("codec_type") == "audio"]
    if not audio:
        if any(_is_moving_picture(stream) for stream in streams):
            raise InputError("no_audio", say("The video has no sound track. Upload a file that has one."))
        raise InputError("no_audio", say("The file has no sound in it. Upload an audio file or a video with sound."))
    return next((stream for stream in audio if _dict(stream.get("disposition")).get("default") == 1), audio[0])


def _is_moving_picture(stream: Mapping[str, object]) -> bool:
    """Whether it is video, and not the cover picture of a song."""
    return stream.get("codec_type") == "video" and _dict(stream.get("disposition")).get("attached_pic") != 1


def _delay(stream: Mapping[str, object], container: Mapping[str, object]) -> Seconds:
    """How much later than its file a stream begins."""
    return max(0.0, (_number(stream, "start_time") or 0.0) - (_number(container, "start_time") or 0.0))


def _shown_size(picture: Mapping[str, object]) -> tuple[int, int]:
    """Width and height as players show it: upright, in square pixels."""
    width, height = _number(picture, "width") or 0.0, _number(picture, "height") or 0.0
    sides = next(iter(_dicts(picture.get("side_data_list"))), {})
    turned = abs(int(float(str(sides.get("rotation") or 0)))) % 180 == 90
    width *= _ratio(picture, "sample_aspect_ratio", ":") or 1.0
    shown = (round(width), round(height))
    return shown[::-1] if turned else shown


def _frames_per_second(picture: Mapping[str, object]) -> float:
    """Those of a video with as many in every second. What a file says may be anything."""
    told = _ratio(picture, "avg_frame_rate", "/") or _ratio(picture, "r_frame_rate", "/") or 0.0
    return min(told, _MAX_FRAMES) if told >= _MIN_FRAMES else _USUAL_FRAMES


def _ratio(values: Mapping[str, object], key: str, sign: str) -> float | None:
    """Such as 30000/1001; None for none."""
    above, _, below = _text(values, key).partition(sign)
    parts = {"above": above, "below": below}
    one, other = _number(parts, "above"), _number(parts, "below")
    return one / other if one and other else None


def _check_audio(info: MediaInfo) -> None:
    what = None
    if info.audio_codec in ("", "unknown", "none"):
        what = say("its sound is in a format that FFmpeg does not know")
    elif not MIN_RATE_HZ <= info.sample_rate_hz <= MAX_RATE_HZ:
        rate, least, most = info.sample_rate_hz, MIN_RATE_HZ, MAX_RATE_HZ
        what = say("its sample rate of {rate} Hz is outside {least} to {most} Hz", rate=rate, least=least, most=most)
    elif not 1 <= info.channels <= MAX_CHANNELS:
        what = say("it has {count} audio channels; 1 to {most} can be read", count=info.channels, most=MAX_CHANNELS)
    if what:
        raise InputError(
            "bad_audio", say("The file cannot be used: {what}. Convert it to MP3 or WAV and try again.", what=what)
        )


def _not_media() -> InputError:
    return InputError(
        "not_media",
        say("The file is not a recording that can be read, or it is damaged. Upload an audio or video file."),
    )


# --- decoding --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Decoding:
    """What FFmpeg is to decode: `length` from `start` on, of which more than `max_duration` is an error."""

    source: Path
    info: MediaInfo
    length: Seconds
    max_duration: Seconds
    run: Run
    start: Seconds | None = None


def _decode_once(task: _Decoding, target: Path, downmix: Sequence[str]) -> bool:
    """Run FFmpeg once; True when parts of the sound could not be decoded."""
    limit = 120.0 + ((task.start or 0.0) + task.length) * 0.5
    seek = () if task.start is None else ("-ss", f"{task.start:.3f}")
    # fmt: off
    command = (
        *_fence(cpu_seconds=limit, file_bytes=int((task.length + 1.0) * _BYTES_PER_SECOND) + 4096),
        "ffmpeg", "-nostdin", "-y", "-v", "error", "-progress", "pipe:1", "-stats_period", "0.25",
        "-max_error_rate", str(_MAX_ERROR_RATE),
        "-threads", "1", "-max_pixels", "1", *_INPUT_FENCE,
        *seek, "-t", f"{task.length:.3f}", "-i", _file(task.source),
        "-map", f"0:{task.info.audio_stream}", "-vn", "-sn", "-dn", "-map_metadata", "-1", "-map_chapters", "-1",
        *downmix, "-ar", str(SAMPLE_RATE_HZ), "-c:a", "pcm_s16le", "-fflags", "+bitexact",
        "-f", "wav", _file(target),
    )
    # fmt: on
    expected = min(task.info.duration or task.length, task.length)
    returncode = _watch(command, task.run, limit, _reporter(task.run, expected))
    _judge(returncode, target, task.max_duration)
    return returncode != 0


def _reporter(run: Run, expected: Seconds) -> Callable[[str], None]:
    """Takes the lines of FFmpeg's progress, and tells how much of `expected` is written."""

    def on_line(line: str) -> None:
        key, _, value = line.partition("=")
        if key == "out_time_us" and value.lstrip("-").isdigit():
            run.report(min(0.99, int(value) / 1e6 / max(expected, 1.0)))

    return on_line


def _judge(returncode: int, target: Path, max_duration: Seconds) -> None:
    """Turn FFmpeg's end into an error where it is one. A damaged file that gave some sound is not."""
    if returncode == -signal.SIGXFSZ:
        raise too_long(max_duration)
    _judge_end(returncode, target.parent)
    if wav_duration(target) > max_duration:
        raise too_long(max_duration)
    if returncode > 0 and wav_duration(target) <= 0:
        raise InputError("bad_audio", say("The sound in the file cannot be decoded. Convert it to WAV and try again."))


def _judge_end(returncode: int, folder: Path) -> None:
    """EngineCrashed where FFmpeg did not come to its own end, or the disk of `folder` is full."""
    if returncode in (-signal.SIGKILL, -signal.SIGTERM, 255):  # 255: FFmpeg obeyed a signal
        raise _killed("FFmpeg")
    if returncode < 0:
        name = signal.Signals(-returncode).name
        sentence = say("FFmpeg crashed ({signal}) on this file. Try again, or convert the file.", signal=name)
        raise EngineCrashed("ffmpeg_crashed", sentence)
    if returncode > 0 and shutil.disk_usage(folder).free < _LOW_DISK_BYTES:
        raise EngineCrashed("disk_full", say("The disk filled up while decoding. Free some space and try again."))


def _watch(
    command: Sequence[str],
    run: Run,
    limit: Seconds,
    on_line: Callable[[str], None],
    beside: Mapping[str, Path] = MappingProxyType({}),
) -> int:
    """Run `command`, passing on each line it prints, and return its status. It finds copies of `beside` where it runs.

    Whatever ends this function, an error in `on_line` included, also ends the process.
    """
    deadline = time.monotonic() + limit
    with _scratch(run.workdir) as folder:
        for name, path in beside.items():
            shutil.copy(path, folder / name)
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=_environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        try:
            tail = b""
            for is_output, data in _outputs(process):
                run.check()
                if time.monotonic() > deadline:
                    raise EngineCrashed("ffmpeg_timeout", say("Decoding took too long and was stopped. Try again."))
                if is_output:
                    for line in data.decode("ascii", "replace").splitlines():
                        on_line(line)
                else:
                    tail = (tail + data)[-_STDERR_TAIL_BYTES:]
            returncode = process.wait(timeout=10)
            if returncode:
                log.warning("ffmpeg ended with status %d: %r", returncode, tail.decode("utf-8", "replace"))
            return returncode
        finally:
            _end(process)


def _outputs(process: subprocess.Popen[bytes]) -> Iterator[tuple[bool, bytes]]:
    """(is stdout, data) as it comes, and (False, b"") whenever nothing came for a moment, until both pipes close."""
    assert process.stdout and process.stderr
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ, data=True)
        selector.register(process.stderr, selectors.EVENT_READ, data=False)
        while selector.get_map():
            ready = selector.select(timeout=_POLL)
            if not ready:
                yield False, b""
            for key, _ in ready:
                data = os.read(key.fd, 65_536)
                if not data:
                    selector.unregister(key.fileobj)
                yield bool(key.data), data


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.kill()
        process.wait()
    for pipe in (process.stdout, process.stderr):
        if pipe:
            pipe.close()


def _warn_if_damaged(duration: Seconds, info: MediaInfo, is_damaged: bool, run: Run) -> None:
    if info.duration and duration < info.duration * 0.98 - 2.0:
        run.warn(
            say(
                "The file says it lasts {told}, but only {found} could be read: it may be cut off or damaged.",
                told=_clock(info.duration),
                found=_clock(duration),
            )
        )
    elif is_damaged:
        run.warn(say("Parts of the file are damaged and could not be read, so words may be missing."))


def _clock(seconds: Seconds) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{rest:02}"


# --- channels --------------------------------------------------------------------------------------


def _downmix(channels: int) -> tuple[str, ...]:
    if channels <= MAX_LAYOUT_CHANNELS:
        return ("-ac", "1")
    mix = "+".join(f"{1 / channels:.6f}*c{index}" for index in range(channels))
    return ("-af", f"pan=mono|c0={mix}")


def _undo_cancellation(task: _Decoding, target: Path) -> None:
    """Replace a mix in which left and right cancel each other by the left channel."""
    mixed = wav_level_db(target)
    if mixed > _SUSPICIOUS_MIX_DB:
        return
    left = target.with_name(f"{target.stem}-left.wav")
    _decode_once(task, left, ("-af", "pan=mono|c0=c0"))
    if wav_level_db(left) - mixed >= _CANCELLATION_DB:
        left.replace(target)
        task.run.warn(say("Left and right cancel each other in this recording, so only the left channel was used."))
    else:
        left.unlink()


def wav_level_db(path: Path) -> float:
    """Mean level of a 16-bit mono WAV in dBFS (RMS); -120.0 for digital silence or no file."""
    total, count = 0.0, 0
    if wav_duration(path) <= 0:
        return -120.0
    with wave.open(str(path), "rb") as wav:
        while raw := wav.readframes(1 << 20):
            samples = np.frombuffer(raw, dtype="<i2").astype(np.float32)
            total += float(np.dot(samples, samples))
            count += samples.size
    return max(-120.0, float(10 * np.log10(total / count / 32768.0**2 + 1e-12)))


# --- the fence -------------------------------------------------------------------------------------


def _fence(*, cpu_seconds: Seconds, file_bytes: int, memory_bytes: int = _MEMORY_BYTES) -> tuple[str, ...]:
    """The command words that limit what follows them. FFmpeg keeps the same process id."""
    sentence = missing()
    if sentence:
        raise EngineUnavailable("ffmpeg_missing", sentence)
    return (
        *("setpriv", "--pdeathsig", "KILL", "--no-new-privs", "prlimit"),
        *(f"--as={memory_bytes}", f"--cpu={int(cpu_seconds) + 1}", f"--fsize={file_bytes}"),
        *("--nofile=64", "--core=0", "--"),
    )


def _environment() -> dict[str, str]:
    """What the programs may know of ours: where programs, libraries and fonts lie. Keys and passwords stay here."""
    names = ("PATH", "LD_LIBRARY_PATH", "FONTCONFIG_PATH", "FONTCONFIG_FILE")
    found = {name: os.environ[name] for name in names if name in os.environ}
    return {**found, "LANG": "C.UTF-8"}


@contextmanager
def _scratch(parent: Path | None) -> Iterator[Path]:
    """An empty folder to run in, so that a relative name in a file points at nothing."""
    with tempfile.TemporaryDirectory(prefix="ffmpeg-", dir=parent) as folder:
        yield Path(folder)


def _file(path: Path) -> str:
    """`path` as FFmpeg must be given it: with the prefix, a name such as `concat:a|b` stays a name."""
    return f"file:{path.resolve()}"


def _killed(program: str) -> EngineCrashed:
    return EngineCrashed("ffmpeg_killed", say("{program} was stopped from outside. Try again.", program=program))


# --- JSON ------------------------------------------------------------------------------------------


def _dict(value: object) -> Mapping[str, object]:
    return value if isinstance(value, dict) else {}


def _dicts(value: object) -> list[Mapping[str, object]]:
    return [_dict(item) for item in value] if isinstance(value, list) else []


def _text(values: Mapping[str, object], key: str) -> str:
    return str(values.get(key) or "")


def _number(values: Mapping[str, object], key: str) -> float | None:
    """A number ffprobe may give as text; None when absent or not a finite positive number."""
    try:
        number = float(str(values.get(key)))
    except ValueError:
        return None
    return number if 0 < number < float("inf") else None

"""Files a stranger might upload: hostile, broken, odd, and plain good ones, each with what must happen to it.

`make(name, folder, bait)` writes one. The bait is another person's recording: 2 s of a 997 Hz tone, and a
text file with `SECRET` in it; nothing made here may bring out either.
"""

import io
import struct
import subprocess
import wave
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

SECRET = "bait-7f3e-do-not-leak"
BAIT_HZ = 997
SECONDS = 3.0
RATE_HZ = 16_000


@dataclass(frozen=True, slots=True)
class Bait:
    """Files of somebody else, in the same storage."""

    tone: Path
    text: Path


Maker = Callable[[Path, Bait], object]


@dataclass(frozen=True, slots=True)
class Case:
    """`codes` are the errors that are right; empty for a file that must be transcribed."""

    name: str
    make: Maker
    codes: frozenset[str] = frozenset()
    warns: bool = False


CASES: dict[str, Case] = {}


def make(name: str, folder: Path, bait: Bait) -> Path:
    """Write the input called `name` into `folder`."""
    path = folder / name
    CASES[name].make(path, bait)
    return path


def make_bait(folder: Path) -> Bait:
    """The files that must never show up in anything made from the cases."""
    bait = Bait(folder / "someone-elses.wav", folder / "someone-elses.txt")
    _write_wav(bait.tone, _tone(BAIT_HZ, 2.0))
    bait.text.write_text(SECRET)
    return bait


def _refused(name: str, *codes: str) -> Callable[[Maker], Maker]:
    return _case(name, frozenset(codes))


def _accepted(name: str, *, warns: bool = False) -> Callable[[Maker], Maker]:
    return _case(name, frozenset(), warns=warns)


def _case(name: str, codes: frozenset[str], *, warns: bool = False) -> Callable[[Maker], Maker]:
    def register(maker: Maker) -> Maker:
        CASES[name] = Case(name, maker, codes, warns)
        return maker

    return register


# --- material --------------------------------------------------------------------------------------


def _tone(hz: float = 300.0, seconds: float = SECONDS) -> bytes:
    times = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    return (np.sin(2 * np.pi * hz * times) * 8_000).astype("<i2").tobytes()


def _header(*, rate: int = RATE_HZ, channels: int = 1, bits: int = 16, data_bytes: int, tag: int = 1) -> bytes:
    frame = channels * bits // 8
    fmt = struct.pack("<HHIIHH", tag, channels, rate, (rate * frame) & 0xFFFFFFFF, frame & 0xFFFF, bits)
    size = min(36 + data_bytes, 0xFFFFFFFF)
    return b"RIFF" + struct.pack("<I", size) + b"WAVEfmt " + struct.pack("<I", 16) + fmt + b"data" + _u32(data_bytes)


def _u32(number: int) -> bytes:
    return struct.pack("<I", number & 0xFFFFFFFF)


def _write_wav(path: Path, pcm: bytes, channels: int = 1, rate: int = RATE_HZ) -> None:
    with wave.open(str(path), "wb") as wav:
        wav.setparams((channels, 2, rate, 0, "NONE", ""))
        wav.writeframes(pcm)


def _ffmpeg(*arguments: str | Path) -> None:
    subprocess.run(["ffmpeg", "-nostdin", "-v", "error", "-y", *map(str, arguments)], check=True)


def _sine(hz: int = 300, seconds: float = SECONDS) -> tuple[str, ...]:
    return "-f", "lavfi", "-i", f"sine=frequency={hz}:sample_rate=44100:duration={seconds}"


def _picture(seconds: float = SECONDS) -> tuple[str, ...]:
    return "-f", "lavfi", "-i", f"testsrc=size=64x64:rate=5:duration={seconds}"


def _encoded(*arguments: str) -> Maker:
    return lambda path, bait: _ffmpeg(*_sine(), *arguments, path)


def _text(content: str) -> Maker:
    return lambda path, bait: path.write_text(content.format(tone=bait.tone, text=bait.text))


def _truncated(share: float, *arguments: str) -> Maker:
    def maker(path: Path, bait: Bait) -> None:
        _ffmpeg(*_sine(seconds=20), *arguments, path)
        content = path.read_bytes()
        path.write_bytes(content[: int(len(content) * share)])

    return maker


# --- not media at all ------------------------------------------------------------------------------

for _name, _content in {
    "text.mp3": "This is a shopping list.\n" * 400,
    "html.wav": "<!doctype html><html><body><script>alert(1)</script></body></html>" * 50,
    "drawing.mp3": '<svg xmlns="http://www.w3.org/2000/svg"><image href="file://{text}"/></svg>',
    "script.ogg": "#!/bin/sh\ncat {text}\n",
    "subtitles.mp3": "1\n00:00:01,000 --> 00:00:02,000\nHello\n",
    "json.m4a": '{{"a": [1, 2, 3]}}',
    # Playlists that point elsewhere: the reason for the list of demuxers.
    "playlist.mp3": "#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\nfile://{tone}\n#EXT-X-ENDLIST\n",
    "playlist-relative.mp3": "#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\nsomeone-elses.wav\n#EXT-X-ENDLIST\n",
    "playlist-http.mp3": "#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\nhttp://127.0.0.1:9/a.ts\n#EXT-X-ENDLIST\n",
    "playlist-concat.mp4": "#EXTM3U\n#EXTINF:9,\nconcat:{text}|{tone}\n#EXT-X-ENDLIST\n",
    "playlist-subfile.m4a": "#EXTM3U\n#EXTINF:9,\nsubfile,,start,0,end,99,,:{text}\n#EXT-X-ENDLIST\n",
    "concat-list.wav": "ffconcat version 1.0\nfile '{tone}'\n",
    "concat-relative.wav": "ffconcat version 1.0\nfile someone-elses.wav\n",
    "dash.webm": '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static">'
    '<Period><AdaptationSet mimeType="audio/mp4"><Representation id="1" bandwidth="1">'
    "<BaseURL>file://{tone}</BaseURL></Representation></AdaptationSet></Period></MPD>",
    "sdp.mp3": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=audio 9 RTP/AVP 0\n",
    "imf.mp4": '<?xml version="1.0"?><CompositionPlaylist xmlns="http://www.smpte-ra.org/schemas/2067-3/2016"/>',
    "asx.wma": '<asx version="3.0"><entry><ref href="file://{tone}"/></entry></asx>',
    "ffmetadata.mp3": ";FFMETADATA1\ntitle={text}\n",
}.items():
    CASES[_name] = Case(_name, _text(_content), frozenset({"not_media", "no_audio", "bad_audio"}))


@_refused("empty.mp3", "empty")
def _(path: Path, bait: Bait) -> None:
    path.write_bytes(b"")


@_refused("one-byte.wav", "not_media")
def _(path: Path, bait: Bait) -> None:
    path.write_bytes(b"R")


@_refused("archive.mp3", "not_media")
def _(path: Path, bait: Bait) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("a.txt", "hello " * 1000)
    path.write_bytes(buffer.getvalue())


@_refused("program.mp3", "not_media")
def _(path: Path, bait: Bait) -> None:
    path.write_bytes(Path("/bin/ls").read_bytes()[:60_000])


@_refused("zeros.mp3", "not_media", "bad_audio", "empty")
def _(path: Path, bait: Bait) -> None:
    path.write_bytes(bytes(200_000))


@_refused("picture.mp3", "not_media", "no_audio")
def _(path: Path, bait: Bait) -> None:
    png = path.with_suffix(".png")
    _ffmpeg(*_picture(), "-frames:v", "1", png)
    png.replace(path)


# --- media that cannot be used ---------------------------------------------------------------------


@_refused("video-without-sound.mp4", "no_audio")
def _(path: Path, bait: Bait) -> None:
    _ffmpeg(*_picture(), "-pix_fmt", "yuv420p", path)


@_refused("video-without-sound.mkv", "no_audio")
def _(path: Path, bait: Bait) -> None:
    _ffmpeg(*_picture(), path)


@_refused("without-moov.mp4", "not_media")
def _(path: Path, bait: Bait) -> None:
    _truncated(0.5, "-c:a", "aac")(path, bait)


@_refused("header-only.wav", "empty", "bad_audio", "not_media")
def _(path: Path, bait: Bait) -> None:
    path.write_bytes(_header(data_bytes=0))


@_refused("one-hertz.wav", "bad_audio")
def _(path: Path, bait: Bait) -> None:
    path.write_bytes(_header(rate=1, data_bytes=200_000) + bytes(200_000))


@_refused("no-rate.wav", "bad_audio", "not_media")
def _(path: Path, bait: Bait) -> None:
    path.write_bytes(_header(rate=0, data_bytes=32_000) + bytes(32_000))


@_refused("four-gigahertz.wav", "bad_audio", "not_media")
def _(path: Path, bait: Bait) -> None:
    path.write_bytes(_header(rate=0xFFFFFFFF, data_bytes=32_000) + bytes(32_000))


@_refused("no-channels.wav", "bad_audio", "not_media")
def _(path: Path, bait: Bait) -> None:
    path.write_bytes(_header(channels=0, data_bytes=32_000) + bytes(32_000))


@_refused("thousand-channels.wav", "bad_audio", "not_media")
def _(path: Path, bait: Bait) -> None:
    path.write_bytes(_header(channels=1000, data_bytes=32_000) + bytes(32_000))


@_refused("unknown-codec.wav", "bad_audio", "not_media")
def _(path: Path, bait: Bait) -> None:
    path.write_bytes(_header(tag=0x4242, data_bytes=32_000) + bytes(32_000))


@_refused("eleven-hours.flac", "too_long")
def _(path: Path, bait: Bait) -> None:
    _ffmpeg("-f", "lavfi", "-i", "anullsrc=r=4000:cl=mono", "-t", "39600", path)


@_refused("thirty-seven-hours-by-the-header.flac", "too_long")
def _(path: Path, bait: Bait) -> None:
    _ffmpeg(*_sine(seconds=5), "-ar", "16000", path)
    content = bytearray(path.read_bytes())
    # The last 36 of these 64 bits of STREAMINFO count the samples.
    field = int.from_bytes(content[18:26], "big") >> 36 << 36
    content[18:26] = (field | 37 * 3600 * 16_000).to_bytes(8, "big")
    path.write_bytes(bytes(content))


# --- damaged or odd, yet usable --------------------------------------------------------------------


@_accepted("cut-off.mp3", warns=True)
def _(path: Path, bait: Bait) -> None:
    _truncated(0.5, "-b:a", "64k")(path, bait)


@_accepted("cut-off.mkv", warns=True)
def _(path: Path, bait: Bait) -> None:
    _truncated(0.5, "-c:a", "aac")(path, bait)


@_accepted("cut-off.wav")
def _(path: Path, bait: Bait) -> None:
    _truncated(0.5)(path, bait)


@_accepted("data-size-too-large.wav")
def _(path: Path, bait: Bait) -> None:
    path.write_bytes(_header(data_bytes=0x7FFFFFF0) + _tone(seconds=5))


@_accepted("streamed.wav")
def _(path: Path, bait: Bait) -> None:
    path.write_bytes(_header(data_bytes=0xFFFFFFFF) + _tone())


def _noisy(share: float) -> Maker:
    def maker(path: Path, bait: Bait) -> None:
        _ffmpeg(*_sine(seconds=20), "-b:a", "64k", path)
        content = bytearray(path.read_bytes())
        length = int(len(content) * share)
        start = (len(content) - length) // 2
        content[start : start + length] = np.random.default_rng(1).bytes(length)
        path.write_bytes(bytes(content))

    return maker


CASES["a-little-noise-inside.mp3"] = Case("a-little-noise-inside.mp3", _noisy(0.02))
CASES["much-noise-inside.mp3"] = Case("much-noise-inside.mp3", _noisy(0.3), warns=True)


@_accepted("frames-beyond-the-end.caf")
def _(path: Path, bait: Bait) -> None:
    # CAF states the size of its data apart from the data: 37 h by its word, 5 s in truth.
    description = struct.pack(">d4sIIIII", 16_000.0, b"lpcm", 0, 2, 1, 1, 16)
    pcm = np.frombuffer(_tone(seconds=5), "<i2").astype(">i2").tobytes()
    path.write_bytes(
        b"caff\x00\x01\x00\x00"
        + (b"desc" + struct.pack(">q", 32) + description)
        + (b"data" + struct.pack(">q", 37 * 3600 * 32_000 + 4) + bytes(4) + pcm)
    )


@_accepted("good.amr")
def _(path: Path, bait: Bait) -> None:
    frames = np.random.default_rng(1).integers(0, 256, (150, 32), dtype=np.uint8)
    frames[:, 0] = 0x3C  # 12.2 kbit/s, good quality
    path.write_bytes(b"#!AMR\n" + frames.tobytes())


@_accepted("silence.wav", warns=True)
def _(path: Path, bait: Bait) -> None:
    _write_wav(path, bytes(RATE_HZ * 2 * 3))


@_accepted("antiphase.wav", warns=True)
def _(path: Path, bait: Bait) -> None:
    left = np.frombuffer(_tone(), "<i2")
    _write_wav(path, np.stack([left, -left], axis=1).astype("<i2").tobytes(), channels=2)


@_accepted("antiphase.mp3", warns=True)
def _(path: Path, bait: Bait) -> None:
    _ffmpeg(*_sine(), "-af", "pan=stereo|c0=c0|c1=-0.98*c0", "-b:a", "128k", "-joint_stereo", "0", path)


@_accepted("one-side-only.wav")
def _(path: Path, bait: Bait) -> None:
    left = np.frombuffer(_tone(), "<i2")
    _write_wav(path, np.stack([left * 0, left], axis=1).astype("<i2").tobytes(), channels=2)


@_accepted("cover.mp3")
def _(path: Path, bait: Bait) -> None:
    _ffmpeg(*_sine(), *_picture(), "-frames:v", "1", "-map", "0:a", "-map", "1:v", "-c:v", "png", path)


@_accepted("two-tracks.mkv")
def _(path: Path, bait: Bait) -> None:
    # The second track is marked as default.
    _ffmpeg(
        *(*_sine(200), *_sine(600), "-map", "0", "-map", "1", "-c:a", "aac"),
        *("-disposition:a:0", "0", "-disposition:a:1", "default", path),
    )


@_accepted("video-with-sound.mp4")
def _(path: Path, bait: Bait) -> None:
    _ffmpeg(*_sine(), *_picture(), "-pix_fmt", "yuv420p", "-c:a", "aac", path)


@_accepted("large-picture.mp4")
def _(path: Path, bait: Bait) -> None:
    _ffmpeg(*_sine(), "-f", "lavfi", "-i", "color=size=3840x2160:rate=1:duration=3", "-c:a", "aac", path)


@_accepted("concat:a|b.mp3")
def _(path: Path, bait: Bait) -> None:
    plain = path.with_name("plain.mp3")
    _ffmpeg(*_sine(), plain)
    plain.replace(path)


@_accepted("-i name %d 'ü'.wav")
def _(path: Path, bait: Bait) -> None:
    _write_wav(path, _tone())


@_accepted("named-wrongly.txt")
def _(path: Path, bait: Bait) -> None:
    _write_wav(path, _tone())


@_accepted("one-tenth-of-a-second.wav")
def _(path: Path, bait: Bait) -> None:
    _write_wav(path, _tone(seconds=0.1))


def _many_channels(channels: int) -> Maker:
    def maker(path: Path, bait: Bait) -> None:
        mono = np.frombuffer(_tone(), "<i2")
        _write_wav(path, np.repeat(mono[:, None], channels, axis=1).tobytes(), channels=channels)

    return maker


for _channels in (3, 5, 6, 7, 8, 9, 16):
    CASES[f"channels-{_channels}.wav"] = Case(f"channels-{_channels}.wav", _many_channels(_channels))

# --- good files of many kinds ----------------------------------------------------------------------

for _name, _arguments in {
    "good.wav": (),
    "good-24-bit.wav": ("-c:a", "pcm_s24le"),
    "good-float.wav": ("-c:a", "pcm_f32le"),
    "good-mulaw.wav": ("-c:a", "pcm_mulaw", "-ar", "8000"),
    "good-adpcm.wav": ("-c:a", "adpcm_ms"),
    "good.w64": (),
    "good.mp3": ("-b:a", "64k"),
    "good-vbr.mp3": ("-q:a", "5"),
    "good.aac": (),
    "good.m4a": ("-c:a", "aac"),
    "good-alac.m4a": ("-c:a", "alac"),
    "good-fragmented.mp4": ("-c:a", "aac", "-movflags", "frag_keyframe+empty_moov"),
    "good.ogg": ("-c:a", "libvorbis"),
    "good.opus": ("-c:a", "libopus"),
    "good.flac": (),
    "good.webm": ("-c:a", "libopus"),
    "good.mkv": ("-c:a", "flac"),
    "good.mov": ("-c:a", "aac"),
    "good.aiff": (),
    "good.au": (),
    "good.caf": (),
    "good.3gp": ("-c:a", "aac"),
    "good.wma": ("-c:a", "wmav2"),
    "good.avi": ("-c:a", "mp3"),
    "good.ts": ("-c:a", "aac"),
    "good.mpg": ("-c:a", "mp2", "-f", "mpeg"),
    "good.flv": ("-c:a", "mp3"),
    "good.wv": (),
    "good.ac3": (),
    "good-96-khz.flac": ("-ar", "96000"),
    "good-stereo.mp3": ("-ac", "2"),
}.items():
    CASES[_name] = Case(_name, _encoded(*_arguments))

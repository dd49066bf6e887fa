"""Videos with subtitles, by the real FFmpeg: what is in them is looked at by FFmpeg itself."""

import subprocess
import threading
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pysubs2
import pytest

from media_pipeline import ffmpeg
from media_pipeline.errors import Cancelled, EngineCrashed, EngineUnavailable, InputError
from media_pipeline.exports.cues import cues
from media_pipeline.exports.options import ExportOptions
from media_pipeline.languages import three_letters
from media_pipeline.options import SubtitledVideo, SubtitleMode, TranscribeOptions
from media_pipeline.recipes.subtitled_video import SUBTITLED_VIDEO, Words
from media_pipeline.run import Machine, Run
from media_pipeline.text.cue_limits import limits_for
from media_pipeline.transcript import Segment, Transcript, Word
from tests.videos import H264, VP9, frame_at, make_video, packets_of, streams_of, subtitles_of, turned

SAID = ("The report is ready, and the customer has it.", "Please send the contract before Friday.")


def transcript(*texts: str, language: str = "en", first: float = 1.0) -> Transcript:
    """Two seconds for each text, and one between two."""
    segments = []
    for index, text in enumerate(texts or SAID):
        start = first + 2.5 * index
        pieces = text.split()
        each = 1.5 / len(pieces)
        words = [Word(word, start + at * each, start + (at + 1) * each) for at, word in enumerate(pieces)]
        segments.append(Segment(start, start + 1.5, text, tuple(words), f"SPEAKER_0{index % 2}"))
    return Transcript(language, tuple(segments), 6.0, "whisper", "base")


@dataclass
class Stored:
    """The files of a job as a step sees them."""

    source: Path
    words: Words
    folder: Path
    saved: dict[str, Path] = field(default_factory=dict)

    def media(self) -> Path:
        return self.source

    def load(self, step: str, name: str, kind: type[Any], part: int = 0) -> Any:
        return self.words

    def save(self, name: str, path: Path) -> None:
        self.saved[name] = path.rename(self.folder / name)


def make(
    source: Path,
    mode: SubtitleMode,
    folder: Path,
    *,
    said: Transcript | None = None,
    options: ExportOptions | None = None,
    run: Run | None = None,
) -> Path:
    """Run the step of the recipe. Returns the video it saved."""
    folder.mkdir(exist_ok=True)
    words = Words(said or transcript(), {}, options or ExportOptions(names=False))
    stored = Stored(source, words, folder)
    asked = TranscribeOptions("whisper", "base", video=SubtitledVideo(mode, 1, 0))
    [step] = [step for step in SUBTITLED_VIDEO.steps if step.when(asked)]
    step.function(stored, asked, run or working(folder), 0)  # type: ignore[arg-type]
    [made] = stored.saved.values()
    return made


def working(folder: Path, **values: Any) -> Run:
    workdir = folder / "work"
    workdir.mkdir(parents=True, exist_ok=True)
    return Run(workdir, Machine(folder), **values)


def shown(said: Transcript, options: ExportOptions | None = None) -> list[tuple[str, ...]]:
    return [cue.lines for cue in cues(said, {}, options or ExportOptions(names=False))]


def read_back(path: Path) -> list[tuple[str, ...]]:
    return [tuple(event.plaintext.split("\n")) for event in pysubs2.SSAFile.from_string(subtitles_of(path), "srt")]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("videos")


@pytest.fixture(scope="module")
def mp4(folder: Path) -> Path:
    return make_video(folder / "plain.mp4")


@pytest.fixture(scope="module")
def webm(folder: Path) -> Path:
    return make_video(folder / "plain.webm", codecs=VP9)


# Subtitles that can be switched off -----------------------------------------------------------------------------------


def test_a_track_is_added_and_all_else_stays_as_it_was(mp4: Path, tmp_path: Path) -> None:
    made = make(mp4, SubtitleMode.TRACK, tmp_path / "out", said=transcript(language="de"))

    picture, sound, track = streams_of(made)
    assert made.name == "video.mp4"
    assert (picture["codec_name"], sound["codec_name"], track["codec_name"]) == ("h264", "aac", "mov_text")
    assert track["tags"]["language"] == "deu" and track["tags"]["handler_name"] == "Deutsch"
    assert track["disposition"]["default"] == 1
    assert [packets_of(made, kind) for kind in "va"] == [packets_of(mp4, kind) for kind in "va"]
    assert made.read_bytes().find(b"moov") < made.read_bytes().find(b"mdat")  # plays while it loads


@pytest.mark.parametrize("suffix", ["mp4", "mkv", "webm"])
def test_the_track_says_what_the_cues_say_at_their_times(suffix: str, folder: Path, tmp_path: Path) -> None:
    source = make_video(tmp_path / f"a.{suffix}", codecs=VP9 if suffix == "webm" else H264)
    said = transcript("Tea & coffee, then.", "Он сказал: «Да».", "日本語 です。")

    made = make(source, SubtitleMode.TRACK, tmp_path / "out", said=said)

    events = pysubs2.SSAFile.from_string(subtitles_of(made), "srt")
    expected = cues(said, {}, ExportOptions(names=False))
    assert made.suffix == f".{suffix}"
    assert read_back(made) == [cue.lines for cue in expected]
    for event, cue in zip(events, expected, strict=True):
        assert abs(event.start / 1000 - cue.start) < 0.03 and abs(event.end / 1000 - cue.end) < 0.03


def test_names_and_limits_are_as_asked_for(mp4: Path, tmp_path: Path) -> None:
    options = ExportOptions(names=True, cues=limits_for("vertical", "en"))

    made = make(mp4, SubtitleMode.TRACK, tmp_path / "out", options=options)

    lines = [line for cue in read_back(made) for line in cue]
    assert lines[0].startswith("Speaker 1:") and any(line.startswith("Speaker 2:") for line in lines)
    assert max(map(len, lines)) <= 20


def test_what_mp4_cannot_hold_goes_into_matroska(tmp_path: Path) -> None:
    source = make_video(tmp_path / "a.avi", "-c:a", "pcm_s16le", codecs=("-c:v", "mjpeg"))

    made = make(source, SubtitleMode.TRACK, tmp_path / "out")

    assert made.suffix == ".mkv" and [stream["codec_name"] for stream in streams_of(made)][-1] == "subrip"


def test_subtitles_keep_to_a_sound_that_begins_later_than_the_picture(mp4: Path, tmp_path: Path) -> None:
    late = tmp_path / "late.mp4"
    command = ["ffmpeg", "-v", "error", "-i", str(mp4), "-itsoffset", "1.5", "-i", str(mp4)]
    subprocess.run([*command, "-map", "0:v", "-map", "1:a", "-c", "copy", str(late)], check=True)

    for mode in SubtitleMode:
        made = make(late, mode, tmp_path / mode)
        if mode == SubtitleMode.TRACK:
            first = pysubs2.SSAFile.from_string(subtitles_of(made), "srt")[0]
            assert abs(first.start / 1000 - 2.5) < 0.1  # a frame of AAC comes before its sound
        else:
            assert not differs(frame_at(made, 2.2), frame_at(late, 2.2)).any()
            assert differs(frame_at(made, 3.0), frame_at(late, 3.0)).any()


def test_an_hour_takes_seconds(tmp_path: Path) -> None:
    source = make_video(tmp_path / "long.mp4", seconds=3600, size="64x36", rate="2")
    started = time.monotonic()

    made = make(source, SubtitleMode.TRACK, tmp_path / "out")

    assert time.monotonic() - started < 30
    assert len(read_back(made)) == len(shown(transcript()))


def test_a_video_without_sound_can_have_subtitles(tmp_path: Path) -> None:
    source = make_video(tmp_path / "mute.mp4", sound=())

    for mode in SubtitleMode:
        assert "audio" not in {stream["codec_type"] for stream in streams_of(make(source, mode, tmp_path / mode))}


# Drawn into the picture -----------------------------------------------------------------------------------------------


def differs(one: Any, other: Any) -> Any:
    """Which rows of two pictures look different."""
    return (np.abs(one - other) > 40).any(axis=1)


def test_subtitles_are_seen_below_while_they_are_said_and_at_no_other_time(mp4: Path, tmp_path: Path) -> None:
    made = make(mp4, SubtitleMode.BURNED, tmp_path / "out")

    during, height = differs(frame_at(made, 1.5), frame_at(mp4, 1.5)), 180
    assert during[height * 2 // 3 :].any() and not during[: height * 2 // 3].any()
    assert not differs(frame_at(made, 0.5), frame_at(mp4, 0.5)).any()


def test_it_is_h264_and_aac_in_mp4_that_plays_while_it_loads(webm: Path, tmp_path: Path) -> None:
    made = make(webm, SubtitleMode.BURNED, tmp_path / "out")

    picture, sound = streams_of(made)
    assert made.suffix == ".mp4"
    assert (picture["codec_name"], picture["pix_fmt"], sound["codec_name"]) == ("h264", "yuv420p", "aac")
    assert made.read_bytes().find(b"moov") < made.read_bytes().find(b"mdat")
    assert differs(frame_at(made, 1.5), frame_at(webm, 1.5)).any()


def test_sound_that_plays_everywhere_is_copied(mp4: Path, tmp_path: Path) -> None:
    made = make(mp4, SubtitleMode.BURNED, tmp_path / "out")

    assert packets_of(made, "a") == packets_of(mp4, "a")


def test_a_turned_video_is_upright_with_subtitles_below(mp4: Path, tmp_path: Path) -> None:
    upright = turned(mp4, tmp_path / "turned.mp4")

    made = make(upright, SubtitleMode.BURNED, tmp_path / "out")

    picture = streams_of(made)[0]
    assert (picture["width"], picture["height"]) == (180, 320)
    seen = np.flatnonzero(differs(frame_at(made, 1.5), frame_at(upright, 1.5)))
    assert seen.size and seen.min() > 320 // 2


def test_lines_fit_into_a_narrow_picture(tmp_path: Path) -> None:
    source = make_video(tmp_path / "narrow.mp4", size="180x320")
    said = transcript("Wwwwwwwwww mmmmmmmmmm wwwwwwwwww mmmmmmmmm wwwwwwwwww mmmmmmmmmm wwwwwwwww mmmmmmmmm.")

    made = make(source, SubtitleMode.BURNED, tmp_path / "out", said=said)

    columns = differs(frame_at(made, 1.5).T, frame_at(source, 1.5).T)
    assert columns.any() and not columns[:4].any() and not columns[-4:].any()


@pytest.mark.parametrize("size", ["321x181", "33x17"])
def test_odd_sides_become_even(size: str, tmp_path: Path) -> None:
    source = make_video(tmp_path / "odd.mp4", size=size, codecs=("-c:v", "libx264", "-pix_fmt", "yuv444p"))

    picture = streams_of(make(source, SubtitleMode.BURNED, tmp_path / "out"))[0]

    width, height = map(int, size.split("x"))
    assert (picture["width"], picture["height"]) == (width - 1, height - 1)


def test_a_still_picture_gets_frames_for_its_subtitles(tmp_path: Path) -> None:
    source = make_video(tmp_path / "slides.mp4", rate="1/3")

    made = make(source, SubtitleMode.BURNED, tmp_path / "out")

    assert streams_of(made)[0]["avg_frame_rate"] == "25/1"
    before, during = frame_at(made, 0.7), frame_at(made, 1.3)
    assert differs(before, during).any()


def test_pixels_that_are_not_square_become_so(tmp_path: Path) -> None:
    source = make_video(tmp_path / "wide.mp4", "-vf", "setsar=2")

    picture = streams_of(make(source, SubtitleMode.BURNED, tmp_path / "out"))[0]

    assert (picture["width"], picture["height"], picture["sample_aspect_ratio"]) == (640, 180, "1:1")


@pytest.mark.parametrize("name", ["it's, a [video]; 100%.mp4", "a:b\\c'.mp4", "-vf.mp4", "кино 日本.mp4"])
def test_no_character_of_a_path_means_anything(name: str, mp4: Path, tmp_path: Path) -> None:
    folder = tmp_path / "it's: a, [folder]"
    folder.mkdir()
    source = folder / name
    source.write_bytes(mp4.read_bytes())

    for mode in SubtitleMode:
        assert make(source, mode, folder / mode).stat().st_size


def test_no_character_of_the_text_means_anything(mp4: Path, tmp_path: Path) -> None:
    said = transcript(r"{\pos(0,0)}{\an8} \N {\fs200}", "Dialogue: 0,0:00:00.00,0:00:09.00,,,0,0,0,,x")

    made = make(mp4, SubtitleMode.BURNED, tmp_path / "out", said=said)

    assert not differs(frame_at(made, 1.5), frame_at(mp4, 1.5))[:90].any()


# What can go wrong ----------------------------------------------------------------------------------------------------


def test_a_recording_without_a_picture_is_refused(tmp_path: Path) -> None:
    source = tmp_path / "sound.wav"
    subprocess.run(["ffmpeg", "-v", "error", "-f", "lavfi", "-i", "sine", "-t", "1", str(source)], check=True)

    with pytest.raises(InputError) as caught:
        make(source, SubtitleMode.TRACK, tmp_path / "out")

    assert caught.value.code == "no_picture"


def test_a_picture_that_cannot_be_read_is_told_in_a_sentence(mp4: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken.mp4"
    whole = mp4.read_bytes()
    start = whole.find(b"mdat") + 4
    broken.write_bytes(whole[:start] + bytes(len(whole) // 8) + whole[start + len(whole) // 8 :])
    broken.write_bytes(broken.read_bytes().replace(b"avcC", b"avcX"))

    with pytest.raises((InputError, EngineCrashed)) as caught:
        make(broken, SubtitleMode.BURNED, tmp_path / "out")

    assert caught.value.message.count(".") >= 1


def test_progress_rises_to_the_end(mp4: Path, tmp_path: Path) -> None:
    told: list[float] = []

    make(mp4, SubtitleMode.BURNED, tmp_path / "out", run=working(tmp_path, on_progress=told.append))

    assert told == sorted(told) and told[-1] == 1.0 and len(told) > 2


def test_cancelling_ends_it_at_once_and_leaves_nothing(tmp_path: Path) -> None:
    source = make_video(tmp_path / "long.mp4", seconds=120, size="640x360", rate="25")
    cancelled = threading.Event()
    run = working(tmp_path, on_progress=lambda done: cancelled.set(), is_cancelled=cancelled.is_set)
    started = time.monotonic()

    with pytest.raises(Cancelled):
        make(source, SubtitleMode.BURNED, tmp_path / "out", run=run)

    assert time.monotonic() - started < 20
    assert not [path for path in Path("/proc").glob("[0-9]*/cmdline") if b"libx264" in _read(path)]


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes() if str(path.parent).encode() else b""
    except OSError:
        return b""


def test_an_ffmpeg_that_cannot_draw_is_named_with_what_to_do(
    mp4: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ffmpeg, "_listed", lambda option: ["scale", "aac", "libx264"])

    with pytest.raises(EngineUnavailable, match=r"without ass.*switched off"):
        make(mp4, SubtitleMode.BURNED, tmp_path / "out")

    assert make(mp4, SubtitleMode.TRACK, tmp_path / "out")


def test_letters_no_font_has_are_named_before_the_work_begins(
    mp4: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ffmpeg, "drawable", lambda: [range(0x20, 0x500)])

    with pytest.raises(EngineUnavailable, match=r"語.*fonts-noto"):
        make(mp4, SubtitleMode.BURNED, tmp_path / "out", said=transcript("日本語 です。"))


def test_signs_no_font_has_are_a_warning(mp4: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ffmpeg, "drawable", lambda: [range(0x20, 0x500)])
    run = working(tmp_path)

    make(mp4, SubtitleMode.BURNED, tmp_path / "out", said=transcript("Well done 🎉"), run=run)

    assert run.warnings == ["No font on this machine has these signs: 🎉"]


def test_letters_of_this_machine_are_known() -> None:
    fonts = ffmpeg.drawable()

    assert all(any(ord(char) in font for font in fonts) for char in "aäжΩ")
    assert not any(0xE123 in font for font in [range(0x20, 0x500)])


def test_a_stuck_encoder_is_given_up(mp4: Path, tmp_path: Path) -> None:
    making = ffmpeg.Making(mp4, tmp_path / "o.mp4", ("-c", "copy", "-f", "mp4"), 6.0, 0.0, 1 << 20, {})

    with pytest.raises(EngineCrashed) as caught:
        ffmpeg.write_video(replace(making, words=("-re", *making.words), limit=-1.0), working(tmp_path))

    assert (caught.value.code, caught.value.retryable) == ("video_too_slow", False)


def test_a_file_that_grows_beyond_all_measure_is_stopped(mp4: Path, tmp_path: Path) -> None:
    making = ffmpeg.Making(mp4, tmp_path / "o.mp4", ("-c", "copy", "-f", "mp4"), 6.0, 20.0, 1_000, {})

    with pytest.raises(InputError) as caught:
        ffmpeg.write_video(making, working(tmp_path))

    assert caught.value.code in ("video_too_large", "bad_video")


@pytest.mark.parametrize(
    ("language", "code"),
    [("en", "eng"), ("pt-BR", "por"), ("RU", "rus"), ("haw", "haw"), ("yue", "zho"), ("xx", "und")],
)
def test_languages_have_three_letters(language: str, code: str) -> None:
    assert three_letters(language) == code

"""A video with the text of its recording as subtitles."""

from pathlib import Path

import msgspec

from media_pipeline import ffmpeg
from media_pipeline.containers import container_for
from media_pipeline.exports import ass
from media_pipeline.exports import files as exports
from media_pipeline.exports.cues import flowing
from media_pipeline.exports.options import ExportOptions
from media_pipeline.exports.registry import exporter
from media_pipeline.exports.span import within
from media_pipeline.media import VideoInfo
from media_pipeline.options import SubtitleMode, TranscribeOptions
from media_pipeline.recipe import Files, Lane, Pace, Recipe, Step
from media_pipeline.run import Run
from media_pipeline.steps import add_subtitles as adding
from media_pipeline.steps import burn_in as burning
from media_pipeline.steps.add_subtitles import add_subtitles
from media_pipeline.steps.burn_in import burn_in, check_fonts
from media_pipeline.transcript import Seconds, Transcript
from media_pipeline.wording import say

# What the job is given besides its options: `Words`, as people saw them when they asked.
GIVEN = ("words", "words.json")
# What the job leaves is called this, with the ending of its kind.
VIDEO = "video"
_EXPORTERS = {"srt": "srt", "webvtt": "vtt"}


class Words(msgspec.Struct, frozen=True):
    """What the subtitles say, and how they are to be."""

    transcript: Transcript
    names: dict[str, str]
    options: ExportOptions


def _add(files: Files, options: TranscribeOptions, run: Run, part: int) -> None:
    source, words = files.media(), files.load(*GIVEN, Words)
    info = ffmpeg.probe_video(source)
    container = container_for(info)
    subtitles = run.workdir / f"subtitles.{container.subtitles}"
    with subtitles.open("wb") as target:
        target.writelines(
            exports.pieces(exporter(_EXPORTERS[container.subtitles]), words.transcript, words.names, words.options)
        )
    made = add_subtitles(
        source,
        info,
        run,
        container=container,
        subtitles=subtitles,
        language=words.transcript.language,
        duration=_duration(info, words),
    )
    files.save(f"{VIDEO}.{container.suffix}", made)


def _burn(files: Files, options: TranscribeOptions, run: Run, part: int) -> None:
    source, words = files.media(), files.load(*GIVEN, Words)
    info = ffmpeg.probe_video(source)
    made = burn_in(source, info, _drawn(words, info, run), _duration(info, words), run)
    files.save(f"{VIDEO}{made.suffix}", made)


def _drawn(words: Words, info: VideoInfo, run: Run) -> Path:
    shown = within(words.transcript, words.options)
    check_fonts((line for cue in flowing(shown, words.names, words.options) for line in cue.lines), run)
    path = run.workdir / "words.ass"
    size = (info.width, info.height)
    path.write_text(ass.for_picture(shown, words.names, words.options, size, delay=info.audio_delay), encoding="utf-8")
    return path


def _duration(info: VideoInfo, words: Words) -> Seconds:
    """What a browser records does not say how long it is."""
    return info.duration or words.transcript.duration


def _wants(mode: SubtitleMode, options: TranscribeOptions) -> bool:
    return options.video is not None and options.video.mode == mode


def _wants_track(options: TranscribeOptions) -> bool:
    return _wants(SubtitleMode.TRACK, options)


def _wants_burned(options: TranscribeOptions) -> bool:
    return _wants(SubtitleMode.BURNED, options)


# Copying takes seconds. Encoding may take as long as the recording lasts, and nobody else's recording should wait for
# that before it can be transcribed: it goes to the workers that hardly have anything to compute.
SUBTITLED_VIDEO = Recipe(
    "subtitled_video",
    (
        Step(
            "add_subtitles",
            say("Adding subtitles to the video"),
            _add,
            Lane.CPU,
            weight=1,
            when=_wants_track,
            pace=Pace(cpu=adding.SLOWEST, cuda=adding.SLOWEST),
        ),
        Step(
            "burn_in",
            say("Drawing subtitles into the picture"),
            _burn,
            Lane.IO,
            weight=1,
            when=_wants_burned,
            pace=Pace(cpu=burning.SLOWEST, cuda=burning.SLOWEST),
        ),
    ),
)

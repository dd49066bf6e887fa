"""WebVTT subtitles, with the speaker as the voice of each cue. https://www.w3.org/TR/webvtt1/"""

from media_pipeline.exports.base import Exporter, Kind, SpeakerNames, clock
from media_pipeline.exports.cues import Cue, cues
from media_pipeline.exports.options import ExportOptions
from media_pipeline.transcript import Transcript
from media_pipeline.wording import say

_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})


def render(transcript: Transcript, names: SpeakerNames, options: ExportOptions) -> str:
    """The header, then a block per cue."""
    return "WEBVTT\n\n" + "".join(_block(cue, options) for cue in cues(transcript, names))


def _block(cue: Cue, options: ExportOptions) -> str:
    text = "\n".join(line.translate(_ESCAPES) for line in cue.lines)
    voice = f"<v {cue.speaker.translate(_ESCAPES)}>" if cue.speaker and options.names else ""
    return f"{clock(cue.start, '.')} --> {clock(cue.end, '.')}\n{voice}{text}\n\n"


VTT = Exporter(
    "vtt",
    say("Subtitles (WebVTT)"),
    "vtt",
    "text/vtt; charset=utf-8",
    render,
    Kind.SUBTITLES,
    say("For videos on web pages; knows who speaks."),
)

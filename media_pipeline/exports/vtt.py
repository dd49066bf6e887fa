"""WebVTT subtitles, with the speaker as the voice of each cue. https://www.w3.org/TR/webvtt1/"""

from media_pipeline.exports.base import Exporter, SpeakerNames, clock
from media_pipeline.exports.cues import Cue, cues
from media_pipeline.transcript import Transcript
from media_pipeline.wording import say

_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})


def render(transcript: Transcript, names: SpeakerNames) -> str:
    """The header, then a block per cue."""
    return "WEBVTT\n\n" + "".join(_block(cue) for cue in cues(transcript, names))


def _block(cue: Cue) -> str:
    text = "\n".join(line.translate(_ESCAPES) for line in cue.lines)
    voice = f"<v {cue.speaker.translate(_ESCAPES)}>" if cue.speaker else ""
    return f"{clock(cue.start, '.')} --> {clock(cue.end, '.')}\n{voice}{text}\n\n"


VTT = Exporter("vtt", say("Subtitles (WebVTT)"), "vtt", "text/vtt; charset=utf-8", render)

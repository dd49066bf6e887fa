"""WebVTT subtitles, with the speaker as the voice of each cue. https://www.w3.org/TR/webvtt1/"""

from collections.abc import Iterator

from media_pipeline.exports.base import Exporter, Kind, SpeakerNames, clock
from media_pipeline.exports.cues import Cue, flowing
from media_pipeline.exports.options import ExportOptions
from media_pipeline.transcript import Transcript
from media_pipeline.wording import say

_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})


def render(transcript: Transcript, names: SpeakerNames, options: ExportOptions) -> Iterator[str]:
    """The header, then a block per cue."""
    yield "WEBVTT\n\n"
    for cue in flowing(transcript, names, options):
        yield f"{clock(cue.start, '.')} --> {clock(cue.end, '.')}\n{_spoken(cue, options)}\n\n"


def _spoken(cue: Cue, options: ExportOptions) -> str:
    """The lines, with a voice for all of them, or one for each where two people share a cue."""
    lines = [line.translate(_ESCAPES) for line in cue.lines]
    if not options.names:
        return "\n".join(lines)
    if len(set(cue.speakers)) == 1:
        return _voice(cue.speakers[0]) + "\n".join(lines)
    voices = map(_voice, cue.speakers)
    return "\n".join(f"{voice}{line}{'</v>' * bool(voice)}" for voice, line in zip(voices, lines, strict=True))


def _voice(speaker: str | None) -> str:
    return f"<v {speaker.translate(_ESCAPES)}>" if speaker else ""


VTT = Exporter(
    "vtt",
    say("Subtitles (WebVTT)"),
    "vtt",
    "text/vtt; charset=utf-8",
    render,
    Kind.SUBTITLES,
    say("For videos on web pages; knows who speaks."),
)

"""Advanced SubStation Alpha, with a style for each speaker."""

from pysubs2 import Color, SSAEvent, SSAFile, SSAStyle

from media_pipeline.exports.base import Exporter, Kind, SpeakerNames, clean
from media_pipeline.exports.colors import ON_PICTURE, color
from media_pipeline.exports.cues import flowing
from media_pipeline.exports.options import ExportOptions
from media_pipeline.transcript import Transcript
from media_pipeline.wording import say

# Stands between a backslash and what would make a command of it; takes no room. So mpv does it, too.
_APART = "\u2060"
_WIDTH, _HEIGHT = 1920, 1080


def render(transcript: Transcript, names: SpeakerNames, options: ExportOptions) -> str:
    """An event for each cue. Who speaks is its style and its actor; the color alone shows on the screen."""
    file = SSAFile()
    file.info |= {"PlayResX": str(_WIDTH), "PlayResY": str(_HEIGHT), "WrapStyle": "2", "ScaledBorderAndShadow": "yes"}
    file.info["Title"] = clean(options.about.title)
    file.styles = {"Default": _style(0)}
    for cue in flowing(transcript, names, options):
        speaker = _name(cue.speaker or "") if options.names else ""
        style = speaker or "Default"
        if style not in file.styles:
            file.styles[style] = _style(len(file.styles) - 1)
        text = "\\N".join(map(_harmless, cue.lines))
        file.append(SSAEvent(round(cue.start * 1000), round(cue.end * 1000), text, style=style, name=speaker))
    return file.to_string("ass")


def _style(voice: int) -> SSAStyle:
    red, green, blue = bytes.fromhex(color(ON_PICTURE, voice))
    return SSAStyle(
        fontname="Arial",
        fontsize=60.0,
        primarycolor=Color(red, green, blue),
        outline=3.0,
        shadow=1.0,
        marginl=120,
        marginr=120,
        marginv=70,
    )


def _name(speaker: str) -> str:
    """Fields stand apart by commas, so a name has none; a leading asterisk means something else."""
    return speaker.replace(",", " ").lstrip("*").strip()


def _harmless(line: str) -> str:
    return line.replace("\\", f"\\{_APART}").replace("{", "\\{").replace("}", "\\}")


ASS = Exporter(
    "ass",
    say("Subtitles with styles (ASS)"),
    "ass",
    "text/x-ssa; charset=utf-8",
    render,
    Kind.SUBTITLES,
    say("A style and color for each speaker; for editors and for burning in."),
)

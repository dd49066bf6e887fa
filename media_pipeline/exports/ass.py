"""Advanced SubStation Alpha, with a style for each speaker."""

from io import StringIO

from pysubs2 import Color, SSAEvent, SSAFile, SSAStyle
from pysubs2.formats.substation import SubstationFormat

from media_pipeline.exports.base import Exporter, Kind, SpeakerNames, clean
from media_pipeline.exports.colors import ON_PICTURE, color
from media_pipeline.exports.cues import flowing
from media_pipeline.exports.options import ExportOptions
from media_pipeline.transcript import Seconds, Transcript
from media_pipeline.wording import say

# Stands between a backslash and what would make a command of it; takes no room. So mpv does it, too.
_APART = "\u2060"
_WIDTH, _HEIGHT = 1920, 1080
# Of the size of a font in ASS, which is that of a whole line, a usual letter is no wider than this.
_LETTER_WIDTH = 0.45
_LARGEST, _LARGEST_UPRIGHT = 60, 78
# Apps lay their buttons over the lowest part of an upright video.
_MARGIN, _UPRIGHT_MARGIN = 0.065, 0.12
_WRAP_WHAT_IS_TOO_WIDE = "0"


def render(transcript: Transcript, names: SpeakerNames, options: ExportOptions) -> str:
    """An event for each cue. Who speaks is its style and its actor; the color alone shows on the screen."""
    return _written(_script(transcript, names, options))


def for_picture(
    transcript: Transcript, names: SpeakerNames, options: ExportOptions, size: tuple[int, int], *, delay: Seconds
) -> str:
    """The same for a picture of that width and height: letters small enough for the widest line there may be.

    Everything is `delay` later.
    """
    width, height = size
    is_upright = height > width
    file = _script(transcript, names, options)
    file.shift(s=delay)
    across, down = (_HEIGHT, height / width * _HEIGHT) if is_upright else (width / height * _HEIGHT, _HEIGHT)
    file.info |= {"PlayResX": str(round(across)), "PlayResY": str(round(down)), "WrapStyle": _WRAP_WHAT_IS_TOO_WIDE}
    side = round(across * _MARGIN)
    room = across - 2 * side
    widest = options.limits(transcript.language).columns * _LETTER_WIDTH
    for style in file.styles.values():
        style.fontsize = round(min(_LARGEST_UPRIGHT if is_upright else _LARGEST, room / widest))
        style.marginl = style.marginr = side
        style.marginv = round(down * (_UPRIGHT_MARGIN if is_upright else _MARGIN))
    return _written(file)


def _script(transcript: Transcript, names: SpeakerNames, options: ExportOptions) -> SSAFile:
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
    return file


class _LongSubtitles(SubstationFormat):
    """Without the library's end at 9:59:59.99: players read an hour of any number of digits."""

    @staticmethod
    def ms_to_timestamp(requested_ms: int) -> str:
        """H:MM:SS and hundredths, rounded."""
        hundredths = (max(0, requested_ms) + 5) // 10
        minutes, rest = divmod(hundredths, 6000)
        return f"{minutes // 60}:{minutes % 60:02d}:{rest // 100:02d}.{rest % 100:02d}"


def _written(file: SSAFile) -> str:
    text = StringIO()
    _LongSubtitles.to_file(file, text, "ass")
    return text.getvalue()


def _style(voice: int) -> SSAStyle:
    red, green, blue = bytes.fromhex(color(ON_PICTURE, voice))
    return SSAStyle(
        fontname="Arial",
        fontsize=float(_LARGEST),
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

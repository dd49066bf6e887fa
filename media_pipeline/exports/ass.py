"""Advanced SubStation Alpha, with a style for each speaker."""

from collections.abc import Sequence
from io import StringIO

from pysubs2 import Color, SSAEvent, SSAFile, SSAStyle
from pysubs2.formats.substation import SubstationFormat

from media_pipeline.exports.base import Exporter, Kind, SpeakerNames, clean
from media_pipeline.exports.colors import ON_PICTURE, color
from media_pipeline.exports.cues import flowing
from media_pipeline.exports.options import ExportOptions
from media_pipeline.languages import is_right_to_left
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
# The encoding of a style's letters. To libass the first one says that each text has the direction of its letters.
_EITHER_DIRECTION, _ANY_LETTERS = -1, 1
_BETWEEN_NAMES = " / "


def render(transcript: Transcript, names: SpeakerNames, options: ExportOptions) -> str:
    """An event for each cue. Who speaks is its style and its actor; the color alone shows on the screen.

    Where two share a cue, each line has the color of its speaker, and the actor is both.
    """
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
    goes_left = is_right_to_left(transcript.language)
    file.styles = {"Default": _style(0, goes_left)}
    for cue in flowing(transcript, names, options):
        speakers = [_name(speaker or "") if options.names else "" for speaker in cue.speakers]
        for speaker in filter(None, speakers):
            if speaker not in file.styles:
                file.styles[speaker] = _style(len(file.styles) - 1, goes_left)
        known = list(dict.fromkeys(filter(None, speakers)))
        is_shared = len(set(speakers)) > 1
        style = "Default" if is_shared or not known else known[0]
        text = _text(cue.lines, [file.styles[one or "Default"] for one in speakers] if is_shared else [])
        times = round(cue.start * 1000), round(cue.end * 1000)
        file.append(SSAEvent(*times, text, style=style, name=_BETWEEN_NAMES.join(known)))
    return file


def _text(lines: Sequence[str], styles: Sequence[SSAStyle]) -> str:
    """Lines as one; each in the color of its style where there is one for each."""
    if len(lines) != len(styles):
        return "\\N".join(map(_harmless, lines))
    return "\\N".join(f"{_colored(style)}{_harmless(line)}" for line, style in zip(lines, styles, strict=True))


def _colored(style: SSAStyle) -> str:
    color = style.primarycolor
    return f"{{\\1c&H{color.b:02X}{color.g:02X}{color.r:02X}&}}"


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


def _style(voice: int, goes_left: bool) -> SSAStyle:
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
        encoding=_EITHER_DIRECTION if goes_left else _ANY_LETTERS,
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

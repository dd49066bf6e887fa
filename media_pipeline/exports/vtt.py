"""WebVTT subtitles, with the speaker as the voice of each cue. https://www.w3.org/TR/webvtt1/"""

from collections.abc import Iterator, Sequence

from media_pipeline.exports.base import Exporter, Kind, SpeakerNames, clock_ms
from media_pipeline.exports.cues import named
from media_pipeline.exports.options import ExportOptions
from media_pipeline.text.cues import flow_ms
from media_pipeline.transcript import Transcript
from media_pipeline.wording import say

_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})


def render(transcript: Transcript, names: SpeakerNames, options: ExportOptions) -> Iterator[str]:
    """The header, then a block per cue."""
    yield "WEBVTT\n\n"
    voices = _voices(transcript, names) if options.names else {}
    for cue, until in flow_ms(transcript, options.limits(transcript.language)):
        said = [voices.get(speaker, "") for speaker in cue.speakers] if voices else ()
        text = _spoken(cue.lines, said) if said else _escaped("\n".join(cue.lines))
        yield f"{clock_ms(cue.start, '.')} --> {clock_ms(until, '.')}\n{text}\n\n"


def _voices(transcript: Transcript, names: SpeakerNames) -> dict[str | None, str]:
    """By label, what opens the text of whoever has a name."""
    return {label: f"<v {_escaped(name)}>" for label, name in named(transcript, names).items() if name}


def _spoken(lines: Sequence[str], voices: Sequence[str]) -> str:
    """The lines, with a voice for all of them, or one for each where two people share a cue."""
    if voices.count(voices[0]) == len(voices):
        return voices[0] + _escaped("\n".join(lines))
    parts = zip(voices, map(_escaped, lines), strict=True)
    return "\n".join(f"{voice}{line}{'</v>' * bool(voice)}" for voice, line in parts)


def _escaped(text: str) -> str:
    # Looking first takes a fifth of the time of translating what needs it not.
    return text.translate(_ESCAPES) if "&" in text or "<" in text or ">" in text else text


VTT = Exporter(
    "vtt",
    say("Subtitles (WebVTT)"),
    "vtt",
    "text/vtt; charset=utf-8",
    render,
    Kind.SUBTITLES,
    say("For videos on web pages; knows who speaks."),
)

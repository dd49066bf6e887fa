"""SubRip subtitles. A speaker's name stands before the text where the speaker changes."""

from media_pipeline.exports.base import Exporter, Kind, SpeakerNames, clock
from media_pipeline.exports.cues import cues
from media_pipeline.exports.options import ExportOptions
from media_pipeline.transcript import Transcript
from media_pipeline.wording import say


def render(transcript: Transcript, names: SpeakerNames, options: ExportOptions) -> str:
    """Numbered from 1, with a blank line after each cue."""
    blocks = []
    for number, cue in enumerate(cues(transcript, names, has_prefixes=options.names), start=1):
        lines = "\n".join(cue.lines).replace("-->", "->")
        blocks.append(f"{number}\n{clock(cue.start, ',')} --> {clock(cue.end, ',')}\n{lines}\n\n")
    return "".join(blocks)


SRT = Exporter(
    "srt",
    say("Subtitles (SRT)"),
    "srt",
    "application/x-subrip; charset=utf-8",
    render,
    Kind.SUBTITLES,
    say("Read by nearly every player and editor."),
)

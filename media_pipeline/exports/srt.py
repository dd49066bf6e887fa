"""SubRip subtitles. A speaker's name stands before the text where the speaker changes."""

import re
from collections.abc import Iterator

from media_pipeline.exports.base import Exporter, Kind, SpeakerNames, clock_ms
from media_pipeline.exports.cues import prefixed_ms
from media_pipeline.exports.options import ExportOptions
from media_pipeline.transcript import Transcript
from media_pipeline.wording import say

# Between two times it means from one to the other, so no text has it, however long.
_ARROW = re.compile(r"-{2,}>")


def render(transcript: Transcript, names: SpeakerNames, options: ExportOptions) -> Iterator[str]:
    """Numbered from 1, with a blank line after each cue."""
    for number, (cue, until) in enumerate(prefixed_ms(transcript, names, options), start=1):
        text = "\n".join(cue.lines)
        if "-->" in text:
            text = _ARROW.sub("->", text)
        yield f"{number}\n{clock_ms(cue.start, ',')} --> {clock_ms(until, ',')}\n{text}\n\n"


SRT = Exporter(
    "srt",
    say("Subtitles (SRT)"),
    "srt",
    "application/x-subrip; charset=utf-8",
    render,
    Kind.SUBTITLES,
    say("Read by nearly every player and editor."),
)

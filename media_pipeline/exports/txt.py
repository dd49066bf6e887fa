"""Plain text: a paragraph per speaker turn, each with the time at which it begins."""

from collections.abc import Iterator

from media_pipeline.exports.base import Exporter, SpeakerNames, clean, speaker_name
from media_pipeline.transcript import Seconds, Segment, Transcript
from media_pipeline.wording import say

# A long turn gets a new time now and then, so that a passage can be found again.
MAX_PARAGRAPH: Seconds = 60.0


def render(transcript: Transcript, names: SpeakerNames) -> str:
    """`[00:01:23] Name:` and a paragraph; without speakers `[00:01:23]` and the paragraph behind it."""
    return "\n".join(_paragraph(group, names) for group in _paragraphs(transcript.segments))


def _paragraph(group: list[Segment], names: SpeakerNames) -> str:
    text = " ".join(clean(segment.text) for segment in group)
    speaker = group[0].speaker
    heading = f"{_time(group[0].start)} {speaker_name(speaker, names)}:\n" if speaker else f"{_time(group[0].start)} "
    return f"{heading}{text}\n"


def _paragraphs(segments: tuple[Segment, ...]) -> Iterator[list[Segment]]:
    group: list[Segment] = []
    for segment in segments:
        if not clean(segment.text):
            continue
        if group and (segment.speaker != group[0].speaker or segment.end - group[0].start > MAX_PARAGRAPH):
            yield group
            group = []
        group.append(segment)
    if group:
        yield group


def _time(seconds: Seconds) -> str:
    """Rounded down, so that a player put there plays the first word."""
    minutes, secs = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"[{hours:02d}:{minutes:02d}:{secs:02d}]"


TXT = Exporter("txt", say("Plain text"), "txt", "text/plain; charset=utf-8", render)

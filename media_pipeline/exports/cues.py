"""Subtitle cues as the formats take them: under the limits asked for, with the names of the speakers."""

from collections.abc import Iterator
from dataclasses import dataclass

from media_pipeline.exports.base import SpeakerNames, speaker_name
from media_pipeline.exports.options import DEFAULT, ExportOptions
from media_pipeline.text.cues import flow
from media_pipeline.transcript import Seconds, Transcript


@dataclass(frozen=True, slots=True)
class Cue:
    """A subtitle on screen. `speakers` are names for people, one for each line; times are whole milliseconds."""

    start: Seconds
    end: Seconds
    lines: tuple[str, ...]
    speakers: tuple[str | None, ...] = (None,)

    @property
    def speaker(self) -> str | None:
        """Who says all of it; None where nobody is known, or two share the cue."""
        return self.speakers[0] if len(set(self.speakers)) == 1 else None


def cues(
    transcript: Transcript, names: SpeakerNames, options: ExportOptions = DEFAULT, *, has_prefixes: bool = False
) -> tuple[Cue, ...]:
    """All cues, in time order, none empty, no two overlapping."""
    return tuple(flowing(transcript, names, options, has_prefixes=has_prefixes))


def flowing(
    transcript: Transcript, names: SpeakerNames, options: ExportOptions = DEFAULT, *, has_prefixes: bool = False
) -> Iterator[Cue]:
    """The same cues, one at a time: the first come at once.

    Args:
        has_prefixes: Begin with "Name: " wherever the speaker changes; it counts as text of the first line.
    """
    labels = {segment.speaker for segment in transcript.segments if segment.speaker}
    named: dict[str | None, str | None] = {label: speaker_name(label, names) for label in labels}
    prefixes = {label: f"{named[label]}:" for label in labels} if has_prefixes else {}
    for cue in flow(transcript, options.limits(transcript.language), prefixes):
        yield Cue(cue.start, cue.end, cue.lines, tuple(map(named.get, cue.speakers)))

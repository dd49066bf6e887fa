"""Subtitle cues as the formats take them: under the limits asked for, with the names of the speakers."""

from collections.abc import Iterator
from dataclasses import dataclass

from media_pipeline.exports.base import SpeakerNames, speaker_name
from media_pipeline.exports.options import DEFAULT, ExportOptions
from media_pipeline.text import cues as unnamed
from media_pipeline.text.cue_times import Draft
from media_pipeline.text.cues import flow, flow_ms
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


def cues(transcript: Transcript, names: SpeakerNames, options: ExportOptions = DEFAULT) -> tuple[Cue, ...]:
    """All cues, in time order, none empty, no two overlapping."""
    return tuple(flowing(transcript, names, options))


def flowing(transcript: Transcript, names: SpeakerNames, options: ExportOptions = DEFAULT) -> Iterator[Cue]:
    """The same cues, one at a time: the first come at once."""
    name_of = named(transcript, names)
    for cue in unprefixed(transcript, options):
        yield Cue(cue.start, cue.end, cue.lines, tuple(name_of.get(label or "") for label in cue.speakers))


def unprefixed(transcript: Transcript, options: ExportOptions) -> Iterator[unnamed.Cue]:
    """Cues for formats in which names are no text."""
    return flow(transcript, options.limits(transcript.language))


def prefixed(transcript: Transcript, names: SpeakerNames, options: ExportOptions) -> Iterator[unnamed.Cue]:
    """Cues for formats that know no speakers: with "Name: " wherever the speaker changes, if names are wanted.

    The name counts as text of the first line.
    """
    return flow(transcript, options.limits(transcript.language), _prefixes(transcript, names, options))


def prefixed_ms(transcript: Transcript, names: SpeakerNames, options: ExportOptions) -> Iterator[tuple[Draft, int]]:
    """The same, each with its end, in whole milliseconds."""
    return flow_ms(transcript, options.limits(transcript.language), _prefixes(transcript, names, options))


def _prefixes(transcript: Transcript, names: SpeakerNames, options: ExportOptions) -> dict[str, str]:
    return {label: f"{name}:" for label, name in named(transcript, names).items()} if options.names else {}


def named(transcript: Transcript, names: SpeakerNames) -> dict[str, str]:
    """The name of whoever speaks, by label."""
    labels = {segment.speaker for segment in transcript.segments}
    return {label: speaker_name(label, names) for label in labels if label}

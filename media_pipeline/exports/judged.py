"""The subtitles of a file, judged by the limits they were made for."""

from collections.abc import Sequence

import msgspec

from media_pipeline.exports.base import SpeakerNames
from media_pipeline.exports.cues import prefixed, unprefixed
from media_pipeline.exports.options import DEFAULT, ExportOptions
from media_pipeline.exports.span import within
from media_pipeline.text.cue_report import Finding, report
from media_pipeline.text.cues import Cue
from media_pipeline.transcript import Transcript


class Judged(msgspec.Struct, frozen=True):
    """`findings` are what does not hold the limits, in the order of the cues."""

    cues: Sequence[Cue]
    findings: Sequence[Finding]


def judged(
    transcript: Transcript, names: SpeakerNames, options: ExportOptions = DEFAULT, *, has_prefixes: bool
) -> Judged:
    """The cues that a file of subtitles has, all of them, with what is found.

    Args:
        has_prefixes: As in SRT, where the names of speakers are text. The other formats say who speaks beside it.
    """
    spoken = within(transcript, options)
    cues = list(prefixed(spoken, names, options) if has_prefixes else unprefixed(spoken, options))
    return Judged(cues, report(cues, options.limits(transcript.language)))

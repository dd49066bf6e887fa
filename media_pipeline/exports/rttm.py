"""RTTM: who speaks when, as programs that tell speakers apart exchange it.

https://web.archive.org/web/20170119114252/http://www.itl.nist.gov/iad/mig/tests/rt/2009/docs/rt09-meeting-eval-plan-v2.pdf
"""

from collections.abc import Iterator

from media_pipeline.exports.base import Exporter, Kind, SpeakerNames, clean, speaker_name
from media_pipeline.exports.options import ExportOptions
from media_pipeline.transcript import Transcript
from media_pipeline.wording import say


def render(transcript: Transcript, names: SpeakerNames, options: ExportOptions) -> Iterator[str]:
    """A line for each sentence whose speaker is known; without names, by the labels they were found under."""
    recording = _field(options.about.title) or "recording"
    for segment in transcript.segments:
        if segment.speaker and segment.end > segment.start:
            speaker = _field(speaker_name(segment.speaker, names) if options.names else segment.speaker)
            seconds = segment.end - segment.start
            yield f"SPEAKER {recording} 1 {segment.start:.3f} {seconds:.3f} <NA> <NA> {speaker} <NA> <NA>\n"


def _field(text: str) -> str:
    """Fields stand apart by blanks, so a field has none."""
    return clean(text).replace(" ", "_")


RTTM = Exporter(
    "rttm",
    say("Speaker turns (RTTM)"),
    "rttm",
    "text/plain; charset=utf-8",
    render,
    Kind.DATA,
    say("Who speaks when, without the words."),
    uses_words=False,
)

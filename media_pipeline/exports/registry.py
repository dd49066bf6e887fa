"""All export formats by name, in the order in which to offer them."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from media_pipeline.errors import PipelineError
from media_pipeline.exports.base import Exporter, SpeakerNames
from media_pipeline.exports.json import JSON
from media_pipeline.exports.srt import SRT
from media_pipeline.exports.txt import TXT
from media_pipeline.exports.vtt import VTT
from media_pipeline.transcript import Transcript
from media_pipeline.wording import say

EXPORTERS: dict[str, Exporter] = {exporter.name: exporter for exporter in (TXT, SRT, VTT, JSON)}


def exporter(name: str) -> Exporter:
    """The format called `name`.

    Raises:
        PipelineError: `unknown_format`; the message lists the choices.
    """
    if name not in EXPORTERS:
        choices = " or ".join(EXPORTERS)
        sentence = say("There is no export format {name}; choose {choices}.", name=repr(name), choices=choices)
        raise PipelineError("unknown_format", sentence)
    return EXPORTERS[name]


def write(transcript: Transcript, names: SpeakerNames, formats: Iterable[str], folder: Path) -> Iterator[Path]:
    """Write transcript.<extension> into `folder` for each format and say where, one at a time."""
    for chosen in [exporter(name) for name in formats]:
        content = chosen.render(transcript, names)
        path = folder / f"transcript.{chosen.extension}"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        yield path

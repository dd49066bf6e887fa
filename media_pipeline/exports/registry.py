"""All export formats by name, in the order in which to offer them."""

from media_pipeline.errors import PipelineError
from media_pipeline.exports.base import Exporter
from media_pipeline.exports.json import JSON
from media_pipeline.exports.srt import SRT
from media_pipeline.exports.txt import TXT
from media_pipeline.exports.vtt import VTT
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

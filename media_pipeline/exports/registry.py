"""All export formats by name, in the order in which to offer them."""

from media_pipeline.errors import PipelineError
from media_pipeline.exports.ass import ASS
from media_pipeline.exports.base import Exporter
from media_pipeline.exports.docx import DOCX
from media_pipeline.exports.html import HTML
from media_pipeline.exports.json import JSON
from media_pipeline.exports.labels import LABELS
from media_pipeline.exports.markdown import MARKDOWN
from media_pipeline.exports.pdf import PDF
from media_pipeline.exports.rttm import RTTM
from media_pipeline.exports.srt import SRT
from media_pipeline.exports.tables import CSV, TSV
from media_pipeline.exports.ttml import TTML
from media_pipeline.exports.txt import TXT
from media_pipeline.exports.verbose_json import VERBOSE_JSON
from media_pipeline.exports.vtt import VTT
from media_pipeline.wording import say

_DOCUMENTS = (TXT, DOCX, PDF, HTML, MARKDOWN)
_SUBTITLES = (SRT, VTT, ASS, TTML)
_DATA = (JSON, VERBOSE_JSON, CSV, TSV, RTTM, LABELS)
EXPORTERS: dict[str, Exporter] = {exporter.name: exporter for exporter in (*_DOCUMENTS, *_SUBTITLES, *_DATA)}


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

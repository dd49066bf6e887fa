"""TTML in the text profile of IMSC 1.0.1, as broadcasters and Netflix take it. https://www.w3.org/TR/ttml-imsc1.0.1/"""

from collections.abc import Iterator, Mapping
from xml.sax.saxutils import escape, quoteattr

from media_pipeline.exports.base import Exporter, Kind, SpeakerNames, clean, clock, speaker_name
from media_pipeline.exports.cues import Cue, flowing
from media_pipeline.exports.options import ExportOptions
from media_pipeline.languages import is_right_to_left
from media_pipeline.transcript import Transcript
from media_pipeline.wording import say

_PROFILE = "http://www.w3.org/ns/ttml/profile/imsc1/text"
_NAMESPACES = (
    'xmlns="http://www.w3.org/ns/ttml" xmlns:ttp="http://www.w3.org/ns/ttml#parameter"'
    ' xmlns:tts="http://www.w3.org/ns/ttml#styling" xmlns:ttm="http://www.w3.org/ns/ttml#metadata"'
)
_STYLING = """\
<styling>
<style xml:id="text" tts:fontFamily="proportionalSansSerif" tts:fontSize="100%" tts:lineHeight="125%"
 tts:textAlign="center" tts:color="#ffffffff"{direction}/>
<style xml:id="line" tts:backgroundColor="#000000cc"/>
</styling>
<layout>
<region xml:id="below" tts:origin="10% 10%" tts:extent="80% 80%" tts:displayAlign="after"/>
</layout>
</head>
<body style="text" region="below">
<div>
"""


def render(transcript: Transcript, names: SpeakerNames, options: ExportOptions) -> Iterator[str]:
    """A paragraph for each cue, with its speaker as the agent."""
    agents = _agents(transcript, names) if options.names else {}
    language = quoteattr(clean(transcript.language))
    yield (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<tt {_NAMESPACES} xml:lang={language} xml:space="default"'
        f' ttp:profile="{_PROFILE}" ttp:timeBase="media" ttp:cellResolution="32 15">\n'
    )
    yield f"<head>\n<metadata>\n<ttm:title>{escape(clean(options.about.title))}</ttm:title>\n"
    for name, agent in agents.items():
        yield f'<ttm:agent xml:id="{agent}" type="person"><ttm:name type="full">{escape(name)}</ttm:name></ttm:agent>\n'
    direction = ' tts:direction="rtl"' if is_right_to_left(transcript.language) else ""
    yield "</metadata>\n" + _STYLING.format(direction=direction)
    for number, cue in enumerate(flowing(transcript, names, options), start=1):
        yield _paragraph(number, cue, agents)
    yield "</div>\n</body>\n</tt>\n"


def _agents(transcript: Transcript, names: SpeakerNames) -> dict[str, str]:
    """Ids by the names for people, in the order in which they begin to speak."""
    labels = dict.fromkeys(segment.speaker for segment in transcript.segments if segment.speaker)
    found = dict.fromkeys(speaker_name(label, names) for label in labels)
    return {name: f"speaker{number}" for number, name in enumerate(found, start=1)}


def _paragraph(number: int, cue: Cue, agents: Mapping[str, str]) -> str:
    """Who speaks is said of the whole cue, or of each line where two share it."""
    lines = "<br/>".join(
        f'<span style="line"{"" if cue.speaker else _by(speaker, agents)}>{escape(line)}</span>'
        for line, speaker in zip(cue.lines, _speakers(cue), strict=True)
    )
    times = f'begin="{clock(cue.start, ".")}" end="{clock(cue.end, ".")}"'
    return f'<p xml:id="cue{number}" {times}{_by(cue.speaker, agents)}>{lines}</p>\n'


def _speakers(cue: Cue) -> tuple[str | None, ...]:
    return cue.speakers if len(cue.speakers) == len(cue.lines) else (None,) * len(cue.lines)


def _by(speaker: str | None, agents: Mapping[str, str]) -> str:
    agent = agents.get(speaker or "")
    return f' ttm:agent="{agent}"' if agent else ""


TTML = Exporter(
    "ttml",
    say("Subtitles (TTML, IMSC1)"),
    "ttml",
    "application/ttml+xml; charset=utf-8",
    render,
    Kind.SUBTITLES,
    say("As broadcasters and film platforms ask for them."),
)

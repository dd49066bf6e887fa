"""Markdown with front matter, as note-taking programs read it. https://spec.commonmark.org/"""

import json
import re
from collections.abc import Iterator

from media_pipeline.exports.base import Exporter, Kind, SpeakerNames, clean, speaker_name, whole_clock
from media_pipeline.exports.blocks import Block, blocks
from media_pipeline.exports.options import ExportOptions
from media_pipeline.transcript import Transcript
from media_pipeline.wording import say

_MARKUP = re.compile(r"([\\`*_\[\]<>#|~&$!])")
# What makes a list, a heading or a line of its own at the beginning of a line.
_BEGINNING = re.compile(r"^([-+=:]|\d+(?=[.)]))")


def render(transcript: Transcript, names: SpeakerNames, options: ExportOptions) -> Iterator[str]:
    """Front matter, the title, then `**Name** [00:01:23](link)` and a paragraph for each turn."""
    yield "---\n" + "".join(f"{key}: {value}\n" for key, value in _front(transcript, names, options)) + "---\n"
    title = clean(options.about.title)
    yield f"\n# {_escaped(title)}\n" if title else ""
    for block in blocks(transcript, names, options):
        yield f"\n{_heading(block)}{_time(block.text_time, block.link)}{_text(block)}\n"


def _front(transcript: Transcript, names: SpeakerNames, options: ExportOptions) -> Iterator[tuple[str, str]]:
    """Text is quoted as in JSON, which YAML reads as well."""
    about = options.about
    known = {"title": about.title, "date": about.created, "source": about.address, "media": about.media}
    for key, value in known.items():
        if value:
            yield key, _quoted(clean(value))
    yield "duration", _quoted(whole_clock(transcript.duration))
    yield "language", _quoted(transcript.language)
    labels = dict.fromkeys(segment.speaker for segment in transcript.segments if segment.speaker)
    if labels and options.names:
        yield "speakers", "[" + ", ".join(_quoted(speaker_name(label, names)) for label in labels) + "]"


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _heading(block: Block) -> str:
    if not block.name:
        return ""
    time = _time(block.name_time, block.link).strip()
    return f"**{_escaped(block.name)}**" + (f" {time}" if time else "") + "\n\n"


def _time(time: str, link: str) -> str:
    if not time:
        return ""
    return f"[{time}]({link}) " if link else f"\\[{time}\\] "


def _text(block: Block) -> str:
    escaped = _escaped(block.text)
    return escaped if block.text_time else _BEGINNING.sub(_kept_apart, escaped)


def _kept_apart(beginning: re.Match[str]) -> str:
    """A number keeps its digits; what follows it is what makes the list."""
    return f"{beginning[1]}\\" if beginning[1].isdigit() else f"\\{beginning[1]}"


def _escaped(text: str) -> str:
    return _MARKUP.sub(r"\\\1", text)


MARKDOWN = Exporter(
    "md",
    say("Markdown"),
    "md",
    "text/markdown; charset=utf-8",
    render,
    Kind.DOCUMENT,
    say("For notes, wikis and Obsidian, with the facts on top."),
    uses_words=False,
)

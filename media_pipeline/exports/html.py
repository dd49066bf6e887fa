"""One page that needs nothing else: no network, no script."""

from collections.abc import Iterator
from html import escape
from pathlib import Path

from media_pipeline.exports.base import Exporter, Kind, SpeakerNames, clean
from media_pipeline.exports.blocks import Block, blocks
from media_pipeline.exports.colors import ON_PAPER
from media_pipeline.exports.options import ExportOptions
from media_pipeline.transcript import Transcript
from media_pipeline.wording import say

STYLE = Path(__file__).with_name("page.css")
# Should a browser ever take a word for markup, it may still load and run nothing.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"


def render(transcript: Transcript, names: SpeakerNames, options: ExportOptions) -> Iterator[str]:
    """Times are links where the recording has an address."""
    title = escape(clean(options.about.title))
    yield (
        f'<!doctype html>\n<html lang="{escape(clean(transcript.language))}">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{title}</title>\n<style>\n{STYLE.read_text(encoding='utf-8')}</style>\n</head>\n<body>\n"
    )
    yield f"<header>\n<h1>{title}</h1>\n" if title else "<header>\n"
    if options.about.facts:
        facts = "".join(
            f"<dt>{escape(clean(what))}</dt><dd>{escape(clean(value))}</dd>" for what, value in options.about.facts
        )
        yield f"<dl>{facts}</dl>\n"
    yield '</header>\n<main dir="auto">\n'
    for block in blocks(transcript, names, options):
        yield _section(block)
    yield "</main>\n</body>\n</html>\n"


def _section(block: Block) -> str:
    name = f'<b class="v{block.voice % len(ON_PAPER)}">{escape(block.name)}</b>' if block.name else ""
    above = " ".join(part for part in (name, _time(block.name_time, block.link)) if part)
    heading = f'<h2 dir="auto">{above}</h2>\n' if above else ""
    time = _time(block.text_time, block.link)
    return f'{heading}<p dir="auto">{time}{" " if time else ""}{escape(block.text)}</p>\n'


def _time(time: str, link: str) -> str:
    if not time:
        return ""
    return f'<a href="{escape(link)}">{time}</a>' if link else f"<time>{time}</time>"


HTML = Exporter(
    "html",
    say("Web page (HTML)"),
    "html",
    "text/html; charset=utf-8",
    render,
    Kind.DOCUMENT,
    say("One file for every browser, with times that can be clicked."),
    uses_words=False,
)

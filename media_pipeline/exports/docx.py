"""A Word document with styles that can be changed in one place, speakers, times and page numbers.

Paragraphs are written as XML and parsed at once: made one by one by the library, those of a long recording take half a
minute.
"""

import re
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from io import BytesIO
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from media_pipeline.exports.base import Exporter, Kind, SpeakerNames, clean
from media_pipeline.exports.blocks import Block, blocks
from media_pipeline.exports.colors import ON_PAPER, color
from media_pipeline.exports.options import About, ExportOptions
from media_pipeline.languages import is_right_to_left
from media_pipeline.transcript import Transcript
from media_pipeline.wording import say

_GRAY = "6B7280"
# Nothing of the file depends on when it is made.
_LONG_AGO = datetime(1980, 1, 1, tzinfo=UTC)


def render(transcript: Transcript, names: SpeakerNames, options: ExportOptions) -> bytes:
    """The title and the facts, then a heading of name and time that stays with the paragraph below, for each turn."""
    from docx import Document

    document = Document()
    _set_styles(document, transcript.language)
    _set_page(document, options.about)
    _set_properties(document, options.about, transcript.language)
    _fill(document, transcript, names, options)
    written = BytesIO()
    document.save(written)
    return _dated(written)


# Styles and pages -----------------------------------------------------------------------------------------------------


def _set_styles(document: Any, language: str) -> None:
    from docx.enum.style import WD_STYLE_TYPE
    from docx.oxml import parse_xml
    from docx.oxml.ns import nsdecls
    from docx.shared import Pt, RGBColor

    styles = document.styles
    normal = styles["Normal"]
    normal.font.name, normal.font.size = "Calibri", Pt(11)
    normal.paragraph_format.space_after, normal.paragraph_format.line_spacing = Pt(6), 1.15
    lang = f"<w:lang {nsdecls('w')} w:val={quoteattr(language)} w:bidi={quoteattr(language)}/>"
    normal.element.get_or_add_rPr().append(parse_xml(lang))
    if is_right_to_left(language):
        # The standard wants it before what is said of spacing.
        direction = parse_xml(f"<w:bidi {nsdecls('w')}/>")
        normal.element.get_or_add_pPr().insert_element_before(direction, "w:spacing", "w:ind", "w:jc", "w:rPr")
    facts = styles.add_style("Transcript Facts", WD_STYLE_TYPE.PARAGRAPH)
    facts.base_style, facts.font.size = normal, Pt(9.5)
    facts.font.color.rgb, facts.paragraph_format.space_after = RGBColor.from_string(_GRAY), Pt(0)
    speaker = styles.add_style("Transcript Speaker", WD_STYLE_TYPE.PARAGRAPH)
    speaker.base_style, speaker.font.bold, speaker.paragraph_format.keep_with_next = normal, True, True
    speaker.paragraph_format.space_before, speaker.paragraph_format.space_after = Pt(10), Pt(1)
    text = styles.add_style("Transcript Text", WD_STYLE_TYPE.PARAGRAPH)
    text.base_style, text.paragraph_format.widow_control = normal, True
    time = styles.add_style("Timecode", WD_STYLE_TYPE.CHARACTER)
    time.font.size, time.font.bold, time.font.color.rgb = Pt(9), False, RGBColor.from_string(_GRAY)


def _set_page(document: Any, about: About) -> None:
    """A4, with the title above each page and its number below."""
    from docx.enum.text import WD_ALIGN_PARAGRAPH
    from docx.shared import Mm

    section = document.sections[0]
    section.page_width, section.page_height = Mm(210), Mm(297)
    header = section.header.paragraphs[0]
    header.style = document.styles["Transcript Facts"]
    header.text = clean(about.title)
    footer = section.footer.paragraphs[0]
    footer.style, footer.alignment = document.styles["Transcript Facts"], WD_ALIGN_PARAGRAPH.CENTER
    for part in (_field("PAGE"), _run(" / "), _field("NUMPAGES")):
        footer._p.append(_parsed(part)[0])


def _set_properties(document: Any, about: About, language: str) -> None:
    properties = document.core_properties
    when = datetime.fromisoformat(about.created).astimezone(UTC) if about.created else _LONG_AGO
    properties.title, properties.language = clean(about.title)[:255], clean(language)
    properties.author = properties.last_modified_by = properties.comments = ""
    properties.created = properties.modified = when.replace(tzinfo=None)


# What is said ---------------------------------------------------------------------------------------------------------


def _fill(document: Any, transcript: Transcript, names: SpeakerNames, options: ExportOptions) -> None:
    title = clean(options.about.title)
    if title:
        document.add_paragraph(title, style="Title")
    xml = [_paragraph("TranscriptFacts", _run(f"{clean(what)}: {clean(value)}")) for what, value in options.about.facts]
    for block in blocks(transcript, names, options):
        xml += _block(block)
    end = document.element.body.sectPr
    for paragraph in _parsed("".join(xml)):
        end.addprevious(paragraph)


def _block(block: Block) -> Iterator[str]:
    if block.name:
        name = _run(block.name, f'<w:color w:val="{color(ON_PAPER, block.voice)}"/>')
        yield _paragraph("TranscriptSpeaker", name + _time("  ", block.name_time, "", block.link))
    yield _paragraph("TranscriptText", _time("", block.text_time, "  ", block.link) + _run(block.text))


def _paragraph(style: str, content: str) -> str:
    return f'<w:p><w:pPr><w:pStyle w:val="{style}"/></w:pPr>{content}</w:p>'


def _run(text: str, properties: str = "") -> str:
    return f'<w:r><w:rPr>{properties}</w:rPr><w:t xml:space="preserve">{escape(text)}</w:t></w:r>'


def _time(before: str, time: str, behind: str, link: str) -> str:
    """A field, unlike a hyperlink, needs no list of all addresses."""
    if not time:
        return ""
    run = _run(f"{before}{time}{behind}", '<w:rStyle w:val="Timecode"/>')
    instruction = quoteattr(f' HYPERLINK "{_address(link)}" ')
    return f"<w:fldSimple w:instr={instruction}>{run}</w:fldSimple>" if link else run


def _address(link: str) -> str:
    """Nothing in it ends the field's own quotes."""
    return re.sub(r'[\s"\\]', "", link)


def _field(name: str) -> str:
    return f'<w:fldSimple w:instr=" {name} ">{_run("1")}</w:fldSimple>'


def _parsed(xml: str) -> list[Any]:
    from docx.oxml import parse_xml
    from docx.oxml.ns import nsdecls

    return list(parse_xml(f"<w:body {nsdecls('w')}>{xml}</w:body>"))


def _dated(written: BytesIO) -> bytes:
    """The same archive, whose files all bear the same date."""
    dated = BytesIO()
    with zipfile.ZipFile(written) as source, zipfile.ZipFile(dated, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            target.writestr(zipfile.ZipInfo(name, _LONG_AGO.timetuple()[:6]), source.read(name), zipfile.ZIP_DEFLATED)
    return dated.getvalue()


DOCX = Exporter(
    "docx",
    say("Word document"),
    "docx",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    render,
    Kind.DOCUMENT,
    say("To be edited and printed; also for LibreOffice and Google Docs."),
    uses_words=False,
)

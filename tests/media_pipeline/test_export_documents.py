"""Documents to be read: they open in other programs, and nothing that was said becomes markup."""

import re
import shutil
import subprocess
from html.parser import HTMLParser
from io import BytesIO
from pathlib import Path

import pytest
from docx import Document
from docx.document import Document as DocumentObject
from pypdf import PdfReader

from media_pipeline.exports.files import whole
from media_pipeline.exports.options import About, ExportOptions
from media_pipeline.exports.registry import EXPORTERS
from media_pipeline.transcript import Transcript
from tests.media_pipeline.said import NAMES, NASTY, discussion, spoken

HARMFUL = {"SPEAKER_00": "<b>=cmd()</b>", "SPEAKER_01": "\"'><script>alert(1)</script>"}
WITH_ADDRESS = ExportOptions(
    about=About(title='<i>Q&A</i> "plans"', address='https://example.org/r/1/"><x y="', facts=(("Дата", "<today>"),))
)


def made(name: str, transcript: Transcript, names: dict[str, str], options: ExportOptions = WITH_ADDRESS) -> bytes:
    return whole(EXPORTERS[name], transcript, names, options)


def docx(transcript: Transcript, names: dict[str, str], options: ExportOptions = WITH_ADDRESS) -> DocumentObject:
    return Document(BytesIO(made("docx", transcript, names, options)))


# Word -----------------------------------------------------------------------------------------------------------------


def test_word_documents_have_styles_and_headings_that_stay_with_their_text() -> None:
    document = docx(discussion(), NAMES)

    styles = [paragraph.style.name for paragraph in document.paragraphs]
    assert styles[:4] == ["Title", "Transcript Facts", "Transcript Speaker", "Transcript Text"]
    assert document.styles["Transcript Speaker"].paragraph_format.keep_with_next
    assert "NUMPAGES" in document.sections[0].footer._element.xml
    assert document.sections[0].header.paragraphs[0].text == '<i>Q&A</i> "plans"'
    assert document.core_properties.title == '<i>Q&A</i> "plans"'


def test_word_documents_hold_whatever_was_said() -> None:
    document = docx(spoken(NASTY, speaker="SPEAKER_00"), HARMFUL, ExportOptions(by_turn=False, times=False))

    texts = [paragraph.text for paragraph in document.paragraphs]
    assert texts[0] == "<b>=cmd()</b>"
    assert "<v Bob> & <b>bold</b> &amp; </v>" in texts
    assert "before behind" in texts


def test_word_documents_are_of_a4_and_from_right_to_left_where_the_language_is() -> None:
    document = docx(spoken(["שלום"], "he"), {})

    properties = [child.tag.rpartition("}")[2] for child in document.styles["Normal"].element.pPr]
    assert properties.index("bidi") < properties.index("spacing")
    assert (document.sections[0].page_width.mm, document.sections[0].page_height.mm) == pytest.approx(
        (210, 297), abs=0.1
    )


def test_times_in_word_are_links_where_the_recording_has_an_address() -> None:
    xml = docx(discussion(), NAMES).element.body.xml

    assert xml.count("HYPERLINK") == 3
    assert "HYPERLINK" not in docx(discussion(), NAMES, ExportOptions()).element.body.xml


@pytest.mark.skipif(not shutil.which("soffice"), reason="LibreOffice is not installed")
def test_word_documents_open_in_libreoffice(tmp_path: Path) -> None:
    (tmp_path / "a.docx").write_bytes(made("docx", discussion(), NAMES))

    argv = [
        "soffice",
        "--headless",
        "--convert-to",
        "txt:Text (encoded):UTF8",
        "--outdir",
        tmp_path,
        tmp_path / "a.docx",
    ]
    subprocess.run(argv, check=True, timeout=120)

    assert "Good morning." in (tmp_path / "a.txt").read_text()


# PDF ------------------------------------------------------------------------------------------------------------------


def test_cyrillic_comes_out_of_a_pdf_as_it_went_in() -> None:
    said = "Съешь же ещё этих мягких французских булок, да выпей чаю."

    reader = PdfReader(BytesIO(made("pdf", spoken([said], "ru", speaker="SPEAKER_00"), {"SPEAKER_00": "Ёлка"})))

    text = reader.pages[0].extract_text()
    assert said in text.replace("\n", " ")
    assert "Ёлка 00:00:00" in text
    assert "Дата: <today>" in text
    assert "1 / 1" in text


def test_a_pdf_brings_its_fonts() -> None:
    page = PdfReader(BytesIO(made("pdf", discussion(), NAMES, ExportOptions()))).pages[0]

    fonts = [font.get_object() for font in page["/Resources"]["/Font"].values()]
    embedded = [font for font in fonts if "/FontDescriptor" in font and "/FontFile2" in font["/FontDescriptor"]]
    assert len(embedded) >= 2


def test_a_pdf_has_pages_with_numbers_and_headings_that_stay_with_their_text() -> None:
    talk = spoken(["word " * 30] * 120, speaker="SPEAKER_00")

    pages = [page.extract_text() for page in PdfReader(BytesIO(made("pdf", talk, NAMES))).pages]

    assert len(pages) > 3
    for number, text in enumerate(pages, start=1):
        lines = [line for line in text.splitlines() if line.strip()]
        assert f"{number} / {len(pages)}" in lines
        said = [line for line in lines if line.startswith(("Anna", "word"))]
        assert not said[-1].startswith("Anna")


def test_times_in_a_pdf_can_be_clicked() -> None:
    page = PdfReader(BytesIO(made("pdf", discussion(), NAMES))).pages[0]

    links = [note.get_object()["/A"]["/URI"] for note in page["/Annots"]]
    assert [link.partition("?")[2] for link in links] == ["t=0", "t=4", "t=13"]


def test_a_pdf_holds_whatever_was_said() -> None:
    reader = PdfReader(BytesIO(made("pdf", spoken(NASTY, speaker="SPEAKER_00"), HARMFUL)))

    text = "".join(page.extract_text() for page in reader.pages).replace("\n", " ")
    assert "<b>=cmd()</b>" in text
    assert "全角文字" in text
    assert "before behind" in text


# HTML and Markdown ----------------------------------------------------------------------------------------------------


class Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.links: list[str] = []
        self.attributes: set[str] = set()
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.links += [value or "" for name, value in attrs if name in ("href", "src")]

    def handle_data(self, data: str) -> None:
        self.text += data


def read(html: bytes) -> Page:
    page = Page()
    page.feed(html.decode())
    return page


def test_a_web_page_holds_whatever_was_said_as_text_alone() -> None:
    plain = read(made("html", spoken(["Nothing."], speaker="SPEAKER_00"), {}))
    page = read(made("html", spoken([*NASTY, "<script>alert(1)</script>"], speaker="SPEAKER_00"), HARMFUL))

    assert page.tags == plain.tags
    assert page.attributes == plain.attributes
    assert "<script>alert(1)</script>" in page.text
    assert "<b>=cmd()</b>" in page.text


def test_a_web_page_needs_nothing_from_elsewhere() -> None:
    html = made("html", discussion(), NAMES)

    assert "src" not in read(html).attributes
    assert all("example.org" in link for link in read(html).links)
    assert b"url(" not in html and b"@import" not in html
    assert read(made("html", discussion(), NAMES, ExportOptions())).links == []


def test_markdown_keeps_markup_out_of_the_text() -> None:
    talk = spoken(["1. no list", "- nor here", "# nor *there*", "<b>x</b> [a](b) `c` | d", "> quoted"])

    text = made("md", talk, {}, ExportOptions(by_turn=False, times=False)).decode()

    said = text.split("---\n")[2].strip().split("\n\n")
    assert said == [
        "1\\. no list",
        "\\- nor here",
        "\\# nor \\*there\\*",
        "\\<b\\>x\\</b\\> \\[a\\](b) \\`c\\` \\| d",
        "\\> quoted",
    ]


def test_front_matter_of_markdown_is_quoted() -> None:
    text = made("md", spoken(["Yes."], speaker="SPEAKER_00"), {"SPEAKER_00": 'a"\n---\nb: c'}).decode()

    front = re.fullmatch(r"---\n(.*?)\n---\n.*", text, re.DOTALL)
    assert front
    assert 'speakers: ["a\\" --- b: c"]' in front[1]
    assert 'title: "<i>Q&A</i> \\"plans\\""' in front[1]

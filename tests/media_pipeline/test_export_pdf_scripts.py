"""PDF of any script: laid out as it is read, copied again as it was said, and never boxes in silence."""

import shutil
import subprocess
from io import BytesIO
from pathlib import Path

import pytest
from pypdf import PdfReader

from media_pipeline.exports import pdf_fonts
from media_pipeline.exports.files import whole
from media_pipeline.exports.options import About, ExportOptions
from media_pipeline.exports.pdf import unshown
from media_pipeline.exports.pdf_fonts import PLAIN, DocumentFonts
from media_pipeline.exports.registry import EXPORTERS
from tests.media_pipeline.said import spoken

NOTO = any(folder.is_dir() for folder in pdf_fonts._FOLDERS)
needs_noto = pytest.mark.skipif(not NOTO, reason="fonts-noto-core is not installed")
needs_poppler = pytest.mark.skipif(not shutil.which("pdftotext"), reason="poppler-utils is not installed")
# Marks by which a program says in which direction it writes.
DIRECTIONS = {ord(mark): None for mark in "\u202a\u202b\u202c\u200e\u200f"}


def made(said: str, language: str) -> bytes:
    options = ExportOptions(about=About(address="https://example.org/r/1/"), times=False, names=False)
    return whole(EXPORTERS["pdf"], spoken([said], language), {}, options)


def text_of(content: bytes) -> str:
    return "".join(page.extract_text() for page in PdfReader(BytesIO(content)).pages)


def read_by_poppler(content: bytes, tmp_path: Path) -> str:
    (tmp_path / "made.pdf").write_bytes(content)
    argv = ["pdftotext", tmp_path / "made.pdf", "-"]
    found = subprocess.run(argv, check=True, capture_output=True, text=True, timeout=60).stdout
    return " ".join(found.translate(DIRECTIONS).split())


def shown(said: str, language: str = "en", *, is_right_to_left: bool = False) -> list[str]:
    """What is drawn, run by run from left to right, as glyph codes stand for it."""
    with DocumentFonts(language, is_right_to_left=is_right_to_left) as fonts:
        return [_stood_for(fonts, one) for one in fonts.glyphs(said, PLAIN)]


def _stood_for(fonts: DocumentFonts, drawn: pdf_fonts.Glyphs) -> str:
    codes = {code: said for font in fonts._shaped.values() for (_glyph, said), code in font._codes.items()}
    return "".join(codes.get(one, one) for one in drawn.text)


@pytest.fixture
def without_noto(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf_fonts, "_FOLDERS", ())
    pdf_fonts._font_file.cache_clear()


@pytest.fixture(autouse=True)
def _nothing_kept() -> None:
    pdf_fonts._font_file.cache_clear()


# From right to left ---------------------------------------------------------------------------------------------------


def test_words_from_right_to_left_stand_in_their_order_on_the_page() -> None:
    drawn = shown("שלום עולם 12:30", "he", is_right_to_left=True)

    assert "".join(drawn) == "12:30 םלוע םולש"


def test_arabic_letters_are_joined() -> None:
    with DocumentFonts("ar", is_right_to_left=True) as fonts:
        alone = [fonts.glyphs(letter, PLAIN)[0].text for letter in "بخير"]
        (word,) = fonts.glyphs("بخير", PLAIN)

    assert not set(alone) & set(word.text[1:-1])
    assert len(word.text) == 4


def test_brackets_open_to_the_text_they_enclose() -> None:
    with DocumentFonts("he", is_right_to_left=True) as fonts:
        (drawn,) = fonts.glyphs("(שלום)", PLAIN)
        (font,) = fonts._shaped.values()
        glyphs = [font.face.charToGlyph[ord(code)] for code in drawn.text]

        assert (glyphs[0], glyphs[-1]) == (font.face.charToGlyph[ord("(")], font.face.charToGlyph[ord(")")])


def test_a_document_from_right_to_left_begins_at_the_right_edge(tmp_path: Path) -> None:
    places: list[float] = []
    page = PdfReader(BytesIO(made("שלום", "he"))).pages[0]

    page.extract_text(visitor_text=lambda text, _cm, place, _font, _size: text.strip() and places.append(place[4]))

    assert places[0] > 450


@needs_poppler
@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("ar", "مرحبا بالعالم! كيف حالك اليوم؟"),
        ("he", "שלום עולם! (בסדר)"),
        ("fa", "من می‌خواهم به خانه بروم"),
    ],
)
def test_text_from_right_to_left_is_copied_as_it_was_said(language: str, said: str, tmp_path: Path) -> None:
    assert said in read_by_poppler(made(said, language), tmp_path)


def test_a_quotation_in_another_direction_keeps_its_order(tmp_path: Path) -> None:
    assert "".join(shown("He said שלום עולם to me.")) == "He said םלוע םולש to me."


# Other scripts --------------------------------------------------------------------------------------------------------


SAID = {
    "hi": "नमस्ते दुनिया, आज हम बजट पर चर्चा करेंगे। क्षत्रिय हिन्दी",
    "bn": "ওহে বিশ্ব, বাংলা ভাষা কেমন আছে",
    "ta": "வணக்கம் உலகம் கொண்டு போகிறோம்",
    "th": "สวัสดีครับ วันนี้เราจะพูดถึงงบประมาณ",
    "km": "សួស្តីពិភពលោក",
    "my": "မင်္ဂလာပါ ကမ္ဘာလောက",
    "am": "ሰላም ለዓለም",
}


@needs_noto
@needs_poppler
@pytest.mark.parametrize("language", SAID)
def test_other_scripts_are_shown_and_copied_as_they_were_said(language: str, tmp_path: Path) -> None:
    assert unshown(set(SAID[language])) == ""
    assert SAID[language] in read_by_poppler(made(SAID[language], language), tmp_path)


@pytest.mark.parametrize(
    ("language", "said"), [("ka", "გამარჯობა მსოფლიო"), ("hy", "Բարեւ աշխարհ"), ("vi", "tiếng Việt")]
)
def test_scripts_of_the_usual_font_need_no_other(without_noto: None, language: str, said: str) -> None:
    assert unshown(set(said)) == ""
    assert said in text_of(made(said, language))


def test_loose_accents_stand_over_their_letters() -> None:
    with DocumentFonts("en", is_right_to_left=False) as fonts:
        (loose,) = fonts.glyphs("e\u0301", PLAIN)
        (one,) = fonts.glyphs("\u00e9", PLAIN)

    assert loose.width == pytest.approx(one.width)


# What cannot be shown -------------------------------------------------------------------------------------------------


SENTENCE = "This file has no font for some characters."


@pytest.mark.parametrize("said", [*SAID.values(), "Great 🎉 news"])
def test_what_no_font_has_is_told_and_can_still_be_copied(without_noto: None, said: str) -> None:
    text = text_of(made(said, "en"))

    assert unshown(set(said))
    assert SENTENCE in text
    assert "\x00" not in text
    assert {one for one in said if one.isalpha()} <= set(text)


def test_nothing_is_told_where_all_is_shown() -> None:
    said = "Съешь — “these” rolls… ✓ مرحبا 日本 \u200e"

    assert unshown(set(said)) == ""
    assert SENTENCE not in text_of(made(said, "ru"))


def test_every_part_of_a_picture_made_of_several_is_named_once(without_noto: None) -> None:
    assert unshown(set("👩\u200d👩\ufe0f")) == "👩"


def test_the_same_text_makes_the_same_file() -> None:
    assert made("مرحبا 🎉", "ar") == made("مرحبا 🎉", "ar")


def test_no_font_of_a_document_is_kept(without_noto: None) -> None:
    from reportlab.pdfbase import pdfmetrics

    made("مرحبا 🎉", "ar")
    before = set(pdfmetrics.getRegisteredFontNames())
    made("مرحبا 🎉", "ar")

    assert set(pdfmetrics.getRegisteredFontNames()) == before

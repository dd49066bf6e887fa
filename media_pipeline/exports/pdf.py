"""PDF with its own fonts, page numbers, and times that can be clicked where the recording has an address.

Lines are broken and pages filled here, on the library's canvas: its paragraphs take ten seconds for 100,000 words.
"""

from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass, field
from io import BytesIO
from typing import TYPE_CHECKING, Any

from media_pipeline.exports.base import Exporter, Kind, SpeakerNames, clean
from media_pipeline.exports.blocks import Block, blocks
from media_pipeline.exports.colors import ON_PAPER, color
from media_pipeline.exports.options import About, ExportOptions
from media_pipeline.languages import is_right_to_left
from media_pipeline.transcript import Transcript
from media_pipeline.wording import say

if TYPE_CHECKING:
    from media_pipeline.exports.pdf_fonts import DocumentFonts, Glyphs

# In points, of A4.
_WIDTH, _HEIGHT = 595.28, 841.89
_MARGIN, _TOP, _BOTTOM = 70.0, 72.0, 64.0
_ROOM = _WIDTH - 2 * _MARGIN
_INK, _GRAY = "1D2629", "6B7280"
_LEADING = 1.5

_PLAIN, _BOLD = "DejaVuSans", "DejaVuSans-Bold"


@dataclass(frozen=True, slots=True)
class _Style:
    font: str
    size: float
    color: str


_TITLE = _Style(_BOLD, 19, _INK)
_FACT = _Style(_PLAIN, 8.5, _GRAY)
_TEXT = _Style(_PLAIN, 10, _INK)
_TIME = _Style(_PLAIN, 8, _GRAY)


@dataclass(frozen=True, slots=True)
class _Run:
    """Text of one style on a line. `x` and `width` are in points, from the left margin."""

    text: str
    style: _Style
    x: float
    width: float
    link: str = ""


@dataclass(slots=True)
class _Line:
    """`height` holds the space above; `keep` are the lines below that must come on the same page."""

    runs: list[_Run] = field(default_factory=list)
    height: float = 0.0
    keep: int = 0


# Latin, Greek, Cyrillic and usual punctuation.
_SURELY_SHOWN = frozenset(map(chr, (*range(0x530), *range(0x2010, 0x2028))))


def unshown(characters: Set[str]) -> str:
    """Those that PDF cannot show here, in the order of their codes."""
    odd = characters - _SURELY_SHOWN
    if not odd:
        return ""
    from media_pipeline.exports.pdf_fonts import without_font

    return "".join(sorted(without_font(odd)))


def render(transcript: Transcript, names: SpeakerNames, options: ExportOptions) -> bytes:
    """The title and the facts, then a heading of name and time that stays with the paragraph below, for each turn.

    Where no font at hand has a character, a sign stands for it, and a sentence above the text says so.
    """
    from media_pipeline.exports.pdf_fonts import DocumentFonts

    goes_left = is_right_to_left(transcript.language)
    with DocumentFonts(transcript.language, is_right_to_left=goes_left) as fonts:
        typesetter = _Typesetter(fonts, is_right_to_left=goes_left)
        text = [line for block in blocks(transcript, names, options) for line in _block(typesetter, block)]
        lines = [*_front(typesetter, options.about), *text]
        return _drawn(list(_pages(lines)), typesetter, options.about, transcript.language)


# Lines ----------------------------------------------------------------------------------------------------------------


def _front(typesetter: "_Typesetter", about: About) -> Iterator[_Line]:
    yield from typesetter.lines(clean(about.title), _TITLE, 0.0)
    for number, (what, value) in enumerate(about.facts):
        yield from typesetter.lines(f"{clean(what)}: {clean(value)}", _FACT, 4.0 if number == 0 else 0.0)
    if typesetter.has_missing:
        yield from typesetter.lines(clean(about.unshown), _TEXT, 8.0)


def _block(typesetter: "_Typesetter", block: Block) -> Iterator[_Line]:
    if block.name:
        bold = _Style(_BOLD, _TEXT.size, color(ON_PAPER, block.voice))
        *above, last = typesetter.lines(block.name, bold, 12.0)
        yield from above
        if block.name_time:
            end = last.runs[-1].x + last.runs[-1].width
            last.runs.append(typesetter.run(block.name_time, _TIME, end + 7, block.link))
        last.keep = 2
        yield last
    time = [typesetter.run(block.text_time, _TIME, 0.0, block.link)] if block.text_time else []
    space = 2.0 if block.name else 5.0
    indent = time[0].width + 8 if time else 0.0
    for number, line in enumerate(typesetter.lines(block.text, _TEXT, space, indent)):
        if number == 0:
            line.runs[:0] = time
        yield line


class _Typesetter:
    """Breaks text into lines. Widths of words are measured once."""

    def __init__(self, fonts: "DocumentFonts", *, is_right_to_left: bool) -> None:
        self._fonts = fonts
        self.is_right_to_left = is_right_to_left
        self._widths: dict[tuple[str, str, float], float] = {}

    def run(self, text: str, style: _Style, x: float, link: str = "") -> _Run:
        return _Run(text, style, x, self.width(text, style), link)

    def lines(self, text: str, style: _Style, space: float, indent: float = 0.0) -> Iterator[_Line]:
        """Lines of at most the page's width, the first one `indent` narrower, with `space` above it."""
        height = style.size * _LEADING
        waiting, x, end = "", indent, indent
        blank = self.width(" ", style)
        for token, has_blank in self._tokens(text, style):
            wide = self.width(token, style)
            gap = blank if has_blank and waiting else 0.0
            if waiting and end + gap + wide > _ROOM:
                yield _Line([_Run(waiting, style, x, end - x)], height + space)
                waiting, x, end, space, gap = "", 0.0, 0.0, 0.0, 0.0
            waiting += (" " if gap else "") + token
            end += gap + wide
        if waiting:
            yield _Line([_Run(waiting, style, x, end - x)], height + space)

    def _tokens(self, text: str, style: _Style) -> Iterator[tuple[str, bool]]:
        """What is not broken, and whether a blank stands before it."""
        for word in text.split(" "):
            if self.width(word, style) < _ROOM / 2 and not _has_wide(word):
                yield word, True
            else:
                for number, part in enumerate(self._fonts.characters(word)):
                    yield part, number == 0

    def width(self, text: str, style: _Style) -> float:
        key = (text, style.font, style.size)
        if key not in self._widths:
            self._widths[key] = sum(one.width for one in self.glyphs(text, style)) * style.size
        return self._widths[key]

    def glyphs(self, text: str, style: _Style) -> "list[Glyphs]":
        return self._fonts.glyphs(text, style.font)

    @property
    def has_missing(self) -> bool:
        """Whether something of what was measured cannot be shown."""
        return bool(self._fonts.missing)


def _has_wide(word: str) -> bool:
    """Whether lines may be broken between any two of its characters."""
    return not word.isascii() and any("\u2e80" <= character <= "\uffef" for character in word)


# Pages ----------------------------------------------------------------------------------------------------------------


def _pages(lines: Sequence[_Line]) -> Iterator[list[tuple[float, _Line]]]:
    """Each page as its lines with the height of their base above the page's edge; there is at least one page."""
    page: list[tuple[float, _Line]] = []
    y = _HEIGHT - _TOP
    for number, line in enumerate(lines):
        needed = sum(one.height for one in lines[number : number + 1 + line.keep])
        if page and y - needed < _BOTTOM:
            yield page
            page, y = [], _HEIGHT - _TOP
        y -= line.height
        page.append((y, line))
    yield page


def _drawn(pages: Sequence[list[tuple[float, _Line]]], typesetter: _Typesetter, about: About, language: str) -> bytes:
    from reportlab.pdfgen.canvas import Canvas

    written = BytesIO()
    title = clean(about.title)
    canvas = Canvas(written, pagesize=(_WIDTH, _HEIGHT), pageCompression=1, invariant=1, lang=clean(language))
    canvas.setTitle(title)
    canvas.setAuthor("")
    for number, page in enumerate(pages, start=1):
        for y, line in page:
            for run in line.runs:
                _draw(canvas, typesetter, run, y)
        foot = f"{number} / {len(pages)}"
        middle = (_ROOM - typesetter.width(foot, _FACT)) / 2
        _draw(canvas, typesetter, typesetter.run(foot, _FACT, middle), _BOTTOM / 2)
        if number > 1 and title:
            head = next(typesetter.lines(title, _FACT, 0.0)).runs[0]
            _draw(canvas, typesetter, head, _HEIGHT - _TOP / 1.6)
        canvas.showPage()
    canvas.save()
    return written.getvalue()


def _draw(canvas: Any, typesetter: _Typesetter, run: _Run, y: float) -> None:
    glyphs = typesetter.glyphs(run.text, run.style)
    width = sum(one.width for one in glyphs) * run.style.size
    left = _MARGIN + (_ROOM - run.x - width if typesetter.is_right_to_left else run.x)
    text = canvas.beginText(left, y)
    text.setFillColorRGB(*(part / 255 for part in bytes.fromhex(run.style.color)))
    for one in glyphs:
        text.setFont(one.font, run.style.size)
        if one.said:
            meant = one.said.encode("utf-16-be").hex()
            text._code.append(f"/Span <</ActualText <feff{meant}>>> BDC")
        text.textOut(one.text)
        if one.said:
            text._code.append("EMC")
    canvas.drawText(text)
    if run.link:
        canvas.linkURL(run.link, (left, y - 2, left + width, y + run.style.size), relative=0)


PDF = Exporter(
    "pdf",
    say("PDF"),
    "pdf",
    "application/pdf",
    render,
    Kind.DOCUMENT,
    say("To be printed and passed on; looks the same everywhere."),
    uses_words=False,
)

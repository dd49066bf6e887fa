"""Fonts for PDF: which of those at hand shows a character, and text of any script as glyphs in the order of the page.

DejaVu, which comes with matplotlib, has Latin, Cyrillic, Greek, Hebrew, Arabic, Armenian and Georgian. Other scripts
are shown with Noto fonts where the system has them (Debian: fonts-noto-core).
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.util import find_spec
from itertools import count, groupby, zip_longest
from pathlib import Path
from typing import Any

import uharfbuzz
from bidi import get_display
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfbase.ttfonts import ShapeData, ShapedStr, TTFont

PLAIN, BOLD = "DejaVuSans", "DejaVuSans-Bold"
# Chinese, Japanese and Korean, of which every reader of PDF brings its own: their fonts would take 20 MB.
_CHINESE, _JAPANESE, _KOREAN = "STSong-Light", "HeiseiMin-W3", "HYSMyeongJo-Medium"
_FIRST_WIDE, _LAST_WIDE = 0x2E80, 0xFFEF
# Where Debian, Alpine and Fedora put Noto.
_FOLDERS = tuple(map(Path, ("/usr/share/fonts/truetype/noto", "/usr/share/fonts/noto", "/usr/share/fonts/google-noto")))
# Noto's fonts are called like the first word of a character's name in Unicode, but for these.
_CALLED = {"Canadian": "CanadianAboriginal", "Meetei": "MeeteiMayek", "Nko": "NKo", "Ol": "OlChiki"}
_SIGNS = ("NotoSansSymbols2", "NotoSansSymbols", "NotoSansMath", "NotoSans")
_STANDS_FOR_ANY = "\ufffd"
_FIRST_OWN_CODE = 0xF0000  # for private use, of which there are 131,068
_JOINERS = "\u200c\u200d"
# Blocks of scripts that are written from right to left.
_GOES_LEFT = re.compile(r"[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\U00010800-\U00010fff\U0001e800-\U0001efff]")
_WORD = re.compile(r" *[^ ]+ *| +")
_OPENING, _CLOSING = "([{«‹⟨", ")]}»›⟩"


@dataclass(frozen=True, slots=True)
class Glyphs:
    """What is drawn in one font.

    Attributes:
        width: For a font of size 1.
        said: The text it stands for, where that is not what its characters say one after the other; else empty.
    """

    font: str
    text: str
    width: float
    said: str = ""


class DocumentFonts:
    """The fonts of one document. What it needs besides the usual ones is loaded when it is met.

    Attributes:
        missing: Characters for which no font was found.
    """

    def __init__(self, language: str, *, is_right_to_left: bool) -> None:
        self.missing: set[str] = set()
        self._simple = _simple()
        self._base = "R" if is_right_to_left else "L"
        self._han = {"ja": _JAPANESE, "ko": _KOREAN}.get(language.partition("-")[0], _CHINESE)
        self._shaped: dict[Path, _ShapedFont] = {}
        self._words: dict[tuple[str, str], list[Glyphs]] = {}

    def __enter__(self) -> "DocumentFonts":
        return self

    def __exit__(self, *_error: object) -> None:
        for font in self._shaped.values():
            font.unregister()

    def glyphs(self, text: str, font: str) -> list[Glyphs]:
        """`text` from left to right, in PLAIN or BOLD, or, what that lacks, in the likest font there is."""
        if self._simple.issuperset(text):
            return [_plain(text, font)]
        if _GOES_LEFT.search(text):
            text = get_display(text, base_dir=self._base)
            if turned := _turned(text):
                return list(self._runs(text, font, turned))
        return [one for word in _WORD.findall(text) for one in self._word(word, font)]

    def _word(self, word: str, font: str) -> list[Glyphs]:
        key = (word, font)
        if key not in self._words:
            self._words[key] = list(self._runs(word, font, frozenset()))
        return self._words[key]

    def characters(self, word: str) -> list[str]:
        """The parts between which a line may be broken at need: each letter with its marks and what is tied to it."""
        return list(_with_marks(word))

    def _runs(self, text: str, font: str, turned: frozenset[int]) -> Iterator[Glyphs]:
        for (source, goes_left), parts in groupby(
            _parts(text, turned), lambda part: self._place(part[0], part[1], font)
        ):
            run = "".join(part for part, _is_turned in parts)
            if source is None:
                yield self._stand_ins(run, font)
            elif isinstance(source, str):
                yield _plain(run, source)
            else:
                yield self._font(source).shaped(run, goes_left)

    def _place(self, part: str, is_turned: bool, font: str) -> tuple[Path | str | None, bool]:
        """Which font shows a character with its marks, and whether it is read to the left. None where there is none.

        A font with a name is one that every document can use; others are shaped.
        """
        if not is_turned and self._simple.issuperset(part):
            return font, False
        base = part.strip(_JOINERS)[:1] or part[0]
        if _is_wide(base) and not _is_known(base):
            return self._wide_font(base), False
        return _font_file(base, is_bold=font == BOLD), is_turned or _is_right_to_left(base)

    def _wide_font(self, character: str) -> str:
        if "\uac00" <= character <= "\ud7a3" or "\u1100" <= character <= "\u11ff":
            return _KOREAN
        return _JAPANESE if "\u3040" <= character <= "\u30ff" else self._han

    def _stand_ins(self, text: str, font: str) -> Glyphs:
        self.missing.update(one for one in text if not _is_unseen(one))
        return self._font(_dejavu(font)).stand_ins(text)

    def _font(self, path: Path) -> "_ShapedFont":
        if path not in self._shaped:
            self._shaped[path] = _ShapedFont(path)
        return self._shaped[path]


def without_font(characters: Set[str]) -> set[str]:
    """Those that no font at hand has, besides the fonts of the reader."""
    odd = characters - _simple()
    return {one for one in odd if not _is_wide(one) and not _is_unseen(one) and not _font_file(one)}


# Fonts at hand --------------------------------------------------------------------------------------------------------


@cache
def _dejavu(name: str) -> Path:
    library = find_spec("matplotlib")
    assert library and library.origin
    return Path(library.origin).parent / "mpl-data" / "fonts" / "ttf" / f"{name}.ttf"


@cache
def _simple() -> frozenset[str]:
    """Characters that both DejaVu fonts have and that are set one after the other. Makes the usual fonts known."""
    for font in (
        *(TTFont(name, str(_dejavu(name))) for name in (PLAIN, BOLD)),
        *map(UnicodeCIDFont, (_CHINESE, _JAPANESE, _KOREAN)),
    ):
        pdfmetrics.registerFont(font)
    both = _covered(_dejavu(PLAIN)) & _covered(_dejavu(BOLD))
    return frozenset(one for one in both if one <= "\uffff" and not _is_right_to_left(one) and not _is_mark(one))


@cache
def _covered(path: Path) -> frozenset[str]:
    face = uharfbuzz.Face(uharfbuzz.Blob.from_file_path(str(path)))
    return frozenset(map(chr, face.unicodes))


def _is_known(character: str) -> bool:
    return character in _covered(_dejavu(PLAIN))


@lru_cache(maxsize=8192)
def _font_file(character: str, *, is_bold: bool = False) -> Path | None:
    """The font to show a character with, None where there is none. A bold one only where there is one."""
    for path in _likely_fonts(character, is_bold=is_bold):
        if character in _covered(path):
            return path
    return None


def _likely_fonts(character: str, *, is_bold: bool) -> Iterator[Path]:
    weights = ("Bold", "Regular") if is_bold else ("Regular",)
    yield from (_dejavu(name) for name in ((BOLD, PLAIN) if is_bold else (PLAIN,)))
    script = unicodedata.name(character, "").partition(" ")[0].title()
    script = _CALLED.get(script, script)
    for name in (f"NotoSans{script}", f"NotoSerif{script}", *_SIGNS):
        for weight in weights:
            yield from (path for folder in _FOLDERS if (path := folder / f"{name}-{weight}.ttf").is_file())


def _plain(text: str, font: str) -> Glyphs:
    return Glyphs(font, text, pdfmetrics.stringWidth(text, font, 1))


# Order and marks ------------------------------------------------------------------------------------------------------


def _is_right_to_left(character: str) -> bool:
    if character < "\u0590":
        return False
    return unicodedata.bidirectional(character) in ("R", "AL") or _is_arabic_mark(character)


def _is_arabic_mark(character: str) -> bool:
    """Also of Hebrew and Syriac."""
    return "\u0590" <= character <= "\u08ff" and unicodedata.bidirectional(character) == "NSM"


def _is_mark(character: str) -> bool:
    return unicodedata.category(character)[0] == "M"


def _is_unseen(character: str) -> bool:
    """Whether it only tells how others are to be shown."""
    return unicodedata.category(character) in ("Cf", "Cc", "Zs") or "\ufe00" <= character <= "\ufe0f"


def _is_wide(character: str) -> bool:
    return _FIRST_WIDE <= ord(character) <= _LAST_WIDE and not _is_unseen(character)


def _turned(visual: str) -> frozenset[int]:
    """Where brackets stand the wrong way round, as `get_display` puts them in order without turning them."""
    waiting: list[int] = []
    turned: list[int] = []
    for place, character in enumerate(visual):
        if character in _OPENING:
            waiting.append(place)
        elif character in _CLOSING:
            is_pair = waiting and _OPENING.index(visual[waiting[-1]]) == _CLOSING.index(character)
            waiting.pop() if is_pair else turned.append(place)
    return frozenset((*turned, *waiting))


def _parts(text: str, turned: frozenset[int]) -> Iterator[tuple[str, bool]]:
    """Characters with their marks, and whether they are brackets to be turned."""
    place = 0
    for part in _with_marks(text):
        yield part, place in turned
        place += len(part)


def _with_marks(text: str) -> Iterator[str]:
    """Characters, each with the marks behind it and with what a joiner or a virama ties to it."""
    waiting = ""
    for character in text:
        if waiting and (_belongs(character) or _ties(waiting[-1])):
            waiting += character
            continue
        if waiting:
            yield waiting
        waiting = character
    if waiting:
        yield waiting


def _belongs(character: str) -> bool:
    return character in _JOINERS or (_is_mark(character) and not _is_arabic_mark(character))


def _ties(character: str) -> bool:
    return character == "\u200d" or unicodedata.combining(character) == 9


# Shaping --------------------------------------------------------------------------------------------------------------


class _ShapedFont(TTFont):  # type: ignore[misc] # the library has no types
    """A font of one document, with a code for each glyph and what it stands for: so the text can be copied again."""

    _names = count()

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path.stem}*{next(self._names)}", str(path))
        # Else it would be taken for the font of this name that is not shaped.
        self.face.name += b"-Shaped"
        self._hb = uharfbuzz.Font(uharfbuzz.Face(uharfbuzz.Blob.from_file_path(str(path))))
        self._per_mille = 1000 / self._hb.face.upem
        self._codes: dict[tuple[int, str], str] = {}
        self._known: dict[tuple[str, bool], Glyphs] = {}
        pdfmetrics.registerFont(self)

    def shaped(self, text: str, goes_left: bool) -> Glyphs:
        """`text` joined, stacked and placed as its script wants it; in the order of the page, as it comes."""
        key = (text, goes_left)
        if key not in self._known:
            self._known[key] = self._shape(text[::-1] if goes_left else text, goes_left)
        return self._known[key]

    def _shape(self, text: str, goes_left: bool) -> Glyphs:
        buffer = uharfbuzz.Buffer()
        buffer.add_str(text)
        buffer.guess_segment_properties()
        buffer.direction = "rtl" if goes_left else "ltr"
        uharfbuzz.shape(self._hb, buffer)
        glyphs = list(zip(buffer.glyph_infos, buffer.glyph_positions, strict=True))
        meant = _meant(text, [info.cluster for info, _position in glyphs], goes_left)
        codes = [self._code(info.codepoint, said) for (info, _position), said in zip(glyphs, meant, strict=True)]
        positions = [position for _info, position in glyphs]
        # Readers take what is moved for another word; from right to left they keep the order only without being told.
        is_odd = meant != list(text) or any(position.x_offset or position.y_offset for position in positions)
        return self._placed(codes, positions, text if is_odd and not goes_left else "")

    def stand_ins(self, text: str) -> Glyphs:
        """A sign for every character that is seen, which stands for it when it is copied."""
        glyph = self._hb.get_nominal_glyph(ord(_STANDS_FOR_ANY))
        codes = [self._code(glyph, one) for one in text if not _is_unseen(one)]
        return Glyphs(self.fontName, "".join(codes), sum(self.face.charWidths[ord(one)] for one in codes) / 1000)

    def _placed(self, codes: Sequence[str], positions: Sequence[Any], said: str) -> Glyphs:
        placed = [
            ShapeData(
                cluster=number,
                x_advance=position.x_advance * self._per_mille,
                y_advance=position.y_advance * self._per_mille,
                x_offset=position.x_offset * self._per_mille,
                y_offset=position.y_offset * self._per_mille,
                width=self.face.charWidths[ord(code)],
            )
            for number, (code, position) in enumerate(zip(codes, positions, strict=True))
        ]
        width = sum(one.x_advance for one in placed) / 1000
        return Glyphs(self.fontName, ShapedStr("".join(codes), shapeData=placed), width, said)

    def _code(self, glyph: int, said: str) -> str:
        if (glyph, said) not in self._codes:
            code = _FIRST_OWN_CODE + len(self._codes)
            self._codes[glyph, said] = chr(code)
            self.face.charToGlyph[code] = glyph
            self.face.charWidths[code] = self._hb.get_glyph_h_advance(glyph) * self._per_mille
        return self._codes[glyph, said]

    def addObjects(self, doc: Any) -> None:
        """Write the font, with what its glyphs stand for in place of the codes."""
        subsets = {self.getSubsetInternalName(number, doc)[1:]: list(subset) for number, subset in self._subsets(doc)}
        super().addObjects(doc)
        said = {ord(code): text for (_glyph, text), code in self._codes.items()}
        for name, subset in subsets.items():
            font = doc.idToObject["BasicFonts"].dict[name]
            doc.idToObject[f"toUnicodeCMap:{font.BaseFont}"].content = _to_unicode(font.BaseFont, subset, said)

    def _subsets(self, doc: Any) -> list[tuple[int, Sequence[int]]]:
        return list(enumerate(self.state[doc].subsets))


def _meant(text: str, clusters: Sequence[int], goes_left: bool) -> list[str]:
    """What each glyph stands for, so that all of them in their order give `text` again.

    Args:
        clusters: For each glyph, where in `text` begins what it is a part of.
    """
    starts = sorted(set(clusters))
    parts = {start: text[start:end] for start, end in zip_longest(starts, starts[1:])}
    found: list[str] = []
    for start, group in groupby(clusters):
        number = len(list(group))
        part = parts[start]
        letters = [*part[: number - 1], part[number - 1 :]]
        letters += [""] * (number - len(letters))
        found += reversed(letters) if goes_left else letters
    return found


def _to_unicode(font: str, subset: Sequence[int], said: Mapping[int, str]) -> str:
    """A ToUnicode CMap (ISO 32000-1, 9.10.3)."""
    texts = [said.get(code, chr(code)) for code in subset]
    rows = [f"<{number:02X}> <{text.encode('utf-16-be').hex()}>" for number, text in enumerate(texts) if text]
    # No more than a hundred may stand in one block.
    blocks = [rows[start : start + 100] for start in range(0, len(rows), 100)]
    return "\n".join(
        [
            "/CIDInit /ProcSet findresource begin",
            "12 dict begin",
            "begincmap",
            f"/CIDSystemInfo << /Registry ({font}) /Ordering ({font}) /Supplement 0 >> def",
            f"/CMapName /{font} def",
            "/CMapType 2 def",
            "1 begincodespacerange",
            "<00> <FF>",
            "endcodespacerange",
            *("\n".join([f"{len(block)} beginbfchar", *block, "endbfchar"]) for block in blocks),
            "endcmap",
            "CMapName currentdict /CMap defineresource pop",
            "end",
            "end",
        ]
    )

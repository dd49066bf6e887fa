"""What a subtitle may be: how wide, how fast, how long."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from media_pipeline.transcript import Seconds


class CueLimits(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What cues are made to hold, and what they are judged by. Bounds are checked where limits are decoded.

    The values are those of the preset "default"; the presets say where theirs are from.

    Attributes:
        lines: At most so many in a cue. What fits on one line is put on one.
        line_characters: At most so many on a line, with spaces and punctuation. A wide character (Chinese, Japanese,
            Korean) counts as two, unless `full_width`.
        characters_per_second: The reading speed, with spaces and punctuation; the break between two lines is none.
        shortest: A cue is shown at least so long.
        longest: A cue is shown at most so long.
        gap: At least so much time between two cues.
        close_gaps_below: A shorter pause between two cues is made as short as `gap`, or the eye takes it for a change.
        linger: A cue may stay so long past its last word in order to be read. It stays `shortest` in any case.
        pause: A longer silence ends a cue.
        speakers_by_dashes: Two people share a cue, with a line each, where one of them could not be read otherwise.
        dash: What such a line begins with.
        full_width: A wide character counts as one, any other as half, in lines and in speed.
        one_per_segment: A cue for each segment, on one line, with its own times; the other limits only judge it.
    """

    lines: Annotated[int, Meta(ge=1, le=4)] = 2
    line_characters: Annotated[int, Meta(ge=5, le=200)] = 42
    characters_per_second: Annotated[float, Meta(ge=1, le=100)] = 17.0
    shortest: Annotated[Seconds, Meta(ge=0.2, le=10)] = 1.0
    longest: Annotated[Seconds, Meta(ge=0.5, le=60)] = 7.0
    gap: Annotated[Seconds, Meta(ge=0, le=2)] = 0.084
    close_gaps_below: Annotated[Seconds, Meta(ge=0, le=5)] = 0.5
    linger: Annotated[Seconds, Meta(ge=0, le=10)] = 1.5
    pause: Annotated[Seconds, Meta(ge=0.2, le=10)] = 1.0
    speakers_by_dashes: bool = True
    dash: Annotated[str, Meta(max_length=3)] = "- "
    full_width: bool = False
    one_per_segment: bool = False

    def __post_init__(self) -> None:
        """Raises ValueError when no cue could be both long and short enough."""
        if self.shortest > self.longest:
            raise ValueError("`shortest` is above `longest`.")

    @property
    def columns(self) -> int:
        """The width of a line, as `width` measures it."""
        return self.line_characters * 2 if self.full_width else self.line_characters

    @property
    def columns_per_second(self) -> float:
        return self.characters_per_second * 2 if self.full_width else self.characters_per_second


class _Language(msgspec.Struct, frozen=True):
    """What a language changes. `line_characters` and `characters_per_second` are the most it can read."""

    line_characters: int
    characters_per_second: float
    full_width: bool = False


DEFAULT: Final = CueLimits()
"""42 × 2 characters, 17 a second, 1 to 7 s: what most guides have in common. Two frames of a 24th of a second between
cues, gaps of up to 11 frames closed (Netflix); at most 1.5 s past the last word (BBC)."""

NETFLIX: Final = CueLimits(shortest=0.834, linger=0.5, dash="-")
"""Timed text style guide, general requirements and timing guidelines: 5/6 s to 7 s, 2 frames between cues, gaps of 3 to
11 frames closed, up to 0.5 s past the sound, a hyphen without space before each of two speakers.
https://partnerhelp.netflixstudios.com/hc/en-us/articles/215758617 and …/360051554394"""

BBC: Final = CueLimits(line_characters=37, characters_per_second=17.0, linger=1.5, close_gaps_below=1.0)
"""Subtitle guidelines: lines of 37 characters (68 % of a 16:9 picture), two of them, at most 1.5 s past the sound, gaps
of less than a second closed. 160 to 180 words a minute: 180 of 4.7 letters, with a space each, are 17 characters a
second. It names no shortest and longest time of a cue; these are the default's. https://www.bbc.co.uk/accessibility/forproducts/guides/subtitles/"""

SOCIAL: Final = CueLimits(line_characters=32)
"""Two lines of 32, as players on the web and in social networks show them without wrapping (CEA-608 has as many)."""

VERTICAL: Final = CueLimits(line_characters=20, longest=3.0, speakers_by_dashes=False)
"""Upright video: 20 × 2, at most 3 s. By custom of the field; no standard is known."""

RAW: Final = CueLimits(one_per_segment=True)
"""A cue for each segment. The default's numbers only tell how readable that is."""

PRESETS: Final[Mapping[str, CueLimits]] = MappingProxyType(
    {"default": DEFAULT, "netflix": NETFLIX, "bbc": BBC, "social": SOCIAL, "vertical": VERTICAL, "raw": RAW}
)

# Line and speed for adults, from the Netflix guides of each language; Japanese as in its captions for the deaf, which
# are in the language spoken as ours are.
_LANGUAGES: Final = {
    "ru": _Language(39, 17),
    "th": _Language(35, 17),
    "zh": _Language(16, 9, full_width=True),
    "yue": _Language(16, 9, full_width=True),
    "ja": _Language(23, 7, full_width=True),
    "ko": _Language(16, 12, full_width=True),
}
# Where Netflix itself differs: it lets English and Arabic be read faster.
_NETFLIX_LANGUAGES: Final = {
    "en": _Language(42, 20),
    "ar": _Language(42, 20),
    "ja": _Language(13, 4, full_width=True),
}


def limits_for(preset: str, language: str) -> CueLimits:
    """The limits of a preset for text in `language` (BCP 47).

    Raises:
        KeyError: No such preset; the message lists the choices.
    """
    if preset not in PRESETS:
        raise KeyError(f"There is no preset {preset!r}; choose {', '.join(PRESETS)}.")
    limits = PRESETS[preset]
    code = language.partition("-")[0].lower()
    if preset == "netflix" and code in _NETFLIX_LANGUAGES:
        own = _NETFLIX_LANGUAGES[code]
        return msgspec.structs.replace(limits, **msgspec.structs.asdict(own))
    return _within(limits, _LANGUAGES[code]) if code in _LANGUAGES else limits


def _within(limits: CueLimits, language: _Language) -> CueLimits:
    """`limits`, but no more than readers of the language take in."""
    room = limits.line_characters // 2 if language.full_width else limits.line_characters
    return msgspec.structs.replace(
        limits,
        line_characters=min(room, language.line_characters),
        characters_per_second=min(limits.characters_per_second, language.characters_per_second),
        full_width=language.full_width,
    )

"""What a file is to be like that people take away, and what it can say about itself."""

import msgspec

from media_pipeline.text.cue_limits import CueLimits, limits_for
from media_pipeline.transcript import Seconds
from media_pipeline.wording import say

UNSHOWN = say("This file has no font for some characters. They are in the Word document and the web page.")


class About(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a recording besides its words. Empty where it is not known.

    Attributes:
        address: Its page on the site; `moment` is a time there.
        created: When it was given, as ISO 8601.
        media: The name of the file as it came.
        facts: (what, value) for people, in their language, to stand under the title.
        unshown: The sentence for files that lack a font for some of the text, in the language of `facts`.
    """

    title: str = ""
    address: str = ""
    created: str = ""
    media: str = ""
    facts: tuple[tuple[str, str], ...] = ()
    unshown: str = UNSHOWN

    def moment(self, seconds: Seconds) -> str:
        """Where a time can be heard; empty without an address."""
        return f"{self.address}?t={int(seconds)}" if self.address else ""


class ExportOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The same for every format; each takes what means anything to it.

    Attributes:
        names: Say who speaks.
        times: Say when, where a format is of any use without.
        by_turn: One paragraph or row for what somebody says until another speaks, instead of one for each sentence.
        original: What the engine wrote. It is chosen by whoever reads the transcript, not by the formats.
        start: Leave out what is said before, in seconds.
        end: Leave out what is said after, in seconds.
        cues: What subtitles may be; None for what suits the language.
        bom: Begin text files with a byte order mark, as Excel needs it.
    """

    names: bool = True
    times: bool = True
    by_turn: bool = True
    original: bool = False
    start: Seconds | None = None
    end: Seconds | None = None
    cues: CueLimits | None = None
    bom: bool = False
    about: About = About()

    def limits(self, language: str) -> CueLimits:
        """What subtitles in `language` (BCP 47) may be."""
        return self.cues or limits_for("default", language)


DEFAULT = ExportOptions()

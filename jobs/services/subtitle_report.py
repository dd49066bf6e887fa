"""Which subtitles of a file do not hold their limits, and where they are; told before anybody takes the file away."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from itertools import groupby
from typing import Final

import msgspec
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from msgspec import structs

from jobs.models import Transcript
from jobs.services import exports
from jobs.services.export_choices import STANDARD, WHOLE, ExportChoices, Span
from media_pipeline.exports.judged import Judged
from media_pipeline.text.cue_report import FindingKind
from media_pipeline.transcript import Seconds

KIND_TITLES: Final[dict[FindingKind, Promise]] = {
    FindingKind.TOO_FAST: gettext_lazy("Too fast"),
    FindingKind.TOO_SHORT: gettext_lazy("Too short"),
    FindingKind.TOO_LONG: gettext_lazy("Too long"),
    FindingKind.LINE_TOO_LONG: gettext_lazy("Line too long"),
    FindingKind.TOO_MANY_LINES: gettext_lazy("Too many lines"),
    FindingKind.OVERLAP: gettext_lazy("Overlapping"),
    FindingKind.GAP_TOO_SMALL: gettext_lazy("Gap too small"),
}
# Reports of the last choices, encoded: of ten hours one takes seconds to make, and it is looked at page by page.
_KEPT: Final = 8


class Problem(msgspec.Struct, frozen=True):
    """A limit that is not held, as in `Finding`."""

    kind: FindingKind
    value: float
    limit: float


class Place(msgspec.Struct, frozen=True):
    """A subtitle that does not hold all limits."""

    start: Seconds
    lines: tuple[str, ...]
    problems: tuple[Problem, ...]


class SubtitleReport(msgspec.Struct, frozen=True):
    """`cues` is how many subtitles there are, `counts` how many of them have a problem, by its kind, and `has_names`
    whether names of speakers are wanted and there are any."""

    cues: int
    counts: dict[FindingKind, int]
    places: tuple[Place, ...]
    has_names: bool = False

    def of_kind(self, kind: str) -> tuple[Place, ...]:
        """The places with a problem of a kind; all where there is none."""
        if kind not in self.counts:
            return self.places
        return tuple(place for place in self.places if any(problem.kind == kind for problem in place.problems))


@dataclass(frozen=True, slots=True)
class _Asked:
    """All that a report depends on. Whatever changes a text changes its revision, too."""

    transcript: Transcript = field(compare=False)
    pk: int
    created_at: datetime
    revision: int
    names: tuple[str, ...]
    choices: ExportChoices
    span: Span
    has_prefixes: bool


def subtitle_report(
    transcript: Transcript,
    choices: ExportChoices = STANDARD,
    span: Span = WHOLE,
    *,
    has_prefixes: bool = True,
) -> SubtitleReport:
    """What the subtitles are like that a download would have now, made in the same way.

    Args:
        has_prefixes: Names of speakers are text and count, as in SRT.

    Raises:
        ExportRefused: Of `choices`.
    """
    asked = _Asked(
        transcript,
        transcript.pk,
        transcript.created_at,
        transcript.revision,
        tuple(speaker.display_name for speaker in transcript.speakers.all()),
        structs.replace(choices, times=True, by_turn=True, bom=False),
        span,
        has_prefixes,
    )
    return msgspec.msgpack.decode(_made(asked), type=SubtitleReport)


@lru_cache(maxsize=_KEPT)
def _made(asked: _Asked) -> bytes:
    judged = exports.judged_subtitles(asked.transcript, asked.choices, asked.span, has_prefixes=asked.has_prefixes)
    counts = Counter(finding.kind for finding in judged.findings)
    ordered = {kind: counts[kind] for kind in KIND_TITLES if kind in counts}
    has_names = asked.choices.names and bool(asked.names)
    return msgspec.msgpack.encode(SubtitleReport(len(judged.cues), ordered, _places(judged), has_names))


def _places(judged: Judged) -> tuple[Place, ...]:
    """Findings of the same cue follow each other."""
    return tuple(
        Place(
            judged.cues[cue].start,
            judged.cues[cue].lines,
            tuple(Problem(found.kind, found.value, found.limit) for found in findings),
        )
        for cue, findings in groupby(judged.findings, key=lambda found: found.cue)
    )


def summary(report: SubtitleReport) -> str:
    """How many subtitles there are, and whether they hold their limits."""
    subtitles = ngettext("%(count)s subtitle", "%(count)s subtitles", report.cues) % {"count": report.cues}
    if not report.places:
        return _("%(subtitles)s · all within the limits") % {"subtitles": subtitles}
    return _("%(subtitles)s · %(count)s not within the limits") % {"subtitles": subtitles, "count": len(report.places)}


def in_one_line(report: SubtitleReport) -> str:
    """The summary, with the kinds of problems there are."""
    kinds = [f"{KIND_TITLES[kind]} {count}" for kind, count in report.counts.items()]
    return ": ".join([summary(report), ", ".join(kinds)]) if kinds else summary(report)

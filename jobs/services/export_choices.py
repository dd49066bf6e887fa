"""How a person wants files: read from an address, remembered for the next time."""

import logging
import re
from collections.abc import Mapping
from typing import Annotated, Any

import msgspec
from django.contrib.auth.models import AbstractBaseUser
from django.utils.translation import gettext as _
from msgspec import Meta

from jobs.models import ExportPreference
from media_pipeline.exports.options import About, ExportOptions
from media_pipeline.text.cue_limits import PRESETS, CueLimits, limits_for
from media_pipeline.transcript import Seconds

log = logging.getLogger(__name__)

DEFAULT_PRESET = "default"
LONGEST: Seconds = 1_000_000.0
_CLOCK = re.compile(r"(?:(?:(\d{1,3}):)?(\d{1,3}):)?(\d{1,6}(?:[.,]\d{1,3})?)")


class ExportRefused(Exception):
    """What was asked for makes no sense. The text is for people."""


class LimitChanges(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a person wants otherwise than the preset of subtitles has it; None for as the preset has it."""

    lines: int | None = None
    line_characters: int | None = None
    characters_per_second: float | None = None
    shortest: float | None = None
    longest: float | None = None
    gap: float | None = None

    def applied(self, limits: CueLimits) -> CueLimits:
        """`limits` with the changes. Raises ExportRefused when no subtitle could hold them."""
        changed = msgspec.to_builtins(limits) | msgspec.to_builtins(self)
        try:
            return msgspec.convert(changed, CueLimits)
        except msgspec.ValidationError as error:
            raise ExportRefused(_("No subtitle can be like this. Check the limits.")) from error


class Span(msgspec.Struct, frozen=True, kw_only=True):
    """What of a recording to take, in seconds. It belongs to one recording, so it is not remembered."""

    start: Annotated[Seconds, Meta(ge=0, le=LONGEST)] | None = None
    end: Annotated[Seconds, Meta(ge=0, le=LONGEST)] | None = None


class ExportChoices(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The same for every format. `preset` names limits of subtitles; the rest is as in `ExportOptions`."""

    names: bool = True
    times: bool = True
    by_turn: bool = True
    original: bool = False
    bom: bool = False
    preset: str = DEFAULT_PRESET
    limits: LimitChanges = LimitChanges()

    def options(self, language: str, span: Span, about: About) -> ExportOptions:
        """What the formats are given, for text in `language` (BCP 47)."""
        return ExportOptions(
            names=self.names,
            times=self.times,
            by_turn=self.by_turn,
            original=self.original,
            bom=self.bom,
            start=span.start,
            end=span.end,
            cues=self.cue_limits(language),
            about=about,
        )

    def cue_limits(self, language: str) -> CueLimits:
        return self.limits.applied(limits_for(self.preset, language))


WHOLE = Span()
STANDARD = ExportChoices()
_OWN = tuple(name for name in ExportChoices.__struct_fields__ if name != "limits")
_LIMITS = LimitChanges.__struct_fields__


def asked(query: Mapping[str, str]) -> bool:
    """Whether an address says anything of how it wants files."""
    return any(name in query for name in (*_OWN, *_LIMITS))


def chosen(query: Mapping[str, str], before: ExportChoices) -> ExportChoices:
    """`before` with what an address asks for: true or false, the name of a preset, numbers.

    Raises:
        ExportRefused: Something of it makes no sense.
    """
    values: dict[str, Any] = {name: getattr(before, name) for name in _OWN}
    values |= {name: query[name] for name in _OWN if name in query}
    limits = {name: getattr(before.limits, name) for name in _LIMITS}
    limits |= {name: query[name].strip().replace(",", ".") or None for name in _LIMITS if name in query}
    try:
        made = msgspec.convert(values | {"limits": limits}, ExportChoices, strict=False)
    except msgspec.ValidationError as error:
        raise ExportRefused(_("These options are not known. Check the numbers.")) from error
    if made.preset not in PRESETS:
        raise ExportRefused(_("There are no such subtitles. Choose one of the list."))
    made.cue_limits("en")
    return made


def span(query: Mapping[str, str]) -> Span:
    """The range an address asks for with `start` and `end`, as "1:23", "1:02:03.5" or in seconds.

    Raises:
        ExportRefused: It makes no sense.
    """
    found = Span(start=_seconds(query.get("start", "")), end=_seconds(query.get("end", "")))
    if found.start is not None and found.end is not None and found.end <= found.start:
        raise ExportRefused(_("The range ends before it begins."))
    return found


def _seconds(text: str) -> Seconds | None:
    if not text.strip():
        return None
    match = _CLOCK.fullmatch(text.strip())
    if match is None:
        raise ExportRefused(_("“%(text)s” is no time. Write it like 1:23 or 1:02:03.") % {"text": text.strip()[:20]})
    hours, minutes, seconds = (float((part or "0").replace(",", ".")) for part in match.groups())
    return min(hours * 3600 + minutes * 60 + seconds, LONGEST)


def remembered(person: AbstractBaseUser) -> ExportChoices:
    """What a person chose last; the usual when they chose nothing yet, or a release has dropped what they chose."""
    row = ExportPreference.objects.filter(person=person.pk).first()
    if row is None:
        return STANDARD
    try:
        return chosen({}, msgspec.convert(row.choices, ExportChoices))
    except (msgspec.ValidationError, ExportRefused) as error:
        log.warning("export choices of person %s are forgotten: %s", person.pk, error)
        return STANDARD


def remember(person: AbstractBaseUser, choices: ExportChoices) -> None:
    values = {"choices": msgspec.to_builtins(choices)}
    ExportPreference.objects.update_or_create(person_id=person.pk, defaults=values)

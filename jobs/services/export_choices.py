"""How a person wants files: read from an address, remembered for the next time."""

import logging
import re
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Final, get_type_hints

import msgspec
from django.contrib.auth.models import AbstractBaseUser
from django.utils import formats
from django.utils.translation import gettext as _
from msgspec import Meta, inspect

from jobs.models import ExportPreference
from media_pipeline.exports.options import About, ExportOptions
from media_pipeline.exports.registry import EXPORTERS
from media_pipeline.text.cue_limits import PRESETS, CueLimits, limits_for
from media_pipeline.transcript import Seconds

log = logging.getLogger(__name__)

DEFAULT_PRESET = "default"
LONGEST: Seconds = 1_000_000.0
_CLOCK = re.compile(r"(?:(?:(\d{1,3}):)?(\d{1,3}):)?(\d{1,6}(?:[.,]\d{1,3})?)")


class ExportRefused(Exception):
    """What was asked for makes no sense. The text is for people, and so is what `fields` says of single ones."""

    def __init__(self, sentence: str, fields: Mapping[str, str] | None = None) -> None:
        super().__init__(sentence)
        self.fields = dict(fields or {})


class LimitChanges(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a person wants otherwise than the preset of subtitles has it; None for as the preset has it."""

    lines: int | None = None
    line_characters: int | None = None
    characters_per_second: float | None = None
    shortest: float | None = None
    longest: float | None = None
    gap: float | None = None
    close_gaps_below: float | None = None
    linger: float | None = None
    pause: float | None = None
    speakers_by_dashes: bool | None = None
    dash: str | None = None
    full_width: bool | None = None
    one_per_segment: bool | None = None

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
_TYPES: Final = get_type_hints(CueLimits, include_extras=True)
_BOUNDS: Final = {field.name: field.type for field in inspect.type_info(CueLimits).fields}  # type: ignore[attr-defined]


def asked(query: Mapping[str, str]) -> bool:
    """Whether an address says anything of how it wants files."""
    return any(name in query for name in (*_OWN, *_LIMITS))


def chosen(query: Mapping[str, str], before: ExportChoices) -> ExportChoices:
    """`before` with what an address asks for: true or false, the name of a preset, numbers.

    Raises:
        ExportRefused: Something of it makes no sense; it says which limits, and what they may be.
    """
    values: dict[str, Any] = {name: getattr(before, name) for name in _OWN}
    values |= {name: query[name] for name in _OWN if name in query}
    limits = _changes(query, before.limits)
    try:
        made = msgspec.convert(values | {"limits": limits}, ExportChoices, strict=False)
    except msgspec.ValidationError as error:
        raise ExportRefused(_("These options are not known.")) from error
    if made.preset not in PRESETS:
        raise ExportRefused(_("There are no such subtitles. Choose one of the list."))
    _refuse_disorder(made)
    made.cue_limits("en")
    return made


def _changes(query: Mapping[str, str], before: LimitChanges) -> LimitChanges:
    """`before` with the limits of an address; what is empty there is as the preset has it."""
    values: dict[str, Any] = {}
    problems: dict[str, str] = {}
    for name in _LIMITS:
        try:
            values[name] = _limit(name, query[name]) if name in query else getattr(before, name)
        except msgspec.ValidationError:
            problems[name] = _may_be(name)
    if problems:
        raise _refused(problems)
    return LimitChanges(**values)


def _limit(name: str, text: str) -> int | float | bool | str | None:
    """A limit as it is written, None when it is empty. Raises msgspec.ValidationError."""
    if name != "dash":
        text = text.strip().replace(",", ".")
    limit: int | float | bool | str | None = msgspec.convert(text, _TYPES[name], strict=False) if text else None
    return limit


def _may_be(name: str) -> str:
    """What a limit may be, in a sentence."""
    match _BOUNDS[name]:
        case inspect.IntType(ge=low, le=high):
            return _("A whole number from %(low)s to %(high)s.") % {"low": low, "high": high}
        case inspect.FloatType(ge=low, le=high):
            return _("A number from %(low)s to %(high)s.") % {"low": written(low), "high": written(high)}
        case inspect.StrType(max_length=most):
            return _("At most %(most)s characters.") % {"most": most}
    return _("Yes or no.")


def _refuse_disorder(choices: ExportChoices) -> None:
    """Raises ExportRefused when the shortest time is above the longest, at those of the two that were changed."""
    preset, own = PRESETS[choices.preset], choices.limits
    shortest = preset.shortest if own.shortest is None else own.shortest
    longest = preset.longest if own.longest is None else own.longest
    if shortest <= longest:
        return
    problems = {}
    if own.shortest is not None:
        problems["shortest"] = _("Not above the longest, %(seconds)s s.") % {"seconds": written(longest)}
    if own.longest is not None:
        problems["longest"] = _("Not below the shortest, %(seconds)s s.") % {"seconds": written(shortest)}
    raise _refused(problems)


def _refused(problems: Mapping[str, str]) -> ExportRefused:
    return ExportRefused(_("No subtitle can be like this. Check the limits."), problems)


def written(value: float | None) -> str:
    """A number as people of this language write it; empty for none."""
    return "" if value is None else f"{value:g}".replace(".", formats.get_format("DECIMAL_SEPARATOR"))


def span(query: Mapping[str, str]) -> Span:
    """The range an address asks for with `start` and `end`, as "1:23", "1:02:03.5" or in seconds.

    Raises:
        ExportRefused: It makes no sense.
    """
    start, end = _seconds(query, "start"), _seconds(query, "end")
    if start is not None and end is not None and end <= start:
        sentence = _("The range ends before it begins.")
        raise ExportRefused(sentence, {"end": sentence})
    return Span(start=start, end=end)


def _seconds(query: Mapping[str, str], name: str) -> Seconds | None:
    text = query.get(name, "").strip()
    if not text:
        return None
    match = _CLOCK.fullmatch(text)
    if match is None:
        sentence = _("“%(text)s” is no time. Write it like 1:23 or 1:02:03.") % {"text": text[:20]}
        raise ExportRefused(sentence, {name: sentence})
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


def archive_formats(person: AbstractBaseUser) -> tuple[str, ...]:
    """What a person wants several recordings in: as they chose last, else in every format."""
    row = ExportPreference.objects.filter(person=person.pk).first()
    return known_formats(row.archive_formats if row else ()) or tuple(EXPORTERS)


def known_formats(names: Iterable[str]) -> tuple[str, ...]:
    """Those of the names that are formats, in the order in which formats are offered."""
    wanted = frozenset(names)
    return tuple(name for name in EXPORTERS if name in wanted)


def remember_archive_formats(person: AbstractBaseUser, names: Iterable[str]) -> None:
    ExportPreference.objects.update_or_create(person_id=person.pk, defaults={"archive_formats": list(names)})

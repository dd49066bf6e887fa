"""The limits of subtitles as fields of a form: each may be left to the preset."""

from dataclasses import dataclass
from typing import Any, Final

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from jobs.services.export_choices import ExportChoices, LimitChanges, written
from media_pipeline.text.cue_limits import PRESETS, CueLimits, limits_for

DASHES: Final = ("- ", "-", "– ", "–", "— ")
YES, NO = gettext_lazy("Yes"), gettext_lazy("No")
SENTENCE: Final = gettext_lazy("Yes.")
PRESET_TITLES: Final[dict[str, Promise | str]] = {
    "default": gettext_lazy("Default"),
    "netflix": "Netflix",
    "bbc": "BBC",
    "social": gettext_lazy("Social media"),
    "vertical": gettext_lazy("Upright video"),
    "raw": gettext_lazy("As spoken, a sentence each"),
}


@dataclass(frozen=True, slots=True)
class LimitField:
    """How a limit is asked for. `control` is number, choice (yes or no) or dash; `languages` those it matters to."""

    name: str
    title: Promise
    help: Promise | str = ""
    unit: Promise | str = ""
    control: str = "number"
    languages: tuple[str, ...] = ()


SECONDS: Final = gettext_lazy("s")
GROUPS: Final[tuple[tuple[Promise, tuple[LimitField, ...]], ...]] = (
    (
        gettext_lazy("Reading"),
        (
            LimitField("lines", gettext_lazy("Lines")),
            LimitField("line_characters", gettext_lazy("Characters a line")),
            LimitField(
                "characters_per_second",
                gettext_lazy("Characters a second"),
                gettext_lazy("How fast people have to read, spaces included."),
            ),
            LimitField(
                "full_width",
                gettext_lazy("A wide character counts as one"),
                gettext_lazy("Any other then counts as half. Otherwise a wide one counts as two."),
                control="choice",
                languages=("zh", "yue", "ja", "ko"),
            ),
        ),
    ),
    (
        gettext_lazy("Time"),
        (
            LimitField("shortest", gettext_lazy("Shown at least"), unit=SECONDS),
            LimitField("longest", gettext_lazy("Shown at most"), unit=SECONDS),
            LimitField(
                "linger",
                gettext_lazy("Past the last word"),
                gettext_lazy("A subtitle may stay so long in order to be read."),
                SECONDS,
            ),
            LimitField(
                "pause", gettext_lazy("Pause that ends it"), gettext_lazy("A longer silence ends a subtitle."), SECONDS
            ),
            LimitField("gap", gettext_lazy("Gap at least"), gettext_lazy("Between two subtitles."), SECONDS),
            LimitField(
                "close_gaps_below",
                gettext_lazy("Close gaps below"),
                gettext_lazy("Shorter ones flicker, and are made as short as the gap."),
                SECONDS,
            ),
        ),
    ),
    (
        gettext_lazy("Speakers and sentences"),
        (
            LimitField(
                "speakers_by_dashes",
                gettext_lazy("Two speakers share one by dashes"),
                gettext_lazy("Where one of them could not be read alone."),
                control="choice",
            ),
            LimitField("dash", gettext_lazy("Dash"), control="dash"),
            LimitField(
                "one_per_segment",
                gettext_lazy("One for each sentence"),
                gettext_lazy("As spoken, on one line. The other limits then only judge it."),
                control="choice",
            ),
        ),
    ),
)


def presets(language: str) -> list[dict[str, Any]]:
    """Each preset, with what fields say of its limits for text in `language`."""
    return [
        {"name": name, "title": PRESET_TITLES[name], "limits": _usual(limits_for(name, language))} for name in PRESETS
    ]


def limit_groups(choices: ExportChoices, language: str) -> list[dict[str, Any]]:
    """Titles with their fields: what the person wants, empty for nothing of their own, and what the preset has."""
    usual = _usual(limits_for(choices.preset, language))
    return [
        {
            "title": title,
            "fields": [_shown(one, choices.limits, usual) for one in fields if _matters(one, choices, language)],
        }
        for title, fields in GROUPS
    ]


def own_limits(changes: LimitChanges) -> int:
    """How many are not as the preset has them."""
    return sum(getattr(changes, name) is not None for name in changes.__struct_fields__)


def _matters(one: LimitField, choices: ExportChoices, language: str) -> bool:
    """A field that few languages need is also there where it was set: or nobody could set it back."""
    is_own = getattr(choices.limits, one.name) is not None
    return is_own or not one.languages or language.partition("-")[0].lower() in one.languages


def _shown(one: LimitField, own: LimitChanges, usual: dict[str, str]) -> dict[str, Any]:
    value = getattr(own, one.name)
    return {
        "name": one.name,
        "title": one.title,
        "help": one.help,
        "unit": one.unit,
        "control": one.control,
        "value": written(value) if one.control == "number" else value,
        "usual": usual[one.name],
        "options": _options(one.control, value),
    }


def _options(control: str, value: Any) -> list[tuple[str, Any, bool]]:
    """(value, title, whether it is chosen) of a field that is a list, besides "as the preset has it"."""
    if control == "choice":
        return [("true", YES, value is True), ("false", NO, value is False)]
    if control == "dash":
        known = DASHES if value is None or value in DASHES else (*DASHES, value)
        return [(dash, f"{dash}{SENTENCE}", dash == value) for dash in known]
    return []


def _usual(limits: CueLimits) -> dict[str, str]:
    """What a field says that is left to the preset."""
    return {one.name: _told(one.control, getattr(limits, one.name)) for _title, fields in GROUPS for one in fields}


def _told(control: str, value: Any) -> str:
    if control == "number":
        return written(value)
    as_it_is = f"{value}{SENTENCE}" if control == "dash" else str(YES if value else NO)
    return _("As the preset: %(value)s") % {"value": as_it_is}

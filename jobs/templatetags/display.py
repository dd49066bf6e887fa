"""How numbers and times are shown on pages."""

import datetime
import re
from collections.abc import Iterable

from django import template
from django.template.defaultfilters import filesizeformat
from django.utils import formats, timezone
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext, gettext_lazy, ngettext

from jobs import wording
from media_pipeline.transcript import Mark

register = template.Library()

SPEAKER_TONES = 8
PLACE = re.compile(r"\b(?:(\d+):)?(\d{1,2}):(\d{2})\b")
MARKS = {
    Mark.OVERLAP: (
        gettext_lazy("several people speak"),
        gettext_lazy("Some words may be missing or stand with the wrong speaker. Listen again."),
    ),
    Mark.REPEATED: (
        gettext_lazy("repeats itself"),
        gettext_lazy("The engine wrote the same again and again. Listen whether it was said."),
    ),
    Mark.DOUBTFUL: (
        gettext_lazy("perhaps not said"),
        gettext_lazy("Hardly any voice is heard here, or the engine is very unsure. Listen again."),
    ),
}


@register.filter
def translated(sentence: str) -> str:
    """What a job, a step or an engine has to say, in the reader's language."""
    return wording.translated(sentence)


@register.filter
def clock(seconds: float | None) -> str:
    """A place in a recording: 83.4 is "1:23", 3723 is "1:02:03". Empty for None."""
    if seconds is None:
        return ""
    whole = max(0, int(seconds))
    minutes, second = divmod(whole, 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02d}:{second:02d}" if hours else f"{minute}:{second:02d}"


@register.filter
def exact_clock(seconds: float | None) -> str:
    """As `clock`, to the tenth of a second: 83.46 is "1:23.5"."""
    if seconds is None:
        return ""
    tenths = max(0, round(10 * seconds))
    return f"{clock(tenths // 10)}{formats.get_format('DECIMAL_SEPARATOR')}{tenths % 10}"


@register.filter
def play_from(seconds: float) -> str:
    """What a link that plays from a place is called."""
    return gettext("Play from %(time)s") % {"time": clock(seconds)}


@register.filter
def with_places(sentence: str) -> str:
    """A sentence whose places in the recording ("12:03") are links that play from there."""
    pieces, end = [], 0
    for found in PLACE.finditer(sentence):
        hour, minute, second = (int(part or 0) for part in found.groups())
        link = format_html('<a href="#t={}" data-seek-link>{}</a>', 3600 * hour + 60 * minute + second, found[0])
        pieces += [sentence[end : found.start()], link]
        end = found.end()
    return format_html_join("", "{}", ((piece,) for piece in [*pieces, sentence[end:]]))


@register.filter
def placed(sentences: Iterable[str]) -> list[str]:
    """Those of the sentences that name a place in the recording."""
    return [sentence for sentence in sentences if PLACE.search(sentence)]


@register.filter
def unplaced(sentences: Iterable[str]) -> list[str]:
    """Those of the sentences that name no place in the recording."""
    return [sentence for sentence in sentences if not PLACE.search(sentence)]


@register.filter
def span(seconds: float | None) -> str:
    """How long something took: "< 0.1 s", "0.4 s", "38 s", "2 min 5 s", "1 h 20 min". Empty for None."""
    if seconds is None:
        return ""
    if 0.0 < seconds < 0.05:
        return gettext("< 0.1 s")
    if seconds < 9.95:
        return gettext("%(seconds)s s") % {"seconds": formats.number_format(max(0.0, seconds), 1)}
    minutes, second = divmod(round(seconds), 60)
    hours, minute = divmod(minutes, 60)
    if hours:
        return gettext("%(hours)d h %(minutes)d min") % {"hours": hours, "minutes": minute}
    if minutes:
        return gettext("%(minutes)d min %(seconds)d s") % {"minutes": minutes, "seconds": second}
    return gettext("%(seconds)s s") % {"seconds": second}


@register.filter
def time_left(seconds: float | None) -> str:
    """An estimate, said as one: "a few seconds left", "about 3 min left". Empty for None."""
    if seconds is None:
        return ""
    if seconds < 10:
        return gettext("a few seconds left")
    if seconds < 55:
        return gettext("about %(seconds)d s left") % {"seconds": round(seconds, -1)}
    minutes = max(1, round(seconds / 60))
    if minutes < 90:
        return ngettext("about %(minutes)d min left", "about %(minutes)d min left", minutes) % {"minutes": minutes}
    return gettext("about %(hours)s h left") % {"hours": formats.number_format(seconds / 3600, 1)}


@register.filter
def percent(value: float | None) -> str:
    """A share from 0 to 100 as whole percent: "43 %". 100 is only said when it is reached."""
    whole = int(value or 0.0)
    return gettext("%(value)d %%") % {"value": min(100, max(0, whole))}


@register.filter
def share(value: float) -> str:
    """A share from 0 to 1 as the nearest whole percent: "43 %"."""
    return gettext("%(value)d %%") % {"value": round(100 * value)}


@register.filter
def unlocalized(value: float | None) -> str:
    """A number as HTML attributes want it, with a point whatever the language."""
    return f"{value or 0.0:.2f}"


@register.filter
def day(moment: datetime.datetime | None) -> str:
    """A moment as a list shows it: the time if today, the day if this year, else the date."""
    if moment is None:
        return ""
    local, now = timezone.localtime(moment), timezone.localtime()
    if local.date() == now.date():
        return formats.date_format(local, "TIME_FORMAT")
    if local.date() == now.date() - datetime.timedelta(days=1):
        return gettext("Yesterday")
    return formats.date_format(local, "j M" if local.year == now.year else "j M Y")


@register.filter
def size(count_bytes: int | None) -> str:
    """Bytes without needless decimals: "5 GB", "1.8 MB", "250 KB". Empty for None."""
    if count_bytes is None:
        return ""
    text = str(filesizeformat(count_bytes))
    return text.replace(f"{formats.get_format('DECIMAL_SEPARATOR')}0", "")


@register.filter
def tone(index: int | None) -> str:
    """The color class of a speaker: "speaker-3". Colors repeat after eight; empty for nobody."""
    return "" if index is None or index < 0 else f"speaker-{index % SPEAKER_TONES}"


@register.filter
def language_name(code: str | None) -> str:
    """The name of a BCP 47 language: "en" is "English". Empty for None."""
    return wording.language_name(code) if code else ""


@register.simple_tag
def mark_kinds() -> list[str]:
    """All kinds of marks, those first that are most worth a look."""
    return [Mark.DOUBTFUL, Mark.REPEATED, Mark.OVERLAP]


@register.filter
def mark_title(mark: str) -> str:
    """Why to listen again, in two or three words. A mark without a title stays as it is."""
    return str(MARKS[Mark(mark)][0]) if mark in MARKS else mark


@register.filter
def mark_meaning(mark: str) -> str:
    """What a mark means for who reads, in a sentence or two; empty for an unknown one."""
    return str(MARKS[Mark(mark)][1]) if mark in MARKS else ""

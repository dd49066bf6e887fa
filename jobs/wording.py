"""Sentences that were kept in English, in the language of whoever looks at them.

What a step or a job has to say is written down once, by `media_pipeline.wording.say`, and read by many.
"""

import re
from functools import cache

from babel.messages.mofile import read_mo
from django.conf import settings
from django.utils.translation import get_language, get_language_info, pgettext, to_locale

CONTEXT = "stored"
PLACE = re.compile(r"\{(\w+)\}")


def translated(sentence: str) -> str:
    """A sentence of `say` in the language at hand, and so what it is filled with; any other stays as it is."""
    found = pgettext(CONTEXT, sentence) if sentence else ""
    if found != sentence:
        return found
    for pattern, template in _templates(get_language() or settings.LANGUAGE_CODE):
        filled = pattern.fullmatch(sentence)
        if filled:
            return template.format(**{name: translated(value) for name, value in filled.groupdict().items()})
    return sentence


@cache
def _templates(language: str) -> list[tuple[re.Pattern[str], str]]:
    """How to know the filled sentences of a language's catalog, and their translations; the most telling first."""
    found = [pair for pair in _stored(language) if PLACE.search(pair[0])]
    found.sort(key=lambda pair: -len(PLACE.sub("", pair[0])))
    return [(_pattern(template), translation) for template, translation in found]


def _stored(language: str) -> list[tuple[str, str]]:
    """Sentences of `say` with their translations; none where the catalog is missing or not compiled."""
    path = settings.LOCALE_PATHS[0] / to_locale(language) / "LC_MESSAGES" / "django.mo"
    if not path.is_file():
        return []
    with path.open("rb") as source:
        # Babel leaves the context in bytes.
        messages = [one for one in read_mo(source) if one.context in (CONTEXT, CONTEXT.encode())]
    return [(str(message.id), str(message.string)) for message in messages]


def _pattern(template: str) -> re.Pattern[str]:
    """Matches what `say` makes of a template; a place that comes twice holds the same twice."""
    seen: set[str] = set()
    pieces = []
    for index, piece in enumerate(PLACE.split(template)):
        if index % 2 == 0:
            pieces.append(re.escape(piece))
        else:
            pieces.append(f"(?P={piece})" if piece in seen else f"(?P<{piece}>.+?)")
            seen.add(piece)
    return re.compile("".join(pieces), re.DOTALL)


def language_name(code: str) -> str:
    """The name of a BCP 47 language: "en" is "English". A code without a known name stays as it is."""
    try:
        return str(get_language_info(code)["name_translated"])
    except KeyError:
        return code

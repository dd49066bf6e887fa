"""Names that a person gave to speakers before."""

from collections.abc import Iterable

from django.contrib.auth.models import AbstractBaseUser
from django.db.models import Max

from jobs.models import Recording, Speaker

LOOKED_AT = 200


def names_given(person: AbstractBaseUser, *, besides: Iterable[Speaker]) -> list[str]:
    """Each name once, in whatever case, those of the latest recordings first, without those of the speakers at hand."""
    named = Speaker.objects.filter(transcript__recording__in=Recording.objects.kept().filter(owner=person.pk)).exclude(
        name=""
    )
    latest = named.values("name").annotate(latest=Max("transcript__created_at")).order_by("-latest", "name")
    taken = {speaker.display_name.casefold() for speaker in besides}
    names: dict[str, str] = {}
    for name in latest.values_list("name", flat=True)[:LOOKED_AT]:
        if name.casefold() not in taken:
            names.setdefault(name.casefold(), name)
    return list(names.values())

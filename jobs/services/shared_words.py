"""Which segments gave words to each other: what was cut out of one, and what became one.

One of them cannot be brought back alone: words would be there twice, or no more.
"""

from collections import defaultdict
from dataclasses import dataclass

from django.db.models import Q, QuerySet

from jobs.models import ChangeKind, SegmentChange, Transcript

_MOVING = (ChangeKind.SPLIT, ChangeKind.JOIN)
_WAYS_BACK = (*_MOVING, ChangeKind.RESTORE)


@dataclass(frozen=True, slots=True)
class WayBack:
    """After which change, by its number, each segment is to be as it was, and the changes that shared their words."""

    points: dict[int, int]
    sharing: list[int]

    def changes(self) -> QuerySet[SegmentChange]:
        """What must be taken back."""
        later = SegmentChange.objects.filter(
            segment__in=list(self.points), change__number__gt=min(self.points.values())
        )
        rows = later.values_list("pk", "segment", "change__number")
        return SegmentChange.objects.filter(pk__in=[pk for pk, segment, at in rows if at > self.points[segment]])


def way_back(transcript: Transcript, segment: int, number: int) -> WayBack:
    """What it takes to bring `segment` back to what it was after change `number`.

    Those it shared words with since go back no further than to just before they did.
    """
    shared = _shared(transcript, _family(transcript, segment), number)
    points, waiting = {segment: number}, [segment]
    sharing: set[int] = set()
    while waiting:
        one = waiting.pop()
        for at, together in shared.items():
            if one in together and at > points[one]:
                sharing.add(at)
                further = [other for other in together if points.get(other, at) >= at]
                points |= dict.fromkeys(further, at - 1)
                waiting += further
    return WayBack(points, sorted(sharing))


def came_with_version(transcript: Transcript, segment: int, number: int) -> bool:
    """Whether another version took the place of the text since: its segments have nothing to do with those before."""
    rows = SegmentChange.objects.filter(segment=segment, change__transcript=transcript, change__number__gt=number)
    restored = rows.filter(change__kind=ChangeKind.RESTORE).values("change")
    turned = rows.filter(change__target__kind=ChangeKind.RESTORE).values("change__target")
    made = SegmentChange.objects.filter(before__isnull=True, revision=1)
    return made.filter(Q(change__in=restored) | Q(change__in=turned), change__kind=ChangeKind.RESTORE).exists()


def _family(transcript: Transcript, segment: int) -> set[int]:
    """The segment and all that ever shared words with it or with one of these."""
    rows = SegmentChange.objects.filter(change__transcript=transcript, change__kind__in=_MOVING)
    by_change: defaultdict[int, list[int]] = defaultdict(list)
    by_segment: defaultdict[int, list[int]] = defaultdict(list)
    for change, one in rows.values_list("change", "segment"):
        by_change[change].append(one)
        by_segment[one].append(change)
    family, waiting = {segment}, [segment]
    while waiting:
        near = {one for change in by_segment[waiting.pop()] for one in by_change[change]} - family
        family |= near
        waiting += near
    return family


def _shared(transcript: Transcript, family: set[int], number: int) -> dict[int, set[int]]:
    """By their numbers the later changes that moved words within the family, there or back, and whose words."""
    rows = SegmentChange.objects.filter(
        Q(change__kind__in=_WAYS_BACK) | Q(change__target__kind__in=_WAYS_BACK),
        change__transcript=transcript,
        change__number__gt=number,
        segment__in=family,
    )
    together: defaultdict[int, set[int]] = defaultdict(set)
    for at, one in rows.values_list("change__number", "segment"):
        together[at].add(one)
    made_or_gone = rows.filter(Q(before__isnull=True) | Q(after__isnull=True)).values_list("change__number", flat=True)
    return {at: together[at] for at in sorted(set(made_or_gone)) if len(together[at]) > 1}

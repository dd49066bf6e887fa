"""A transcript as it is read: in stretches of a few minutes, by time, so that its length does not matter.

A stretch holds the segments that begin within its minutes. Its borders are times, so an edit moves none of them.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

from django.db.models import Count, F, FloatField, Sum
from django.db.models.functions import Floor, Length

from jobs.models import Segment, Transcript

STRETCH_SECONDS = 300


@dataclass(slots=True)
class Stretch:
    """What is known of a stretch before its text is: how much there is, and who speaks (ids, None for nobody)."""

    number: int
    rows: int = 0
    characters: int = 0
    speakers: set[int | None] = field(default_factory=set)

    @property
    def start(self) -> int:
        """Seconds."""
        return self.number * STRETCH_SECONDS

    @property
    def end(self) -> int:
        """Seconds."""
        return self.start + STRETCH_SECONDS


@dataclass(frozen=True, slots=True)
class Outline:
    """The stretches that hold any segment, in order, and the seconds of speech of each speaker id."""

    stretches: list[Stretch]
    seconds: dict[int | None, float]

    def at(self, seconds: float) -> int:
        """The number of the stretch to show for a time: its own, else the last before it, else the first."""
        wanted = int(seconds // STRETCH_SECONDS)
        before = [stretch.number for stretch in self.stretches if stretch.number <= wanted]
        return before[-1] if before else self.stretches[0].number if self.stretches else 0


def outline(transcript: Transcript) -> Outline:
    stretches: dict[int, Stretch] = {}
    seconds: defaultdict[int | None, float] = defaultdict(float)
    number = Floor(F("start") / STRETCH_SECONDS, output_field=FloatField())
    counted = (
        transcript.segments.order_by()
        .values("speaker", stretch=number)
        .annotate(rows=Count("id"), characters=Sum(Length("text")), spoken=Sum(F("end") - F("start")))
        .order_by("stretch")
    )
    for row in counted:
        stretch = stretches.setdefault(int(row["stretch"]), Stretch(int(row["stretch"])))
        stretch.rows += row["rows"]
        stretch.characters += row["characters"]
        stretch.speakers.add(row["speaker"])
        seconds[row["speaker"]] += row["spoken"]
    return Outline(list(stretches.values()), dict(seconds))


def segments_of(transcript: Transcript, stretch: int) -> list[Segment]:
    """The segments of a stretch in order; none for a number that has none."""
    start = stretch * STRETCH_SECONDS
    inside = transcript.segments.filter(start__gte=start, start__lt=start + STRETCH_SECONDS)
    return list(inside.order_by("start", "pk"))


def plain_text(transcript: Transcript) -> str:
    """A paragraph for each turn, with the speaker's name in front where speakers are known."""
    return "\n\n".join(_paragraphs(transcript))


def _paragraphs(transcript: Transcript) -> Iterator[str]:
    names = {speaker.pk: speaker.display_name for speaker in transcript.speakers.all()}
    said: list[str] = []
    before: int | None = None
    for text, speaker in transcript.segments.order_by("start", "pk").values_list("text", "speaker"):
        if said and speaker != before:
            yield _paragraph(names, before, said)
            said = []
        said.append(text.strip())
        before = speaker
    if said:
        yield _paragraph(names, before, said)


def _paragraph(names: dict[int, str], speaker: int | None, said: list[str]) -> str:
    text = " ".join(said)
    return f"{names[speaker]}: {text}" if speaker in names else text

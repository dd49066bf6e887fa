"""Cut a transcript into subtitle cues that can be read in the time they are shown."""

from collections.abc import Iterable, Iterator, Mapping
from heapq import heappop, heappush

import msgspec

from media_pipeline.text.columns import width
from media_pipeline.text.cue_cuts import Cutter
from media_pipeline.text.cue_limits import DEFAULT, CueLimits
from media_pipeline.text.cue_sentences import Reader, Sentence, milliseconds
from media_pipeline.text.cue_times import FAR_AWAY, Clock, Draft, timed
from media_pipeline.text.one_line import clean
from media_pipeline.transcript import Seconds, Transcript

# Two who speak at once for longer get cues of their own, in the order in which they start.
_OVERLAP_MS = 500
# So many sentences are cut together at most: the first cues come soon, and memory stays small.
_GROUP = 200


class Cue(msgspec.Struct, frozen=True, gc=False):
    """A subtitle on screen. Times are whole milliseconds.

    Attributes:
        speakers: The label of whoever says each line.
        segments: The indexes of the transcript's segments it has words of.
    """

    start: Seconds
    end: Seconds
    lines: tuple[str, ...]
    speakers: tuple[str | None, ...]
    segments: range


def cues(transcript: Transcript, limits: CueLimits = DEFAULT, prefixes: Mapping[str, str] | None = None) -> list[Cue]:
    """Cues in time order, none empty, no two overlapping. `prefixes` as for `flow`."""
    return list(flow(transcript, limits, prefixes))


def flow(
    transcript: Transcript, limits: CueLimits = DEFAULT, prefixes: Mapping[str, str] | None = None
) -> Iterator[Cue]:
    """The same cues, one at a time: the first come at once.

    Args:
        prefixes: By speaker's label, what to write where another one spoke before: "Anna:". It counts as text.
    """
    for draft, until in flow_ms(transcript, limits, prefixes):
        yield Cue(draft.start / 1000, until / 1000, draft.lines, draft.speakers, range(draft.first, draft.last + 1))


def flow_ms(
    transcript: Transcript, limits: CueLimits = DEFAULT, prefixes: Mapping[str, str] | None = None
) -> Iterator[tuple[Draft, int]]:
    """The same cues, each with its end, in whole milliseconds: what is written need not be made seconds before."""
    clock = Clock(limits)
    if limits.one_per_segment:
        clock.follow_segments()
        return timed(_raw(transcript, prefixes or {}), clock)
    return timed(_drafts(transcript, limits, prefixes or {}), clock)


def _drafts(transcript: Transcript, limits: CueLimits, prefixes: Mapping[str, str]) -> Iterator[Draft]:
    reader = Reader(transcript, limits, prefixes)
    cutter = Cutter(limits, transcript.language, reader.space)
    early: list[tuple[int, int, Draft]] = []
    number = 0
    for group, follow, now in _groups(reader.sentences(), limits):
        drafts = cutter.cut(group, follow)
        if not early and (not drafts or drafts[-1].start <= now):
            yield from drafts
            continue
        for draft in drafts:
            number += 1
            heappush(early, (draft.start, number, draft))
        # What follows starts no earlier than `now`.
        while early and early[0][0] <= now:
            yield heappop(early)[2]
    while early:
        yield heappop(early)[2]


def _groups(sentences: Iterable[Sentence], limits: CueLimits) -> Iterator[tuple[list[Sentence], int, int]]:
    """Sentences that may share cues, the start of what they have to leave room for, and that of what comes next."""
    pause = round(limits.pause * 1000)
    group: list[Sentence] = []
    for sentence in sentences:
        if group:
            silence = sentence.start - group[-1].end
            if silence < -_OVERLAP_MS:
                yield group, FAR_AWAY, sentence.start
                group = []
            elif silence > pause or len(group) == _GROUP:
                yield group, sentence.start, sentence.start
                group = []
        group.append(sentence)
    if group:
        yield group, FAR_AWAY, FAR_AWAY


def _raw(transcript: Transcript, prefixes: Mapping[str, str]) -> Iterator[Draft]:
    """A draft for each segment that has text, on one line."""
    last_speaker: str | None = None
    for index, segment in enumerate(transcript.segments):
        text = clean(segment.text)
        if not text:
            continue
        speaker = segment.speaker
        if speaker and speaker != last_speaker and speaker in prefixes:
            text = f"{clean(prefixes[speaker])} {text}"
        last_speaker = speaker
        start, end = milliseconds(segment.start), milliseconds(segment.end)
        yield Draft(start, end, (text,), (speaker,), index, index, width(text))

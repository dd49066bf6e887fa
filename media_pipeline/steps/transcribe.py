"""Turn the speech of one chunk into words."""

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from operator import itemgetter

from media_pipeline.engines.base import NO_HINTS, Hints, SpeechToText, WindowTranscript
from media_pipeline.media import Audio, Chunk, ChunkTranscript, SpeechRegion, Window
from media_pipeline.options import TranscribeOptions
from media_pipeline.run import Run
from media_pipeline.text.clock import clock
from media_pipeline.text.joining import joined
from media_pipeline.text.sentences import sentences
from media_pipeline.transcript import Seconds, Segment, Word
from media_pipeline.windows import pack_windows
from media_pipeline.wording import say

# More speech than this without a word is heard again, each time in shorter windows: what a model missed at the first
# time it mostly finds when it begins at another place.
MAX_WORDLESS: Seconds = 15.0
AGAIN_SECONDS: tuple[Seconds, ...] = (15.0, 8.0)
# Models stretch a word over what they did not understand; nobody takes longer for one.
LONGEST_WORD: Seconds = 3.0
CONTEXT_CHARACTERS = 200

_SHORTEST_SPEECH: Seconds = 0.5
# Progress kept back for hearing again.
_FIRST_SHARE = 0.9


@dataclass(slots=True)
class _Hearing:
    """One chunk on its way through an engine. `done` is the progress so far, 0..1."""

    audio: Audio
    options: TranscribeOptions
    engine: SpeechToText
    run: Run
    found: list[WindowTranscript] = field(default_factory=list)
    done: float = 0.0

    def hear(self, windows: Sequence[Window], hints: Hints, share: float) -> None:
        """Add the words of `windows`, each shown as soon as it is known. `share` is the progress this is worth."""
        total = sum(window.end - window.start for window in windows)
        before, spent = self.done, 0.0
        for result in self.engine.transcribe(self.audio, windows, self.options, self.run, hints):
            self.found.append(result)
            self.run.emit(sentences(result.segments, result.language))
            spent += result.window.end - result.window.start
            self.done = before + share * (min(1.0, spent / total) if total else 1.0)
            self.run.report(self.done)
        self.done = before + share

    @property
    def segments(self) -> tuple[Segment, ...]:
        return in_time_order(self.found)

    @property
    def language(self) -> str:
        """The language most windows are in; what was asked for when none was heard, else "und" (undetermined)."""
        if not self.found:
            return self.options.language or "und"
        return Counter(result.language for result in self.found).most_common(1)[0][0]


def transcribe(
    audio: Audio, chunk: Chunk, options: TranscribeOptions, engine: SpeechToText, run: Run, *, hints: Hints = NO_HINTS
) -> ChunkTranscript:
    """The words of `chunk`; each window's are shown as soon as they are known.

    Stretches with more than 15 s of speech and no word are heard again, twice at most, in shorter windows and with
    `Hints.attempt` counted up. What stays without words is named in the warnings.

    Raises:
        EngineUnavailable, EngineCrashed: As the engine does.
    """
    hearing = _Hearing(audio, options, engine, run)
    hearing.hear(pack_windows(chunk), hints, _FIRST_SHARE)
    wordless = without_words(chunk, hearing.segments)
    for attempt, seconds in enumerate(AGAIN_SECONDS, start=1):
        if not wordless:
            break
        windows = [window for stretch in wordless for window in pack_windows(stretch, seconds)]
        harder = Hints(_known_language(hearing, hints), attempt=attempt)
        hearing.hear(windows, harder, (1 - _FIRST_SHARE) / len(AGAIN_SECONDS))
        wordless = without_words(chunk, hearing.segments)
    run.report(1.0)
    return ChunkTranscript(
        chunk=chunk.index,
        start=chunk.start,
        end=chunk.end,
        language=hearing.language,
        engine=options.engine,
        model=options.model,
        device=engine.device,
        segments=hearing.segments,
        warnings=tuple(map(_warning, wordless)),
    )


def in_time_order(found: Sequence[WindowTranscript]) -> tuple[Segment, ...]:
    """All segments by time, none reaching into the next.

    One is cut where what another hearing found stands between its words, and a word that was stretched over that ends
    where it begins.
    """
    segments = [(segment, result.language) for result in found for segment in result.segments]
    units = [(unit, number) for number, (segment, _) in enumerate(segments) for unit in (segment.words or (segment,))]
    units.sort(key=lambda item: item[0].start)
    runs = [(number, [unit for unit, _ in run]) for number, run in groupby(units, key=itemgetter(1))]
    pieces: list[Segment] = []
    end = math.inf
    for number, run in reversed(runs):
        segment, language = segments[number]
        pieces.append(_piece(segment, language, run, end))
        end = run[0].start
    return tuple(reversed(pieces))


def _piece(segment: Segment, language: str, units: Sequence[Word | Segment], end: Seconds) -> Segment:
    """`segment` cut to those of its words, none lasting beyond `end`."""
    words = tuple(replace(unit, end=min(unit.end, end)) for unit in units if isinstance(unit, Word))
    if words == segment.words:
        return segment if segment.end <= end else replace(segment, end=end)
    text = segment.text if len(words) == len(segment.words) else joined(words, language)
    return replace(segment, start=words[0].start, end=max(word.end for word in words), text=text, words=words)


def words_before(part: ChunkTranscript, start: Seconds) -> str:
    """The last words of `part` that end before `start`, at most 200 characters: context for what begins there."""
    units = (unit for segment in part.segments for unit in (segment.words or (segment,)))
    said = [Word(unit.text, unit.start, unit.end) for unit in units if unit.end <= start]
    text = joined(said[-CONTEXT_CHARACTERS:], part.language)
    if len(text) <= CONTEXT_CHARACTERS:
        return text
    kept = text[-CONTEXT_CHARACTERS:]
    return kept.partition(" ")[2] or kept


def without_words(chunk: Chunk, segments: Sequence[Segment]) -> list[Chunk]:
    """The stretches of `chunk` between words that hold more than 15 s of speech, each as a chunk of its own."""
    stretches = []
    cursor = chunk.start
    for start, end in [*_spoken(segments), (chunk.end, chunk.end)]:
        if start - cursor > MAX_WORDLESS:
            regions = tuple(_clipped(chunk.regions, cursor, start))
            if sum(region.end - region.start for region in regions) > MAX_WORDLESS:
                stretches.append(Chunk(chunk.index, cursor, start, regions))
        cursor = max(cursor, end)
    return stretches


def _spoken(segments: Sequence[Segment]) -> Iterator[tuple[Seconds, Seconds]]:
    """Start and end of every word in time order; of the whole segment where an engine gives no word times."""
    for segment in segments:
        if not segment.words:
            yield segment.start, segment.end
        for word in segment.words:
            yield word.start, min(word.end, word.start + LONGEST_WORD)


def _clipped(regions: Sequence[SpeechRegion], start: Seconds, end: Seconds) -> Iterator[SpeechRegion]:
    """What of `regions` lies between `start` and `end`, without the padding that is left beside a word."""
    for region in regions:
        inside = SpeechRegion(max(region.start, start), min(region.end, end))
        if inside.end - inside.start >= min(_SHORTEST_SPEECH, region.end - region.start):
            yield inside


def _known_language(hearing: _Hearing, hints: Hints) -> str | None:
    """What was found at the first hearing counts more than what a stretch without words sounds like."""
    if hints.language or hearing.options.mixed_languages or not hearing.segments:
        return hints.language
    return hearing.language


def _warning(stretch: Chunk) -> str:
    start, end = clock(stretch.regions[0].start), clock(stretch.regions[-1].end)
    return say(
        "No words were found from {start} to {end}, although somebody seems to speak there.", start=start, end=end
    )

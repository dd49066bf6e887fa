"""Turn the speech of one chunk into words."""

from collections import Counter

from media_pipeline.engines.base import SpeechToText, WindowTranscript
from media_pipeline.media import Audio, Chunk, ChunkTranscript
from media_pipeline.options import TranscribeOptions
from media_pipeline.run import Run
from media_pipeline.windows import pack_windows


def transcribe(
    audio: Audio, chunk: Chunk, options: TranscribeOptions, engine: SpeechToText, run: Run
) -> ChunkTranscript:
    """The words of `chunk`; each window's are shown as soon as they are known.

    Raises:
        EngineUnavailable, EngineCrashed: As the engine does.
    """
    windows = pack_windows(chunk)
    total = sum(window.end - window.start for window in windows)
    done = 0.0
    heard: list[WindowTranscript] = []
    for result in engine.transcribe(audio, windows, options, run):
        heard.append(result)
        run.emit(result.segments)
        done += result.window.end - result.window.start
        run.report(done / total if total else 1.0)
    segments = [segment for result in heard for segment in result.segments]
    return ChunkTranscript(
        chunk=chunk.index,
        start=chunk.start,
        end=chunk.end,
        language=_language(heard, options),
        engine=options.engine,
        model=options.model,
        device=engine.device,
        segments=tuple(sorted(segments, key=lambda segment: segment.start)),
    )


def _language(heard: list[WindowTranscript], options: TranscribeOptions) -> str:
    """The language most windows are in; what was asked for when none was heard, else "und" (undetermined)."""
    if not heard:
        return options.language or "und"
    return Counter(result.language for result in heard).most_common(1)[0][0]

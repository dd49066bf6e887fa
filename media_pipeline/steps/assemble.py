"""Make one transcript of the chunks' words and the speakers' turns."""

from collections.abc import Sequence

from media_pipeline.media import ChunkTranscript, Diarization
from media_pipeline.options import TranscribeOptions, model_title
from media_pipeline.text.assign_speakers import assign_speakers
from media_pipeline.text.clock import clock
from media_pipeline.text.merge import main_language, merge
from media_pipeline.text.sentences import sentences
from media_pipeline.transcript import Seconds, Transcript
from media_pipeline.wording import say

NO_SPEECH = say("No speech was found in this recording.")


def assemble(
    parts: Sequence[ChunkTranscript], diarization: Diarization | None, duration: Seconds, options: TranscribeOptions
) -> Transcript:
    """Sentences in time order, with speakers where `diarization` has turns.

    The warnings of all parts are kept, each once; a place where parts were joined although they do not agree is
    named. When no part has words, the transcript is empty and says so.
    """
    language = main_language(parts) or options.language or "und"
    merged = merge(parts)
    segments = sentences(merged.segments, language)
    if diarization is not None:
        segments = assign_speakers(segments, diarization.turns, language, diarization.overlaps)
    warnings = [warning for part in parts for warning in part.warnings]
    warnings += (_unsure(place) for place in merged.unsure)
    if not segments:
        warnings.append(NO_SPEECH)
    return Transcript(
        language=language,
        segments=segments,
        duration=duration,
        engine=options.engine,
        model=model_title(options.model),
        warnings=tuple(dict.fromkeys(warnings)),
    )


def _unsure(place: Seconds) -> str:
    return say(
        "At {time}, two parts of the recording were joined that were heard differently: please listen there.",
        time=clock(place),
    )

"""Find out who spoke when."""

from media_pipeline.engines.base import Diarizer
from media_pipeline.media import Audio, Diarization, SpeechPlan
from media_pipeline.options import SpeakerOptions
from media_pipeline.run import Run


def diarize(audio: Audio, plan: SpeechPlan, speakers: SpeakerOptions, engine: Diarizer, run: Run) -> Diarization:
    """Speaker turns of the whole recording; none when nobody speaks.

    Raises:
        EngineUnavailable, EngineCrashed: As the engine does.
    """
    regions = plan.regions
    if not regions:
        return Diarization(engine.info.name, ())
    found = engine.diarize(audio, regions, speakers, run)
    run.report(1.0)
    return found

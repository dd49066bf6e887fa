"""Find what there is to hear in a passage."""

from dataclasses import replace

from media_pipeline.engines.base import VoiceActivityDetector
from media_pipeline.media import Audio, Chunk, SpeechPlan, SpeechRegion
from media_pipeline.options import TranscribeOptions
from media_pipeline.run import Run
from media_pipeline.steps.detect_speech import detect_speech, plan, quietest
from media_pipeline.transcript import Seconds


def plan_passage(audio: Audio, vad: VoiceActivityDetector, options: TranscribeOptions, run: Run) -> SpeechPlan:
    """One chunk with all speech of a passage, on the recording's clock; none where it is silent.

    Who asks for a passage wants to know what it holds: where no speech is found in it, all of it counts as speech.
    """
    local = replace(audio, begin=0.0)
    duration = audio.facts.duration
    found = detect_speech(local, vad, replace(options, chunk_seconds=duration), run)
    if not found.chunks and audio.facts.loudness_db is not None:
        all_of_it = (SpeechRegion(0.0, duration),)
        found = plan(all_of_it, duration, duration, lambda start, end: quietest(local, start, end))
    return SpeechPlan(duration, tuple(_moved(chunk, audio.begin) for chunk in found.chunks))


def _moved(chunk: Chunk, by: Seconds) -> Chunk:
    regions = tuple(SpeechRegion(region.start + by, region.end + by) for region in chunk.regions)
    return Chunk(chunk.index, chunk.start + by, chunk.end + by, regions)

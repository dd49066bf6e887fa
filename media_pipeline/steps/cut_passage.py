"""Take a passage out of a recording, to be heard again."""

from dataclasses import replace
from pathlib import Path

from media_pipeline import ffmpeg
from media_pipeline.media import Audio, MediaInfo
from media_pipeline.options import Passage
from media_pipeline.run import Run
from media_pipeline.steps.normalize import measure
from media_pipeline.transcript import Seconds
from media_pipeline.wording import say

# An engine that hears how a sentence begins and ends makes fewer mistakes at its edges.
AROUND: Seconds = 2.0
_DECODING_SHARE = 0.8


def begin_of(passage: Passage) -> Seconds:
    """Where on the recording's clock the sound of a passage begins: a little before it."""
    return max(0.0, passage.start - AROUND)


def cut_passage(source: Path, info: MediaInfo, passage: Passage, run: Run) -> Audio:
    """The sound of `passage` with a little around it, in `run.workdir`.

    Raises:
        InputError: `empty` when there is no sound at that place, or `bad_audio`.
    """
    wav = run.workdir / "audio.wav"
    begin = begin_of(passage)
    decoding = replace(run, on_progress=lambda fraction: run.on_progress(fraction * _DECODING_SHARE))
    ffmpeg.decode_part(source, wav, info, (begin, passage.end + AROUND), decoding)
    facts = measure(wav, run)
    if facts.loudness_db is None:
        run.warn(say("This passage is silent."))
    run.report(1.0)
    return Audio(wav, facts, begin)

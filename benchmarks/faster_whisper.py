"""C2: the engine `faster_whisper`, from windows to segments, beside the package's own batched mode.

Both have the tests' checkpoint as 8-bit integers, the same audio and windows, 8 of them at once, one beam and times
of words. The checkpoint is so small that what is ours weighs more than it would with any model of use. The peer gets
its samples in memory; ours reads its windows from the WAV. Both have one thread, so that processor seconds are what
it takes on a quiet machine; those count, as wall-clock seconds of a busy machine say little.
"""

import statistics
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.measuring import conclude, cpu_timed, say

SENTENCES = 120
REPEATS = 5
BATCH = 8


def run() -> None:
    """Print row C2."""
    import faster_whisper

    from media_pipeline.engines import pool
    from media_pipeline.engines.stt.ctranslate2_network import COMPUTE_TYPES
    from media_pipeline.run import Machine, Run
    from media_pipeline.windows import pack_windows
    from tests.media_pipeline.spoken import CT2_CHECKPOINT, options, prepared, word_error_rate
    from tests.speech import conversation, render

    speech = render(conversation(SENTENCES, 7))
    audio, plan = prepared(speech.path)
    windows = [window for chunk in plan.chunks for window in pack_windows(chunk)]
    machine = Machine(Path("no-models-here"), device="cpu", threads=1)
    say(f"{speech.duration:.0f} s of speech in {len(windows)} windows, one thread")

    engine = pool.get("stt", "faster_whisper", CT2_CHECKPOINT, machine)
    wanted = options("faster_whisper", language="en")
    model = faster_whisper.WhisperModel(
        CT2_CHECKPOINT, device="cpu", compute_type=COMPUTE_TYPES["cpu"], cpu_threads=machine.threads
    )
    peer = faster_whisper.BatchedInferencePipeline(model)
    samples = audio.read(0.0, audio.facts.duration)
    clips = [{"start": window.start, "end": window.end} for window in windows]
    texts: dict[str, str] = {}

    def hear() -> None:
        with tempfile.TemporaryDirectory() as folder:
            found = list(engine.transcribe(audio, windows, wanted, Run(Path(folder), machine)))
        texts["ours"] = " ".join(segment.text for result in found for segment in result.segments)

    def hear_as_peer() -> None:
        how: dict[str, Any] = {"language": "en", "beam_size": 1, "word_timestamps": True, "vad_filter": False}
        segments, _ = peer.transcribe(samples, clip_timestamps=clips, batch_size=BATCH, **how)
        texts["peer"] = " ".join(segment.text.strip() for segment in segments)

    hear()  # both warm
    hear_as_peer()
    ours, theirs = [], []
    for _ in range(REPEATS):
        ours.append(cpu_timed(hear))
        theirs.append(cpu_timed(hear_as_peer))
    for name, taken in [("ours", ours), ("peer", theirs)]:
        listed = ", ".join(f"{cpu:.2f} (wall {wall:.2f})" for wall, cpu in taken)
        say(f"{name}: processor seconds {listed}; WER {100 * word_error_rate(speech, texts[name]):.1f} %")
    medians = [statistics.median(cpu for _, cpu in taken) for taken in (ours, theirs)]
    conclude("C2/tiny-test", *medians, "s", ">=0.95")

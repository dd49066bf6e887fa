"""C4: speaker embeddings of pyannote.audio, on a pipeline of community-1's shape with random weights.

The peer is pyannote's own `get_embeddings` with the batch that is quickest for it on a CPU, one; with the 32 that
community-1 is set to, it takes half as long again. Both get the same sound and the same activity of three speakers,
once with talk throughout and once with 40 % silence in one piece. Chunks are ten seconds long and start every second,
as in a real run; twenty chunks stand for the 591 of ten minutes: the time per chunk is the same.
"""

import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.measuring import conclude, say, timed

CHUNKS, FRAMES, SPEAKERS = 20, 589, 3
RATE_HZ = 16_000
TOLERANCE = 1e-5


def run() -> None:
    import torch
    from pyannote.audio import Pipeline

    from media_pipeline.engines.diarization.chunk_embeddings import embed_once_per_chunk
    from tests.media_pipeline.untrained_pipeline import write_pipeline

    print(f"diarization: embeddings of {CHUNKS} chunks of 10 s, {SPEAKERS} speakers, {torch.get_num_threads()} threads")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_pipeline(folder)
        stock, ours = Pipeline.from_pretrained(folder), Pipeline.from_pretrained(folder)
    assert embed_once_per_chunk(ours)
    sound = np.random.default_rng(0).standard_normal((1, (CHUNKS + 9) * RATE_HZ)).astype(np.float32) * 0.1
    file = {"waveform": torch.from_numpy(sound), "sample_rate": RATE_HZ}
    for pipeline in (stock, ours):
        pipeline.get_embeddings(file, activity(2, 0), exclude_overlap=True)  # warms up
    compare("C4/talk", ">=2.8", stock, ours, file, activity(CHUNKS, 0))
    compare("C4/silence", ">=5", stock, ours, file, activity(CHUNKS, round(0.4 * CHUNKS)))


def activity(chunks: int, silent: int) -> Any:
    """Who talks in which frame, 0 or 1, in stretches of half a second; nobody in the last `silent` chunks."""
    from pyannote.core import SlidingWindow, SlidingWindowFeature

    stretches = np.random.default_rng(1).random((chunks, FRAMES // 29 + 1, SPEAKERS)) < 0.4
    active = np.repeat(stretches, 29, axis=1)[:, :FRAMES].astype(np.float32)
    active[chunks - silent :] = 0
    return SlidingWindowFeature(active, SlidingWindow(start=0.0, duration=10.0, step=1.0))


def compare(name: str, goal: str, stock: Any, ours: Any, file: dict[str, Any], segmentations: Any) -> None:
    found: dict[str, Any] = {}

    def embed(side: str, pipeline: Any) -> float:
        return timed(lambda: found.update({side: pipeline.get_embeddings(file, segmentations, exclude_overlap=True)}))

    seconds, peer = embed("ours", ours), embed("peer", stock)
    difference = float(np.abs(found["ours"] - found["peer"]).max())
    say(f"{name}: ours {1000 * seconds / CHUNKS:.0f} ms a chunk, stock {1000 * peer / CHUNKS:.0f} ms")
    say(f"{name}: largest difference {difference:.1e} of values up to {np.abs(found['peer']).max():.2f}")
    assert difference <= TOLERANCE
    conclude(name, seconds, peer, "s", goal)

"""pyannote.audio: speaker diarization by neural networks, from a pipeline folder on this machine.

The folder is what `pyannote/speaker-diarization-community-1` is on the Hugging Face hub: a config.yaml and its
weights. With a token (`Machine.hub_token`) it is fetched when first needed. Weights are read with pickle, so take only
pipelines that you trust.
"""

from __future__ import annotations

import importlib.util
import logging
import pickle
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from media_pipeline import devices
from media_pipeline.engines.base import EngineInfo
from media_pipeline.engines.diarization import hub_pipelines
from media_pipeline.engines.diarization.chunk_embeddings import ChunkEmbeddings, embed_once_per_chunk
from media_pipeline.engines.torch_memory import Room, crash_when_full
from media_pipeline.errors import EngineUnavailable
from media_pipeline.media import SAMPLE_RATE_HZ, Audio, Diarization, SpeakerTurn, SpeechRegion
from media_pipeline.options import SpeakerOptions
from media_pipeline.run import Machine, Run
from media_pipeline.wording import say

if TYPE_CHECKING:
    from pyannote.audio import Pipeline
    from pyannote.core import Annotation

log = logging.getLogger(__name__)

# Chunks of ten seconds at once. On a CPU more are slower: what passes between the layers no longer fits its caches.
_BATCH = {"cuda": 32, "cpu": 4}
_EMBEDDED_AT_ONCE_ON_CPU = 1
# The part of the whole that each long stage ends at; clustering is what is left.
_STAGES = {"segmentation": (0.0, 0.3), "embeddings": (0.3, 0.95)}


class PyannoteDiarizer:
    """Tells speakers apart in real conversations, overlapping speech included."""

    info: ClassVar[EngineInfo] = EngineInfo(
        name="pyannote",
        title="pyannote.audio",
        models=tuple(hub_pipelines.SHORT_NAMES),
        default_model="community-1",
        takes_paths=True,
        note=say("Good in real conversations; slow without a GPU, and holds the whole recording in memory."),
    )

    @classmethod
    def missing(cls, model: str, machine: Machine) -> str | None:
        """None when it can be used here; else one sentence that says what to do."""
        if importlib.util.find_spec("pyannote") is None or importlib.util.find_spec("pyannote.audio") is None:
            return say("pyannote.audio is not installed: run `pip install -r requirements.txt`.")
        return hub_pipelines.missing(model, machine)

    def __init__(self, model: str, machine: Machine) -> None:
        problem = self.missing(model, machine)
        if problem:
            raise EngineUnavailable("engine_unavailable", problem)
        device = devices.choose(machine.device)
        folder = hub_pipelines.fetched(model, machine)
        with crash_when_full():
            self._pipeline = _load(folder, device)
        self._room = Room(_BATCH[device], device, self._to_cpu)
        if not embed_once_per_chunk(self._pipeline):
            log.warning("The pipeline in %s is of a kind that is run as its makers do, several times slower", folder)

    def diarize(self, audio: Audio, regions: Sequence[SpeechRegion], speakers: SpeakerOptions, run: Run) -> Diarization:
        """Speaker turns, never overlapping: where people talk at once, whoever is most prominent.

        `regions` are not used; pyannote finds speech by itself.
        """
        import torch

        samples = audio.read(0.0, audio.facts.duration)
        # A waveform in memory, never a path: decoding by torchcodec fails beside a CPU build of torch, and is slow.
        file = {"waveform": torch.from_numpy(samples)[None], "sample_rate": SAMPLE_RATE_HZ}

        def apply(batch: int) -> Any:
            self._set_batch(batch)
            return self._pipeline(file, hook=_Progress(run), **_limits(speakers))

        with _unchanged_tf32():
            output = self._room.fit(apply, run)
        everybody = getattr(output, "speaker_diarization", output)  # older pipelines give nothing else
        turns = tuple(_turns(getattr(output, "exclusive_speaker_diarization", everybody)))
        return Diarization(self.info.name, turns, tuple(_overlaps(everybody)))

    def _set_batch(self, batch: int) -> None:
        pipeline = self._pipeline
        embedded = batch if self._room.device == "cuda" else _EMBEDDED_AT_ONCE_ON_CPU
        pipeline.segmentation_batch_size = batch
        embeddings = getattr(pipeline, "get_embeddings", None)
        if isinstance(embeddings, ChunkEmbeddings):
            embeddings.batch_size = embedded
        else:
            pipeline.embedding_batch_size = embedded

    def _to_cpu(self) -> None:
        import torch

        self._pipeline.to(torch.device("cpu"))


class _Progress:
    """pyannote's hook: told stages by name, and how far the long ones are."""

    def __init__(self, run: Run) -> None:
        self._run = run

    def __call__(
        self,
        stage: str,
        artifact: object,
        file: Mapping[str, Any] | None = None,
        total: int | None = None,
        completed: int | None = None,
    ) -> None:
        self._run.check()
        if stage in _STAGES and total:
            start, end = _STAGES[stage]
            self._run.report(start + (end - start) * min(1.0, (completed or 0) / total))


def _load(folder: Path, device: str) -> Pipeline:
    try:
        # Beside a CPU build of torch, a torchaudio built for CUDA raises OSError.
        import torch
        import yaml
        from pyannote.audio import Pipeline
        from pyannote.audio.telemetry import set_telemetry_metrics
    except (ImportError, OSError) as error:
        raise EngineUnavailable(
            "engine_unavailable",
            say("pyannote.audio cannot be loaded: torchaudio and torch do not fit. Run set-up again."),
        ) from error
    # It would report each use to its makers.
    set_telemetry_metrics(False)
    # All that a damaged file has been seen to raise. It is read on the CPU: a RuntimeError then speaks of the file.
    damage = (OSError, LookupError, ValueError, TypeError, AttributeError, ImportError, RuntimeError, EOFError)
    try:
        with crash_when_full():
            pipeline = Pipeline.from_pretrained(folder)
    except (*damage, pickle.UnpicklingError, yaml.YAMLError) as error:
        raise EngineUnavailable(
            "bad_weights",
            say(
                "The pyannote pipeline in {folder} cannot be loaded ({error}). Copy it there again.",
                folder=folder,
                error=error,
            ),
        ) from error
    if pipeline is None:
        raise EngineUnavailable(
            "bad_weights", say("There is no pyannote pipeline in {folder}. Copy it there again.", folder=folder)
        )
    return pipeline.to(torch.device(device))


@contextmanager
def _unchanged_tf32() -> Iterator[None]:
    """pyannote switches TF32 off for the whole process; other engines in it would slow down."""
    import torch

    matmul, cudnn = torch.backends.cuda.matmul, torch.backends.cudnn
    before = matmul.allow_tf32, cudnn.allow_tf32
    try:
        yield
    finally:
        matmul.allow_tf32, cudnn.allow_tf32 = before


def _limits(speakers: SpeakerOptions) -> dict[str, Any]:
    wanted = {"num_speakers": speakers.exact, "min_speakers": speakers.minimum, "max_speakers": speakers.maximum}
    return {name: value for name, value in wanted.items() if value is not None}


def _turns(found: Annotation) -> Iterator[SpeakerTurn]:
    """In time order, speakers numbered in order of first appearance."""
    names: dict[str, str] = {}
    for segment, _, label in found.itertracks(yield_label=True):
        name = names.setdefault(label, f"SPEAKER_{len(names):02d}")
        yield SpeakerTurn(float(segment.start), float(segment.end), name)


def _overlaps(everybody: Annotation) -> Iterator[SpeechRegion]:
    """Where several people speak at once, in time order."""
    for stretch in everybody.get_overlap():
        yield SpeechRegion(float(stretch.start), float(stretch.end))

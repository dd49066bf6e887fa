"""A pipeline of pyannote.audio, of the shape of community-1, that has learned nothing."""

from pathlib import Path

import numpy as np
import torch

from media_pipeline.media import Samples

CONFIG = """
version: 4.0.0
pipeline:
  name: pyannote.audio.pipelines.SpeakerDiarization
  params:
    clustering: VBxClustering
    segmentation: $model/segmentation
    embedding: $model/embedding
    embedding_exclude_overlap: true
    plda: $model/plda
params:
  clustering: {threshold: 0.6, Fa: 0.07, Fb: 0.8}
  segmentation: {min_duration_off: 0.0}
"""


def write_pipeline(folder: Path, *, duration: float = 10.0, talk: Samples | None = None) -> None:
    """Write config.yaml and checkpoints into `folder`.

    Args:
        duration: Seconds of a chunk; 10 in community-1.
        talk: Sound in which to hear one, two and no speakers in turn, not one mixture throughout as chance has it.
    """
    from pyannote.audio.core.task import Problem, Resolution, Specifications
    from pyannote.audio.models.embedding import WeSpeakerResNet34
    from pyannote.audio.models.segmentation import PyanNet

    torch.manual_seed(0)
    small = {"hidden_size": 16, "num_layers": 1}
    who = {"classes": ["a", "b", "c"], "powerset_max_classes": 2, "permutation_invariant": True}
    spans = Specifications(Problem.MONO_LABEL_CLASSIFICATION, Resolution.FRAME, duration=duration, **who)
    voices = Specifications(Problem.REPRESENTATION, Resolution.CHUNK, duration=5.0, min_duration=2.0)
    segmentation, embedding = PyanNet(lstm=small, linear=small), WeSpeakerResNet34()
    build(segmentation, spans)
    build(embedding, voices)
    if talk is not None:
        _vary(segmentation, torch.from_numpy(talk))
    _normalize(embedding)
    save(segmentation, spans, folder / "segmentation")
    save(embedding, voices, folder / "embedding")
    (folder / "plda").mkdir()
    lda = np.random.default_rng(0).standard_normal((256, 128))
    np.savez(folder / "plda" / "xvec_transform.npz", mean1=np.zeros(256), mean2=np.zeros(128), lda=lda)
    np.savez(folder / "plda" / "plda.npz", mu=np.zeros(128), tr=np.eye(128), psi=np.linspace(2, 1, 128))
    (folder / "config.yaml").write_text(CONFIG)


def build(model: torch.nn.Module, specifications: object) -> None:
    model.specifications = specifications
    model.build()


def save(model: torch.nn.Module, specifications: object, folder: Path) -> None:
    """A checkpoint as pyannote.audio writes them."""
    folder.mkdir()
    about = {
        "versions": {"torch": "2.0.0", "pyannote.audio": "4.0.0"},
        "architecture": {"module": type(model).__module__, "class": type(model).__name__},
        "specifications": specifications,
    }
    content = {
        "state_dict": model.state_dict(),
        "hyper_parameters": dict(model.hparams),
        "pytorch-lightning_version": "2.0.0",
        "pyannote.audio": about,
    }
    torch.save(content, folder / "pytorch_model.bin")


def _vary(segmentation: torch.nn.Module, talk: torch.Tensor) -> None:
    """Make all of its classes (nobody, three single speakers, three pairs) come up; single speakers more often."""
    scores: list[torch.Tensor] = []
    layer = segmentation.classifier
    hook = layer.register_forward_hook(lambda module, given, came_out: scores.append(came_out))
    with torch.no_grad():
        segmentation(talk[None, None])
        hook.remove()
        deviation, mean = torch.std_mean(scores[0], dim=(0, 1))
        layer.weight /= deviation[:, None]
        layer.bias.copy_((layer.bias - mean) / deviation)
        layer.bias[1:4] += 0.5


def _normalize(embedding: torch.nn.Module) -> None:
    """Batch statistics as if learned: freshly made ones change nothing, so folding them in would prove nothing."""
    for module in embedding.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.1)
            module.running_var.uniform_(0.5, 1.5)

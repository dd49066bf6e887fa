"""What is said when pyannote.audio cannot be used, and what is told to it."""

from pathlib import Path

import numpy as np
import pytest
import torch
from pyannote.core import Annotation
from pyannote.core import Segment as Stretch

from media_pipeline.engines.diarization import pyannote
from media_pipeline.engines.diarization.pyannote import PyannoteDiarizer, pipeline_folder
from media_pipeline.errors import Cancelled, EngineUnavailable
from media_pipeline.media import SpeakerTurn
from media_pipeline.options import SpeakerOptions
from media_pipeline.run import Machine, Run
from tests.media_pipeline.spoken import prepared
from tests.speech import Line, render


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path / "models", device="cpu", threads=1)


def test_a_missing_pipeline_says_what_to_copy_and_where(machine: Machine) -> None:
    problem = PyannoteDiarizer.missing("community-1", machine)

    assert problem == (
        f"No pipeline is in {machine.models_dir}/pyannote/community-1: accept the terms of"
        " pyannote/speaker-diarization-community-1 on huggingface.co and copy its files there."
    )
    with pytest.raises(EngineUnavailable, match="accept the terms") as caught:
        PyannoteDiarizer("community-1", machine)
    assert caught.value.code == "engine_unavailable"


def test_a_library_that_is_not_installed_says_how_to_install_it(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pyannote.importlib.util, "find_spec", lambda name: None)

    problem = PyannoteDiarizer.missing("community-1", machine)

    assert problem == "pyannote.audio is not installed: run `pip install -r requirements.txt`."


def test_a_folder_with_a_pipeline_can_be_used(machine: Machine, tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text("pipeline: {}")

    assert PyannoteDiarizer.missing(str(tmp_path), machine) is None


def test_a_known_name_lies_among_the_models_and_a_path_where_it_says(machine: Machine) -> None:
    assert pipeline_folder("community-1", machine) == machine.models_dir / "pyannote" / "community-1"
    assert pipeline_folder("~/voices", machine) == Path.home() / "voices"


@pytest.mark.parametrize("config", ["pipeline: {name: no.such.Pipeline}", "pipeline: {}", "[]", "", "a: [", "\x00"])
def test_a_damaged_pipeline_says_so(config: str, machine: Machine, tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text(config)

    with pytest.raises(EngineUnavailable, match="Copy it there again") as caught:
        PyannoteDiarizer(str(tmp_path), machine)

    assert caught.value.code == "bad_weights"


@pytest.mark.parametrize("weights", [b"", b"not weights", b"PK\x03\x04 cut off", b"\x80\x02}"])
def test_damaged_weights_say_so(weights: bytes, machine: Machine, tmp_path: Path) -> None:
    name = "pyannote.audio.pipelines.SpeakerDiarization"
    (tmp_path / "config.yaml").write_text(
        f"pipeline: {{name: {name}, params: {{segmentation: $model/segmentation, embedding: $model/embedding}}}}"
    )
    (tmp_path / "segmentation").mkdir()
    (tmp_path / "segmentation" / "pytorch_model.bin").write_bytes(weights)

    with pytest.raises(EngineUnavailable, match="Copy it there again") as caught:
        PyannoteDiarizer(str(tmp_path), machine)

    assert caught.value.code == "bad_weights"


@pytest.mark.parametrize(
    ("speakers", "told"),
    [
        (SpeakerOptions(), {}),
        (SpeakerOptions(exact=2), {"num_speakers": 2}),
        (SpeakerOptions(minimum=2, maximum=4), {"min_speakers": 2, "max_speakers": 4}),
    ],
)
def test_only_what_is_known_of_the_number_of_speakers_is_told(speakers: SpeakerOptions, told: dict[str, int]) -> None:
    assert pyannote._limits(speakers) == told


def test_speakers_are_numbered_as_they_appear() -> None:
    found = Annotation()
    found[Stretch(5, 6), "a"] = "X"
    found[Stretch(1, 2), "b"] = "Z"
    found[Stretch(3, 4), "c"] = "X"

    assert list(pyannote._turns(found)) == [
        SpeakerTurn(1, 2, "SPEAKER_00"),
        SpeakerTurn(3, 4, "SPEAKER_01"),
        SpeakerTurn(5, 6, "SPEAKER_01"),
    ]


def test_progress_goes_on_from_stage_to_stage(machine: Machine, tmp_path: Path) -> None:
    shown: list[float] = []
    progress = pyannote._Progress(Run(tmp_path, machine, on_progress=shown.append))

    for stage, completed in [("segmentation", 5), ("segmentation", 10), ("speaker_counting", 0), ("embeddings", 10)]:
        progress(stage, None, total=10, completed=completed)

    assert shown == [pytest.approx(share) for share in (0.15, 0.3, 0.95)]


def test_stops_between_batches_when_cancelled(machine: Machine, tmp_path: Path) -> None:
    progress = pyannote._Progress(Run(tmp_path, machine, is_cancelled=lambda: True))

    with pytest.raises(Cancelled):
        progress("segmentation", None, total=10, completed=1)


CONFIG = """
version: 4.0.0
pipeline:
  name: pyannote.audio.pipelines.SpeakerDiarization
  params:
    clustering: VBxClustering
    segmentation: $model/segmentation
    embedding: $model/embedding
    plda: $model/plda
params:
  clustering: {threshold: 0.6, Fa: 0.07, Fb: 0.8}
  segmentation: {min_duration_off: 0.0}
"""


def save(model: torch.nn.Module, specifications: object, folder: Path) -> None:
    """A checkpoint as pyannote.audio writes them."""
    folder.mkdir()
    model.specifications = specifications
    model.build()
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


def write_pipeline(folder: Path) -> None:
    """A pipeline of the shape of community-1 that has learned nothing."""
    from pyannote.audio.core.task import Problem, Resolution, Specifications
    from pyannote.audio.models.embedding import WeSpeakerResNet34
    from pyannote.audio.models.segmentation import PyanNet

    small = {"hidden_size": 16, "num_layers": 1}
    who = {"classes": ["a", "b", "c"], "powerset_max_classes": 2, "permutation_invariant": True}
    spans = Specifications(Problem.MONO_LABEL_CLASSIFICATION, Resolution.FRAME, duration=10.0, **who)
    voices = Specifications(Problem.REPRESENTATION, Resolution.CHUNK, duration=5.0, min_duration=2.0)
    save(PyanNet(lstm=small, linear=small), spans, folder / "segmentation")
    save(WeSpeakerResNet34(), voices, folder / "embedding")
    (folder / "plda").mkdir()
    lda = np.random.default_rng(0).standard_normal((256, 128))
    np.savez(folder / "plda" / "xvec_transform.npz", mean1=np.zeros(256), mean2=np.zeros(128), lda=lda)
    np.savez(folder / "plda" / "plda.npz", mu=np.zeros(128), tr=np.eye(128), psi=np.linspace(2, 1, 128))
    (folder / "config.yaml").write_text(CONFIG)


def test_a_pipeline_that_learned_nothing_goes_all_the_way(machine: Machine, tmp_path: Path) -> None:
    torch.set_num_threads(1)
    torch.manual_seed(0)
    write_pipeline(tmp_path)
    audio, _ = prepared(render([Line("slt", "We will discuss the budget today.", 1.0)]).path)
    shown: list[float] = []

    found = PyannoteDiarizer(str(tmp_path), machine).diarize(
        audio, [], SpeakerOptions(exact=1), Run(tmp_path, machine, on_progress=shown.append)
    )

    assert {turn.speaker for turn in found.turns} == {"SPEAKER_00"}
    assert shown == sorted(shown)
    assert shown[-1] == pytest.approx(0.95)

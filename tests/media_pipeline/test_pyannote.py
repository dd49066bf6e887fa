"""What is said when pyannote.audio cannot be used, and what is told to it."""

import shutil
import socket
import time
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
import torch
from huggingface_hub import HfApi
from pyannote.audio.pipelines import SpeakerDiarization
from pyannote.core import Annotation, SlidingWindow, SlidingWindowFeature
from pyannote.core import Segment as Stretch

from media_pipeline.engines.diarization import hub_pipelines, pyannote
from media_pipeline.engines.diarization.chunk_embeddings import embed_once_per_chunk
from media_pipeline.engines.diarization.hub_pipelines import pipeline_folder
from media_pipeline.engines.diarization.pyannote import PyannoteDiarizer
from media_pipeline.errors import Cancelled, EngineUnavailable
from media_pipeline.media import Audio, SpeakerTurn, SpeechRegion
from media_pipeline.options import SpeakerOptions
from media_pipeline.run import Machine, Run
from tests.media_pipeline.spoken import prepared
from tests.media_pipeline.untrained_pipeline import write_pipeline
from tests.speech import Line, render


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path / "models", device="cpu", threads=1)


def test_a_missing_pipeline_says_what_to_copy_and_where(machine: Machine) -> None:
    problem = PyannoteDiarizer.missing("community-1", machine)

    assert problem == (
        f"No pipeline is in {machine.models_dir}/pyannote/community-1: accept the terms of"
        " pyannote/speaker-diarization-community-1 on huggingface.co and copy its files there, or set HF_TOKEN to a"
        " token that may read them."
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


def stock(folder: Path) -> Any:
    """The pipeline as its makers run it."""
    from pyannote.audio import Pipeline

    torch.set_num_threads(1)
    return Pipeline.from_pretrained(folder)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Chunks of three seconds: ten would take as many times as long, and show nothing more."""
    made = tmp_path_factory.mktemp("pipeline")
    audio = two_voices()
    write_pipeline(made, duration=3.0, talk=audio.read(0, audio.facts.duration))
    return made


def two_voices() -> Audio:
    lines = [Line("slt", "We will discuss the budget today.", 0.3), Line("rms", "Please send the report.", 0.3)]
    return prepared(render(lines, tail=0.3).path)[0]


def in_memory(audio: Audio) -> dict[str, Any]:
    return {"waveform": torch.from_numpy(audio.read(0, audio.facts.duration))[None], "sample_rate": 16_000}


def segmentations() -> SlidingWindowFeature:
    """Six chunks of all kinds: talk, overlap, silence, unknown frames, speech too short to be heard alone."""
    active = (np.random.default_rng(0).random((6, 173, 3)) < 0.4).astype(np.float32)
    active[1, :, 2] = 0  # a silent speaker
    active[2] = 0  # a silent chunk
    active[3, 100:] = np.nan
    active[4] = 1  # all talk all the time
    active[4, :2, 1:] = 0  # but for a moment
    return SlidingWindowFeature(active, SlidingWindow(start=0.0, duration=3.0, step=0.77))


@pytest.mark.parametrize("exclude_overlap", [False, True])
@pytest.mark.parametrize("batch_size", [1, 4])
def test_embeddings_made_once_per_chunk_are_those_of_stock(
    exclude_overlap: bool, batch_size: int, folder: Path
) -> None:
    ours = stock(folder)
    file = in_memory(two_voices())
    expected = stock(folder).get_embeddings(file, segmentations(), exclude_overlap=exclude_overlap)

    assert embed_once_per_chunk(ours)
    ours.get_embeddings.batch_size = batch_size
    found = ours.get_embeddings(file, segmentations(), exclude_overlap=exclude_overlap)

    assert found.shape == expected.shape
    assert found.dtype == expected.dtype
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5)
    assert np.abs(expected).max() > 0.1


def test_chunks_are_heard_once_and_silent_ones_not_at_all(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pipeline = stock(folder)
    embed_once_per_chunk(pipeline)
    heard: list[int] = []
    network = pipeline._embedding.model_
    compute = network.compute_fbank
    monkeypatch.setattr(network, "compute_fbank", lambda sound: heard.append(sound.shape[-1]) or compute(sound))

    pipeline.get_embeddings(in_memory(two_voices()), segmentations())

    assert heard == [16_000] + [48_000] * 5  # a second of silence, then each chunk with speech


@pytest.mark.parametrize(
    ("speakers", "told"),
    [
        (SpeakerOptions(exact=1), {"num_speakers": 1}),
        (SpeakerOptions(), {}),
        (SpeakerOptions(exact=2), {"num_speakers": 2}),
        (SpeakerOptions(minimum=2, maximum=3), {"min_speakers": 2, "max_speakers": 3}),
    ],
)
def test_speakers_are_those_of_stock(
    speakers: SpeakerOptions, told: dict[str, int], folder: Path, machine: Machine, tmp_path: Path
) -> None:
    audio = two_voices()
    expected = stock(folder)(in_memory(audio), **told)

    found = PyannoteDiarizer(str(folder), machine).diarize(audio, [], speakers, Run(tmp_path, machine))

    assert found.turns == tuple(pyannote._turns(expected.exclusive_speaker_diarization))
    assert found.overlaps == tuple(SpeechRegion(s.start, s.end) for s in expected.speaker_diarization.get_overlap())
    assert found.overlaps or speakers.exact == 1
    count = len({turn.speaker for turn in found.turns})
    assert speakers.exact in (None, count)
    assert count >= (speakers.minimum or 1)


class OtherEmbeddings(SpeakerDiarization):
    """What somebody else made of pyannote's pipeline."""

    batch_sizes: ClassVar[list[int]] = []

    def get_embeddings(self, *args: Any, **values: Any) -> Any:
        self.batch_sizes.append(self.embedding_batch_size)
        return super().get_embeddings(*args, **values)


def test_a_pipeline_of_another_kind_runs_as_its_makers_do_and_the_log_says_so(
    folder: Path, machine: Machine, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    other = tmp_path / "other"
    shutil.copytree(folder, other)
    config = (other / "config.yaml").read_text()
    made_by_others = f"{OtherEmbeddings.__module__}.{OtherEmbeddings.__name__}"
    (other / "config.yaml").write_text(config.replace("pyannote.audio.pipelines.SpeakerDiarization", made_by_others))

    found = PyannoteDiarizer(str(other), machine).diarize(two_voices(), [], SpeakerOptions(), Run(tmp_path, machine))

    assert found.turns
    assert OtherEmbeddings.batch_sizes == [1]
    assert "run as its makers do" in caplog.text


def test_runs_with_less_at_once_when_memory_is_short(folder: Path, machine: Machine, tmp_path: Path) -> None:
    engine = PyannoteDiarizer(str(folder), machine)
    slide = engine._pipeline._segmentation.slide
    tried: list[int] = []

    def full(*args: Any, **values: Any) -> Any:
        tried.append(engine._pipeline.segmentation_batch_size)
        if len(tried) < 3:
            raise torch.OutOfMemoryError("planted")
        return slide(*args, **values)

    engine._pipeline._segmentation.slide = full
    run = Run(tmp_path, machine)

    found = engine.diarize(two_voices(), [], SpeakerOptions(), run)

    assert found.turns
    assert tried == [4, 2, 1]
    assert len(run.warnings) == 1
    assert "less at once" in run.warnings[0]


def test_moves_to_the_cpu_when_the_gpu_is_too_small(folder: Path, machine: Machine, tmp_path: Path) -> None:
    engine = PyannoteDiarizer(str(folder), machine)
    engine._room.device, engine._room.batch = "cuda", 1
    moved: list[torch.device] = []
    move, apply = engine._pipeline.to, engine._pipeline.get_segmentations
    engine._pipeline.to = lambda device: moved.append(device) or move(device)
    engine._pipeline.get_segmentations = lambda *args, **values: apply(*args, **values) if moved else exhaust()
    run = Run(tmp_path, machine)

    found = engine.diarize(two_voices(), [], SpeakerOptions(), run)

    assert found.turns
    assert moved == [torch.device("cpu")]
    assert any("on the CPU" in warning for warning in run.warnings)


def exhaust() -> None:
    raise torch.OutOfMemoryError("planted")


def test_leaves_tf32_as_it_was(folder: Path, machine: Machine, tmp_path: Path) -> None:
    before = torch.backends.cudnn.allow_tf32
    torch.backends.cudnn.allow_tf32 = True
    try:
        PyannoteDiarizer(str(folder), machine).diarize(two_voices(), [], SpeakerOptions(), Run(tmp_path, machine))

        assert torch.backends.cudnn.allow_tf32
    finally:
        torch.backends.cudnn.allow_tf32 = before


def test_a_name_on_the_hub_wants_a_token(machine: Machine) -> None:
    assert "accept the terms of someone/voices" in (PyannoteDiarizer.missing("someone/voices", machine) or "")

    machine = replace(machine, hub_token="hf_none")

    assert PyannoteDiarizer.missing("someone/voices", machine) is None
    assert PyannoteDiarizer.missing("community-1", machine) is None
    assert PyannoteDiarizer.missing("/no/such/folder", machine) is not None
    assert "hf_none" not in repr(machine)


def test_a_pipeline_that_was_fetched_is_used_without_the_network(
    folder: Path, machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    class Hub:
        def __init__(self, token: str) -> None:
            assert token == "hf_none"

        def model_info(self, name: str, timeout: float) -> None:
            asked.append(name)

        def snapshot_download(self, name: str, local_dir: Path, etag_timeout: float) -> None:
            shutil.copytree(folder, local_dir)

    monkeypatch.setattr("huggingface_hub.HfApi", Hub)
    PyannoteDiarizer("someone/voices", replace(machine, hub_token="hf_none"))

    PyannoteDiarizer("someone/voices", machine)

    assert asked == ["someone/voices"]
    assert [path.name for path in (machine.models_dir / "pyannote").iterdir()] == ["someone--voices"]


def test_a_hub_that_cannot_be_reached_says_so_and_leaves_nothing(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine = replace(machine, hub_token="hf_none")
    monkeypatch.setattr("huggingface_hub.HfApi", partial(HfApi, endpoint="http://127.0.0.1:9"))

    with pytest.raises(EngineUnavailable, match=r"could not be fetched .* or copy its files to") as caught:
        PyannoteDiarizer("someone/voices", machine)

    assert caught.value.code == "engine_unavailable"
    assert list((machine.models_dir / "pyannote").iterdir()) == []


def test_a_network_that_swallows_everything_does_not_hold_a_step_for_long(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine = replace(machine, hub_token="hf_none")
    monkeypatch.setattr(hub_pipelines, "_PATIENCE", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        address = f"http://127.0.0.1:{deaf.getsockname()[1]}"
        monkeypatch.setattr("huggingface_hub.HfApi", partial(HfApi, endpoint=address))
        started = time.monotonic()

        with pytest.raises(EngineUnavailable, match="could not be fetched"):
            PyannoteDiarizer("someone/voices", machine)

    assert time.monotonic() - started < 10


def test_progress_goes_up_to_the_end(folder: Path, machine: Machine, tmp_path: Path) -> None:
    shown: list[float] = []

    PyannoteDiarizer(str(folder), machine).diarize(
        two_voices(), [], SpeakerOptions(exact=1), Run(tmp_path, machine, on_progress=shown.append)
    )

    assert shown == sorted(shown)
    assert shown[-1] == pytest.approx(0.95)
    assert sum(0.3 < share < 0.95 for share in shown) >= 3  # embeddings, chunk by chunk

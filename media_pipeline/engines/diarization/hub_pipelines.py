"""Pipelines of pyannote.audio on the Hugging Face hub: where their folders lie here, and how they get here."""

from __future__ import annotations

import re
from pathlib import Path
from tempfile import TemporaryDirectory

from media_pipeline.engines.base import models_path
from media_pipeline.errors import EngineUnavailable
from media_pipeline.run import Machine
from media_pipeline.transcript import Seconds
from media_pipeline.wording import say

CONFIG = "config.yaml"
SHORT_NAMES = {"community-1": "pyannote/speaker-diarization-community-1"}

_HUB_NAME = re.compile(r"[\w-]+/[\w.-]+")
_PATIENCE: Seconds = 10.0


def hub_name(model: str) -> str | None:
    """The owner/name of `model` on the hub; None for a folder on this machine."""
    if model in SHORT_NAMES:
        return SHORT_NAMES[model]
    return model if _HUB_NAME.fullmatch(model) and not Path(model).exists() else None


def pipeline_folder(model: str, machine: Machine) -> Path:
    """Where the pipeline `model` is expected: among the models when it has a name, else the path itself."""
    if model in SHORT_NAMES or hub_name(model):
        return models_path(machine, "pyannote") / model.replace("/", "--")
    return Path(model).expanduser()


def missing(model: str, machine: Machine) -> str | None:
    """None when the pipeline is here, or can be fetched with the token of this machine; else what to do."""
    folder, name = pipeline_folder(model, machine), hub_name(model)
    if (folder / CONFIG).is_file() or (name and machine.hub_token):
        return None
    if name is None:
        return say("No pipeline is in {folder}: copy the files of a pyannote pipeline there.", folder=folder)
    return say(
        "No pipeline is in {folder}: accept the terms of {name} on huggingface.co and copy its files "
        "there, or set HF_TOKEN to a token that may read them.",
        folder=folder,
        name=name,
    )


def fetched(model: str, machine: Machine) -> Path:
    """The folder of `model`, fetched from the hub when it is not here yet; whole or not at all.

    Raises:
        EngineUnavailable: `engine_unavailable`, when the hub cannot be reached or refuses the token.
    """
    folder, name = pipeline_folder(model, machine), hub_name(model)
    if name and not (folder / CONFIG).is_file():
        folder.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=folder.parent) as scratch:
            _download(name, machine.hub_token, Path(scratch) / "pipeline", folder)
            if not (folder / CONFIG).is_file():  # else a process beside this one was quicker
                (Path(scratch) / "pipeline").replace(folder)
    return folder


def _download(name: str, token: str, to: Path, wanted_in: Path) -> None:
    from httpx2 import HTTPError
    from huggingface_hub import HfApi

    hub = HfApi(token=token)
    try:
        # A download tries for minutes where a network swallows everything; this asks once.
        hub.model_info(name, timeout=_PATIENCE)
        hub.snapshot_download(name, local_dir=to, etag_timeout=_PATIENCE)
    except (HTTPError, OSError) as error:
        reason = str(error).strip().partition("\n")[0]
        raise EngineUnavailable(
            "engine_unavailable",
            say(
                "{name} could not be fetched from the Hugging Face hub ({reason}). Check that its terms are "
                "accepted, the token and the network, or copy its files to {wanted_in}.",
                name=name,
                reason=reason,
                wanted_in=wanted_in,
            ),
        ) from error

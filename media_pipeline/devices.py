"""Which device models run on."""

from media_pipeline.errors import EngineUnavailable


def choose(wanted: str) -> str:
    """The device for `wanted` ("auto", "cpu" or "cuda").

    Raises:
        EngineUnavailable: CUDA was asked for by name and is not there: nothing falls back in silence.
    """
    import torch

    has_cuda = torch.cuda.is_available()
    if wanted == "cuda" and not has_cuda:
        raise EngineUnavailable("no_cuda", "DEVICE is “cuda”, but no CUDA device can be used here. Set DEVICE=auto.")
    return "cuda" if wanted != "cpu" and has_cuda else "cpu"


def describe(wanted: str) -> str:
    """One line for people, such as "cuda: NVIDIA L4, 22.0 GB" or "cpu"."""
    import torch

    device = choose(wanted)
    if device == "cpu":
        return "cpu"
    properties = torch.cuda.get_device_properties(0)
    return f"cuda: {properties.name}, {properties.total_memory / 1024**3:.1f} GB"

"""A kind of job as a short table of steps."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Protocol, TypeVar

from media_pipeline.options import TranscribeOptions
from media_pipeline.run import Run
from media_pipeline.transcript import Seconds

T = TypeVar("T")


class Lane(StrEnum):
    """What a step mostly waits for; each lane has a queue and workers of its own.

    IO is also where a step belongs that computes for as long as a recording lasts, and for which nothing else may wait.
    """

    IO = "io"
    CPU = "cpu"
    GPU = "gpu"


class Files(Protocol):
    """The stored files of one job, as one step and part sees them."""

    def media(self) -> Path:
        """Local path of the recording's original media."""

    def path(self, step: str, name: str, part: int = 0) -> Path:
        """Local path of a file an earlier step saved."""

    def load(self, step: str, name: str, kind: type[T], part: int = 0) -> T:
        """A structure an earlier step saved with `dump`."""

    def save(self, name: str, path: Path) -> None:
        """Keep a file of this step and part under `name`."""

    def dump(self, name: str, value: object) -> None:
        """Keep a structure of this step and part under `name`, as JSON."""

    def parts(self, step: str) -> int:
        """How many parts an earlier step had."""

    def has(self, step: str) -> bool:
        """Whether that step ran and succeeded."""


Binding = Callable[[Files, TranscribeOptions, Run, int], None]


# Loading a model from a slow disk, and whatever else does not depend on the length.
_FIXED_LIMIT: Seconds = 300.0
# A chunk is cut in a silence near the length asked for, not at it.
_LONGEST_PART = 1.25


def _always(options: TranscribeOptions) -> bool:
    return True


def _never(options: TranscribeOptions) -> bool:
    return False


@dataclass(frozen=True, slots=True)
class Pace:
    """How slow a step may be at worst: seconds per second of audio, on a CPU and on a CUDA device.

    `engines` holds the bounds, on any device, of engines that are much faster than the slowest choice.
    """

    cpu: float
    cuda: float
    engines: Mapping[str, float] = field(default_factory=dict)

    def bound(self, device: str, engine: str) -> float:
        return self.engines.get(engine, self.cuda if device == "cuda" else self.cpu)


@dataclass(frozen=True, slots=True)
class Step:
    """A line of a recipe.

    Attributes:
        name: Unique in the recipe.
        title: What the page says while it runs.
        function: Does the work; the last argument is the part's index.
        weight: Share of the whole job's progress.
        needs: Steps that must have ended first.
        parts: For a step that is cut: how many parts, known once `needs` have ended. With none, it is skipped.
        in_order: Whether the options make each part wait for the one before, whose files it then can load.
        when: Whether the options ask for this step at all.
        is_required: False when its failure costs a warning, not the job.
        pace: Generous upper bounds, from which the time limit follows.
    """

    name: str
    title: str
    function: Binding
    lane: Lane
    weight: float
    needs: tuple[str, ...] = ()
    parts: Callable[[Files], int] | None = None
    in_order: Callable[[TranscribeOptions], bool] = _never
    when: Callable[[TranscribeOptions], bool] = _always
    is_required: bool = True
    pace: Pace = Pace(cpu=1.0, cuda=1.0)

    def time_limit(
        self, duration: Seconds, *, part_seconds: Seconds | None = None, device: str = "cpu", engine: str = ""
    ) -> Seconds:
        """Wall-clock limit for one attempt: five minutes, and what the step's `pace` allows for its audio.

        So ten minutes' chunks of the recipe "transcribe" (12.5 at most) have 8.4 hours on a CPU, where Whisper large
        may take 40 s for each second; 30 minutes on CUDA (2 s for each); and 30 minutes with PocketSphinx (2 s).

        Args:
            duration: Of the whole recording.
            part_seconds: About how long a part is. Only a step that is cut looks at it; without it, one part may
                take as long as the whole.
            device: "cuda" where models are known to run on it. All else, "auto" too, has a CPU's limit.
            engine: The one that does this step, where the caller knows it.
        """
        audio = duration
        if self.parts is not None and part_seconds is not None:
            audio = min(duration, part_seconds * _LONGEST_PART)
        return _FIXED_LIMIT + audio * self.pace.bound(device, engine)


@dataclass(frozen=True, slots=True)
class Recipe:
    """Steps in an order in which each stands after what it needs."""

    kind: str
    steps: tuple[Step, ...]

    def step(self, name: str) -> Step:
        """The step called `name`; KeyError lists the choices."""
        for step in self.steps:
            if step.name == name:
                return step
        raise KeyError(f"{name!r} is not a step of {self.kind}: {[step.name for step in self.steps]}")

"""A kind of job as a short table of steps."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Protocol, TypeVar

from media_pipeline.options import TranscribeOptions
from media_pipeline.run import Run
from media_pipeline.transcript import Seconds

T = TypeVar("T")


class Lane(StrEnum):
    """What a step mostly waits for; each lane has a queue and workers of its own."""

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


def _always(options: TranscribeOptions) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Step:
    """A line of a recipe.

    Attributes:
        name: Unique in the recipe.
        title: What the page says while it runs.
        function: Does the work; the last argument is the part's index.
        weight: Share of the whole job's progress.
        needs: Steps that must have ended first.
        parts: For a step that is cut: how many parts, known once `needs` have ended.
        when: Whether the options ask for this step at all.
        is_required: False when its failure costs a warning, not the job.
        seconds_per_audio_second: Generous upper bound on a CPU, from which the time limit follows.
    """

    name: str
    title: str
    function: Binding
    lane: Lane
    weight: float
    needs: tuple[str, ...] = ()
    parts: Callable[[Files], int] | None = None
    when: Callable[[TranscribeOptions], bool] = _always
    is_required: bool = True
    seconds_per_audio_second: float = 1.0

    def time_limit(self, duration: Seconds) -> Seconds:
        """Wall-clock limit for one attempt on a recording of `duration`."""
        return 300.0 + duration * self.seconds_per_audio_second


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

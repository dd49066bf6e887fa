"""What a step is given to work with: a scratch folder, a way to report, and the machine it runs on."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from media_pipeline.errors import Cancelled
from media_pipeline.transcript import Segment


@dataclass(frozen=True, slots=True)
class Machine:
    """The machine a step runs on.

    `device` is "cpu", "cuda" or "auto"; `threads` caps CPU threads, 0 for all; `hub_token`, a secret, opens the
    Hugging Face hub.
    """

    models_dir: Path
    device: str = "auto"
    threads: int = 0
    hub_token: str = field(default="", repr=False)


@dataclass(slots=True)
class Run:
    """One attempt at one step.

    Args:
        workdir: Empty folder of this attempt, removed afterwards.
        machine: Where models lie and what device to use.
        on_progress: Told 0..1 each time the step reports.
        on_segments: Told new segments as soon as they are known, in the order they were found.
        is_cancelled: Asked at every report; True stops the step.
    """

    workdir: Path
    machine: Machine
    on_progress: Callable[[float], None] = lambda fraction: None
    on_segments: Callable[[Sequence[Segment]], None] = lambda segments: None
    is_cancelled: Callable[[], bool] = lambda: False
    warnings: list[str] = field(default_factory=list)
    started: float = field(default_factory=time.monotonic)

    def check(self) -> None:
        """Raise `Cancelled` when the run is no longer wanted. Cheap: call it in every loop."""
        if self.is_cancelled():
            raise Cancelled()

    def report(self, fraction: float) -> None:
        """Say that `fraction` (0..1) of this step is done."""
        self.check()
        self.on_progress(min(1.0, max(0.0, fraction)))

    def emit(self, segments: Sequence[Segment]) -> None:
        """Show words before the step ends."""
        self.check()
        if segments:
            self.on_segments(segments)

    def warn(self, sentence: str) -> None:
        """Note a sentence the user should read although the step goes on."""
        if sentence not in self.warnings:
            self.warnings.append(sentence)

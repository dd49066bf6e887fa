"""Everything that can go wrong with a recording, as one tree.

    PipelineError(code, message, retryable)
    ├── InputError          the file is at fault; trying again changes nothing
    ├── EngineError         an engine or a program it needs is at fault
    │   ├── EngineUnavailable   not installed, weights missing, wrong language
    │   └── EngineCrashed       died half-way (killed, out of memory); worth another attempt
    └── Cancelled           the run was told to stop

`code` is stable and is what the user's sentence is chosen by; `message` is one plain sentence that
says what happened and what to do next.
"""


class PipelineError(Exception):
    """Base of all errors a step may raise on purpose."""

    retryable = False

    def __init__(self, code: str, message: str, *, retryable: bool | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        if retryable is not None:
            self.retryable = retryable


class InputError(PipelineError):
    """The recording itself cannot be used."""


class EngineError(PipelineError):
    """An engine, or a program it stands on, failed."""

    retryable = True


class EngineUnavailable(EngineError):
    """The engine cannot run here as asked; the message says how to make it run."""

    retryable = False


class EngineCrashed(EngineError):
    """The engine or its helper process ended unexpectedly."""


class Cancelled(PipelineError):
    """The run was asked to stop, or lost its right to go on."""

    def __init__(self, message: str = "The work was cancelled.") -> None:
        super().__init__("cancelled", message)

"""Logging: one fact a line, as text or JSON, with the ids of the job and step at hand bound to every line."""

import json
import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from types import MappingProxyType
from typing import Any

# The secret in the address of a shared recording, wherever the address stands; cut short by whoever typed it, too.
SHARED = re.compile(r"(/s/)[\w-]{16,}")

_bound: ContextVar[MappingProxyType[str, str]] = ContextVar("bound", default=MappingProxyType({}))


@contextmanager
def bind(**ids: object) -> Iterator[None]:
    """Add ids to every line logged inside the block."""
    token = _bound.set(MappingProxyType(_bound.get() | {name: str(value) for name, value in ids.items()}))
    try:
        yield
    finally:
        _bound.reset(token)


class BoundIds(logging.Filter):
    """Copies the bound ids onto the record."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.ids = _bound.get()
        return True


def _one_line(text: str) -> str:
    """Control characters become visible escapes, so nothing a user named can start a line of its own."""
    return "".join(char if char.isprintable() else repr(char)[1:-1] for char in text)


class _Discreet(logging.Formatter):
    """Writes lines that open nothing: whoever reads a log must not be let in by it."""

    def format(self, record: logging.LogRecord) -> str:
        return SHARED.sub(r"\1…", self.line(record))

    def line(self, record: logging.LogRecord) -> str:
        raise NotImplementedError


class TextFormatter(_Discreet):
    """`12:30:01 INFO jobs.conduct step done job=… step=…`; a traceback follows on its own lines."""

    def line(self, record: logging.LogRecord) -> str:
        ids = "".join(f" {name}={value}" for name, value in getattr(record, "ids", {}).items())
        time = self.formatTime(record, "%H:%M:%S")
        line = f"{time} {record.levelname} {record.name} {_one_line(record.getMessage())}{ids}"
        return f"{line}\n{self.formatException(record.exc_info)}" if record.exc_info else line


class JsonFormatter(_Discreet):
    """One JSON object a line."""

    def line(self, record: logging.LogRecord) -> str:
        fact: dict[str, Any] = {
            "time": self.formatTime(record, "%Y-%m-%dT%H:%M:%S%z"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            **getattr(record, "ids", {}),
        }
        if record.exc_info:
            fact["exception"] = self.formatException(record.exc_info)
        return json.dumps(fact, ensure_ascii=False)


def logging_config(level: str, style: str) -> dict[str, Any]:
    """The dictConfig for `style` ("text" or "json"); everything goes to stderr."""
    formatter = {"text": "transcriber.logs.TextFormatter", "json": "transcriber.logs.JsonFormatter"}[style]
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "filters": {"ids": {"()": "transcriber.logs.BoundIds"}},
        "formatters": {"line": {"()": formatter}},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["ids"]}},
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            "django": {"level": "INFO", "propagate": True, "handlers": []},
            "daphne": {"level": "WARNING"},
            "rq.worker": {"level": "WARNING"},
            "botocore": {"level": "WARNING"},
            "numba": {"level": "WARNING"},
        },
    }

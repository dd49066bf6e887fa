"""Log lines: one fact each, with the ids at hand, and nothing that could forge a line."""

import io
import json
import logging
import logging.config
import secrets
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from jobs.services import share_links
from transcriber import logs


@contextmanager
def logged(style: str) -> Iterator[io.StringIO]:
    """A logger "here" that writes in the given style to what is yielded."""
    formatters = {"text": logs.TextFormatter(), "json": logs.JsonFormatter()}
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(formatters[style])
    handler.addFilter(logs.BoundIds())
    log = logging.getLogger("here")
    log.addHandler(handler)
    log.setLevel("INFO")
    try:
        yield stream
    finally:
        log.removeHandler(handler)


def test_a_text_line_carries_level_logger_message_and_bound_ids() -> None:
    with logged("text") as stream, logs.bind(job="j1"), logs.bind(step=7):
        logging.getLogger("here").info("step %s", "done")

    assert stream.getvalue().rstrip().endswith(" INFO here step done job=j1 step=7")


def test_ids_are_gone_after_their_block() -> None:
    with logged("json") as stream:
        with logs.bind(job="j1"):
            logging.getLogger("here").info("inside")
        logging.getLogger("here").info("outside")

    inside, outside = map(json.loads, stream.getvalue().splitlines())
    assert inside["job"] == "j1"
    assert "job" not in outside


def test_a_json_line_is_one_object_with_a_time_zone() -> None:
    with logged("json") as stream:
        logging.getLogger("here").warning("straße")

    fact = json.loads(stream.getvalue())
    assert (fact["level"], fact["logger"], fact["message"]) == ("WARNING", "here", "straße")
    assert fact["time"][-5] in "+-"


@pytest.mark.parametrize("style", ["text", "json"])
@pytest.mark.parametrize("name", ["a\nb", "a\r\nb", "a\x1b[2Jb", "a\x00b", "a\u2028b"])
def test_a_hostile_file_name_stays_on_one_line(style: str, name: str) -> None:
    with logged(style) as stream:
        logging.getLogger("here").info("got %s", name)

    assert len(stream.getvalue().rstrip("\n").split("\n")) == 1
    assert not any(char in stream.getvalue() for char in "\r\x1b\x00")


@pytest.mark.parametrize("style", ["text", "json"])
def test_an_exception_is_shown_with_its_traceback(style: str) -> None:
    with logged(style) as stream:
        try:
            raise ValueError("broken")
        except ValueError:
            logging.getLogger("here").exception("it failed")

    assert "ValueError: broken" in stream.getvalue()


@pytest.mark.parametrize("style", ["text", "json"])
def test_nobody_gets_into_a_shared_recording_by_a_log(style: str) -> None:
    token = secrets.token_urlsafe(share_links.TOKEN_BYTES)
    path = f"/s/{token}/media/"
    with logged(style) as stream:
        log = logging.getLogger("here")
        log.warning("Not Found: %s", path)
        log.warning("Forbidden (%s): %s", f"Referer checking failed - https://site.example{path} does not match", path)
        log.warning(f"Bad Request: /s/{token[:-1]}")
        try:
            raise ValueError(f"https://site.example{path}?q=1")
        except ValueError:
            log.exception("it failed")

    assert token[:-1] not in stream.getvalue()
    assert stream.getvalue().count("/s/…/media/") == 4


def test_an_unknown_style_is_refused() -> None:
    with pytest.raises(KeyError):
        logs.logging_config("INFO", "xml")

"""Fetch the weights of Whisper models, once, into the models folder."""

import fcntl
import hashlib
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import urlopen

from media_pipeline.engines.stt.whisper import MODELS, weights_file
from media_pipeline.errors import EngineError, EngineUnavailable
from media_pipeline.transcript import Seconds

log = logging.getLogger(__name__)

# A closed network must be noticed at once. It also limits each single read, not the whole download.
TIMEOUT: Seconds = 5.0
BLOCK_BYTES = 1024 * 1024


def is_missing(name: str, models_dir: Path) -> bool:
    """Whether `name` is an official model whose weights are not here yet."""
    return name in MODELS and not weights_file(name, models_dir).is_file()


def download_whisper(name: str, models_dir: Path, report: Callable[[float], None] = lambda fraction: None) -> Path:
    """Fetch and check the weights of an official model, unless they are here already.

    Where another process is fetching weights into this folder, wait for it first.

    Args:
        report: Told 0..1 as bytes arrive.

    Raises:
        EngineUnavailable: `unknown_model`, or `no_network` when the server cannot be reached.
        EngineError: `bad_download` when what came differs from the published checksum.
    """
    target = weights_file(name, models_dir)
    if name not in MODELS:
        raise EngineUnavailable("unknown_model", f"There is no Whisper model {name!r}; choose one of {_listed()}.")
    if not target.is_file():
        target.parent.mkdir(parents=True, exist_ok=True)
        with _alone_in(target.parent):
            _fetch_unless_there(name, target, report)
    report(1.0)
    return target


@contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """Wait until no other download into `folder` is under way, and keep others waiting meanwhile."""
    with folder.with_suffix(".lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            log.warning("waiting for another download into %s", folder)
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _fetch_unless_there(name: str, target: Path, report: Callable[[float], None]) -> None:
    if target.is_file():  # by whomever we waited for
        return
    partial = target.with_name(f"{target.name}.part")
    try:
        _fetch(_official_url(name), partial, report)
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)


def _fetch(url: str, target: Path, report: Callable[[float], None]) -> None:
    """Stream `url` into `target` and compare the file with the SHA-256 that is the last folder of the URL."""
    try:
        with urlopen(url, timeout=TIMEOUT) as response:  # noqa: S310  an address of our own, always http(s)
            _stream(response, target, report)
    except HTTPError as error:
        raise EngineUnavailable(
            "no_network", f"{_host(url)} answered {error.code} when asked for the weights. Try again later."
        ) from error
    except (URLError, TimeoutError, ConnectionError, HTTPException) as error:
        raise EngineUnavailable(
            "no_network",
            f"The weights could not be fetched: {_host(url)} cannot be reached from here. Connect to the internet, "
            f"or copy {target.name.removesuffix('.part')} into {target.parent} from a machine that has it.",
        ) from error
    with target.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != url.split("/")[-2]:
        raise EngineError(
            "bad_download", "The weights arrived damaged (their checksum differs) and were not kept. Try again."
        )


def _stream(response: HTTPResponse, target: Path, report: Callable[[float], None]) -> None:
    total = int(response.headers.get("Content-Length") or 0)
    done = 0
    with target.open("wb") as file:
        while block := response.read(BLOCK_BYTES):
            file.write(block)
            done += len(block)
            if total:
                report(min(1.0, done / total))


def _official_url(name: str) -> str:
    import whisper

    return str(whisper._MODELS[name])


def _host(url: str) -> str:
    return urlsplit(url).hostname or url


def _listed() -> str:
    return ", ".join(MODELS)

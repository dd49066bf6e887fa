"""Fetch the weights of speech models, once, into the models folder."""

import fcntl
import hashlib
import json
import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fnmatch import fnmatch
from http import HTTPStatus
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import quote, urlsplit
from urllib.request import Request, urlopen

from media_pipeline.engines.stt import faster_whisper, whisper
from media_pipeline.engines.stt.ctranslate2_network import is_complete
from media_pipeline.errors import EngineError, EngineUnavailable
from media_pipeline.transcript import Seconds

log = logging.getLogger(__name__)

# A closed network must be noticed at once. It also limits each single read, not the whole download.
TIMEOUT: Seconds = 5.0
BLOCK_BYTES = 1024 * 1024
HUB = "https://huggingface.co"
# Of what lies beside each other on the hub, these make a model; the large one comes last and so marks it as whole.
_PATTERNS = ("config.json", "preprocessor_config.json", "tokenizer.json", "vocabulary.*", "model.bin")

Report = Callable[[float], None]


@dataclass(frozen=True, slots=True)
class _File:
    """A file to fetch.

    Attributes:
        digest: Its checksum in hexadecimal, by `algorithm`: "sha256", or "git" for that of a blob in Git.
        size: In bytes; None when nobody has said.
    """

    url: str
    target: Path
    digest: str
    algorithm: str = "sha256"
    size: int | None = None


def engine_of(name: str) -> str:
    """The first engine that has an official model of this name; the first of all for a name that none has."""
    return "faster_whisper" if name in faster_whisper.MODELS and name not in whisper.MODELS else "whisper"


def download(engine: str, name: str, models_dir: Path, report: Report = lambda fraction: None) -> Path:
    """Fetch and check the weights of an official model of an engine, unless they are here already.

    Where another process is fetching weights into the engine's folder, wait for it first. What is left of a
    download that broke off is not fetched again.

    Args:
        engine: One of `DOWNLOADS`.
        report: Told 0..1 as bytes arrive.

    Raises:
        EngineUnavailable: `unknown_engine`, `unknown_model`, or `no_network` when the server cannot be reached.
        EngineError: `bad_download` when what came differs from the published checksum.
    """
    if engine not in DOWNLOADS:
        choices = " or ".join(DOWNLOADS)
        raise EngineUnavailable("unknown_engine", f"No weights are fetched for an engine {engine!r}; choose {choices}.")
    return DOWNLOADS[engine](name, models_dir, report)


def download_whisper(name: str, models_dir: Path, report: Report = lambda fraction: None) -> Path:
    """As `download`, for openai-whisper: one file from OpenAI's own server."""
    _check_name("Whisper", name, whisper.MODELS)
    target = whisper.weights_file(name, models_dir)
    if not target.is_file():
        target.parent.mkdir(parents=True, exist_ok=True)
        with _alone_in(target.parent):
            url = _official_url(name)
            _fetch_all([_File(url, target, digest=url.split("/")[-2])], report)
    report(1.0)
    return target


def download_faster_whisper(name: str, models_dir: Path, report: Report = lambda fraction: None) -> Path:
    """As `download`, for faster-whisper: a folder of files from the Hugging Face hub."""
    _check_name("faster-whisper", name, faster_whisper.MODELS)
    folder = faster_whisper.weights_folder(name, models_dir)
    if not is_complete(folder):
        folder.mkdir(parents=True, exist_ok=True)
        with _alone_in(folder.parent):
            if not is_complete(folder):
                _fetch_all(_files_on_hub(_repository(name), folder), report)
    report(1.0)
    return folder


DOWNLOADS: dict[str, Callable[[str, Path, Report], Path]] = {
    "whisper": download_whisper,
    "faster_whisper": download_faster_whisper,
}


def _check_name(title: str, name: str, known: Sequence[str]) -> None:
    if name not in known:
        raise EngineUnavailable(
            "unknown_model", f"There is no {title} model {name!r}; choose one of {', '.join(known)}."
        )


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


# Where weights lie ----------------------------------------------------------------------------------------------------


def _official_url(name: str) -> str:
    """OpenAI's address of a model. Its last folder is the SHA-256 of the file."""
    import whisper

    return str(whisper._MODELS[name])


def _repository(name: str) -> str:
    """The hub's repository of a model, as the package knows it."""
    from faster_whisper.utils import _MODELS

    return str(_MODELS[name])


def _files_on_hub(repository: str, folder: Path) -> list[_File]:
    """The files of a model as the hub lists them: large ones with their SHA-256, small ones with Git's checksum."""
    url = f"{HUB}/api/models/{repository}/tree/main"
    with _reachable(url, f"the files of {HUB}/{repository}", folder), _open(url) as response:
        answer = response.read()
    try:
        listed = {item["path"]: _file_on_hub(repository, item, folder) for item in json.loads(answer)}
    except (ValueError, KeyError, TypeError) as error:
        host = urlsplit(url).hostname
        raise EngineUnavailable("no_network", f"{host} gave no list of the model's files. Try again later.") from error
    return [file for pattern in _PATTERNS for path, file in listed.items() if fnmatch(path, pattern)]


def _file_on_hub(repository: str, item: dict[str, Any], folder: Path) -> _File:
    path, is_large = item["path"], "lfs" in item
    return _File(
        url=f"{HUB}/{repository}/resolve/main/{quote(path)}",
        target=folder / Path(path).name,
        digest=item["lfs"]["oid"] if is_large else item["oid"],
        algorithm="sha256" if is_large else "git",
        size=item["size"],
    )


# Fetching -------------------------------------------------------------------------------------------------------------


def _fetch_all(files: Sequence[_File], report: Report) -> None:
    """Fetch those of `files` that are not here, one after the other. Each appears when it is whole and right."""
    total = sum(file.size or 0 for file in files)
    done = 0
    for file in files:
        size = file.size or 0
        if not file.target.is_file():
            _fetch_file(file, _part_of(report, done / total, size / total) if total else report)
        done += size
        if total:
            report(done / total)


def _part_of(report: Report, start: float, share: float) -> Report:
    return lambda fraction: report(start + share * fraction)


def _fetch_file(file: _File, report: Report) -> None:
    """Fetch a file, going on where an earlier try broke off. Only what matches its checksum is kept.

    Raises:
        EngineUnavailable: `no_network`.
        EngineError: `bad_download`.
    """
    partial = file.target.with_name(f"{file.target.name}.part")
    with _reachable(file.url, file.target.name, file.target.parent):
        has_gone_on = _stream(file.url, partial, report)
        if has_gone_on and not _is_right(partial, file):  # what was there was not its beginning
            partial.unlink()
            _stream(file.url, partial, report)
    if not _is_right(partial, file):
        partial.unlink()
        raise EngineError(
            "bad_download", "The weights arrived damaged (their checksum differs) and were not kept. Try again."
        )
    partial.replace(file.target)


@contextmanager
def _reachable(url: str, what: str, folder: Path) -> Iterator[None]:
    """Say what to do where the server cannot be reached or refuses."""
    host = urlsplit(url).hostname or url
    try:
        yield
    except HTTPError as error:
        raise EngineUnavailable(
            "no_network", f"{host} answered {error.code} when asked for the weights. Try again later."
        ) from error
    except (URLError, TimeoutError, ConnectionError, HTTPException) as error:
        raise EngineUnavailable(
            "no_network",
            f"The weights could not be fetched: {host} cannot be reached from here. Connect to the internet, "
            f"or copy {what} into {folder} from a machine that has it.",
        ) from error


def _open(url: str, start: int = 0) -> HTTPResponse:
    headers = {"Range": f"bytes={start}-"} if start else {}
    response: HTTPResponse = urlopen(Request(url, headers=headers), timeout=TIMEOUT)  # noqa: S310  always http(s)
    return response


def _open_from(url: str, start: int) -> HTTPResponse:
    """The rest of a file from byte `start`; the whole of it where the server cannot go on there."""
    try:
        return _open(url, start)
    except HTTPError as error:
        if error.code != HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE or not start:
            raise
        return _open(url)


def _stream(url: str, target: Path, report: Report) -> bool:
    """Stream `url` into `target`. Returns whether it went on where `target` ended.

    Raises:
        EngineUnavailable: `no_network`, when it breaks off; what has arrived is kept.
    """
    done = target.stat().st_size if target.is_file() else 0
    with _open_from(url, done) as response:
        has_gone_on = response.status == HTTPStatus.PARTIAL_CONTENT
        done = done if has_gone_on else 0
        total = done + int(response.headers.get("Content-Length") or 0)
        with target.open("ab" if has_gone_on else "wb") as file:
            while block := response.read(BLOCK_BYTES):
                file.write(block)
                done += len(block)
                if total:
                    report(min(1.0, done / total))
    if done < total:
        raise EngineUnavailable(
            "no_network", f"{urlsplit(url).hostname} stopped sending. Try again: what has arrived is kept."
        )
    return has_gone_on


def _is_right(path: Path, file: _File) -> bool:
    """Whether what is at `path` has the size and the checksum of `file`."""
    if file.size is not None and path.stat().st_size != file.size:
        return False
    if file.algorithm == "git":
        content = path.read_bytes()
        return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest() == file.digest
    with path.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest() == file.digest

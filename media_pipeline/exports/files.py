"""Make files: the one place in which options that are the same for every format are followed."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from media_pipeline.exports.base import Exporter, SpeakerNames
from media_pipeline.exports.options import DEFAULT, ExportOptions
from media_pipeline.exports.registry import exporter
from media_pipeline.exports.span import within
from media_pipeline.transcript import Transcript

# Small pieces are joined to about this many characters.
PIECE = 32 * 1024
BOM = "\ufeff"


def pieces(
    chosen: Exporter, transcript: Transcript, names: SpeakerNames, options: ExportOptions = DEFAULT
) -> Iterator[bytes]:
    """A file, piece by piece: of text the first one comes at once, and no more than a piece of it is held at a time."""
    rendered = chosen.render(within(transcript, options), names, options)
    if isinstance(rendered, bytes):
        yield rendered
        return
    texts = [rendered] if isinstance(rendered, str) else rendered
    if options.bom:
        yield BOM.encode()
    for text in _joined(texts):
        yield text.encode()


def _joined(texts: Iterable[str]) -> Iterator[str]:
    """The same text in fewer pieces, but for the first one."""
    waiting: list[str] = []
    length = PIECE
    for text in texts:
        waiting.append(text)
        length += len(text)
        if length >= PIECE:
            yield "".join(waiting)
            waiting, length = [], 0
    yield "".join(waiting)


def whole(chosen: Exporter, transcript: Transcript, names: SpeakerNames, options: ExportOptions = DEFAULT) -> bytes:
    """A file as a whole."""
    return b"".join(pieces(chosen, transcript, names, options))


def write(
    transcript: Transcript,
    names: SpeakerNames,
    formats: Iterable[str],
    folder: Path,
    options: ExportOptions = DEFAULT,
) -> Iterator[Path]:
    """Write transcript.<extension> into `folder` for each format and say where, one at a time."""
    for chosen in [exporter(name) for name in formats]:
        path = folder / f"transcript.{chosen.extension}"
        with path.open("wb") as target:
            target.writelines(pieces(chosen, transcript, names, options))
        yield path

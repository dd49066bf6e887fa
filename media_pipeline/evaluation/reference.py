"""What somebody says is right: the words of a recording, and as far as the format tells, their times and speakers.

Formats: txt; srt and vtt; stm and rttm as NIST's tools read them (https://github.com/usnistgov/SCTK); json, our own
export or Whisper's.
"""

import html
import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import pysubs2

from media_pipeline.errors import InputError
from media_pipeline.media import SpeakerTurn
from media_pipeline.transcript import Seconds

# Our own text export: [00:01:23] and perhaps a name, alone on its line.
_CLOCK = re.compile(r"^\[\d+:\d\d:\d\d\] ?([^:\n]{1,80}:$)?", re.MULTILINE)
_LABEL = re.compile(r"<[^>\s]*> *")
_ALTERNATIVES = re.compile(r"\{([^{}/]*)(?:/[^{}]*)?\}")
_DELETABLE = re.compile(r"\([^()]*\)")
_NOT_SCORED = ("IGNORE_TIME_SEGMENT_IN_SCORING", "inter_segment_gap")


@dataclass(frozen=True, slots=True)
class Passage:
    """Words that were said one after the other. Times are None where the format tells none."""

    text: str
    start: Seconds | None = None
    end: Seconds | None = None


@dataclass(frozen=True, slots=True)
class Reference:
    """What is right.

    Attributes:
        passages: In the order they were said. Each is a word when `has_word_times`, else a cue or a whole text. Empty
            when the format tells only speakers.
        turns: Who spoke when; empty when the format does not tell.
    """

    passages: tuple[Passage, ...] = ()
    turns: tuple[SpeakerTurn, ...] = ()
    has_word_times: bool = False

    @property
    def text(self) -> str:
        return " ".join(passage.text for passage in self.passages)

    @property
    def has_times(self) -> bool:
        return any(passage.start is not None for passage in self.passages)


def read(path: Path, recording: str) -> Reference:
    """The reference in the file at `path`, by the ending of its name.

    Args:
        recording: Name of the recording's file without its ending: stm and rttm may tell of several recordings.

    Raises:
        InputError: `no_file`, `unknown_reference` or `bad_reference`; the message says what is wrong and where.
    """
    ending = path.suffix.lower()
    if ending not in _READERS:
        known = ", ".join(_READERS)
        raise InputError("unknown_reference", f"{path.name}: a reference ends in one of {known}.")
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError as err:
        raise InputError("no_file", f"There is no file {path}.") from err
    except (OSError, UnicodeDecodeError) as err:
        raise _bad(path.name, f"it cannot be read as UTF-8 text ({err}).") from err
    found = _READERS[ending](text, path.name, recording)
    if not found.turns and not found.text.strip():
        raise _bad(path.name, "it holds no words.")
    return found


# --- text and subtitles ----------------------------------------------------------------------------


def _read_txt(text: str, name: str, recording: str) -> Reference:
    return Reference((Passage(_CLOCK.sub("", text)),))


def _read_subtitles(text: str, name: str, recording: str) -> Reference:
    format_name = name.rpartition(".")[2].lower()
    try:
        events = pysubs2.SSAFile.from_string(text, format_=format_name)
    except (pysubs2.exceptions.Pysubs2Error, ValueError) as err:
        raise _bad(name, f"its subtitles cannot be read ({err}).") from err
    cues = (
        Passage(html.unescape(event.plaintext).replace("\n", " "), event.start / 1000, event.end / 1000)
        for event in events
    )
    return Reference(tuple(cue for cue in cues if cue.text.strip()))


# --- stm and rttm ----------------------------------------------------------------------------------


def _read_stm(text: str, name: str, recording: str) -> Reference:
    """`file channel speaker start end [<labels>] words`. Of alternatives the first counts, `(words)` may be missing."""
    lines = _own_lines([line for line in _lines(text) if line[1][2] not in _NOT_SCORED], 0, name, recording)
    passages, turns = [], []
    for number, fields in sorted(lines, key=lambda line: _time(line, 3, name)):
        start, end = _time((number, fields), 3, name), _time((number, fields), 4, name)
        words = (
            _LABEL.sub("", " ".join(fields[5:]), count=1)
            if fields[5:6] and fields[5][0] == "<"
            else " ".join(fields[5:])
        )
        if _NOT_SCORED[0] in words:
            continue
        words = _DELETABLE.sub(" ", _ALTERNATIVES.sub(r" \1 ", words)).replace("@", " ")
        passages.append(Passage(words, start, end))
        turns.append(SpeakerTurn(start, end, fields[2]))
    return Reference(tuple(passages), tuple(turns))


def _read_rttm(text: str, name: str, recording: str) -> Reference:
    """`SPEAKER file channel start seconds <NA> <NA> speaker …`; other types of line tell nothing we need."""
    lines = _own_lines([line for line in _lines(text) if line[1][0] == "SPEAKER"], 1, name, recording)
    turns = []
    for line in lines:
        start = _time(line, 3, name)
        turns.append(SpeakerTurn(start, start + _time(line, 4, name), _field(line, 7, name)))
    if not turns:
        raise _bad(name, "it has no line that begins with SPEAKER.")
    return Reference(turns=tuple(sorted(turns, key=lambda turn: turn.start)))


_Line = tuple[int, list[str]]


def _lines(text: str) -> Iterator[_Line]:
    """Number and fields of each line that is no comment."""
    for number, line in enumerate(text.splitlines(), start=1):
        fields = line.split()
        if fields and not fields[0].startswith(";;"):
            yield number, fields + [""] * (3 - len(fields))


def _own_lines(lines: Sequence[_Line], column: int, name: str, recording: str) -> list[_Line]:
    """The lines about `recording`. When all are about one and the same, its name does not matter."""
    recordings = {fields[column] for _, fields in lines}
    if len(recordings) < 2:
        return list(lines)
    if recording not in recordings:
        raise _bad(name, f"it tells of {', '.join(sorted(recordings))}, but not of {recording}.")
    return [line for line in lines if line[1][column] == recording]


def _field(line: _Line, column: int, name: str) -> str:
    number, fields = line
    if column >= len(fields) or not fields[column]:
        raise _bad(name, f"line {number} has only {len([field for field in fields if field])} fields.")
    return fields[column]


def _time(line: _Line, column: int, name: str) -> Seconds:
    text = _field(line, column, name)
    if not re.fullmatch(r"\d+(\.\d*)?|\.\d+", text):
        raise _bad(name, f"line {line[0]} has {text!r} where a time in seconds should stand.")
    return float(text)


# --- json ------------------------------------------------------------------------------------------


def _read_json(text: str, name: str, recording: str) -> Reference:
    """`{"segments": [{"start", "end", "text", "speaker", "words": [{"text" or "word", "start", "end"}]}]}`."""
    try:
        content = json.loads(text)
    except ValueError as err:
        raise _bad(name, f"it is no JSON ({err}).") from err
    segments = content.get("segments") if isinstance(content, dict) else None
    if not isinstance(segments, list) or not all(isinstance(segment, dict) for segment in segments):
        raise _bad(name, "it has no list of “segments”. Our own JSON export and Whisper's can be read.")
    try:
        words = [word for segment in segments for word in _json_words(segment)]
        cues = [_json_passage(segment) for segment in segments]
        turns = tuple(_json_turns(segments))
    except (KeyError, TypeError, ValueError, AttributeError) as err:
        raise _bad(name, f"a segment is not as expected ({err!r}).") from err
    has_word_times = bool(words) and all(segment.get("words") for segment in segments if segment["text"].strip())
    return Reference(tuple(words if has_word_times else cues), turns, has_word_times)


def _json_words(segment: dict[str, object]) -> Iterator[Passage]:
    words = segment.get("words")
    if isinstance(words, list):
        yield from (_json_passage(word) for word in words)


def _json_passage(content: dict[str, object]) -> Passage:
    text = content["text"] if "text" in content else content["word"]
    if not isinstance(text, str):
        raise ValueError(f"{text!r} is no text")
    start, end = content.get("start"), content.get("end")
    return Passage(text, None if start is None else float(str(start)), None if end is None else float(str(end)))


def _json_turns(segments: Sequence[dict[str, object]]) -> Iterator[SpeakerTurn]:
    """Segments of the same speaker, one after the other, are one turn."""
    for speaker, group in groupby(segments, key=lambda segment: segment.get("speaker")):
        own = [_json_passage(segment) for segment in group]
        if speaker and own[0].start is not None and own[-1].end is not None:
            yield SpeakerTurn(own[0].start, own[-1].end, str(speaker))


def _bad(name: str, what: str) -> InputError:
    return InputError("bad_reference", f"{name} cannot be used as a reference: {what}")


_READERS: dict[str, Callable[[str, str, str], Reference]] = {
    ".txt": _read_txt,
    ".srt": _read_subtitles,
    ".vtt": _read_subtitles,
    ".stm": _read_stm,
    ".rttm": _read_rttm,
    ".json": _read_json,
}
ENDINGS = tuple(_READERS)

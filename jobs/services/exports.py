"""Files people take away, made from the rows as they stand."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

from django.conf import settings
from django.core.cache import cache
from django.utils import formats as localized
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from jobs.models import Artifact, Job, Speaker, Transcript
from jobs.services.export_choices import STANDARD, WHOLE, ExportChoices, ExportRefused, Span
from jobs.services.originals import original_segments
from jobs.wording import language_name, translated
from media_pipeline.exports.base import Exporter, clean
from media_pipeline.exports.files import pieces
from media_pipeline.exports.judged import Judged, judged
from media_pipeline.exports.options import UNSHOWN, About, ExportOptions
from media_pipeline.exports.pdf import unshown
from media_pipeline.exports.registry import EXPORTERS
from media_pipeline.exports.span import within
from media_pipeline.exports.zip import zipped
from media_pipeline.text.clock import clock
from media_pipeline.transcript import Segment as SpokenSegment
from media_pipeline.transcript import Transcript as SpokenTranscript

ZIP = "zip"
ZIP_TYPE = "application/zip"
# What the job stores says the same as what is made here, unless it tells of the recording.
_STORED = ("txt", "srt", "vtt")
_FEW = 5
_NAME_BYTES = 200


@dataclass(frozen=True, slots=True)
class ExportFormat:
    """A format as it is offered. `kind` is document, subtitles or data."""

    name: str
    title: str
    note: str
    extension: str
    content_type: str
    kind: str


@dataclass(frozen=True, slots=True)
class ExportedFile:
    """`key` is where it lies in the storage; `filename` is what to call it on the user's machine."""

    key: str
    filename: str
    content_type: str


@dataclass(frozen=True, slots=True)
class MadeFile:
    """A file that is made while its pieces are taken. What it needs of the database is read already."""

    pieces: Iterator[bytes]
    filename: str
    content_type: str

    @property
    def content(self) -> bytes:
        """All of it. Once only: the pieces are taken."""
        return b"".join(self.pieces)


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a file's reader finds what it was made of.

    Attributes:
        address: The page on which its times can be heard; empty where there is none for the reader.
        media: What the reader knows the media by; empty where they know nothing of it.
    """

    address: str = ""
    media: str = ""


UNTOLD = Origin()


def formats() -> list[ExportFormat]:
    """All formats, in the order in which to offer them."""
    return [
        ExportFormat(
            item.name, translated(item.title), translated(item.note), item.extension, item.content_type, item.kind
        )
        for item in EXPORTERS.values()
    ]


def download(
    job: Job, name: str, choices: ExportChoices = STANDARD, span: Span = WHOLE, origin: Origin = UNTOLD
) -> ExportedFile | MadeFile | None:
    """A job's text as it stands, with the names given to speakers; `zip` for all formats at once.

    The file the job stored does as long as it says the same. None when there is no such format, or no text.

    Raises:
        ExportRefused: Of `choices`, or nothing is said in `span`.
    """
    if name != ZIP and name not in EXPORTERS:
        return None
    transcript = Transcript.objects.filter(job=job).select_related("recording", "job").first()
    stored = _stored(job, name) if (choices, span) == (STANDARD, WHOLE) else None
    if transcript is None or (stored is not None and not _differs(transcript)):
        return stored
    if name == ZIP:
        return archive([transcript], choices, span, origin_of=lambda _transcript: origin)
    return rendered(transcript, name, choices, span, origin)


def rendered(
    transcript: Transcript, name: str, choices: ExportChoices = STANDARD, span: Span = WHOLE, origin: Origin = UNTOLD
) -> MadeFile:
    """A transcript as it stands, in a format there is.

    Raises:
        ExportRefused: Of `choices`, or nothing is said in `span`.
    """
    exporter = EXPORTERS[name]
    content = _Work(transcript, [exporter], choices, span, origin).pieces(exporter)
    return MadeFile(content, _filename(transcript, exporter.extension), exporter.content_type)


def archive(
    transcripts: Sequence[Transcript],
    choices: ExportChoices = STANDARD,
    span: Span = WHOLE,
    *,
    formats: Sequence[str] = tuple(EXPORTERS),
    origin_of: Callable[[Transcript], Origin] = lambda transcript: UNTOLD,
    left_out: Sequence[str] = (),
) -> MadeFile:
    """Files of one or more transcripts, named after their recordings. Each is read when it is its turn.

    Args:
        left_out: Titles of recordings that were wanted, too, but have no text; a file of the archive names them.

    Raises:
        ExportRefused: Of `choices`, or nothing is said in `span` of the first.
    """
    exporters = [EXPORTERS[name] for name in formats]

    def work_on(transcript: Transcript) -> "_Work":
        return _Work(transcript, exporters, choices, span, origin_of(transcript))

    first = work_on(transcripts[0])

    def files() -> Iterator[tuple[str, Iterator[bytes]]]:
        for work in chain([first], map(work_on, transcripts[1:])):
            for exporter in exporters:
                yield file_name(work.title, exporter.extension), work.pieces(exporter)
        if left_out:
            yield file_name(_("Not included"), "txt"), iter([_left_out(left_out).encode()])

    title = first.title if len(transcripts) == 1 and not left_out else _("Transcripts")
    return MadeFile(zipped(files()), f"{_safe(title)}.zip", ZIP_TYPE)


def judged_subtitles(transcript: Transcript, choices: ExportChoices, span: Span, *, has_prefixes: bool) -> Judged:
    """The subtitles that a file would have, with what of them does not hold the limits; see `judged`.

    Raises:
        ExportRefused: Of `choices`.
    """
    return _Work(transcript, [EXPORTERS["srt"]], choices, span, UNTOLD).judged(has_prefixes)


@dataclass(frozen=True, slots=True)
class Material:
    """What a file is made of: the words, what their speakers are called by label, and how it is to be."""

    spoken: SpokenTranscript
    names: dict[str, str]
    options: ExportOptions


def material(transcript: Transcript, choices: ExportChoices) -> Material:
    """What files with words in them are made of now.

    Raises:
        ExportRefused: Of `choices`.
    """
    return _Work(transcript, [EXPORTERS["srt"]], choices, WHOLE, UNTOLD).material


def _left_out(titles: Sequence[str]) -> str:
    return "\n".join([_("These recordings have no text yet:"), *map(clean, titles), ""])


class _Work:
    """All that files of one transcript are made of, read once."""

    def __init__(
        self, transcript: Transcript, exporters: Sequence[Exporter], choices: ExportChoices, span: Span, origin: Origin
    ) -> None:
        self.title = transcript.recording.title
        known = {speaker.label: speaker for speaker in transcript.speakers.all()}
        # A range is cut between words.
        has_words = span != WHOLE or any(exporter.uses_words for exporter in exporters)
        segments = original_segments(transcript) if choices.original else _segments(transcript, known, has_words)
        self._spoken = _as_spoken(transcript, segments)
        labels = dict.fromkeys(segment.speaker for segment in self._spoken.segments if segment.speaker)
        self._names = {label: (known.get(label) or Speaker(label=label)).display_name for label in labels}
        about = _about(transcript, list(self._names.values()) if choices.names else [], origin)
        self._options = choices.options(transcript.language, span, about)
        if span != WHOLE:
            _refuse_silence(self._spoken, self._options)

    @property
    def material(self) -> Material:
        return Material(self._spoken, self._names, self._options)

    def pieces(self, exporter: Exporter) -> Iterator[bytes]:
        return pieces(exporter, self._spoken, self._names, self._options)

    def judged(self, has_prefixes: bool) -> Judged:
        return judged(self._spoken, self._names, self._options, has_prefixes=has_prefixes)


def _about(transcript: Transcript, names: list[str], origin: Origin) -> About:
    recording = transcript.recording
    facts = [
        (_("Date"), localized.date_format(timezone.localtime(recording.created_at), "DATE_FORMAT")),
        (_("Duration"), clock(recording.duration) if recording.duration is not None else ""),
        (_("Language"), language_name(transcript.language)),
        (_("Speakers"), ", ".join(names)),
    ]
    return About(
        title=recording.title,
        address=origin.address,
        created=recording.created_at.isoformat(timespec="seconds"),
        media=origin.media,
        facts=tuple((what, value) for what, value in facts if value),
        unshown=translated(UNSHOWN),
    )


def _refuse_silence(spoken: SpokenTranscript, options: ExportOptions) -> None:
    """Raises ExportRefused when there is nothing in the range of `options`: a file without text looks broken."""
    if (options.start or 0.0) >= spoken.duration > 0:
        sentence = _("The recording ends at %(time)s.") % {"time": clock(spoken.duration)}
    elif not within(spoken, options).segments:
        sentence = _("Nothing is said in this part.")
    else:
        return
    raise ExportRefused(sentence, {"end" if options.start is None else "start": sentence})


def _as_spoken(transcript: Transcript, segments: tuple[SpokenSegment, ...]) -> SpokenTranscript:
    duration = transcript.recording.duration or max((segment.end for segment in segments), default=0.0)
    warnings = tuple(transcript.job.warnings) if transcript.job else ()
    return SpokenTranscript(transcript.language, segments, duration, transcript.engine, transcript.model, warnings)


def _segments(transcript: Transcript, known: dict[str, Speaker], has_words: bool) -> tuple[SpokenSegment, ...]:
    """Speakers are read once, not once a segment."""
    by_id = {speaker.pk: speaker for speaker in known.values()}
    rows = transcript.segments.all() if has_words else transcript.segments.defer("words")
    found = []
    for segment in rows:
        segment.speaker = by_id.get(segment.speaker_id) if segment.speaker_id else None
        found.append(segment.as_spoken(has_words=has_words))
    return tuple(found)


def _stored(job: Job, name: str) -> ExportedFile | None:
    """The file a job left; None where it left none."""
    if name not in _STORED:
        return None
    exporter = EXPORTERS[name]
    artifact = Artifact.objects.filter(job=job, step="export", name=f"transcript.{exporter.extension}").first()
    if artifact is None:
        return None
    filename = file_name(job.recording.title, exporter.extension)
    return ExportedFile(artifact.key, filename, exporter.content_type)


def _differs(transcript: Transcript) -> bool:
    """Whether it says anything else than the stored files, which call speakers by English names."""
    speakers = transcript.speakers.exclude(name="") if get_language() == settings.LANGUAGE_CODE else transcript.speakers
    return transcript.revision > 0 or speakers.exists()


def _filename(transcript: Transcript, extension: str) -> str:
    return file_name(transcript.recording.title, extension)


def unshown_in_pdf(transcript: Transcript) -> str:
    """Some characters of the text for which PDF has no font; empty when it has them all."""
    key = f"unshown-in-pdf-{transcript.pk}-{transcript.revision}"
    said: str | None = cache.get(key)
    if said is None:
        said = unshown(set().union(*transcript.segments.values_list("text", flat=True)))[:_FEW]
        cache.set(key, said)
    return said


def file_name(title: str, extension: str) -> str:
    """What to call a file of a recording on the user's machine."""
    return f"{_safe(title)}.{extension}"


def _safe(title: str) -> str:
    """A title as a file name every system takes. They allow 255 bytes, of which an ending and a number need some."""
    harmless = "".join("_" if char in '\\/:*?"<>|' or not char.isprintable() else char for char in title)
    return harmless.encode()[:_NAME_BYTES].decode(errors="ignore").strip(". ") or "transcript"

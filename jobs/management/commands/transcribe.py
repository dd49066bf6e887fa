"""`manage.py transcribe FILE`: the same job and steps as on the site, in this one process."""

import logging
import os
import sys
from argparse import ArgumentTypeError
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from jobs import pipeline_gateway
from jobs.events import JobSnapshot
from jobs.pipeline_gateway import MAX_SPEAKERS
from jobs.services import exports, one_process
from jobs.services.submit import as_speaker_options
from media_pipeline.errors import PipelineError
from media_pipeline.options import SpeakerOptions


def _speakers(text: str) -> SpeakerOptions | None:
    if text in ("none", "auto"):
        return as_speaker_options(text)
    numbers = [int(part) if part.isdecimal() and len(part) < 3 else 0 for part in text.split("-")]
    if len(numbers) <= 2 and numbers == sorted(numbers) and all(1 <= each <= MAX_SPEAKERS for each in numbers):
        return as_speaker_options("range", minimum=numbers[0], maximum=numbers[-1])
    raise ArgumentTypeError(f"say none, auto, a number from 1 to {MAX_SPEAKERS}, or a range such as 2-4")


def _refuse_unwritable(output: Path) -> None:
    """Before the work, which may take hours, not after it."""
    folder = output.resolve().parent
    if output.is_dir():
        raise OSError(f"{output} is a folder. Name a file.")
    if not folder.is_dir():
        raise OSError(f"There is no folder {folder} to write to.")
    if not os.access(output if output.exists() else folder, os.W_OK):
        raise OSError(f"{output} cannot be written.")


class Command(BaseCommand):
    _last_stage = ""
    help = "Transcribe a file without a server. The text goes to stdout, progress to stderr."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--engine", default=pipeline_gateway.AUTO)
        parser.add_argument("--model", default="", help="A name, or a path to a checkpoint.")
        parser.add_argument("--language", default="", help="Such as en; detected when not given.")
        parser.add_argument(
            "--speakers", default="none", type=_speakers, help="none, auto, how many there are, or a range such as 2-4."
        )
        parser.add_argument("--mixed-languages", action="store_true", help="The language changes within the recording.")
        parser.add_argument(
            "--carry-context",
            action="store_true",
            help="Tell the engine what was said before: slower, more consistent.",
        )
        parser.add_argument("--format", default="txt", choices=[item.name for item in exports.formats()])
        parser.add_argument("--output", type=Path, help="Write here instead of stdout.")

    def handle(self, *, file: Path, output: Path | None, **options: Any) -> None:
        logging.getLogger().setLevel(logging.ERROR)  # stderr is for progress and for people
        try:
            if output is not None:
                _refuse_unwritable(output)
            text = self._transcribe(file, options)
            if output is None:
                sys.stdout.buffer.write(text)
                sys.stdout.buffer.flush()
            else:
                output.write_bytes(text)
        except (PipelineError, OSError) as error:
            self.stderr.write(getattr(error, "message", str(error)))
            raise SystemExit(1) from None
        except KeyboardInterrupt:
            self.stderr.write("Stopped.")
            raise SystemExit(130) from None

    def _transcribe(self, file: Path, options: dict[str, Any]) -> bytes:
        chosen = pipeline_gateway.transcribe_options(
            engine=options["engine"],
            model=options["model"],
            language=options["language"] or None,
            speakers=options["speakers"],
            mixed_languages=options["mixed_languages"],
            carry_context=options["carry_context"],
        )
        return one_process.transcribe(
            file, options=chosen, export_format=options["format"], tell=self._tell, remark=self.stderr.write
        )

    def _tell(self, snapshot: JobSnapshot) -> None:
        """One line that renews itself on a terminal; nothing but a line a stage elsewhere."""
        if self.stderr.isatty():
            left = f", about {snapshot.seconds_left:.0f} s left" if snapshot.seconds_left else ""
            self.stderr.write(f"\r{snapshot.percent:5.1f} %  {snapshot.stage_title}{left}\x1b[K", ending="")
            if snapshot.status == "completed":
                self.stderr.write("\r\x1b[K", ending="")
        elif snapshot.stage_title not in ("", self._last_stage):
            self._last_stage = snapshot.stage_title
            self.stderr.write(snapshot.stage_title)
        for warning in snapshot.warnings:
            self.stderr.write(f"Note: {warning}")

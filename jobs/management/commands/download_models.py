"""`manage.py download_models [NAME] [--engine ENGINE]`: fetch the weights of a Whisper model into the models folder."""

import time
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from media_pipeline import downloads
from media_pipeline.errors import PipelineError

LINE_SECONDS = 5.0


class Command(BaseCommand):
    help = "Download the weights of a Whisper model. Progress goes to stderr."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", nargs="?", default=settings.ENV.WHISPER_MODEL, help="Default: WHISPER_MODEL.")
        parser.add_argument(
            "--engine",
            choices=list(downloads.DOWNLOADS),
            help="Whose form of the model. Default: the first that has it.",
        )

    def handle(self, *, name: str, engine: str | None, **options: Any) -> None:
        self._shown_at = 0.0
        engine = engine or downloads.engine_of(name)
        try:
            path = downloads.download(engine, name, settings.ENV.models_dir, self._report)
        except PipelineError as error:
            self.stderr.write(error.message)
            raise SystemExit(1) from None
        self.stderr.write(f"The model {name} of {engine} is at {path}.", self.style.SUCCESS)

    def _report(self, fraction: float) -> None:
        """Show progress: in place on a terminal, as a line now and then elsewhere."""
        is_terminal = self.stderr.isatty()
        now = time.monotonic()
        if now - self._shown_at < (0.2 if is_terminal else LINE_SECONDS) and fraction < 1:
            return
        self._shown_at = now
        self.stderr.write(
            f"\r{fraction:4.0%}" if is_terminal else f"{fraction:.0%} downloaded", ending="" if is_terminal else "\n"
        )

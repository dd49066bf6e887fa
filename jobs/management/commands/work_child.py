"""Started by `manage.py work` only: the process that does the steps and keeps the models."""

import logging
import signal
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from jobs import tasks
from jobs.workers import die_with_parent, serve_child
from media_pipeline.engines import pool

log = logging.getLogger(__name__)


class Command(BaseCommand):
    help = "Internal: the child process of a worker."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--pipe", type=int, required=True)

    def handle(self, *, pipe: int, **options: Any) -> None:
        die_with_parent()
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle
        idle = settings.ENV.MODEL_IDLE_SECONDS
        serve_child(pipe, tasks.FUNCTIONS, idle_seconds=idle, on_idle=_unload, is_spent=pool.is_spent)


def _unload() -> None:
    if not pool.is_empty():
        pool.unload_all()
        log.info("no step came for %.0f s: models are unloaded", settings.ENV.MODEL_IDLE_SECONDS)

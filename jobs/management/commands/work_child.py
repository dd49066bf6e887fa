"""Started by `manage.py work` only: the process that does the steps and keeps the models."""

import signal
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from jobs import tasks
from jobs.workers import die_with_parent, serve_child


class Command(BaseCommand):
    help = "Internal: the child process of a worker."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--pipe", type=int, required=True)

    def handle(self, *, pipe: int, **options: Any) -> None:
        die_with_parent()
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle
        serve_child(pipe, tasks.FUNCTIONS)

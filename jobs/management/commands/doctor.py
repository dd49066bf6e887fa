"""`manage.py doctor`: each part ok, or what to do."""

from itertools import chain
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from jobs.services import diagnosis


class Command(BaseCommand):
    help = "Look at every part the product needs and say what to do about those that are missing."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--load", action="store_true", help="Also load the models that would be used.")

    def handle(self, *, load: bool, **options: Any) -> None:
        is_healthy = True
        for finding in chain(diagnosis.examine(), diagnosis.load() if load else ()):
            mark = self.style.SUCCESS("ok     ") if finding.is_ok else self.style.WARNING("to do  ")
            self.stdout.write(f"{mark}{finding.name:24} {finding.state}")
            if finding.problem:
                self.stdout.write(f"       {finding.problem}")
                is_healthy = is_healthy and not finding.is_fatal
        if not is_healthy:
            raise SystemExit(1)

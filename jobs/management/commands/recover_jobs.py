"""`manage.py recover_jobs`: one sweep by hand."""

from typing import Any

from django.core.management.base import BaseCommand

from jobs.services import recovery


class Command(BaseCommand):
    help = "Take back steps whose worker went silent, and tell the queue again of work nobody came for."

    def handle(self, **options: Any) -> None:
        swept = recovery.sweep()
        self.stdout.write(
            f"{swept.expired} steps taken back, {swept.rung} rung again, {swept.advanced} stuck jobs moved on"
        )

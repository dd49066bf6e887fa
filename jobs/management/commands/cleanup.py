"""`manage.py cleanup [--dry-run]`: for cron."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from jobs.services import retention


class Command(BaseCommand):
    help = "Delete what is past its retention. Never touches anything that is being worked on."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="Only say what would be deleted.")

    def handle(self, *, dry_run: bool, verbosity: int, **options: Any) -> None:
        tell = self.stdout.write if verbosity > 1 or dry_run else lambda line: None
        tally = retention.clean(is_dry_run=dry_run, tell=tell)
        verb = "to delete" if dry_run else "deleted"
        self.stdout.write(
            f"scanned {tally.scanned}, {verb} {tally.deleted}, failed {tally.failed}, freed {tally.freed_bytes} bytes"
        )
        if tally.failed:
            raise SystemExit(1)

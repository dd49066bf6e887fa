"""`manage.py prepare`: bring the database and the collected static files up to date. Quick when they are."""

import hashlib
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError
from django.db.utils import OperationalError

STAMP_NAME = ".collected"


class Command(BaseCommand):
    help = "Apply migrations and collect static files."

    def handle(self, **options: Any) -> None:
        settings.DATA_DIR.mkdir(parents=True, exist_ok=True)
        try:
            call_command("migrate", interactive=False, verbosity=0)
        except OperationalError as error:
            raise CommandError(f"The database cannot be used: {error}") from error
        except DatabaseError as error:
            raise CommandError(f"The database could not be brought up to date: {error}") from error
        self.stdout.write("Database: up to date.")
        self.stdout.write("Static files: collected." if _collect() else "Static files: up to date.")


def _collect() -> bool:
    """Collect static files unless the last time saw the same ones. Returns whether it did."""
    stamp = Path(settings.STATIC_ROOT) / STAMP_NAME
    fingerprint = _fingerprint()
    if stamp.is_file() and stamp.read_text() == fingerprint:
        return False
    call_command("collectstatic", interactive=False, verbosity=0)
    stamp.write_text(fingerprint)
    return True


def _fingerprint() -> str:
    """Changes with any file to collect and with what is made of them."""
    from django.contrib.staticfiles.finders import get_finders

    seen = hashlib.sha256(str(settings.STORAGES["staticfiles"]).encode())
    for finder in get_finders():
        for name, storage in finder.list(["CVS", ".*", "*~"]):
            status = Path(storage.path(name)).stat()
            seen.update(f"{name}\0{status.st_size}\0{status.st_mtime_ns}\n".encode())
    return seen.hexdigest()

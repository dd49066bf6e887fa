"""`manage.py clock`: looks for lost work every few seconds, and once an hour for what is past its time."""

import logging
import signal
import threading
import time
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django.db import close_old_connections

from jobs.services import recovery, retention

log = logging.getLogger(__name__)

CLEAN_SECONDS = 3600.0


class Command(BaseCommand):
    help = "Bring lost work back and delete what is past its time, again and again. Any number may run."

    def handle(self, **options: Any) -> None:
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        clean_at = time.monotonic() + CLEAN_SECONDS
        while not stop.wait(settings.ENV.SWEEP_SECONDS):
            _tick(recovery.sweep)
            if time.monotonic() >= clean_at:
                _tick(retention.clean)
                clean_at = time.monotonic() + CLEAN_SECONDS


def _tick(work: Callable[[], object]) -> None:
    """Do one piece of work on a fresh view of the database. What goes wrong is logged, and the clock goes on."""
    close_old_connections()
    try:
        work()
    except Exception:
        log.exception("%s failed; it will be tried again", work.__name__)
    finally:
        close_old_connections()

"""`manage.py clock`: looks for lost work every few seconds, and once an hour for what is past its time."""

import logging
import signal
import threading
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django.db import close_old_connections

from jobs.services import recovery, retention

log = logging.getLogger(__name__)

FIRST_CLEAN_SECONDS = 60.0
CLEAN_SECONDS = 3600.0
STOP_SECONDS = 5.0


class Command(BaseCommand):
    help = "Bring lost work back and delete what is past its time, again and again. Any number may run."

    def handle(self, **options: Any) -> None:
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        cleaner = threading.Thread(
            daemon=True, target=_repeat, args=(stop, retention.clean, FIRST_CLEAN_SECONDS, CLEAN_SECONDS)
        )
        cleaner.start()  # beside the sweep, which must not wait for a large library to be looked through
        _repeat(stop, recovery.sweep, settings.ENV.SWEEP_SECONDS, settings.ENV.SWEEP_SECONDS)
        cleaner.join(timeout=STOP_SECONDS)


def _repeat(stop: threading.Event, work: Callable[[], object], first: float, pause: float) -> None:
    """Do `work` after `first` seconds and then every `pause` seconds, until told to stop."""
    wait = first
    while not stop.wait(wait):
        _tick(work)
        wait = pause


def _tick(work: Callable[[], object]) -> None:
    """Do one piece of work on a fresh view of the database. What goes wrong is logged, and the clock goes on."""
    close_old_connections()
    try:
        work()
    except Exception:
        log.exception("%s failed; it will be tried again", work.__name__)
    finally:
        close_old_connections()

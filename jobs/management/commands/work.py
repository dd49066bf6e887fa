"""`manage.py work --lane gpu`: one worker process for one lane."""

import sys
from typing import Any

import django_rq
from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from jobs import pipeline_gateway, tasks
from jobs.services import recovery
from jobs.workers import WarmWorker
from media_pipeline import devices


class Command(BaseCommand):
    help = "Do the steps of one lane until told to stop."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--lane", choices=settings.LANES, required=True)
        parser.add_argument("--burst", action="store_true", help="End when the queue is empty.")

    def handle(self, *, lane: str, burst: bool, **options: Any) -> None:
        recovery.remove_dead_scratch()
        recovery.take_back_from_the_dead()
        queue = django_rq.get_queue(lane)
        worker = WarmWorker(
            [queue],
            child_arguments=[sys.executable, str(settings.BASE_DIR / "manage.py"), "work_child", "--pipe"],
            child_environment=child_environment(lane),
            on_loss=tasks.step_lost,
            connection=queue.connection,
            serializer=queue.serializer,
            queue_class=type(queue),
        )
        worker.warm_up()
        worker.work(burst=burst, logging_level="WARNING")


def child_environment(lane: str) -> dict[str, str]:
    """What keeps the child from taking more of the machine than its lane's share.

    Only GPU workers may hold a place on the device. The models of the other lanes, the one that finds speech, gain
    nothing from a second thread; FFmpeg is told its threads by itself.
    """
    if lane == "gpu":
        return devices.thread_limits(pipeline_gateway.machine().threads)
    return devices.thread_limits(1) | {"CUDA_VISIBLE_DEVICES": ""}

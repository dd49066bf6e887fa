"""What it costs to hand a job to a worker: our warm worker beside RQ's two own ones.

RQ's SimpleWorker runs jobs in the worker itself: quick, but it cannot be stopped, and a job that crashes takes it
along. RQ's Worker forks for each job: safe, but nothing loaded is ever used again. Ours hands jobs to a child that
stays: as safe as the second, and it keeps its models as the first does.
"""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.measuring import conclude, say, site, timed
from tests.speech import Line, render

RUN_STEP = "jobs.tasks.run_step"  # the one function our workers take
EMPTY_JOBS, MODEL_JOBS, FORKED_MODEL_JOBS = 300, 20, 3
CHILD = (
    "from benchmarks.dispatch import FUNCTIONS; from jobs.workers import die_with_parent, serve_child; import sys; "
    "die_with_parent(); serve_child(int(sys.argv[-1]), FUNCTIONS)"
)


def run() -> None:
    print("dispatch: jobs handed to a worker process, by way of a real Redis")
    wav = str(render([Line("slt", "We will discuss the budget today.")]).path)
    with site():
        empty = {name: dispatch("nothing", wav, EMPTY_JOBS) for name, dispatch in WORKERS.items()}
        # In this order: SimpleWorker loads torch into this process, and a fork of it would find that ready.
        model = {
            "Worker": by_worker("use_model", wav, FORKED_MODEL_JOBS),
            "ours": by_warm_worker("use_model", wav, MODEL_JOBS),
            "SimpleWorker": by_simple_worker("use_model", wav, MODEL_JOBS),
        }
    for name in WORKERS:
        say(
            f"{name:<13} {1000 * empty[name]:7.1f} ms an empty job, {1000 * model[name]:7.1f} ms one that needs a model"
        )
    conclude("C8/empty", 1000 * empty["ours"], 1000 * empty["SimpleWorker"], "ms", ">=0.8")
    conclude("C8/model", 1000 * model["ours"], 1000 * model["Worker"], "ms", ">=10")


# The jobs -------------------------------------------------------------------------------------------------------------


def nothing(wav: str) -> None:
    """A job that does nothing."""


def use_model(wav: str) -> None:
    """A job that needs a small network (Silero's; loading torch is most of it) for two seconds of speech."""
    from media_pipeline.engines import pool
    from media_pipeline.media import Audio, AudioFacts
    from media_pipeline.run import Machine, Run

    machine = Machine(Path(), "cpu", 1)
    audio = Audio(Path(wav), AudioFacts(duration=2.0, gain=1.0, loudness_db=None, peak=1.0))
    pool.get("vad", "silero", "", machine).detect(audio, Run(Path(), machine))


def do(what: str, wav: str) -> None:
    {"nothing": nothing, "use_model": use_model}[what](wav)


FUNCTIONS = {RUN_STEP: do}


# The workers. Each returns seconds per job; loading the model the first time is included -----------------------------


def by_warm_worker(what: str, wav: str, count: int) -> float:
    import django_rq

    from jobs.workers import WarmWorker

    queue = django_rq.get_queue("cpu")
    for _ in range(count):
        queue.enqueue_call(RUN_STEP, args=(what, wav), result_ttl=0)
    worker = WarmWorker(
        [queue],
        child_arguments=[sys.executable, "-c", CHILD],
        on_loss=_refuse_loss,
        connection=queue.connection,
        serializer=queue.serializer,
        queue_class=type(queue),
    )
    worker.warm_up()
    assert worker._child is not None
    worker._child.wait(60)  # its first beat: it is up, as the other workers are
    return _burst(worker, queue, count)


def by_simple_worker(what: str, wav: str, count: int) -> float:
    from rq import SimpleWorker

    return _by_rq(SimpleWorker, what, wav, count)


def by_worker(what: str, wav: str, count: int) -> float:
    from rq import Worker

    return _by_rq(Worker, what, wav, count)


def _by_rq(worker_class: Any, what: str, wav: str, count: int) -> float:
    import django_rq
    from rq import Queue
    from rq.serializers import JSONSerializer

    connection = django_rq.get_connection("cpu")
    queue = Queue("benchmark", connection=connection, serializer=JSONSerializer)
    for _ in range(count):
        queue.enqueue_call(f"benchmarks.dispatch.{what}", args=(wav,), result_ttl=0)
    return _burst(worker_class([queue], connection=connection, serializer=JSONSerializer), queue, count)


def _burst(worker: Any, queue: Any, count: int) -> float:
    seconds = timed(lambda: worker.work(burst=True, logging_level="ERROR"))
    assert queue.count == 0
    assert queue.failed_job_registry.count == 0
    return seconds / count


def _refuse_loss(args: list[Any], pid: int, reason: str) -> None:
    raise AssertionError(f"a job was lost: {reason}")


WORKERS: dict[str, Callable[[str, str, int], float]] = {
    "ours": by_warm_worker,
    "SimpleWorker": by_simple_worker,
    "Worker": by_worker,
}

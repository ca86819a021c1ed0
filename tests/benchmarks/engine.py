"""What one job costs: enqueue and perform a no-op with one integer, here and under the frameworks' own test modes.

Run it with ``python tests/benchmarks/engine.py [JOBS]``. All paths are measured in turn within one run, in several
rounds, and shown by their medians and as ratios, for seconds of one machine say little about another. What is not
installed is left out, by name.

jobkit's path is the whole one: arguments bound and encoded to JSON, the message decoded into a new job, callbacks and
handlers looked for, the history kept. Huey's immediate mode serialises nothing.
"""

from __future__ import annotations

import gc
import operator
import statistics
import sys
import time
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from random import Random

import jobkit
from jobkit import Engine

ROUNDS = 5
Path = Callable[[int], None]


@jobkit.job
def no_op(number: int) -> None:
    """Does nothing."""


def jobkit_engine(jobs: int) -> None:
    engine = Engine()
    with engine.active():
        for number in range(jobs):
            no_op.perform_later(number)
        engine.drain(limit=None)


def plain_call(jobs: int) -> None:
    for number in range(jobs):
        no_op(number)


def huey_immediate() -> Path:
    from huey import MemoryHuey

    huey = MemoryHuey(immediate=True)

    @huey.task()
    def task(number: int) -> None:
        pass

    def run(jobs: int) -> None:
        for number in range(jobs):
            task(number)

    return run


def celery_eager() -> Path:
    from celery import Celery

    app = Celery("benchmark", broker="memory://")
    app.conf.task_always_eager = True

    @app.task
    def task(number: int) -> None:
        pass

    def run(jobs: int) -> None:
        for number in range(jobs):
            task.delay(number)

    return run


def dramatiq_stub() -> Path:
    import dramatiq
    from dramatiq.brokers.stub import StubBroker

    broker = StubBroker()
    broker.emit_after("process_boot")

    @dramatiq.actor(broker=broker)
    def task(number: int) -> None:
        pass

    def run(jobs: int) -> None:
        worker = dramatiq.Worker(broker, worker_timeout=10)
        worker.start()
        for number in range(jobs):
            task.send(number)
        broker.join(task.queue_name)
        worker.stop()

    return run


def rq_synchronous() -> Path:
    from fakeredis import FakeStrictRedis
    from rq import Queue

    queue = Queue(is_async=False, connection=FakeStrictRedis())

    def run(jobs: int) -> None:
        for number in range(jobs):
            queue.enqueue(operator.index, number)

    return run


#: name, maker, and the share of the jobs that it is run with, since some take milliseconds for each
PATHS: list[tuple[str, Callable[[], Path], float]] = [
    ("plain call", lambda: plain_call, 1),
    ("jobkit Engine", lambda: jobkit_engine, 1),
    ("Huey immediate", huey_immediate, 1),
    ("Celery task_always_eager", celery_eager, 0.3),
    ("Dramatiq StubBroker and worker", dramatiq_stub, 0.3),
    ("RQ is_async=False on fakeredis", rq_synchronous, 0.05),
]


def microseconds(path: Path, jobs: int) -> float:
    gc.collect()
    started = time.perf_counter()
    path(jobs)
    return (time.perf_counter() - started) / jobs * 1e6


@contextmanager
def quiet_logs() -> Iterator[None]:
    import logging

    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(logging.NOTSET)


def compare(jobs: int) -> None:
    """Print µs a job of each path, and the ratio to jobkit's of the same round."""
    ready: list[tuple[str, Path, int]] = []
    for name, make, share in PATHS:
        try:
            path = make()
        except ImportError as error:
            print(f"  {name}: left out, {error.name} is not installed")
            continue
        count = max(1, int(jobs * share))
        path(max(1, count // 20))
        ready.append((name, path, count))
    measured: dict[str, list[float]] = {name: [] for name, _, _ in ready}
    for _ in range(ROUNDS):
        for name, path, count in ready:
            measured[name].append(microseconds(path, count))
    ours = measured["jobkit Engine"]
    print(f"{'path':34}{'µs a job':>10}{'best':>10}{'ratio to jobkit':>18}")
    for name, values in measured.items():
        ratio = statistics.median(value / own for value, own in zip(values, ours, strict=True))
        print(f"{name:34}{statistics.median(values):10.2f}{min(values):10.2f}{ratio:18.2f}")


def curve(most: int) -> None:
    """Print the cost of a job for growing numbers of them; it should stay level."""
    print("\njobs in one engine        µs a job")
    jobs = 1_000
    while jobs <= most:
        print(f"{jobs:18,}{min(microseconds(jobkit_engine, jobs) for _ in range(3 if jobs < 500_000 else 1)):16.2f}")
        jobs *= 10


def scheduled(jobs: int) -> None:
    """Print the cost of draining jobs at random times, against the same number without a time."""
    ratios = []
    for round_ in range(3):
        source = Random(round_)
        costs = []
        for spread in (0.0, 86_400.0):
            engine = Engine()
            with engine.active():
                for number in range(jobs):
                    job = no_op.build(number)
                    job.enqueue(wait=source.random() * spread) if spread else job.enqueue()
                gc.collect()
                started = time.perf_counter()
                engine.drain(limit=None)
                costs.append(time.perf_counter() - started)
        ratios.append(costs[1] / costs[0])
    print(f"\ndraining {jobs:,} jobs at random times, to the same number at once: {statistics.median(ratios):.2f}")


def memory(jobs: int) -> None:
    """Print what a pending job occupies, history included."""
    engine = Engine()
    with engine.active():
        tracemalloc.start()
        for number in range(jobs):
            no_op.perform_later(number)
        occupied, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    print(f"a pending job: {occupied / jobs:.0f} bytes")


def main() -> None:
    jobs = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    with quiet_logs():
        compare(jobs)
        curve(jobs * 100)
        scheduled(jobs * 10)
        memory(jobs)


if __name__ == "__main__":
    main()

"""What one job of each framework costs under the engine, beside the framework's own way of testing it.

Run it with ``python tests/benchmarks/frameworks.py [JOBS]``. Both sides enqueue and perform a no-op with one integer;
each round measures them one after the other, the first side changing from round to round, and what is shown is the
median of the ratios of the pairs: seconds of one machine say little about another. What is not installed is left out,
by name. With ``--profile FRAMEWORK`` it shows where our side spends its time.

The two sides do not do the same work. Ours keeps every message as the bytes that a broker would get, decodes them
anew and goes through the framework's worker; Celery's eager mode and Huey's immediate mode serialise nothing. What
a session costs without a single job, to capture the framework and to leave it again, is in the last column.
"""

from __future__ import annotations

import argparse
import cProfile
import gc
import logging
import operator
import pstats
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from jobkit import Engine
from pytest_jobkit.capture.installed import InstalledCaptures

ROUNDS = 9
SESSIONS = 20
CLOSED_PORT = 1
Path = Callable[[int], None]


class Subject(NamedTuple):
    """One framework: how to enqueue a job for our side, and its own way of testing.

    Attributes:
        own_way: the name of the framework's own test mode.
        enqueue: enqueues one job, as the application does.
        theirs: enqueues and performs so many jobs in that mode.
    """

    framework: str
    own_way: str
    enqueue: Path
    theirs: Path


def celery() -> Subject:
    from celery import Celery

    def application(eager: bool) -> Path:
        app = Celery(f"benchmark_{eager}", broker=f"redis://127.0.0.1:{CLOSED_PORT}", set_as_current=False)
        app.conf.task_always_eager = eager

        @app.task(name=f"benchmark.no_op_{eager}", ignore_result=True)
        def no_op(number: int) -> None:
            pass

        def enqueue(number: int) -> None:
            no_op.delay(number)

        return enqueue

    eager = application(eager=True)

    def theirs(jobs: int) -> None:
        for number in range(jobs):
            eager(number)

    return Subject("celery", "task_always_eager", application(eager=False), theirs)


def dramatiq() -> Subject:
    import dramatiq
    from dramatiq.brokers.redis import RedisBroker
    from dramatiq.brokers.stub import StubBroker

    def application(broker: dramatiq.Broker) -> dramatiq.Actor[[int], None]:
        @dramatiq.actor(broker=broker)
        def no_op(number: int) -> None:
            pass

        return no_op

    unreachable: dramatiq.Broker = RedisBroker(url=f"redis://127.0.0.1:{CLOSED_PORT}")  # type: ignore[no-untyped-call]  # Dramatiq leaves its brokers untyped
    ours = application(unreachable)
    stub = StubBroker()
    stub.emit_after("process_boot")
    stubbed = application(stub)

    def enqueue(number: int) -> None:
        ours.send(number)

    def theirs(jobs: int) -> None:
        worker = dramatiq.Worker(stub, worker_timeout=10)
        worker.start()
        for number in range(jobs):
            stubbed.send(number)
        stub.join(stubbed.queue_name)
        worker.stop()

    return Subject("dramatiq", "StubBroker and a worker", enqueue, theirs)


def rq() -> Subject:
    import redis
    from fakeredis import FakeStrictRedis
    from rq import Queue

    queue = Queue(connection=redis.Redis(port=CLOSED_PORT))
    synchronous = Queue(is_async=False, connection=FakeStrictRedis())

    def enqueue(number: int) -> None:
        queue.enqueue(operator.index, number)

    def theirs(jobs: int) -> None:
        for number in range(jobs):
            synchronous.enqueue(operator.index, number)

    return Subject("rq", "is_async=False on fakeredis", enqueue, theirs)


def huey() -> Subject:
    from huey import MemoryHuey, RedisHuey  # type: ignore[import-untyped]  # Huey has no types

    def application(instance: Any) -> Path:
        @instance.task()  # type: ignore[untyped-decorator]  # Huey has no types
        def no_op(number: int) -> None:
            pass

        def enqueue(number: int) -> None:
            no_op(number)

        return enqueue

    immediate = application(MemoryHuey(immediate=True))

    def theirs(jobs: int) -> None:
        for number in range(jobs):
            immediate(number)

    return Subject("huey", "immediate mode", application(RedisHuey(host="127.0.0.1", port=CLOSED_PORT)), theirs)


SUBJECTS: tuple[tuple[Callable[[], Subject], float], ...] = ((celery, 1), (dramatiq, 1), (rq, 0.2), (huey, 1))
"""Each framework, and the share of the jobs that it is run with."""


def captured(subject: Subject) -> Path:
    """Our side: a session as long as the jobs, from capturing the framework to leaving it."""

    def ours(jobs: int) -> None:
        engine = Engine()
        with InstalledCaptures(engine.push, engine.clock, only=[subject.framework], chance=engine.chance):
            for number in range(jobs):
                subject.enqueue(number)
            result = engine.drain(limit=None)
        if result.succeeded != jobs:
            raise SystemExit(f"{subject.framework}: {result.succeeded} of {jobs} jobs succeeded, no time is comparable")

    return ours


def microseconds(path: Path, jobs: int) -> float:
    """The time of one job in a run of so many."""
    gc.collect()
    started = time.perf_counter()
    path(jobs)
    return (time.perf_counter() - started) / jobs * 1e6


def microseconds_of_a_session(ours: Path) -> float:
    """What a session without a job takes."""
    gc.collect()
    started = time.perf_counter()
    for _ in range(SESSIONS):
        ours(0)
    return (time.perf_counter() - started) / SESSIONS * 1e6


def compare(subject: Subject, jobs: int) -> None:
    """Print the medians of both sides, and of their ratio."""
    ours = captured(subject)
    for path in (ours, subject.theirs):
        path(max(1, jobs // 20))
    pairs: list[tuple[float, float]] = []
    for number in range(ROUNDS):
        if number % 2:
            theirs, own = microseconds(subject.theirs, jobs), microseconds(ours, jobs)
        else:
            own, theirs = microseconds(ours, jobs), microseconds(subject.theirs, jobs)
        pairs.append((own, theirs))
    ratio = statistics.median(own / theirs for own, theirs in pairs)
    own, theirs = (statistics.median(values) for values in zip(*pairs, strict=True))
    session = microseconds_of_a_session(ours)
    print(f"{subject.framework:10}{own:9.1f}{theirs:9.1f}{ratio:8.2f}   {subject.own_way:30}{session:9.0f}")


def profile(subject: Subject, jobs: int) -> None:
    """Print where our side spends its time."""
    ours = captured(subject)
    ours(jobs // 10)
    profiler = cProfile.Profile()
    profiler.runcall(ours, jobs)
    pstats.Stats(profiler).sort_stats("tottime").print_stats(30)


@contextmanager
def quiet_logs() -> Iterator[None]:
    """Neither side writes a line a job."""
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(logging.NOTSET)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("jobs", nargs="?", type=int, default=2_000)
    parser.add_argument("--profile", metavar="FRAMEWORK")
    options = parser.parse_args()
    if options.profile is None:
        print(f"{'µs a job':10}{'ours':>9}{'theirs':>9}{'ratio':>8}   {'their way':30}{'µs a session':>12}")
    with quiet_logs():
        for make, share in SUBJECTS:
            if options.profile not in (None, make.__name__):
                continue
            try:
                subject = make()
            except ImportError as error:
                print(f"{make.__name__:10}left out, {error.name} is not installed")
                continue
            jobs = max(1, int(options.jobs * share))
            compare(subject, jobs) if options.profile is None else profile(subject, jobs)


if __name__ == "__main__":
    main()

"""The embedded worker: `engine.run` on the system clock, its threads, and how it stops."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta

import pytest

from jobkit import Batch, ConfigError, Engine, QueueConfig, SystemClock, current_job, job, limits_concurrency, unique
from jobkit.batches import BatchStatus
from jobkit.envelope import Delivery, Envelope
from jobkit.outcome import Outcome
from jobkit.performer import JobPerformer

#: longer than anything here takes; reached only by a test that fails
LONG = 20.0

collected: list[object] = []
arrived = threading.Semaphore(0)
gate = threading.Event()


@pytest.fixture
def engine() -> Iterator[Engine]:
    global arrived
    collected.clear()
    arrived = threading.Semaphore(0)
    gate.clear()
    engine = Engine(clock=SystemClock(), seed=None)
    with engine.active():
        yield engine
    gate.set()


@contextmanager
def running(engine: Engine, concurrency: int = 2, queues: list[str] | None = None) -> Iterator[None]:
    worker = threading.Thread(target=lambda: engine.run(concurrency, queues))
    worker.start()
    try:
        yield
    finally:
        wait_for(lambda: engine._pool is not None)
        engine.stop()
        worker.join(LONG)
        assert not worker.is_alive()


def wait_for(condition: Callable[[], bool]) -> None:
    """Wait for what no event of the test's own announces."""
    for _ in range(int(LONG / 0.005)):
        if condition():
            return
        threading.Event().wait(0.005)
    raise AssertionError("it did not come about")


def arrivals(count: int) -> None:
    for _ in range(count):
        assert arrived.acquire(timeout=LONG)


@job
def collect(what: object) -> None:
    collected.append(what)
    arrived.release()


@job
def waits_at_the_gate(what: object) -> None:
    arrived.release()
    assert gate.wait(LONG)
    collected.append(what)


@job
async def collect_async(what: object) -> None:
    collected.append(what)
    arrived.release()


@job
def fails() -> None:
    raise ValueError


@job
def exits() -> None:
    raise SystemExit(3)


def test_jobs_from_many_threads_are_each_performed_once(engine: Engine) -> None:
    def enqueue(part: int) -> None:
        for number in range(100):
            collect.perform_later(part * 100 + number)

    with running(engine, concurrency=4):
        with ThreadPoolExecutor(8) as threads:
            list(threads.map(enqueue, range(8)))
        arrivals(800)

    assert Counter(collected) == Counter(range(800))
    assert len(engine.performed) == 800
    assert {record.state.value for record in engine.performed} == {"succeeded"}


def test_as_many_jobs_run_at_once_as_there_are_threads(engine: Engine) -> None:
    with running(engine, concurrency=3):
        for number in range(4):
            waits_at_the_gate.perform_later(number)
        arrivals(3)

        assert len(engine.enqueued) == 1
        gate.set()
        arrivals(1)

    assert sorted(map(str, collected)) == ["0", "1", "2", "3"]


def test_a_scheduled_job_runs_at_its_time_and_not_before(engine: Engine) -> None:
    with running(engine):
        later = collect.set(wait=0.15).perform_later("later")
        collect.perform_later("now")
        arrivals(2)

    record = next(record for record in engine.performed if record.job_id == later.job_id)
    assert collected == ["now", "later"]
    assert record.started_at is not None
    assert later.scheduled_at is not None
    assert timedelta(0) <= record.started_at - later.scheduled_at < timedelta(seconds=LONG)


def test_an_error_of_a_job_does_not_end_its_thread(engine: Engine) -> None:
    with running(engine, concurrency=1):
        fails.perform_later()
        exits.perform_later()
        collect.perform_later("after")
        arrivals(1)

    assert collected == ["after"]
    assert [type(record.error) for record in engine.dead] == [ValueError, SystemExit]


def test_what_cannot_be_delivered_is_reported_and_goes_to_the_dead_set(engine: Engine) -> None:
    class Broken(JobPerformer):
        def perform(self, delivery: Delivery) -> Outcome:
            raise RuntimeError("no job's error")

    reported: list[str] = []
    engine.error_reporters.append(lambda error: reported.append(str(error)))
    engine.push(Envelope("1", "broken", "{}", Broken()))
    collect.perform_later("after")
    with running(engine, concurrency=1):
        arrivals(1)

    assert collected == ["after"]
    assert reported == ["no job's error"]
    assert [record.job_id for record in engine.dead] == ["1"]


def test_async_jobs_run_on_the_threads_too(engine: Engine) -> None:
    with running(engine):
        for number in range(10):
            collect_async.perform_later(number)
        arrivals(10)

    assert sorted(map(str, collected)) == sorted(map(str, range(10)))


def test_only_the_queues_asked_for_are_served(engine: Engine) -> None:
    collect.set(queue="other").perform_later("left")
    collect.set(queue="mail").perform_later("taken")
    with running(engine, queues=["mail"]):
        arrivals(1)

    assert collected == ["taken"]
    assert [record.queue for record in engine.enqueued] == ["other"]


def test_a_stop_lets_running_jobs_finish_and_leaves_the_others_queued(engine: Engine) -> None:
    with running(engine, concurrency=1):
        waits_at_the_gate.perform_later("running")
        arrivals(1)
        collect.perform_later("waiting")
        threading.Timer(0.01, gate.set).start()

    assert collected == ["running"]
    assert [record.arguments for record in engine.enqueued] == [["waiting"]]


def test_what_does_not_finish_in_time_goes_back_to_the_front_of_its_queue() -> None:
    engine = Engine(clock=SystemClock(), seed=None, config=QueueConfig(timeout=0.05))
    begun, released = threading.Event(), threading.Event()

    @job
    def outlasts(what: str) -> None:
        begun.set()
        assert released.wait(LONG)

    with engine.active():
        with running(engine, concurrency=1):
            outlasts.perform_later("unfinished")
            assert begun.wait(LONG)
            outlasts.perform_later("behind it")
        unfinished = [record.arguments for record in engine.enqueued]
        events = [event.name for event in engine.history]
        released.set()
        wait_for(lambda: len(engine.performed) == 1)

    assert unfinished == [["unfinished"], ["behind it"]]
    assert events[-1] == "redelivered"


def test_a_place_under_a_limit_is_kept_by_all_threads_together(engine: Engine) -> None:
    inside: list[int] = []
    most: list[int] = []

    @limits_concurrency(to=1)
    @job
    def limited() -> None:
        inside.append(1)
        most.append(len(inside))
        inside.pop()
        arrived.release()

    with running(engine, concurrency=4):
        for _ in range(100):
            limited.perform_later()
        arrivals(100)

    assert max(most) == 1


def test_one_of_many_equal_jobs_gets_the_lock_whichever_thread_is_first(engine: Engine) -> None:
    @unique(lock="until_executed")
    @job
    def only_one() -> None: ...

    with ThreadPoolExecutor(8) as threads:
        enqueued = list(threads.map(lambda _: bool(only_one.perform_later()), range(64)))

    assert sum(enqueued) == 1
    assert len(engine.enqueued) == 1


def test_a_batch_is_told_once_of_its_end_whichever_threads_end_it(engine: Engine) -> None:
    told: list[BatchStatus] = []

    def success(status: BatchStatus) -> None:
        told.append(status)
        arrived.release()

    with running(engine, concurrency=4):
        with Batch(on_success=success):
            for number in range(50):
                collect.perform_later(number)
        arrivals(51)

    assert [(status.total, status.pending) for status in told] == [(50, 0)]


def test_each_thread_knows_its_own_job(engine: Engine) -> None:
    @job
    def says_its_number(number: int) -> None:
        collected.append((number, current_job().arguments[0]))
        arrived.release()

    with running(engine, concurrency=4):
        for number in range(50):
            says_its_number.perform_later(number)
        arrivals(50)

    assert sorted(map(str, collected)) == sorted(str((number, number)) for number in range(50))


def test_a_virtual_clock_is_refused_for_time_would_not_pass() -> None:
    with pytest.raises(ConfigError, match=r"engine\.drain\(\)"):
        Engine().run()


def test_an_engine_runs_once_at_a_time_and_with_a_thread_at_least(engine: Engine) -> None:
    with pytest.raises(ConfigError, match="at least one thread"):
        engine.run(concurrency=0)
    with running(engine):
        collect.perform_later(1)
        arrivals(1)
        with pytest.raises(ConfigError, match="running already"):
            engine.run()

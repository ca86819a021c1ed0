"""jobkit jobs on other engines: the engine's own worker runs them, in this process, and the retries are jobkit's."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

import jobkit
from jobkit import current_job, job, retry_on, unique
from jobkit.errors import ConfigError

ran: list[tuple[int, int, str]] = []


@job(queue="default")
@retry_on(ValueError, wait=0, attempts=3, jitter=0)
def flaky(failures: int) -> None:
    me = current_job()
    ran.append((failures, me.executions, me.job_id))
    if me.executions <= failures:
        raise ValueError("flaky")


@job
async def waits(number: int) -> None:
    ran.append((number, current_job().executions, "async"))


@pytest.fixture(autouse=True)
def _clean() -> Iterator[None]:
    ran.clear()
    yield
    jobkit.configure(adapter=None)


def celery() -> Callable[[], list[str]]:
    from celery import Celery
    from celery.contrib.testing.worker import start_worker

    from jobkit.adapters.celery import CeleryAdapter

    app = Celery("adapters", broker="memory://", set_as_current=False)
    app.conf.update(task_default_queue="default", worker_hijack_root_logger=False, broker_connection_retry=False)
    jobkit.configure(adapter=CeleryAdapter(app))
    failed: list[str] = []

    def work() -> list[str]:
        from celery import signals

        done: list[object] = []
        expected = 5

        def finished(**details: Any) -> None:
            done.append(details)

        def failure(exception: BaseException | None = None, **details: Any) -> None:
            failed.append(repr(exception))

        signals.task_postrun.connect(finished)
        signals.task_failure.connect(failure)
        try:
            with start_worker(app, perform_ping_check=False, pool="solo", loglevel="CRITICAL"):
                wait_until(lambda: len(done) >= expected)
        finally:
            signals.task_postrun.disconnect(finished)
            signals.task_failure.disconnect(failure)
        return failed

    return work


def wait_until(true: Callable[[], bool], seconds: float = 20) -> None:
    """Wait for what another thread does."""
    import threading
    import time

    deadline = time.monotonic() + seconds
    pause = threading.Event()
    while not true():
        assert time.monotonic() < deadline, "the worker did not get done"
        pause.wait(0.01)


def dramatiq() -> Callable[[], list[str]]:
    import dramatiq
    from dramatiq.brokers.stub import StubBroker

    from jobkit.adapters.dramatiq import DramatiqAdapter

    broker = StubBroker()
    jobkit.configure(adapter=DramatiqAdapter(broker))

    def work() -> list[str]:
        worker = dramatiq.Worker(broker, worker_timeout=10, worker_threads=1)
        worker.start()
        broker.join("default", fail_fast=False)
        worker.join()
        worker.stop()
        return [message.options["traceback"].strip().splitlines()[-1] for message in broker.dead_letters]

    return work


def huey() -> Callable[[], list[str]]:
    from huey import MemoryHuey
    from huey.utils import utcnow

    from jobkit.adapters.huey import HueyAdapter

    instance = MemoryHuey()
    jobkit.configure(adapter=HueyAdapter(instance))
    failed: list[str] = []

    @instance.signal("error")
    def note(signal: str, task: Any, error: BaseException) -> None:
        failed.append(repr(error))

    def work() -> list[str]:
        while True:
            for due in instance.read_schedule(utcnow()):
                instance.enqueue(due)
            task = instance.dequeue()
            if task is None:
                return failed
            instance.execute(task)

    return work


def rq() -> Callable[[], list[str]]:
    from fakeredis import FakeStrictRedis
    from rq import Queue, SimpleWorker
    from rq.timeouts import TimerDeathPenalty

    from jobkit.adapters.rq import RQAdapter

    connection = FakeStrictRedis()
    jobkit.configure(adapter=RQAdapter(connection))

    def work() -> list[str]:
        queue = Queue("default", connection=connection)
        worker = SimpleWorker([queue], connection=connection)
        worker.death_penalty_class = TimerDeathPenalty
        while True:
            for job_id in queue.scheduled_job_registry.get_job_ids():
                queue.scheduled_job_registry.remove(job_id)
                queue._enqueue_job(queue.fetch_job(job_id))
            if not queue.job_ids:
                break
            found = Queue.dequeue_any([queue], timeout=None, connection=connection)
            assert found is not None
            worker.execute_job(*found)
        return [str(queue.fetch_job(job_id).exc_info) for job_id in queue.failed_job_registry.get_job_ids()]

    return work


ENGINES = {"celery": celery, "dramatiq": dramatiq, "huey": huey, "rq": rq}


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")
def test_a_job_runs_on_the_engine_with_jobkit_s_retries_under_one_id(engine: str) -> None:
    work = ENGINES[engine]()

    flaky.perform_later(2)
    waits.perform_later(7)
    flaky.set(wait=0).perform_later(0)
    failed = work()

    attempts = [(failures, executions) for failures, executions, kind in ran if failures == 2]
    assert attempts == [(2, 1), (2, 2), (2, 3)]
    assert len({job_id for failures, _, job_id in ran if failures == 2}) == 1
    assert (7, 1, "async") in ran
    assert failed == []


@pytest.mark.parametrize("engine", ["dramatiq", "huey", "rq"])
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")
def test_the_engine_sees_only_the_last_failure(engine: str) -> None:
    work = ENGINES[engine]()

    flaky.perform_later(9)
    failed = work()

    assert [executions for _, executions, _ in ran] == [1, 2, 3]
    assert len(failed) == 1
    assert "ValueError" in failed[0]


def test_a_job_with_a_unique_lock_is_refused_with_what_to_do_instead() -> None:
    huey()

    @unique()
    @job
    def only(number: int) -> None:
        pass

    with pytest.raises(ConfigError, match="no store for unique locks"):
        only.perform_later(1)


def test_dramatiq_names_the_queue_that_it_was_not_given() -> None:
    dramatiq()

    with pytest.raises(ConfigError, match="no queue 'low'"):
        flaky.set(queue="low").perform_later(1)


def test_an_rq_worker_that_configured_nothing_says_so() -> None:
    from jobkit.adapters.rq import run

    with pytest.raises(ConfigError, match="has not configured jobkit"):
        run("{}")

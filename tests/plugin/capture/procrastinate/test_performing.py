"""Jobs run through Procrastinate's own worker: its strategies, its context, and what a lost worker leaves."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest
from procrastinate import App, RetryStrategy
from procrastinate.exceptions import JobAborted, TaskNotFound

from jobkit.engine import Engine
from jobkit.envelope import WorkerLost
from jobkit.record import State


class Boom(Exception):
    pass


def attempts(engine: Engine) -> list[tuple[float, State]]:
    first = engine.performed[0].started or 0.0
    return [((record.started or 0.0) - first, record.state) for record in engine.performed]


def test_max_attempts_3_is_four_attempts_with_the_waits_of_the_strategy(engine: Engine, app: App) -> None:
    counts = []

    @app.task(name="flaky", retry=RetryStrategy(max_attempts=3, wait=5, linear_wait=10), pass_context=True)
    def flaky(context: Any) -> None:
        counts.append(context.job.attempts)
        raise Boom("for good")

    job_id = flaky.defer()
    assert engine.enqueued[0].attempts_max == 4

    with pytest.raises(Boom, match="for good"):
        engine.drain()

    assert counts == [0, 1, 2, 3]
    assert attempts(engine) == [(0, State.RETRIED), (5, State.RETRIED), (20, State.RETRIED), (45, State.DEAD)]
    assert {record.job_id for record in engine.performed} == {str(job_id)}


def test_exponential_waits_are_procrastinates(engine: Engine, app: App) -> None:
    @app.task(name="flaky", retry=RetryStrategy(max_attempts=4, exponential_wait=3))
    async def flaky() -> None:
        raise Boom

    flaky.defer()
    engine.drain(errors="capture")

    assert [time for time, _ in attempts(engine)] == [0, 3, 12, 39, 120]


def test_without_a_strategy_or_for_another_error_there_is_no_retry(engine: Engine, app: App) -> None:
    @app.task(name="plain")
    def plain() -> None:
        raise Boom

    @app.task(name="picky", retry=RetryStrategy(retry_exceptions={KeyError}))
    def picky() -> None:
        raise Boom

    plain.defer()
    picky.defer()
    assert [record.attempts_max for record in engine.enqueued] == [1, None]
    engine.drain(errors="capture")

    assert [record.state for record in engine.performed] == [State.DEAD, State.DEAD]


def test_a_plain_task_runs_on_the_tests_thread_and_an_async_one_on_its_loop(engine: Engine, app: App) -> None:
    threads = []

    @app.task(name="plain")
    def plain() -> None:
        threads.append(threading.current_thread())

    @app.task(name="in_loop")
    async def in_loop() -> None:
        await plain.defer_async()
        threads.append(threading.current_thread())

    in_loop.defer()
    engine.drain()

    assert threads == [threading.current_thread()] * 2


def test_an_async_test_performs_on_its_own_loop(engine: Engine, app: App) -> None:
    runs = []

    @app.task(name="job")
    async def job() -> None:
        runs.append(1)

    async def test() -> None:
        await job.defer_async()
        await engine.adrain()

    asyncio.run(test())

    assert runs == [1]


def test_a_chain_of_jobs_keeps_its_schedule(engine: Engine, app: App) -> None:
    @app.task(name="countdown")
    def countdown(left: int) -> None:
        if left:
            countdown.configure(schedule_in={"seconds": 60}).defer(left=left - 1)

    countdown.defer(left=2)
    engine.drain()

    assert [time for time, _ in attempts(engine)] == [0, 60, 120]


def test_a_lost_worker_leaves_the_row_as_being_done(engine: Engine, app: App) -> None:
    runs = []

    @app.task(name="charge", retry=True)
    def charge() -> None:
        runs.append(1)
        raise WorkerLost

    job_id = charge.defer()
    engine.drain()

    assert runs == [1]
    assert attempts(engine) == [(0, State.LOST)]
    assert app.job_manager.get_job_status(job_id).value == "doing"


def test_a_duplicate_carries_the_same_bytes(engine: Engine, app: App) -> None:
    runs = []

    @app.task(name="charge")
    def charge(order: int) -> None:
        runs.append(order)

    job_id = charge.defer(order=1)
    engine.drain()
    duplicate = engine.redeliver(str(job_id))
    engine.drain()

    assert runs == [1, 1]
    assert duplicate.envelope.body == engine.performed[0].envelope.body


def test_a_cancelled_job_does_not_run(engine: Engine, app: App) -> None:
    @app.task(name="job")
    def job() -> None:
        raise AssertionError

    app.job_manager.cancel_job_by_id(job.defer())
    result = engine.drain()

    assert result.dropped == 1


def test_a_job_may_abort_itself(engine: Engine, app: App) -> None:
    @app.task(name="job", retry=True)
    def job() -> None:
        raise JobAborted

    job.defer()

    assert engine.drain().discarded == 1


def test_a_job_of_an_unknown_task_fails_as_in_the_worker(engine: Engine, app: App) -> None:
    app.configure_task("elsewhere", allow_unknown=True).defer()

    with pytest.raises(TaskNotFound):
        engine.drain()

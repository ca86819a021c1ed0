"""Jobs run through SAQ's own worker: attempts, waits, hooks, cron jobs, and what happens when a worker is lost."""

from __future__ import annotations

import asyncio
import threading
from datetime import UTC, datetime
from typing import Any

import pytest
from saq import Status

from jobkit.engine import Engine
from jobkit.record import State
from pytest_jobkit.capture.installed import InstalledCaptures


def enqueue(app: Any, name: str, **options: Any) -> Any:
    return asyncio.run(app.queue.enqueue(name, **options))


def attempts(engine: Engine) -> list[tuple[float, State]]:
    first = engine.performed[0].started or 0.0
    return [((record.started or 0.0) - first, record.state) for record in engine.performed]


def test_retries_3_is_three_attempts_with_the_delay_between_them(engine: Engine, app: Any) -> None:
    job = enqueue(app, "flaky", retries=3, retry_delay=10)
    assert engine.enqueued[0].attempts_max == 3

    with pytest.raises(app.Boom, match="for good"):
        engine.drain()

    assert app.log == [1, 2, 3]
    assert attempts(engine) == [(0, State.RETRIED), (10, State.RETRIED), (20, State.DEAD)]
    assert {record.job_id for record in engine.performed} == {job.key}


def test_backoff_doubles_with_full_jitter_that_is_the_same_in_every_run(app: Any) -> None:
    runs = []
    for _ in range(2):
        engine = Engine()
        with InstalledCaptures(engine.push, engine.clock, only=["saq"]):
            enqueue(app, "flaky", retries=4, retry_delay=10, retry_backoff=True)
            engine.drain(errors="capture")
        runs.append([time for time, _ in attempts(engine)])

    waits = [later - earlier for earlier, later in zip(runs[0], runs[0][1:], strict=False)]
    assert runs[0] == runs[1]
    assert all(0 <= wait <= most for wait, most in zip(waits, (10, 20, 40), strict=True))


def test_by_default_an_error_is_final(engine: Engine, app: Any) -> None:
    enqueue(app, "flaky")
    engine.drain(errors="capture")

    assert attempts(engine) == [(0, State.DEAD)]


def test_a_result_is_there_after_the_drain(engine: Engine, app: Any) -> None:
    job = enqueue(app, "add", a=1, b=2)
    engine.drain()
    asyncio.run(job.refresh())

    assert (job.status, job.result) == (Status.COMPLETE, 3)


def test_a_plain_function_runs_on_the_tests_thread(engine: Engine, app: Any) -> None:
    enqueue(app, "plain", a=1)
    engine.drain()

    assert app.log == [(threading.current_thread(), 1)]


def test_a_chain_of_jobs_keeps_its_schedule(engine: Engine, app: Any) -> None:
    enqueue(app, "chained", left=2, at=int(engine.clock.time()))
    engine.drain()

    assert app.log == [2, 1, 0]
    assert [time for time, _ in attempts(engine)] == [0, 60, 120]


def test_a_lost_workers_job_comes_back_if_it_has_attempts_left(engine: Engine, app: Any) -> None:
    app.lose_the_worker_once()
    enqueue(app, "pay", retries=2)
    engine.drain()

    assert app.log == [1, 2]
    assert [state for _, state in attempts(engine)] == [State.LOST, State.SUCCEEDED]


def test_a_lost_workers_job_is_gone_if_it_has_none_left(engine: Engine, app: Any) -> None:
    app.lose_the_worker_once()
    enqueue(app, "pay")
    engine.drain()

    assert app.log == [1]
    assert [state for _, state in attempts(engine)] == [State.LOST]


def test_hooks_run_around_the_worker_and_after_each_job_but_not_after_its_death(engine: Engine, app: Any) -> None:
    app.lose_the_worker_once()
    asyncio.run(app.hooked.enqueue("charge", retries=2))
    engine.drain()

    assert app.log == ["start", 1, 2, "after", "stop"]


def test_a_duplicate_carries_the_same_bytes(engine: Engine, app: Any) -> None:
    job = enqueue(app, "add", a=1)
    engine.drain()
    duplicate = engine.redeliver(job.key)
    engine.drain()

    assert app.log == [(1, 1), (2, 1)]
    assert duplicate.envelope.body == engine.performed[0].envelope.body


def test_an_aborted_job_does_not_run(engine: Engine, app: Any) -> None:
    job = enqueue(app, "add", a=1)
    asyncio.run(job.abort("not needed"))
    result = engine.drain()

    assert (app.log, result.dropped) == ([], 1)


def test_cron_jobs_fire_on_the_virtual_clock(engine: Engine, captures: InstalledCaptures, app: Any) -> None:
    (capture,) = captures
    (entry,) = [one for one in capture.recurring() if one.name == "nightly"]

    at = entry.next_after(engine.clock.time())
    entry.fire()
    engine.drain()

    assert at is not None
    assert datetime.fromtimestamp(at, UTC).strftime("%H:%M") == "03:30"
    assert app.log == ["nightly"]

"""Jobs run through arq's own worker: tries, waits, hooks, cron, and what happens when a worker is lost."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest

pytest.importorskip("arq", reason="arq is not installed")

from arq.jobs import Job
from arq.worker import JobExecutionFailed

from jobkit.engine import Engine
from jobkit.record import State
from pytest_jobkit.capture.installed import InstalledCaptures


def enqueue(pool: Any, name: str, *arguments: Any, **options: Any) -> Job:
    job: Job | None = asyncio.run(pool.enqueue_job(name, *arguments, **options))
    assert job is not None
    return job


def capture_of(record: Any) -> Any:
    return record.envelope.performer


def attempts(engine: Engine) -> list[tuple[float, State]]:
    first = engine.performed[0].started or 0.0
    return [((record.started or 0.0) - first, record.state) for record in engine.performed]


def test_retries_wait_as_long_as_the_job_says(engine: Engine, pool: Any, app: Any) -> None:
    enqueue(pool, "flaky", succeed_at=3)
    result = engine.drain()

    assert app.log == [1, 2, 3]
    assert attempts(engine) == [(0, State.RETRIED), (10, State.RETRIED), (30, State.SUCCEEDED)]
    assert (result.retried, result.succeeded) == (2, 1)


def test_max_tries_3_is_three_runs_and_then_one_more_look(engine: Engine, pool: Any, app: Any) -> None:
    job = enqueue(pool, "flaky")
    assert engine.enqueued[0].attempts_max == 3

    with pytest.raises(JobExecutionFailed, match="max 3 retries exceeded"):
        engine.drain()

    assert app.log == [1, 2, 3]
    assert attempts(engine) == [(0, State.RETRIED), (10, State.RETRIED), (30, State.RETRIED), (60, State.DEAD)]
    assert {record.job_id for record in engine.performed} == {job.job_id}


def test_an_ordinary_error_is_final(engine: Engine, pool: Any, app: Any) -> None:
    enqueue(pool, "failing")

    with pytest.raises(app.Boom, match="for good"):
        engine.drain()

    assert attempts(engine) == [(0, State.DEAD)]


def test_a_chain_of_jobs_goes_through_the_workers_own_pool(engine: Engine, pool: Any, app: Any) -> None:
    enqueue(pool, "chained", 2)
    engine.drain()

    assert app.log == [2, 1, 0]
    assert [time for time, _ in attempts(engine)] == [0, 60, 120]


def test_a_job_whose_key_expired_is_not_run(engine: Engine, pool: Any, app: Any) -> None:
    enqueue(pool, "add", 1, _expires=60)
    engine.advance(minutes=2)
    result = engine.drain()

    assert (app.log, result.discarded) == ([], 1)
    assert "expired" in engine.performed[0].reason


def test_a_queue_that_no_worker_reads_is_named(engine: Engine, pool: Any, app: Any) -> None:
    enqueue(pool, "unheard_of", _queue_name="elsewhere")
    engine.drain(errors="capture")

    (record,) = engine.performed
    assert record.state is State.DEAD
    assert "'elsewhere'" in str(record.error)


def test_a_lost_workers_job_runs_again_since_it_stays_in_the_queue(engine: Engine, pool: Any, app: Any) -> None:
    app.lose_the_worker_once()
    enqueue(pool, "charge")
    result = engine.drain()

    assert app.log == [1, 2]
    assert (result.lost, result.succeeded) == (1, 1)


def test_a_job_that_was_begun_is_guarded_for_the_longest_timeout_of_all_functions(
    engine: Engine, pool: Any, app: Any
) -> None:
    enqueue(pool, "charge")
    (record,) = engine.enqueued

    assert capture_of(record).visibility_timeout(record.envelope) == 610


def test_a_worker_can_be_lost_before_the_job_did_anything(engine: Engine, pool: Any, app: Any) -> None:
    job = enqueue(pool, "charge")
    engine.lose_worker(job.job_id)
    engine.drain()

    assert app.log == [2]


def test_a_duplicate_carries_the_same_bytes_and_counts_as_a_try(engine: Engine, pool: Any, app: Any) -> None:
    job = enqueue(pool, "add", 1)
    engine.drain()
    duplicate = engine.redeliver(job.job_id)
    engine.drain()

    assert app.log == [(1, 1), (2, 1)]
    assert duplicate.envelope.body == engine.performed[0].envelope.body


def test_a_job_that_was_taken_out_of_its_queue_does_not_run(engine: Engine, pool: Any, app: Any) -> None:
    job = enqueue(pool, "add", 1)
    asyncio.run(pool.zrem("arq:queue", job.job_id))
    result = engine.drain()

    assert (app.log, result.dropped) == ([], 1)


def test_the_workers_hooks_run_around_the_life_of_the_event_loop(engine: Engine, pool: Any, app: Any) -> None:
    enqueue(pool, "hooked", 1, _queue_name="hooked")
    enqueue(pool, "hooked", 2, _queue_name="hooked")
    engine.drain()

    assert app.log == ["start", (1, 1), (1, 2), "stop"]


def test_an_async_test_performs_on_its_own_loop(engine: Engine, pool: Any, app: Any) -> None:
    async def test() -> None:
        await pool.enqueue_job("flaky", succeed_at=2)
        await engine.adrain()

    asyncio.run(test())

    assert app.log == [1, 2]


def test_cron_jobs_fire_on_the_virtual_clock(engine: Engine, captures: InstalledCaptures, app: Any) -> None:
    (capture,) = captures
    (entry,) = [one for one in capture.recurring() if one.name == "cron:nightly"]

    at = entry.next_after(engine.clock.time())
    entry.fire()
    engine.drain()

    assert at is not None
    assert datetime.fromtimestamp(at, UTC).astimezone().strftime("%H:%M") == "03:30"
    assert app.log == ["nightly"]

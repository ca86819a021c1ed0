"""Every way of enqueueing an arq job is captured, as the bytes that would have lain in Redis."""

from __future__ import annotations

import asyncio
import pickle
from datetime import timedelta
from typing import Any

import pytest

pytest.importorskip("arq", reason="arq is not installed")

from arq.connections import ArqRedis, RedisSettings, create_pool
from arq.jobs import Job, JobStatus, SerializationError

from jobkit.engine import Engine
from pytest_jobkit.capture.installed import InstalledCaptures
from pytest_jobkit.capture.network import StrayConnection


def enqueue(pool: ArqRedis, name: str, *arguments: Any, **options: Any) -> Job | None:
    return asyncio.run(pool.enqueue_job(name, *arguments, **options))


def test_all_forms_are_captured_with_arguments_queue_and_due_time(engine: Engine, pool: Any, app: Any) -> None:
    start = engine.clock.now()

    enqueue(pool, "add", 1, 2)
    enqueue(pool, "add", 1, b=3, _queue_name="slow")
    enqueue(pool, "add", 1, 4, _defer_by=30)
    enqueue(pool, "add", 1, 5, _defer_by=timedelta(minutes=1))
    enqueue(pool, "add", 1, 6, _defer_until=start + timedelta(hours=1))
    enqueue(pool, "add", 1, 7, _expires=5, _job_try=2)

    seen = [
        (record.arguments, record.kwarguments, record.queue_name, record.scheduled_at and record.scheduled_at - start)
        for record in (*engine.enqueued, *engine.scheduled)
    ]
    assert seen == [
        ((1, 2), {}, "arq:queue", None),
        ((1,), {"b": 3}, "slow", None),
        ((1, 7), {}, "arq:queue", None),
        ((1, 4), {}, "arq:queue", timedelta(seconds=30)),
        ((1, 5), {}, "arq:queue", timedelta(minutes=1)),
        ((1, 6), {}, "arq:queue", timedelta(hours=1)),
    ]
    assert {(record.name, record.framework) for record in engine.enqueued} == {("add", "arq")}


def test_the_body_is_what_redis_would_have_held(engine: Engine, pool: Any, app: Any) -> None:
    job = enqueue(pool, "add", 1, b=2)

    (record,) = engine.enqueued
    body: Any = record.envelope.body
    sent = pickle.loads(body)
    assert sent == {"t": None, "f": "add", "a": (1,), "k": {"b": 2}, "et": round(engine.clock.time() * 1000)}
    assert job is not None
    assert record.job_id == job.job_id


def test_a_job_id_is_unique_until_the_result_of_its_job_expires(engine: Engine, pool: Any, app: Any) -> None:
    assert enqueue(pool, "add", 1, _job_id="one") is not None
    assert enqueue(pool, "add", 1, _job_id="one") is None
    engine.drain()
    assert enqueue(pool, "add", 1, _job_id="one") is None

    engine.advance(hours=1)

    assert enqueue(pool, "add", 1, _job_id="one") is not None
    assert len(engine.enqueued) == 1


def test_arguments_are_copies_of_what_was_enqueued(engine: Engine, pool: Any, app: Any) -> None:
    items = [1]
    enqueue(pool, "collect", items)
    items.append(2)
    engine.drain()

    assert app.log == [[1]]


def test_an_argument_that_cannot_be_pickled_fails_where_it_is_enqueued(engine: Engine, pool: Any, app: Any) -> None:
    with pytest.raises(SerializationError):
        enqueue(pool, "collect", [lambda: None])

    assert engine.enqueued == ()


def test_status_and_result_of_a_job_are_arqs_own(engine: Engine, pool: Any, app: Any) -> None:
    job = enqueue(pool, "add", 1, 2, _defer_by=5)
    assert job is not None
    assert asyncio.run(job.status()) is JobStatus.deferred

    engine.drain()

    assert asyncio.run(job.status()) is JobStatus.complete
    assert asyncio.run(job.result()) == 3


def test_waiting_for_a_result_that_cannot_come_says_what_to_do(engine: Engine, pool: Any, app: Any) -> None:
    job = enqueue(pool, "add", 1)
    assert job is not None

    with pytest.raises(TimeoutError, match="drain the engine"):
        asyncio.run(job.result())


def test_a_pool_is_created_without_a_connection(engine: Engine, app: Any) -> None:
    pool = asyncio.run(create_pool(RedisSettings("127.0.0.1", 1)))

    enqueue(pool, "add", 1)

    assert [record.name for record in engine.enqueued] == ["add"]


def test_a_function_and_its_name_select_its_jobs(engine: Engine, pool: Any, app: Any) -> None:
    enqueue(pool, "add", 1)
    enqueue(pool, "charge")

    assert engine.drain(only="charge").performed == 1
    assert engine.drain(only=engine.enqueued[0].job).performed == 1


def test_a_command_that_only_redis_can_answer_fails_with_the_job_and_the_place(
    engine: Engine, pool: Any, app: Any
) -> None:
    enqueue(pool, "dialling")

    with pytest.raises(StrayConnection, match=r"but dialling tried to connect: .* called from .*worker_of_tests\.py:"):
        engine.drain()


def test_everything_is_as_it_was_after_the_test(app: Any) -> None:
    import arq.jobs
    import arq.worker

    def state() -> dict[str, Any]:
        owners: list[Any] = [ArqRedis, arq.connections, arq.jobs, arq.worker]
        return {f"{owner.__name__}.{name}": value for owner in owners for name, value in vars(owner).items()}

    before = state()
    engine = Engine()
    with InstalledCaptures(engine.push, engine.clock, only=["arq"]):
        during = state()

    assert state() == before
    assert during["ArqRedis.enqueue_job"] is not before["ArqRedis.enqueue_job"]

"""Every way of enqueueing a SAQ job is captured, as the text that would have been stored."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from typing import Any

import pytest
from saq import Job, Queue
from saq.queue.redis import RedisQueue

from jobkit.engine import Engine
from pytest_jobkit.capture.installed import InstalledCaptures


def test_all_forms_are_captured_with_arguments_and_due_times(engine: Engine, app: Any) -> None:
    start = engine.clock.now()
    in_a_minute = int(engine.clock.time()) + 60

    async def enqueue() -> None:
        await app.queue.enqueue("add", a=1, b=1)
        await app.queue.enqueue("add", a=1, b=2, scheduled=in_a_minute)
        await app.queue.enqueue(Job("add", kwargs={"a": 1, "b": 3}, key="mine"))
        await Job("add", kwargs={"a": 1, "b": 4}, queue=app.hooked).enqueue()

    asyncio.run(enqueue())

    seen = {
        record.kwarguments["b"]: (record.name, record.queue_name, record.scheduled_at and record.scheduled_at - start)
        for record in (*engine.enqueued, *engine.scheduled)
    }
    assert seen == {
        1: ("add", "default", None),
        2: ("add", "default", timedelta(minutes=1)),
        3: ("add", "default", None),
        4: ("add", "hooked", None),
    }
    assert engine.enqueued[1].job_id == "mine"


def test_the_body_is_what_would_have_been_stored(engine: Engine, app: Any) -> None:
    job = asyncio.run(app.queue.enqueue("add", a=1, timeout=3))

    (record,) = engine.enqueued
    sent = json.loads(record.envelope.body)
    assert (sent["function"], sent["kwargs"], sent["timeout"], sent["key"]) == ("add", {"a": 1}, 3, job.key)
    assert sent["queued"] == round(engine.clock.time() * 1000)


def test_a_key_is_unique_until_its_job_has_ended(engine: Engine, app: Any) -> None:
    assert asyncio.run(app.queue.enqueue("add", a=1, key="one")) is not None
    assert asyncio.run(app.queue.enqueue("add", a=2, key="one")) is None
    engine.drain()

    assert asyncio.run(app.queue.enqueue("add", a=3, key="one")) is not None


def test_an_argument_that_json_cannot_carry_fails_where_it_is_enqueued(engine: Engine, app: Any) -> None:
    with pytest.raises(TypeError, match="not JSON serializable"):
        asyncio.run(app.queue.enqueue("add", a=object()))

    assert engine.enqueued == ()


def test_waiting_for_a_result_that_cannot_come_says_what_to_do(engine: Engine, app: Any) -> None:
    with pytest.raises(TimeoutError, match="drain the engine"):
        asyncio.run(app.queue.apply("add", a=1))

    assert [record.name for record in engine.enqueued] == ["add"]


def test_connecting_dials_nobody(engine: Engine, app: Any) -> None:
    async def test() -> None:
        queue = Queue.from_url("redis://127.0.0.1:1", name="later")
        await queue.connect()
        await queue.enqueue("add", a=1)
        await queue.disconnect()

    asyncio.run(test())

    assert len(engine.enqueued) == 1


def test_a_name_selects_its_jobs(engine: Engine, app: Any) -> None:
    asyncio.run(app.queue.enqueue("add", a=1))
    asyncio.run(app.queue.enqueue("pay"))

    assert engine.drain(only="pay").performed == 1
    assert engine.drain(only=engine.enqueued[0].job).performed == 1


def test_everything_is_as_it_was_after_the_test(app: Any) -> None:
    before = dict(vars(RedisQueue)), dict(vars(Queue))
    engine = Engine()
    with InstalledCaptures(engine.push, engine.clock, only=["saq"]):
        assert dict(vars(RedisQueue)) != before[0]

    assert (dict(vars(RedisQueue)), dict(vars(Queue))) == before

"""Every way of enqueueing a taskiq task is captured, as the bytes that would have gone out."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from taskiq import AsyncBroker, InMemoryBroker, ScheduleSource, TaskiqEvents, TaskiqMiddleware
from taskiq.brokers.shared_broker import async_shared_broker
from taskiq.exceptions import SendTaskError

from jobkit.engine import Engine
from pytest_jobkit.capture.installed import InstalledCaptures


class UnreachableSource(ScheduleSource):
    async def get_schedules(self) -> list[Any]:
        raise ConnectionError

    async def add_schedule(self, schedule: Any) -> None:
        raise ConnectionError


@pytest.fixture
def add(broker: AsyncBroker) -> Any:
    @broker.task("shop:add", queue_name="sums")
    async def add(a: int, b: int) -> int:
        return a + b

    return add


def test_all_forms_are_captured_with_arguments_and_due_times(engine: Engine, broker: AsyncBroker, add: Any) -> None:
    start = engine.clock.now()

    async def enqueue() -> None:
        await add.kiq(1, 2)
        await add.kiq(1, b=3)
        await add.kicker().with_labels(delay=30, priority=3).with_task_id("mine").kiq(1, 4)
        await add.schedule_by_time(UnreachableSource(), start + timedelta(hours=1), 1, 5)

    asyncio.run(enqueue())

    now, named, delayed, scheduled = [*engine.enqueued, *engine.scheduled]
    assert [record.arguments for record in (now, named, delayed, scheduled)] == [(1, 2), (1,), (1, 4), (1, 5)]
    assert named.kwarguments == {"b": 3}
    assert (delayed.job_id, delayed.priority, delayed.scheduled_at) == ("mine", -3, start + timedelta(seconds=30))
    assert scheduled.scheduled_at == start + timedelta(hours=1)
    assert {(record.name, record.queue_name, record.framework) for record in (now, scheduled)} == {
        ("shop:add", "sums", "taskiq")
    }
    assert now.job is add


def test_the_body_is_what_the_broker_would_have_sent(engine: Engine, broker: AsyncBroker, add: Any) -> None:
    class Tracing(TaskiqMiddleware):
        def pre_send(self, message: Any) -> Any:
            message.labels["request_id"] = "r-1"
            return message

    broker.add_middlewares(Tracing())
    task = asyncio.run(add.kiq(1, b=2))

    (record,) = engine.enqueued
    sent = json.loads(record.envelope.body)
    assert (sent["task_name"], sent["args"], sent["kwargs"]) == ("shop:add", [1], {"b": 2})
    assert sent["labels"]["request_id"] == "r-1"
    assert record.job_id == task.task_id


def test_dataclasses_are_sent_as_dicts_and_made_anew_from_the_hints(engine: Engine, broker: AsyncBroker) -> None:
    @dataclass
    class Item:
        name: str

    seen = []

    @broker.task("shop:buy")
    def buy(item: Any) -> None:
        seen.append(item)

    asyncio.run(buy.kiq(Item("book")))
    engine.drain()

    assert seen == [{"name": "book"}]


def test_an_argument_that_json_cannot_carry_fails_where_it_is_enqueued(engine: Engine, add: Any) -> None:
    with pytest.raises((TypeError, SendTaskError)):
        asyncio.run(add.kiq(object(), 2))

    assert engine.enqueued == ()


def test_an_in_memory_broker_does_not_run_the_task_in_place(engine: Engine) -> None:
    runs = []
    broker = InMemoryBroker(await_inplace=True)

    @broker.task("shop:job")
    async def job() -> None:
        runs.append(1)

    asyncio.run(job.kiq())
    assert runs == []

    engine.drain()
    assert runs == [1]


def test_a_shared_task_goes_to_its_default_broker(engine: Engine, broker: AsyncBroker) -> None:
    @async_shared_broker.task("shop:shared")
    async def shared() -> None:
        pass

    async_shared_broker.default_broker(broker)
    asyncio.run(shared.kiq())

    assert [record.name for record in engine.enqueued] == ["shop:shared"]


def test_starting_the_client_dials_nobody_but_runs_its_events(engine: Engine, broker: AsyncBroker) -> None:
    told = []
    broker.on_event(TaskiqEvents.CLIENT_STARTUP)(lambda state: told.append("client"))

    asyncio.run(broker.startup())

    assert told == ["client"]


def test_a_task_and_its_name_select_its_messages(engine: Engine, broker: AsyncBroker, add: Any) -> None:
    @broker.task("shop:other")
    async def other() -> None:
        pass

    asyncio.run(add.kiq(1, 2))
    asyncio.run(other.kiq())

    assert engine.drain(only=add).performed == 1
    assert engine.drain(only="shop:other").performed == 1


def test_a_broker_class_of_ones_own_keeps_what_it_adds_to_kick(engine: Engine) -> None:
    class Counting(InMemoryBroker):
        sent = 0

        async def kick(self, message: Any) -> None:
            self.sent += 1
            await super().kick(message)

    broker = Counting()

    @broker.task("shop:job")
    async def job() -> None:
        pass

    asyncio.run(job.kiq())

    assert (broker.sent, len(engine.enqueued)) == (1, 1)


def test_everything_is_as_it_was_after_the_test(broker: AsyncBroker) -> None:
    kind = type(broker)
    before = dict(vars(kind)), dict(vars(AsyncBroker)), dict(vars(InMemoryBroker)), dict(vars(broker))
    engine = Engine()
    with InstalledCaptures(engine.push, engine.clock, only=["taskiq"]):
        asyncio.run(broker.startup())
        assert vars(kind)["kick"] is not before[0]["kick"]

    assert (dict(vars(kind)), dict(vars(AsyncBroker)), dict(vars(InMemoryBroker)), dict(vars(broker))) == before

"""Every way of deferring a Procrastinate job is captured, as the row that would have been inserted."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from typing import Any

import pytest
from procrastinate import App, PsycopgConnector
from procrastinate.exceptions import AlreadyEnqueued

from jobkit.engine import Engine
from pytest_jobkit.capture.installed import InstalledCaptures


@pytest.fixture
def add(app: App) -> Any:
    @app.task(name="shop.add", queue="sums")
    def add(a: int, b: int = 0) -> int:
        return a + b

    return add


def test_all_forms_are_captured_with_arguments_and_due_times(engine: Engine, app: App, add: Any) -> None:
    start = engine.clock.now()

    add.defer(a=1, b=1)
    asyncio.run(add.defer_async(a=1, b=2))
    add.configure(schedule_in={"minutes": 1}, priority=5, queue="slow").defer(a=1, b=3)
    add.configure(schedule_at=start + timedelta(hours=1)).defer(a=1, b=4)
    add.batch_defer({"a": 1, "b": 5}, {"a": 1, "b": 6})
    app.configure_task("elsewhere", allow_unknown=True).defer(a=1, b=7)

    seen = {
        record.kwarguments["b"]: (record.name, record.queue_name, record.scheduled_at and record.scheduled_at - start)
        for record in (*engine.enqueued, *engine.scheduled)
    }
    assert seen == {
        1: ("shop.add", "sums", None),
        2: ("shop.add", "sums", None),
        3: ("shop.add", "slow", timedelta(minutes=1)),
        4: ("shop.add", "sums", timedelta(hours=1)),
        5: ("shop.add", "sums", None),
        6: ("shop.add", "sums", None),
        7: ("elsewhere", "default", None),
    }
    assert engine.scheduled[0].priority == -5
    assert engine.enqueued[0].job is add


def test_the_body_holds_the_arguments_as_json(engine: Engine, add: Any) -> None:
    job_id = add.configure(lock="order-1").defer(a=1)

    (record,) = engine.enqueued
    sent = json.loads(record.envelope.body)
    assert json.loads(sent["args"]) == {"a": 1}
    assert sent["lock"] == "order-1"
    assert record.job_id == str(job_id)


def test_an_argument_that_json_cannot_carry_fails_where_it_is_deferred(engine: Engine, add: Any) -> None:
    with pytest.raises(TypeError, match="not JSON serializable"):
        add.defer(a=object())

    assert engine.enqueued == ()


def test_arguments_are_copies_of_what_was_deferred(engine: Engine, app: App) -> None:
    seen = []

    @app.task(name="shop.collect")
    def collect(items: Any) -> None:
        seen.append(items)

    items = [1]
    collect.defer(items=items)
    items.append(2)
    engine.drain()

    assert seen == [[1]]


def test_a_queueing_lock_refuses_a_second_job_until_the_first_has_begun(engine: Engine, add: Any) -> None:
    once = add.configure(queueing_lock="nightly")
    once.defer(a=1)
    with pytest.raises(AlreadyEnqueued):
        once.defer(a=2)

    engine.drain()
    once.defer(a=3)

    assert [record.kwarguments for record in engine.enqueued] == [{"a": 3}]


def test_a_plain_defer_works_inside_an_event_loop(engine: Engine, add: Any) -> None:
    async def handler() -> None:
        add.defer(a=1)

    asyncio.run(handler())

    assert len(engine.enqueued) == 1


def test_opening_the_app_dials_nobody(engine: Engine, app: App, add: Any) -> None:
    with app.open():
        add.defer(a=1)

    assert len(engine.enqueued) == 1


def test_an_app_that_is_made_during_the_test_is_captured_too(engine: Engine) -> None:
    later = App(connector=PsycopgConnector(conninfo="host=127.0.0.1 port=1"))

    @later.task(name="shop.later")
    def job() -> None:
        pass

    job.defer()

    assert [record.name for record in engine.enqueued] == ["shop.later"]


def test_a_task_and_its_name_select_its_jobs(engine: Engine, app: App, add: Any) -> None:
    @app.task(name="shop.other")
    def other() -> None:
        pass

    add.defer(a=1)
    other.defer()

    assert engine.drain(only=add).performed == 1
    assert engine.drain(only="shop.other").performed == 1


def test_everything_is_as_it_was_after_the_test(app: App) -> None:
    connector = app.connector
    engine = Engine()
    with InstalledCaptures(engine.push, engine.clock, only=["procrastinate"]):
        assert app.connector is not connector
        later = App(connector=connector)

    assert app.connector is app.job_manager.connector is connector
    assert later.connector is later.job_manager.connector is connector

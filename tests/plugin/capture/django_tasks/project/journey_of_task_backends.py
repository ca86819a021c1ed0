"""Run by test_task_backends in a process of its own: Django's settings are of the whole process."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from datetime import timedelta
from importlib import import_module
from typing import Any

import pytest
import shop_tasks
from shop_tasks import PACKAGE, add, answer, chained, charge, failing, greet, log, on_dummy

from jobkit.engine import Engine
from jobkit.envelope import WorkerLost
from jobkit.record import State
from pytest_jobkit.capture.installed import InstalledCaptures

signals = import_module(f"{PACKAGE}.signals")


@pytest.fixture
def engine() -> Iterator[Engine]:
    log.clear()
    engine = Engine()
    with InstalledCaptures(engine.push, engine.clock, only=["django.tasks", "django_tasks"]):
        yield engine


def test_all_forms_are_captured_with_arguments_and_due_times(engine: Engine) -> None:
    start = engine.clock.now()

    add.enqueue(1, 2)
    add.enqueue(a=3, b=4)
    add.using(run_after=start + timedelta(hours=1), priority=5).enqueue(5, 6)
    asyncio.run(add.aenqueue(7, b=8))
    greet.enqueue("Ada")
    on_dummy.enqueue()

    seen = {
        (record.name, record.arguments, str(record.kwarguments), record.queue_name, record.priority): (
            record.scheduled_at and record.scheduled_at - start
        )
        for record in (*engine.enqueued, *engine.scheduled)
    }
    assert log == []
    assert seen == {
        ("shop_tasks.add", (1, 2), "{}", "default", 0): None,
        ("shop_tasks.add", (), "{'a': 3, 'b': 4}", "default", 0): None,
        ("shop_tasks.add", (5, 6), "{}", "default", -5): timedelta(hours=1),
        ("shop_tasks.add", (7,), "{'b': 8}", "default", 0): None,
        ("shop_tasks.greet", ("Ada",), "{}", "mail", -7): None,
        ("shop_tasks.on_dummy", (), "{}", "default", 0): None,
    }


def test_the_body_is_json_with_the_path_of_the_task(engine: Engine) -> None:
    add.enqueue((1,), b=2)

    (record,) = engine.enqueued
    sent = json.loads(record.envelope.body)
    assert sent["task_path"] == "shop_tasks.add"
    assert sent["args_kwargs"] == {"args": [[1]], "kwargs": {"b": 2}}
    assert record.job == add


def test_an_argument_that_json_cannot_carry_fails_where_it_is_enqueued(engine: Engine) -> None:
    with pytest.raises(TypeError):
        add.enqueue({1, 2})

    assert engine.enqueued == ()


def test_results_are_there_after_the_drain_and_not_before(engine: Engine) -> None:
    result = add.enqueue(1, 2)
    assert not result.is_finished

    engine.advance(minutes=5)
    engine.drain()
    result.refresh()

    assert result.return_value == 3
    assert result.enqueued_at == engine.clock.now() - timedelta(minutes=5)
    assert result.finished_at == engine.clock.now()


def test_async_tasks_and_tasks_of_other_backends_run_too(engine: Engine) -> None:
    greeted = greet.enqueue("Ada")
    on_dummy.enqueue()
    engine.drain()
    greeted.refresh()

    assert sorted(log) == ["Ada", "dummy"]
    assert greeted.return_value == "hello Ada"


def test_signals_are_sent_once_each(engine: Engine) -> None:
    told: list[str] = []
    names = ("task_enqueued", "task_started", "task_finished")
    receivers = {name: lambda name=name, **_: told.append(name) for name in names}
    for name in names:
        getattr(signals, name).connect(receivers[name])

    add.enqueue(1)
    assert told == ["task_enqueued"]
    engine.drain()

    assert told == list(names)
    for name in names:
        getattr(signals, name).disconnect(receivers[name])


def test_an_error_is_final_and_reaches_the_test(engine: Engine) -> None:
    result = failing.enqueue()
    assert engine.enqueued[0].attempts_max == 1

    with pytest.raises(shop_tasks.Boom, match="for good"):
        engine.drain()

    result.refresh()
    assert engine.performed[0].state is State.DEAD
    assert result.errors[0].exception_class is shop_tasks.Boom


def test_a_result_that_json_cannot_carry_fails_the_task(engine: Engine) -> None:
    answer.enqueue()
    engine.drain(errors="capture")

    assert engine.performed[0].state is State.DEAD
    assert "Unsupported type" in str(engine.performed[0].error)


def test_what_a_task_enqueues_is_performed_too(engine: Engine) -> None:
    chained.enqueue(2)
    engine.drain()

    assert log == [2, 1, 0]


def test_a_lost_worker_loses_the_task_and_sends_no_signal(engine: Engine) -> None:
    told: list[Any] = []

    def finished(**_: Any) -> None:
        told.append("finished")

    signals.task_finished.connect(finished)
    shop_tasks.deaths.append(WorkerLost())
    charge.enqueue(1)
    engine.drain()
    signals.task_finished.disconnect(finished)

    assert (log, told) == ([(1, 1)], [])
    assert [record.state for record in engine.performed] == [State.LOST]


def test_a_duplicate_is_the_tasks_second_attempt(engine: Engine) -> None:
    result = charge.enqueue(1)
    engine.drain()
    engine.redeliver(result.id)
    engine.drain()

    assert log == [(1, 1), (2, 1)]


def test_a_task_its_other_forms_and_its_name_select_it(engine: Engine) -> None:
    add.enqueue(1)
    charge.enqueue(1)

    assert engine.drain(only=add.using(priority=3)).performed == 1
    assert engine.drain(only="shop_tasks.charge").performed == 1


def test_the_context_is_no_argument_of_the_caller(engine: Engine) -> None:
    charge.enqueue(1)
    (record,) = engine.enqueued
    signature = record.envelope.performer.signature(charge)

    assert signature is not None
    assert list(signature.parameters) == ["order"]


def test_everything_is_as_it_was_after_the_test() -> None:
    backends = import_module(f"{PACKAGE}.backends.immediate"), import_module(f"{PACKAGE}.backends.dummy")
    owners: list[Any] = [backends[0], backends[0].ImmediateBackend, backends[1].DummyBackend]
    before = [dict(vars(owner)) for owner in owners]
    engine = Engine()
    with InstalledCaptures(engine.push, engine.clock, only=["django.tasks", "django_tasks"]):
        assert [dict(vars(owner)) for owner in owners] != before

    assert [dict(vars(owner)) for owner in owners] == before

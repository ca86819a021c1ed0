"""What production does to a Huey task: a lost consumer, a duplicate, a message that nobody can read."""

from __future__ import annotations

from typing import Any

import pytest
from huey.exceptions import HueyException

from jobkit.engine import Engine
from jobkit.envelope import WorkerLost
from jobkit.record import State


@pytest.fixture
def ran() -> list[int]:
    return []


@pytest.fixture
def charge(app: Any, ran: list[int]) -> Any:
    @app.task(retries=3)
    def charge(order: int, deaths: int = 0) -> None:
        ran.append(order)
        if deaths:
            raise WorkerLost

    return charge


def test_a_lost_consumer_loses_the_task_retries_or_not(engine: Engine, charge: Any, ran: list[int]) -> None:
    result = charge(1)

    lost = engine.lose_worker(result.id)
    engine.drain()

    assert (lost.state, ran, len(engine.performed)) == (State.LOST, [], 1)
    assert [event.name for event in engine.history][-1] == "dropped"


def test_a_task_that_dies_with_its_consumer_is_not_retried(engine: Engine, charge: Any, ran: list[int]) -> None:
    charge(1, deaths=1)
    engine.drain()

    assert ran == [1]
    assert [record.state for record in engine.performed] == [State.LOST]


def test_an_interrupt_is_the_developers(engine: Engine, app: Any) -> None:
    @app.task(retries=3)
    def interrupted() -> None:
        raise KeyboardInterrupt

    interrupted()

    with pytest.raises(KeyboardInterrupt):
        engine.drain()


def test_a_duplicate_runs_the_same_bytes_once_more(engine: Engine, charge: Any, ran: list[int]) -> None:
    result = charge(1)
    engine.drain()

    duplicate = engine.redeliver(result.id)
    engine.drain()

    assert ran == [1, 1]
    assert duplicate.envelope.body == engine.performed[0].envelope.body
    assert [record.executions for record in engine.performed] == [1, 2]


def test_a_delayed_task_may_be_delivered_twice(engine: Engine, charge: Any, ran: list[int]) -> None:
    result = charge.schedule((1,), delay=60)
    engine.drain()
    engine.redeliver(result.id)
    engine.drain()

    assert ran == [1, 1]


def test_a_task_that_the_consumer_does_not_know_fails(engine: Engine, charge: Any) -> None:
    charge(1)
    charge.unregister()

    with pytest.raises(HueyException, match="not found in TaskRegistry"):
        engine.drain()

    assert "cannot read" in engine.performed[0].reason

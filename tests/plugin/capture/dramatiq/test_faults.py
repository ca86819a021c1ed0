"""What production does to a message: a lost worker, a lost acknowledgement, a duplicate, an expired message."""

from __future__ import annotations

from typing import Any

import dramatiq
import pytest
from dramatiq.middleware import Middleware

from jobkit.engine import Engine
from jobkit.envelope import WorkerLost
from jobkit.record import State


@pytest.fixture
def runs() -> list[int]:
    return []


@pytest.fixture
def charge(broker: dramatiq.Broker, runs: list[int]) -> dramatiq.Actor[Any, Any]:
    @dramatiq.actor
    def charge(order: int) -> None:
        runs.append(order)

    return charge


def test_a_lost_worker_gives_the_message_back_since_dramatiq_acknowledges_late(
    engine: Engine, charge: Any, runs: list[int]
) -> None:
    message = charge.send(1)

    lost = engine.lose_worker(message.message_id)
    engine.drain()

    assert lost.state is State.LOST
    assert runs == [1]
    assert [record.state for record in engine.performed] == [State.LOST, State.SUCCEEDED]


def test_a_worker_that_dies_inside_the_body_runs_neither_retries_nor_acknowledgement(
    engine: Engine, broker: dramatiq.Broker
) -> None:
    events = []
    deaths = [WorkerLost()]

    class Watching(Middleware):
        def after_process_message(self, broker: Any, message: Any, **outcome: Any) -> None:
            events.append("processed")

        def after_ack(self, broker: Any, message: Any) -> None:
            events.append("acknowledged")

    @dramatiq.actor
    def charge() -> None:
        events.append("charged")
        if deaths:
            raise deaths.pop()

    broker.add_middleware(Watching())
    charge.send()
    engine.drain()

    assert events == ["charged", "charged", "processed", "acknowledged"]


def test_a_message_that_was_not_acknowledged_runs_again(engine: Engine, charge: Any, runs: list[int]) -> None:
    message = charge.send(1)

    engine.deliver(message.message_id, ack=False)
    engine.drain()

    assert runs == [1, 1]


def test_a_duplicate_carries_the_same_bytes(engine: Engine, charge: Any, runs: list[int]) -> None:
    message = charge.send(1)
    engine.drain()

    duplicate = engine.redeliver(message.message_id)
    engine.drain()

    assert runs == [1, 1]
    assert duplicate.envelope.body == engine.performed[0].envelope.body
    assert [record.executions for record in engine.performed] == [1, 2]


def test_a_delayed_message_may_be_delivered_twice(engine: Engine, charge: Any, runs: list[int]) -> None:
    message = charge.send_with_options(args=(1,), delay=1_000)
    engine.drain()
    engine.redeliver(message.message_id)
    engine.drain()

    assert runs == [1, 1]


def test_a_message_past_its_max_age_is_dead_lettered_unread(engine: Engine, charge: Any, runs: list[int]) -> None:
    charge.send_with_options(args=(1,), max_age=60_000)
    engine.advance(minutes=2)

    result = engine.drain()

    assert runs == []
    assert (result.performed, result.discarded) == (1, 1)
    assert "age limit" in engine.performed[0].reason


def test_a_middleware_may_skip_a_message(engine: Engine, broker: dramatiq.Broker, charge: Any, runs: list[int]) -> None:
    class Skipping(Middleware):
        def before_process_message(self, broker: Any, message: Any) -> None:
            raise dramatiq.middleware.SkipMessage("not today")

    broker.add_middleware(Skipping())
    charge.send(1)
    result = engine.drain()

    assert (runs, result.dropped) == ([], 1)


def test_a_message_for_an_actor_that_is_gone_is_dead_lettered(engine: Engine, broker: Any, charge: Any) -> None:
    charge.send(1)
    del broker.actors["charge"]

    with pytest.raises(dramatiq.ActorNotFound):
        engine.drain()

    assert engine.performed[0].state is State.DEAD

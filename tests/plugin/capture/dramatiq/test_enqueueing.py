"""Every way of enqueueing a Dramatiq message is captured, as the bytes that would have gone out."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import dramatiq
import pytest
from dramatiq.brokers.redis import RedisBroker
from dramatiq.brokers.stub import StubBroker
from dramatiq.middleware import Middleware

from jobkit.engine import Engine
from pytest_jobkit.capture.installed import InstalledCaptures
from pytest_jobkit.capture.network import StrayConnection


@pytest.fixture
def add(broker: dramatiq.Broker) -> dramatiq.Actor[Any, Any]:
    @dramatiq.actor(queue_name="sums", priority=7)
    def add(a: int, b: int) -> None:
        pass

    return add


def test_all_forms_are_captured_with_arguments_and_due_times(engine: Engine, broker: dramatiq.Broker, add: Any) -> None:
    start = engine.clock.now()

    add.send(1, 2)
    add.send(a=1, b=3)
    add.send_with_options(args=(1, 4), delay=30_000)
    add.send_with_options(kwargs={"a": 1, "b": 5}, delay=timedelta(minutes=1), max_retries=1)
    broker.enqueue(add.message(1, 6))
    broker.enqueue(add.message(1, 7), delay=500)
    dramatiq.group([add.message(1, 8), add.message(1, 9)]).run(delay=2_000)
    dramatiq.pipeline([add.message(1, 10), add.message(10)]).run()

    pending = [*engine.enqueued, *engine.scheduled]
    waits = {
        record.arguments[1] if record.arguments else record.kwarguments["b"]: (
            None if record.scheduled_at is None else (record.scheduled_at - start).total_seconds()
        )
        for record in pending
    }
    assert waits == {2: None, 3: None, 4: 30, 5: 60, 6: None, 7: 0.5, 8: 2, 9: 2, 10: None}
    assert {(record.name, record.queue_name, record.priority, record.framework) for record in pending} == {
        ("add", "sums", 7, "dramatiq")
    }
    assert {record.job for record in pending} == {add}


def test_the_body_is_what_the_broker_would_have_sent(engine: Engine, add: Any) -> None:
    message = add.send_with_options(args=(1, 2), delay=1_000, trace="t-1")

    (record,) = engine.scheduled
    sent = json.loads(record.envelope.body)
    assert sent["queue_name"] == message.queue_name == "sums.DQ"
    assert sent["options"]["eta"] == round(engine.clock.time() * 1000) + 1_000
    assert sent["options"]["trace"] == "t-1"
    assert sent["options"]["redis_message_id"]
    assert sent["message_timestamp"] == round(engine.clock.time() * 1000)
    assert record.job_id == message.message_id


def test_middleware_sees_the_enqueue_and_may_add_to_the_message(engine: Engine, broker: Any, add: Any) -> None:
    seen = []

    class Tracing(Middleware):
        def before_enqueue(self, broker: Any, message: Any, delay: Any) -> None:
            message.options["request_id"] = "r-1"

        def after_enqueue(self, broker: Any, message: Any, delay: Any) -> None:
            seen.append((message.actor_name, delay))

    broker.add_middleware(Tracing())
    add.send_with_options(args=(1, 2), delay=10)

    assert seen == [("add", 10)]
    assert json.loads(engine.scheduled[0].envelope.body)["options"]["request_id"] == "r-1"


def test_an_argument_that_json_cannot_carry_fails_at_send(engine: Engine, add: Any) -> None:
    with pytest.raises(TypeError, match="not JSON serializable"):
        add.send(object(), 2)

    assert engine.enqueued == ()


def test_arguments_are_copies_of_what_was_sent(engine: Engine, broker: dramatiq.Broker) -> None:
    seen = []

    @dramatiq.actor
    def collect(items: list[int]) -> None:
        seen.append(items)

    items = [1]
    collect.send(items)
    items.append(2)
    engine.drain()

    assert seen == [[1]]


def test_an_actor_and_its_name_select_its_messages(engine: Engine, add: Any) -> None:
    @dramatiq.actor
    def other() -> None:
        pass

    add.send(1, 2)
    other.send()

    assert engine.drain(only=add).performed == 1
    assert engine.drain(only="other").performed == 1


def test_a_broker_that_is_made_during_the_test_is_captured_too(engine: Engine) -> None:
    later = RedisBroker(url="redis://127.0.0.1:1")

    @dramatiq.actor(broker=later)
    def job() -> None:
        pass

    job.send()

    assert [record.name for record in engine.enqueued] == ["job"]


def test_a_broker_class_of_ones_own_keeps_what_it_adds_to_enqueue(engine: Engine) -> None:
    class Counting(StubBroker):
        sent = 0

        def enqueue(self, message: Any, *, delay: Any = None) -> Any:
            self.sent += 1
            return super().enqueue(message, delay=delay)

    counting = Counting()

    @dramatiq.actor(broker=counting)
    def job() -> None:
        pass

    job.send()

    assert counting.sent == 1
    assert [record.name for record in engine.enqueued] == ["job"]


def test_a_call_that_would_dial_the_broker_fails_with_the_job_and_the_place(engine: Engine, broker: Any) -> None:
    @dramatiq.actor(max_retries=0)
    def flushing() -> None:
        broker.flush("default")

    flushing.send()

    with pytest.raises(StrayConnection, match=r"but flushing tried to connect: .* called from .*test_enqueueing\.py:"):
        engine.drain()


def test_everything_is_as_it_was_after_the_test(broker: dramatiq.Broker) -> None:
    def state() -> dict[str, Any]:
        owners: list[Any] = [RedisBroker, StubBroker, dramatiq.Broker, dramatiq.common, dramatiq.message]
        return {f"{owner.__name__}.{name}": value for owner in owners for name, value in vars(owner).items()}

    before = state()
    engine = Engine()
    with InstalledCaptures(engine.push, engine.clock, only=["dramatiq"]):
        during = state()

    assert state() == before
    assert {name for name in before if before[name] is not during[name]} >= {
        "RedisBroker.enqueue",
        "StubBroker.enqueue",
    }

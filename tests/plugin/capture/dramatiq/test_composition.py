"""Pipelines, groups, callbacks, results, limits and async actors work on one thread, without any server."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import dramatiq
import pytest
from dramatiq.middleware import GroupCallbacks
from dramatiq.rate_limits import ConcurrentRateLimiter
from dramatiq.rate_limits.backends.redis import RedisBackend as RedisLimits
from dramatiq.results import Results, ResultTimeout
from dramatiq.results.backends.redis import RedisBackend as RedisResults

from jobkit.engine import Engine
from jobkit.record import State


@pytest.fixture
def add(broker: dramatiq.Broker) -> dramatiq.Actor[Any, Any]:
    broker.add_middleware(Results(backend=RedisResults(url="redis://127.0.0.1:1")))

    @dramatiq.actor(store_results=True)
    def add(a: int, b: int) -> int:
        return a + b

    return add


def test_a_pipeline_hands_each_result_on(engine: Engine, add: Any) -> None:
    pipe = (add.message(1, 2) | add.message(10) | add.message(100)).run()

    engine.drain()

    assert [record.result for record in engine.performed] == [3, 13, 113]
    assert pipe.get_result() == 113
    assert engine.performed[-1].envelope.causes == ("add", "add")


def test_a_delayed_step_of_a_pipeline_waits(engine: Engine, add: Any) -> None:
    dramatiq.pipeline([add.message(1, 2), add.message_with_options(args=(10,), delay=60_000)]).run()
    start = engine.clock.time()

    engine.drain()

    assert [(record.started or 0) - start for record in engine.performed] == [0, 60]


def test_a_group_calls_back_when_all_are_done(engine: Engine, broker: dramatiq.Broker, add: Any) -> None:
    broker.add_middleware(GroupCallbacks(RedisLimits(url="redis://127.0.0.1:1")))
    done = []

    @dramatiq.actor
    def finished() -> None:
        done.append(len(engine.performed))

    group = dramatiq.group([add.message(1, 1), add.message(2, 2)])
    group.add_completion_callback(finished.message())
    group.run()
    engine.drain()

    assert done == [2]
    assert sorted(group.get_results()) == [2, 4]


def test_success_callbacks_get_the_result(engine: Engine, add: Any) -> None:
    told = []

    @dramatiq.actor
    def report(message: dict[str, Any], result: int) -> None:
        told.append(result)

    add.send_with_options(args=(1, 2), on_success=report)
    engine.drain()

    assert told == [3]


def test_waiting_for_a_result_that_cannot_come_times_out_at_once(engine: Engine, add: Any) -> None:
    message = add.send(1, 2)

    with pytest.raises(ResultTimeout):
        message.get_result(block=True, timeout=60_000)


def test_a_rate_limiter_holds_without_a_server(engine: Engine, broker: dramatiq.Broker) -> None:
    limiter = ConcurrentRateLimiter(RedisLimits(url="redis://127.0.0.1:1"), "one-at-a-time", limit=1)
    ran = []

    @dramatiq.actor(max_retries=1, min_backoff=1_000)
    def guarded() -> None:
        with limiter.acquire():
            ran.append(engine.clock.time())

    with limiter.acquire():
        guarded.send()
        engine.deliver(engine.enqueued[0])
    engine.drain()

    assert [record.state for record in engine.performed] == [State.RETRIED, State.SUCCEEDED]
    assert len(ran) == 1


def test_async_actors_run_on_the_tests_thread(engine: Engine, broker: dramatiq.Broker) -> None:
    threads = []

    @dramatiq.actor
    async def fetch(url: str) -> None:
        threads.append(threading.current_thread())

    fetch.send("https://example.org")
    engine.drain()

    assert threads == [threading.current_thread()]


def test_async_actors_can_be_performed_inside_an_event_loop(engine: Engine, broker: dramatiq.Broker) -> None:
    ran = []

    @dramatiq.actor
    async def fetch() -> None:
        ran.append(1)

    async def test() -> None:
        fetch.send()
        await engine.adrain()

    asyncio.run(test())

    assert ran == [1]


def test_priorities_go_before_the_order_of_sending(engine: Engine, broker: dramatiq.Broker) -> None:
    order = []

    @dramatiq.actor(priority=10)
    def low() -> None:
        order.append("low")

    @dramatiq.actor(priority=1)
    def high() -> None:
        order.append("high")

    low.send()
    high.send()
    engine.drain()

    assert order == ["high", "low"]

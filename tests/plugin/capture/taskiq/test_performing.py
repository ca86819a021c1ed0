"""Tasks run through taskiq's own receiver: retries, middlewares, dependencies, acknowledgements, lost workers."""

from __future__ import annotations

import asyncio
import threading
from typing import Annotated, Any

import pytest
from taskiq import (
    AsyncBroker,
    Context,
    SimpleRetryMiddleware,
    SmartRetryMiddleware,
    TaskiqDepends,
    TaskiqEvents,
    TaskiqMiddleware,
)

from jobkit.engine import Engine
from jobkit.envelope import AckMode, WorkerLost
from jobkit.record import State


class Boom(Exception):
    pass


async def pool_of(context: Annotated[Context, TaskiqDepends()]) -> str:
    return str(context.state.pool)


def attempts(engine: Engine) -> list[tuple[float, State]]:
    first = engine.performed[0].started or 0.0
    return [((record.started or 0.0) - first, record.state) for record in engine.performed]


def flaky_task(broker: AsyncBroker, **labels: Any) -> Any:
    @broker.task("shop:flaky", **labels)
    async def flaky() -> None:
        raise Boom("for good")

    return flaky


def test_a_retry_count_of_3_is_three_attempts_in_all_at_once(engine: Engine, broker: AsyncBroker) -> None:
    broker.add_middlewares(SimpleRetryMiddleware(default_retry_count=3))
    task = asyncio.run(flaky_task(broker, retry_on_error=True).kiq())
    assert engine.enqueued[0].attempts_max == 3

    with pytest.raises(Boom, match="for good"):
        engine.drain()

    assert attempts(engine) == [(0, State.RETRIED), (0, State.RETRIED), (0, State.DEAD)]
    assert {record.job_id for record in engine.performed} == {task.task_id}
    assert [record.executions for record in engine.performed] == [1, 2, 3]


def test_the_delay_exponent_multiplies_a_delay_that_was_multiplied_before(engine: Engine, broker: AsyncBroker) -> None:
    broker.add_middlewares(
        SmartRetryMiddleware(default_retry_count=5, default_delay=5, use_delay_exponent=True, max_delay_exponent=600)
    )
    asyncio.run(flaky_task(broker, retry_on_error=True).kiq())
    engine.drain(errors="capture")

    assert [time for time, _ in attempts(engine)] == [0, 5, 15, 45, 165]
    assert engine.performed[-1].state is State.DEAD


def test_a_retry_through_a_schedule_source_waits_on_the_virtual_clock(engine: Engine, broker: AsyncBroker) -> None:
    from taskiq.schedule_sources import LabelScheduleSource

    broker.add_middlewares(
        SmartRetryMiddleware(default_retry_count=3, default_delay=60, schedule_source=LabelScheduleSource(broker))
    )
    asyncio.run(flaky_task(broker, retry_on_error=True).kiq())
    engine.drain(errors="capture")

    assert attempts(engine) == [(0, State.RETRIED), (60, State.RETRIED), (120, State.DEAD)]


def test_without_a_middleware_or_its_label_an_error_is_final(engine: Engine, broker: AsyncBroker) -> None:
    broker.add_middlewares(SimpleRetryMiddleware())
    asyncio.run(flaky_task(broker).kiq())
    assert engine.enqueued[0].attempts_max == 1
    engine.drain(errors="capture")

    assert attempts(engine) == [(0, State.DEAD)]


def test_a_sync_task_runs_on_the_tests_thread_without_an_event_loop(engine: Engine, broker: AsyncBroker) -> None:
    seen = []

    @broker.task("shop:sync")
    def sync(number: int) -> int:
        with pytest.raises(RuntimeError):
            asyncio.get_running_loop()
        seen.append((number, threading.current_thread()))
        return number

    enqueue: Any = sync.kiq
    task = asyncio.run(enqueue("4"))
    engine.drain()

    assert seen == [(4, threading.current_thread())]
    assert asyncio.run(task.wait_result()).return_value == 4


def test_waiting_for_a_result_that_cannot_come_says_what_to_do(engine: Engine, broker: AsyncBroker) -> None:
    task = asyncio.run(flaky_task(broker).kiq())

    with pytest.raises(TimeoutError, match="drain the engine"):
        asyncio.run(task.wait_result())


def test_dependencies_and_worker_events_are_taskiqs(engine: Engine, broker: AsyncBroker) -> None:
    seen: list[Any] = []

    @broker.on_event(TaskiqEvents.WORKER_STARTUP)
    async def start(state: Any) -> None:
        state.pool = "open"
        seen.append("start")

    @broker.on_event(TaskiqEvents.WORKER_SHUTDOWN)
    async def stop(state: Any) -> None:
        seen.append("stop")

    @broker.task("shop:with_pool")
    async def with_pool(a: int, pool: Annotated[str, TaskiqDepends(pool_of)]) -> None:
        seen.append((a, pool))

    enqueue: Any = with_pool.kiq
    asyncio.run(enqueue(1))
    engine.drain()

    assert seen == ["start", (1, "open"), "stop"]
    (record,) = engine.performed
    signature = record.envelope.performer.signature(with_pool)
    assert signature is not None
    assert list(signature.parameters) == ["a"]


def test_a_chain_of_tasks_keeps_its_delays(engine: Engine, broker: AsyncBroker) -> None:
    @broker.task("shop:countdown")
    async def countdown(left: int) -> None:
        if left:
            await countdown.kicker().with_labels(delay=60).kiq(left - 1)

    asyncio.run(countdown.kiq(2))
    engine.drain()

    assert [time for time, _ in attempts(engine)] == [0, 60, 120]


def test_a_task_may_requeue_or_reject_its_message(engine: Engine, broker: AsyncBroker) -> None:
    @broker.task("shop:picky")
    async def picky(context: Annotated[Context, TaskiqDepends()]) -> None:
        if "X-Taskiq-requeue" in context.message.labels:
            context.reject()
        await context.requeue()

    enqueue: Any = picky.kiq
    asyncio.run(enqueue())
    engine.drain()

    assert attempts(engine) == [(0, State.RETRIED), (0, State.DISCARDED)]


def test_a_worker_that_dies_in_the_body_tells_no_middleware(engine: Engine, broker: AsyncBroker) -> None:
    events = []
    deaths = [WorkerLost()]

    class Watching(TaskiqMiddleware):
        def on_error(self, message: Any, result: Any, exception: BaseException) -> None:
            events.append("error")

        def post_execute(self, message: Any, result: Any) -> None:
            events.append("executed")

    broker.add_middlewares(SimpleRetryMiddleware(default_retry_label=True), Watching())

    @broker.task("shop:charge")
    async def charge() -> None:
        events.append("charged")
        if deaths:
            raise deaths.pop()

    asyncio.run(charge.kiq())
    engine.drain()

    assert events == ["charged", "charged", "executed"]
    assert [state for _, state in attempts(engine)] == [State.LOST, State.SUCCEEDED]


def test_acknowledged_when_received_a_message_is_lost_with_its_worker(engine: Engine, broker: AsyncBroker) -> None:
    @broker.task("shop:once", ack_type="when_received")
    async def once() -> None:
        raise WorkerLost

    asyncio.run(once.kiq())
    (record,) = engine.enqueued
    assert record.envelope.performer.ack_mode(record.envelope) is AckMode.EARLY
    engine.drain()

    assert attempts(engine) == [(0, State.LOST)]


def test_a_duplicate_carries_the_same_bytes(engine: Engine, broker: AsyncBroker) -> None:
    runs = []

    @broker.task("shop:charge")
    async def charge(order: int) -> None:
        runs.append(order)

    task = asyncio.run(charge.kiq(1))
    engine.drain()
    duplicate = engine.redeliver(task.task_id)
    engine.drain()

    assert runs == [1, 1]
    assert duplicate.envelope.body == engine.performed[0].envelope.body


def test_a_message_that_no_task_is_known_for_is_discarded(engine: Engine, broker: AsyncBroker) -> None:
    asyncio.run(flaky_task(broker).kiq())
    del broker.local_task_registry["shop:flaky"]
    result = engine.drain()

    assert result.discarded == 1
    assert "no task of this name" in engine.performed[0].reason

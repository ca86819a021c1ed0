"""Retries are Huey's own: its counts, delays, backoff, exceptions and signals, on the engine's clock."""

from __future__ import annotations

from typing import Any

import pytest
from huey import CancelExecution, signals
from huey.exceptions import RetryTask

from jobkit.engine import Engine
from jobkit.record import State


class Boom(Exception):
    pass


def attempts(engine: Engine) -> list[tuple[float, State]]:
    """When each delivery began, in seconds since the first, and how it ended."""
    first = engine.performed[0].started or 0.0
    return [(round((record.started or 0.0) - first, 3), record.state) for record in engine.performed]


def test_retries_3_is_four_attempts_with_growing_delays(engine: Engine, app: Any) -> None:
    left = []

    @app.task(retries=3, retry_delay=10, retry_backoff=2, context=True)
    def flaky(task: Any = None) -> None:
        left.append(task.retries)
        raise Boom

    result = flaky()
    assert engine.enqueued[0].attempts_max == 4
    engine.drain(errors="capture")

    assert left == [3, 2, 1, 0]
    assert attempts(engine) == [
        (0, State.RETRIED), (10, State.RETRIED), (30, State.RETRIED), (70, State.DEAD),
    ]  # fmt: skip
    assert {record.job_id for record in engine.performed} == {result.id}
    assert [record.executions for record in engine.performed] == [1, 2, 3, 4]
    assert {record.attempts_max for record in engine.performed} == {4}
    assert isinstance(engine.dead[0].error, Boom)


def test_a_retry_without_a_delay_is_at_once(engine: Engine, app: Any) -> None:
    @app.task(retries=2)
    def flaky() -> None:
        raise Boom

    flaky()

    with pytest.raises(Boom):
        engine.drain()

    assert attempts(engine) == [(0, State.RETRIED), (0, State.RETRIED), (0, State.DEAD)]


def test_retry_task_sets_its_own_delay_and_may_go_on_for_ever(engine: Engine, app: Any) -> None:
    ran = []

    @app.task()
    def later() -> None:
        ran.append(1)
        if len(ran) < 4:
            raise RetryTask(delay=90)

    later()
    engine.drain()

    assert [time for time, _ in attempts(engine)] == [0, 90, 180, 270]
    assert engine.performed[-1].state is State.SUCCEEDED


def test_the_signals_are_those_of_a_consumer(engine: Engine, app: Any) -> None:
    heard = []

    @app.signal()
    def listener(signal: str, task: Any, error: Any = None) -> None:
        heard.append((signal, task.name))

    @app.task(retries=1, retry_delay=5)
    def flaky() -> None:
        raise Boom

    flaky.schedule(delay=60)
    engine.drain(errors="capture")

    assert [signal for signal, _ in heard] == [
        signals.SIGNAL_ENQUEUED, signals.SIGNAL_SCHEDULED, signals.SIGNAL_ENQUEUED, signals.SIGNAL_EXECUTING,
        signals.SIGNAL_ERROR, signals.SIGNAL_RETRYING, signals.SIGNAL_SCHEDULED, signals.SIGNAL_ENQUEUED,
        signals.SIGNAL_EXECUTING, signals.SIGNAL_ERROR,
    ]  # fmt: skip


def test_hooks_run_and_a_pre_execute_hook_may_cancel(engine: Engine, app: Any) -> None:
    hooks, ran = [], []

    @app.pre_execute()
    def before(task: Any) -> None:
        hooks.append(("before", task.name))
        if task.name == "unwanted":
            raise CancelExecution

    @app.post_execute()
    def after(task: Any, value: Any, error: Any) -> None:
        hooks.append(("after", value))

    @app.task()
    def wanted() -> str:
        ran.append("wanted")
        return "value"

    @app.task()
    def unwanted() -> None:
        ran.append("unwanted")

    wanted()
    unwanted()
    result = engine.drain()

    assert ran == ["wanted"]
    assert hooks == [("before", "wanted"), ("after", "value"), ("before", "unwanted")]
    assert (result.succeeded, result.halted) == (1, 1)


def test_a_cancelled_execution_is_given_up(engine: Engine, app: Any) -> None:
    @app.task(retries=5)
    def cancelled() -> None:
        raise CancelExecution(retry=False)

    cancelled()
    result = engine.drain()

    assert (result.performed, result.discarded) == (1, 1)


def test_a_held_lock_drops_a_task_or_lets_it_be_retried(engine: Engine, app: Any) -> None:
    ran = []

    @app.task()
    @app.lock_task("one")
    def once() -> None:
        ran.append("once")

    @app.task(retries=1, retry_delay=30)
    @app.lock_task("one")
    def again() -> None:
        ran.append("again")

    once()
    again()
    with app.lock_task("one"):
        engine.drain(until=1)
    engine.drain()

    assert ran == ["again"]
    assert [state for _, state in attempts(engine)] == [State.DROPPED, State.RETRIED, State.SUCCEEDED]
    assert "lock" in engine.performed[0].reason


def test_a_lock_with_a_ttl_opens_on_the_engines_clock(engine: Engine, app: Any) -> None:
    app.lock_task("one", ttl=60).acquire()

    assert app.is_locked("one")
    engine.advance(seconds=61)

    assert not app.is_locked("one")


def test_a_rate_limit_waits_for_its_window(engine: Engine, app: Any) -> None:
    ran = []

    @app.task()
    @app.rate_limit("api", limit=1, per=60)
    def call(number: int) -> None:
        ran.append(number)

    call(1)
    call(2)
    engine.drain()

    assert ran == [1, 2]
    assert [time for time, _ in attempts(engine)] == [0, 0, 60]


def test_a_task_expires_while_it_waits(engine: Engine, app: Any) -> None:
    ran = []

    @app.task(expires=60)
    def fresh() -> None:
        ran.append(1)

    fresh()
    engine.advance(minutes=2)
    engine.drain()

    assert ran == []
    assert (engine.performed[0].state, engine.performed[0].reason) == (State.DROPPED, "it expired before it ran")

"""Retries are Dramatiq's own: its counts, its backoff, its exceptions; the waits happen on the engine's clock."""

from __future__ import annotations

import itertools
from typing import Any

import dramatiq
import pytest
from dramatiq.middleware import CurrentMessage

from jobkit.engine import Engine
from jobkit.record import State
from pytest_jobkit.capture.installed import InstalledCaptures


class Boom(Exception):
    pass


def attempts(engine: Engine) -> list[tuple[float, State]]:
    """When each delivery began, in seconds since the first, and how it ended."""
    first = engine.performed[0].started or 0.0
    return [(round((record.started or 0.0) - first, 3), record.state) for record in engine.performed]


def test_max_retries_3_is_four_attempts_with_growing_waits(engine: Engine, broker: dramatiq.Broker) -> None:
    counts = []

    @dramatiq.actor(max_retries=3, min_backoff=1_000, max_backoff=60_000)
    def flaky() -> None:
        message = CurrentMessage.get_current_message()
        counts.append(message and message.options.get("retries"))
        raise Boom

    sent = flaky.send()
    assert engine.enqueued[0].attempts_max == 4
    result = engine.drain(errors="capture")

    assert counts == [None, 1, 2, 3]
    times = [time for time, _ in attempts(engine)]
    waits = [later - earlier for earlier, later in itertools.pairwise(times)]
    assert waits == pytest.approx([1.5, 3, 6], rel=0.34)  # 1 s, 2 s, 4 s, each times 1 to 2
    assert [state for _, state in attempts(engine)] == [State.RETRIED] * 3 + [State.DEAD]
    assert (result.retried, result.dead) == (3, 1)
    assert {record.job_id for record in engine.performed} == {sent.message_id}
    assert [record.executions for record in engine.performed] == [1, 2, 3, 4]
    assert isinstance(engine.dead[0].error, Boom)


def test_the_same_test_sees_the_same_waits(broker: dramatiq.Broker) -> None:
    @dramatiq.actor(max_retries=5)
    def flaky() -> None:
        raise Boom

    runs = []
    for _ in range(2):
        engine = Engine()
        with InstalledCaptures(engine.push, engine.clock, only=["dramatiq"]):
            flaky.send()
            engine.drain(errors="capture")
        runs.append(attempts(engine))

    assert runs[0] == runs[1]
    assert len(runs[0]) == 6


def test_the_default_is_21_attempts_over_weeks(engine: Engine, broker: dramatiq.Broker) -> None:
    @dramatiq.actor
    def hopeless() -> None:
        raise Boom

    hopeless.send()
    engine.drain(errors="capture")

    assert len(engine.performed) == 21
    assert attempts(engine)[-1][0] > 14 * 24 * 3600


def test_an_explicit_retry_sets_its_own_delay(engine: Engine, broker: dramatiq.Broker) -> None:
    runs = []

    @dramatiq.actor
    def later() -> None:
        runs.append(engine.clock.time())
        if len(runs) < 3:
            raise dramatiq.Retry("not yet", delay=5_000)

    later.send()
    engine.drain()

    assert attempts(engine) == [(0, State.RETRIED), (5, State.RETRIED), (10, State.SUCCEEDED)]


def test_an_error_named_by_throws_ends_the_job_at_once(engine: Engine, broker: dramatiq.Broker) -> None:
    @dramatiq.actor(throws=(Boom,))
    def expected() -> None:
        raise Boom

    expected.send()
    result = engine.drain()

    assert (result.performed, result.discarded) == (1, 1)
    assert "throws" in engine.performed[0].reason


def test_retry_when_replaces_the_count(engine: Engine, broker: dramatiq.Broker) -> None:
    @dramatiq.actor(retry_when=lambda retries, error: retries < 2)
    def judged() -> None:
        raise Boom

    judged.send()
    assert engine.enqueued[0].attempts_max is None
    engine.drain(errors="capture")

    assert len(engine.performed) == 3


def test_the_error_reaches_the_test_when_retries_are_used_up(engine: Engine, broker: dramatiq.Broker) -> None:
    @dramatiq.actor(max_retries=1)
    def flaky() -> None:
        raise Boom("for good")

    flaky.send()

    with pytest.raises(Boom, match="for good"):
        engine.drain()


def test_one_message_may_override_the_actor(engine: Engine, broker: dramatiq.Broker) -> None:
    @dramatiq.actor(max_retries=9)
    def flaky() -> None:
        raise Boom

    flaky.send_with_options(max_retries=0)
    assert engine.enqueued[0].attempts_max == 1
    result = engine.drain(errors="capture")

    assert (result.performed, result.dead) == (1, 1)


def test_retry_exhausted_and_failure_callbacks_are_messages_too(engine: Engine, broker: dramatiq.Broker) -> None:
    told: list[Any] = []

    @dramatiq.actor
    def on_failure(message: dict[str, Any], error: dict[str, Any]) -> None:
        told.append(("failure", error["type"]))

    @dramatiq.actor
    def on_exhausted(message: dict[str, Any], retries: dict[str, Any]) -> None:
        told.append(("exhausted", retries))

    @dramatiq.actor(max_retries=1)
    def flaky() -> None:
        raise Boom

    flaky.send_with_options(on_failure=on_failure, on_retry_exhausted="on_exhausted")
    engine.drain(errors="capture")

    assert sorted(told, key=str) == [
        ("exhausted", {"max_retries": 1, "retries": 1}),
        ("failure", "Boom"),
        ("failure", "Boom"),
    ]

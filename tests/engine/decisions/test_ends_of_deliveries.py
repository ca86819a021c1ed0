"""What the delivery layer tells of a delivery that did not succeed: records, events, headers, handlers."""

from __future__ import annotations

from typing import Any

import pytest

import jobkit
from jobkit import Engine, QueueConfig, WorkerLost, events
from jobkit.envelope import AckMode
from jobkit.performer import JobPerformer
from jobkit.record import State

LOSING: list[BaseException] = []


class StockError(Exception):
    pass


@jobkit.job
def fails(order: int) -> None:
    raise StockError(f"order {order}")


@jobkit.job(retry=1, dead=False)
def given_up(order: int) -> None:
    raise StockError(f"order {order}")


@jobkit.job
def loses(order: int) -> None:
    if LOSING:
        raise LOSING.pop()


def drained(job: Any, engine: Engine) -> Engine:
    with engine.active():
        job.perform_later(42)
    engine.drain(errors="capture")
    return engine


def told(engine: Engine, kind: type[events.Event]) -> list[Any]:
    return [event for event in engine.history if type(event) is kind]


def test_a_retry_of_the_queue_is_told_with_its_wait_and_number() -> None:
    engine = Engine(config=QueueConfig(max_retries=2))
    start = engine.clock.time()
    drained(fails, engine)

    first, second = told(engine, events.DeliveryRetry)
    assert (first.job.state, first.time, str(first.error), first.retry_count) == (State.RETRIED, start, "order 42", 0)
    assert (second.job.executions, second.time, second.retry_count) == (2, start + first.wait, 1)
    assert 15 <= first.wait < 25
    assert [record.state for record in engine.performed] == [State.RETRIED, State.RETRIED, State.DEAD]
    assert all(record.envelope.retry for record in engine.performed[1:])


def test_the_message_of_a_dead_job_says_what_happened_and_when() -> None:
    engine = Engine(config=QueueConfig(max_retries=1))
    start = engine.clock.time()
    drained(fails, engine)

    headers = engine.dead[0].envelope.headers
    assert headers is not None
    assert headers["retry_count"] == 1
    assert headers["error_class"] == "StockError"
    assert headers["error_message"] == "order 42"
    assert headers["failed_at"] == int(start * 1000)
    assert headers["retried_at"] == int(engine.clock.time() * 1000)
    (died,) = told(engine, events.Died)
    assert isinstance(died.error, StockError)


def test_a_long_message_of_an_error_is_cut() -> None:
    @jobkit.job
    def talks() -> None:
        raise StockError("x" * 20_000)

    engine = Engine()
    with engine.active():
        talks.perform_later()
    engine.drain(errors="capture")

    assert len((engine.dead[0].envelope.headers or {})["error_message"]) == 10_000


def test_a_job_that_is_given_up_is_told_as_dropped_and_its_death_handlers_run() -> None:
    engine = Engine()
    deaths: list[Any] = []
    engine.death_handlers.append(lambda record, error: deaths.append((record.state, str(error))))
    drained(given_up, engine)

    (dropped,) = told(engine, events.Dropped)
    assert (dropped.job.state, str(dropped.error), dropped.reason) == (State.DISCARDED, "order 42", "dead=False")
    assert dropped.time == engine.clock.time()
    assert (dropped.job.envelope.headers or {})["discarded_at"] == int(engine.clock.time() * 1000)
    assert deaths == [(State.DISCARDED, "order 42")]
    assert engine.dead == ()


def test_an_error_in_the_exhausted_block_is_reported_and_the_job_dies_all_the_same() -> None:
    broken = ValueError("in the block")
    asked: list[Any] = []

    def block(record: Any, error: BaseException) -> None:
        asked.append((record.executions, str(error)))
        raise broken

    @jobkit.job(retry=0, retries_exhausted=block)
    def exhausted() -> None:
        raise StockError("gone")

    engine = Engine()
    reported: list[BaseException] = []
    engine.error_reporters.append(reported.append)
    with engine.active():
        exhausted.perform_later()
    engine.drain(errors="capture")

    assert (reported, asked, len(engine.dead)) == ([broken], [(1, "gone")], 1)
    assert isinstance(engine.dead[0].error, StockError)


def test_an_error_is_raised_by_a_drain_unless_the_job_declares_a_number_of_retries() -> None:
    raising = Engine(config=QueueConfig(max_retries=1))
    with raising.active():
        fails.perform_later(1)
    with pytest.raises(StockError):
        raising.drain()

    engine = Engine()

    @jobkit.job(retry=1)
    def once_more() -> None:
        if len(engine.performed) == 0:
            raise StockError("first")

    with engine.active():
        once_more.perform_later()
        assert engine.drain().succeeded == 1


def test_a_lost_worker_is_told_and_the_message_handed_out_again() -> None:
    engine = Engine(visibility_timeout=30)
    start = engine.clock.time()
    LOSING.append(WorkerLost())
    drained(loses, engine)

    (lost,) = told(engine, events.WorkerLostEvent)
    assert (lost.job.state, lost.job.executions, lost.time) == (State.LOST, 1, start)
    assert "worker was lost" in lost.reason
    (again,) = told(engine, events.Redelivered)
    assert (again.job.state, again.job.executions, again.time) == (State.ENQUEUED, 1, start + 30)
    assert again.reason == "its visibility timeout is over"
    assert [record.state for record in engine.performed] == [State.LOST, State.SUCCEEDED]


def test_a_message_that_was_acknowledged_first_is_lost_with_its_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(JobPerformer, "ack_mode", lambda performer, envelope: AckMode.EARLY)
    engine = Engine()
    LOSING.append(WorkerLost())
    drained(loses, engine)

    (dropped,) = told(engine, events.Dropped)
    assert (dropped.job.state, dropped.job.executions, dropped.error) == (State.LOST, 1, None)
    assert dropped.reason == "acknowledged before it ran, so a lost worker loses it"
    assert dropped.time == engine.clock.time()
    assert told(engine, events.Redelivered) == []


def test_a_lost_acknowledgement_says_so() -> None:
    engine = Engine()
    with engine.active():
        job = loses.perform_later(1)
    engine.deliver(job, ack=False)

    (again,) = told(engine, events.Redelivered)
    assert again.reason == "its acknowledgement was lost"
    assert engine.drain().succeeded == 1

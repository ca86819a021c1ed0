"""What an at-least-once queue does to a message, as operations."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from jobkit import Engine, JobkitError, State, WorkerLost, current_job, job, retry_on

ran: list[Any] = []


@pytest.fixture
def engine() -> Iterator[Engine]:
    ran.clear()
    engine = Engine()
    with engine.active():
        yield engine


@job
def note(what: Any) -> None:
    ran.append((what, current_job().job_id))


def test_a_duplicate_is_the_same_bytes_under_the_same_id(engine: Engine) -> None:
    sent = note.perform_later("once")
    engine.drain()

    duplicate = engine.redeliver(sent)
    engine.drain()

    assert ran == [("once", sent.job_id)] * 2
    assert duplicate.envelope.body == engine.performed[0].envelope.body


def test_a_lost_acknowledgement_brings_the_message_back(engine: Engine) -> None:
    sent = note.perform_later("x")

    record = engine.deliver(sent, ack=False)
    result = engine.drain()

    assert record.state is State.SUCCEEDED
    assert result.performed == 1
    assert len(ran) == 2


def test_a_lost_worker_has_begun_but_not_finished_and_the_message_comes_back(engine: Engine) -> None:
    sent = note.perform_later("x")

    lost = engine.lose_worker(sent)

    assert lost.state is State.LOST
    assert ran == []
    assert engine.drain().performed == 1
    assert [event.name for event in engine.history][1:3] == ["worker_lost", "redelivered"]


def test_with_a_visibility_timeout_it_comes_back_when_that_is_over() -> None:
    ran.clear()
    engine = Engine(visibility_timeout=timedelta(minutes=5))
    with engine.active():
        sent = note.perform_later("x")
        engine.lose_worker(sent)
        engine.advance(minutes=4)
        assert engine.enqueued == ()
        engine.advance(minutes=1)
        assert len(engine.enqueued) == 1
        began = engine.clock.now()
        engine.drain()

    assert len(ran) == 1
    assert engine.clock.now() == began


def test_a_drain_waits_for_the_visibility_timeout() -> None:
    ran.clear()
    engine = Engine(visibility_timeout=300)
    start = engine.clock.now()
    with engine.active():
        engine.lose_worker(note.perform_later("x"))
        engine.drain()

    assert len(ran) == 1
    assert engine.clock.now() - start == timedelta(seconds=300)


def test_a_worker_can_be_lost_in_the_middle_of_a_body_and_no_handler_takes_it(engine: Engine) -> None:
    @job
    @retry_on(Exception)
    def dies() -> None:
        ran.append("begun")
        if len(ran) == 1:
            raise WorkerLost

    dies.perform_later()
    result = engine.drain()

    assert ran == ["begun", "begun"]
    assert (result.lost, result.succeeded, result.retried) == (1, 1, 0)


def test_jobs_can_be_delivered_out_of_order(engine: Engine) -> None:
    note.perform_later("first")
    second = note.set(wait=3600).perform_later("second")

    engine.deliver(second)

    assert [what for what, _ in ran] == ["second"]
    assert len(engine.enqueued) == 1


def test_asking_for_a_job_that_is_not_pending_says_what_is(engine: Engine) -> None:
    note.perform_later("x")

    with pytest.raises(JobkitError, match=r"'other' is not pending; pending are .*note"):
        engine.deliver("other")
    with pytest.raises(JobkitError, match="never seen"):
        engine.redeliver("other")

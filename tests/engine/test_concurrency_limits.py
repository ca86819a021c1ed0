"""Concurrency limits on the engine: who waits, who is let in, what a lost worker blocks (spec: F.6)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from jobkit import (
    Engine,
    current_job,
    job,
    limits_concurrency,
    retry_on,
)

ran: list[Any] = []


@pytest.fixture
def engine() -> Iterator[Engine]:
    ran.clear()
    engine = Engine()
    with engine.active():
        yield engine


class TestConcurrencyLimits:
    def test_the_others_wait_and_each_end_lets_one_in_by_priority(self, engine: Engine) -> None:
        @limits_concurrency(to=1, key=lambda number: "key")
        @job
        def limited(number: int) -> None:
            ran.append((number, len(engine.blocked)))

        for priority, number in ((None, 1), (5, 2), (1, 3)):
            limited.set(priority=priority).perform_later(number)

        assert (len(engine.enqueued), len(engine.blocked)) == (1, 2)
        engine.drain()
        assert ran == [(1, 2), (3, 1), (2, 0)]

    def test_a_failure_frees_the_place_too_and_a_retry_queues_up_again(self, engine: Engine) -> None:
        @limits_concurrency(to=1)
        @job
        @retry_on(ValueError, wait=60, jitter=0)
        def limited(number: int) -> None:
            ran.append(number)
            if number == 1 and current_job().executions == 1:
                raise ValueError

        limited.perform_later(1)
        limited.perform_later(2)
        engine.drain()

        assert ran == [1, 2, 1]

    def test_or_they_are_dropped(self, engine: Engine) -> None:
        @limits_concurrency(to=1, on_conflict="discard")
        @job
        def limited(number: int) -> None:
            ran.append(number)

        assert limited.perform_later(1)
        assert not limited.perform_later(2)
        engine.drain()
        assert limited.perform_later(3)

    def test_a_place_ends_by_itself_so_that_a_lost_worker_does_not_block_for_ever(self) -> None:
        engine = Engine(visibility_timeout=timedelta(days=1))

        @limits_concurrency(to=1, duration=timedelta(minutes=3))
        @job
        def limited(number: int) -> None:
            ran.append(number)

        ran.clear()
        with engine.active():
            first = limited.perform_later(1)
            limited.perform_later(2)
            start = engine.clock.now()
            engine.lose_worker(first)
            engine.drain(until=timedelta(hours=1))

        assert ran == [2]
        assert engine.clock.now() - start <= timedelta(minutes=3)

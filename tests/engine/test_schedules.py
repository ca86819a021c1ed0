"""A recurring schedule fired by the engine's clock (spec: G)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

import jobkit
from jobkit import (
    Engine,
    Schedule,
    VirtualClock,
    job,
)
from jobkit.events import Fired
from jobkit.recurring import Entry

ran: list[Any] = []


@pytest.fixture
def engine() -> Iterator[Engine]:
    ran.clear()
    engine = Engine()
    with engine.active():
        yield engine


@job
def note(what: Any) -> None:
    ran.append(what)


class TestSchedules:
    def test_entries_are_enqueued_as_the_clock_passes_them(self) -> None:
        ran.clear()
        entry = Entry("report", note, cron="0 6 * * *", timezone="Europe/Berlin", args=["daily"], queue="low")
        engine = Engine(clock=VirtualClock(datetime(2026, 3, 28, 12, tzinfo=UTC)), schedule=Schedule([entry]))

        engine.advance(days=2)

        assert [str(record.enqueued_at) for record in engine.enqueued] == [
            "2026-03-29 04:00:00+00:00",  # summer time has begun in the night before
            "2026-03-30 04:00:00+00:00",
        ]
        assert {record.queue_name for record in engine.enqueued} == {"low"}
        assert ran == []

    def test_a_drain_to_a_time_fires_and_performs_what_is_due_until_then(self) -> None:
        ran.clear()
        engine = Engine(schedule=Schedule([Entry("tick", note, every=3600, args=["tick"])]))

        assert engine.drain(until=timedelta(hours=3)).performed == 3
        assert engine.drain().performed == 0

    def test_a_run_that_overlaps_its_predecessor_is_visible(self) -> None:
        engine = Engine(schedule=Schedule([Entry("tick", note, every=60, args=["tick"])]))

        engine.advance(minutes=2)

        assert [event.overlaps for event in engine.history if isinstance(event, Fired)] == [False, True]

    def test_an_entry_whose_job_is_unknown_is_named_and_the_others_are_enqueued(self) -> None:
        entries = [Entry("gone", "NoSuchJob", every=60), Entry("good", note, every=60, args=["good"])]
        engine = Engine(schedule=Schedule(entries))

        with pytest.raises(jobkit.UnknownJobError) as raised:
            engine.advance(minutes=1)

        assert "gone" in raised.value.__notes__[0]
        assert len(engine.enqueued) == 1

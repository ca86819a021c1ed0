"""What is planned with a scheduler is captured as a message with its time; nothing runs by itself."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from apscheduler.jobstores.redis import RedisJobStore
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.schedulers.blocking import BlockingScheduler

from jobkit.engine import Engine
from pytest_jobkit.capture.installed import InstalledCaptures

RAN: list[Any] = []


def charge(order: int, gift: bool = False) -> None:
    RAN.append((order, gift))


@pytest.fixture(autouse=True)
def _nothing_ran() -> None:
    RAN.clear()


def test_jobs_that_run_once_wait_for_their_time(engine: Engine, scheduler: Any) -> None:
    start = engine.clock.now()

    scheduler.add_job(charge, args=[1])
    scheduler.add_job(charge, "date", run_date=start + timedelta(hours=1), args=[2], kwargs={"gift": True}, id="later")
    scheduler.scheduled_job("date", run_date=start + timedelta(hours=2), args=[3])(charge)

    waiting = [*engine.enqueued, *engine.scheduled]
    assert RAN == []
    assert [(record.arguments, record.kwarguments, record.scheduled_at) for record in waiting] == [
        ((1,), {}, None),
        ((2,), {"gift": True}, start + timedelta(hours=1)),
        ((3,), {}, start + timedelta(hours=2)),
    ]
    assert {record.job for record in waiting} == {charge}
    assert waiting[1].job_id == "later"

    engine.drain()

    assert RAN == [(1, False), (2, True), (3, False)]
    assert engine.clock.now() == start + timedelta(hours=2)
    assert scheduler.get_jobs() == []


@pytest.mark.parametrize("kind", [BackgroundScheduler, BlockingScheduler, AsyncIOScheduler])
def test_starting_a_scheduler_starts_no_thread_and_does_not_block(kind: Any, engine: Engine) -> None:
    threads = threading.active_count()
    scheduler = kind(timezone="UTC")
    scheduler.add_job(charge, args=[1])
    assert engine.enqueued == ()

    scheduler.start()

    assert len(engine.enqueued) == 1
    assert threading.active_count() == threads
    engine.drain()
    scheduler.shutdown()
    assert RAN == [(1, False)]


def test_a_job_store_elsewhere_is_not_asked_and_its_jobs_are_pickled(engine: Engine) -> None:
    scheduler = BackgroundScheduler(jobstores={"default": RedisJobStore(host="127.0.0.1", port=1)}, timezone="UTC")
    scheduler.start()
    lines = ["a"]

    scheduler.add_job(charge, args=[lines])
    lines.append("b")
    engine.drain()

    assert RAN == [(["a"], False)]
    with pytest.raises(ValueError, match="cannot be serialized"):
        scheduler.add_job(lambda: None)


def test_removing_pausing_and_rescheduling_change_what_runs(engine: Engine, scheduler: Any) -> None:
    start = engine.clock.now()
    hour = start + timedelta(hours=1)
    scheduler.add_job(charge, "date", run_date=hour, args=[1], id="removed")
    scheduler.add_job(charge, "date", run_date=hour, args=[2], id="paused")
    scheduler.add_job(charge, "date", run_date=hour, args=[3], id="moved")
    scheduler.remove_job("removed")
    scheduler.pause_job("paused")
    scheduler.reschedule_job("moved", trigger="date", run_date=start + timedelta(hours=3))

    engine.drain()

    assert RAN == [(3, False)]
    assert [record.reason for record in engine.performed if record.state == "dropped"] == [
        "it was removed, paused or given another time"
    ] * 3
    assert engine.clock.now() == start + timedelta(hours=3)


def test_interval_and_cron_jobs_are_entries_of_the_schedule(
    engine: Engine, captures: InstalledCaptures, scheduler: Any
) -> None:
    start = engine.clock.time()
    scheduler.add_job(charge, "interval", minutes=10, args=[1])
    scheduler.add_job(charge, "cron", hour=13, args=[2])
    assert engine.enqueued == ()

    every_ten, at_one = [entry for capture in captures for entry in capture.recurring()]
    first = every_ten.next_after(start)
    assert first == start + 600
    assert at_one.next_after(start) == datetime(2026, 1, 1, 13, tzinfo=UTC).timestamp()

    engine.move_to(first)
    every_ten.fire()
    engine.drain()

    assert RAN == [(1, False)]
    assert every_ten.next_after(first) == start + 1200


def test_after_the_test_a_scheduler_that_ran_before_has_its_own_store_again() -> None:
    scheduler = BackgroundScheduler(timezone="UTC")
    scheduler.start()
    try:
        scheduler.add_job(charge, "interval", hours=1, args=[1], id="kept")
        store = scheduler._jobstores["default"]
        engine = Engine()
        with InstalledCaptures(engine.push, engine.clock, only=["apscheduler"]):
            scheduler.add_job(charge, args=[2], id="of the test")
            assert [job.id for job in scheduler.get_jobs()] == ["of the test", "kept"]

        assert scheduler._jobstores["default"] is store
        assert [job.id for job in scheduler.get_jobs()] == ["kept"]
        assert RAN == []
    finally:
        scheduler.shutdown()

"""A run goes through APScheduler's own executor code: grace time, listeners, and no second chance."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from apscheduler.events import (
    EVENT_JOB_ERROR,
    EVENT_JOB_EXECUTED,
    EVENT_JOB_MISSED,
    EVENT_JOB_REMOVED,
    EVENT_JOB_SUBMITTED,
)

from jobkit.engine import Engine
from jobkit.envelope import WorkerLost

NAMES = {
    EVENT_JOB_SUBMITTED: "submitted",
    EVENT_JOB_REMOVED: "removed",
    EVENT_JOB_EXECUTED: "executed",
    EVENT_JOB_ERROR: "error",
    EVENT_JOB_MISSED: "missed",
}


@pytest.fixture
def events(scheduler: Any) -> list[str]:
    seen: list[str] = []
    scheduler.add_listener(lambda event: seen.append(NAMES[event.code]), sum(NAMES))
    return seen


def test_listeners_are_told(engine: Engine, scheduler: Any, events: list[str]) -> None:
    scheduler.add_job(lambda: 42)

    engine.drain()

    assert engine.performed[0].result == 42
    assert events == ["removed", "submitted", "executed"]


def test_an_error_is_final(engine: Engine, scheduler: Any, events: list[str]) -> None:
    def broken() -> None:
        raise ValueError("no stock")

    scheduler.add_job(broken)

    with pytest.raises(ValueError, match="no stock"):
        engine.drain()

    assert events == ["removed", "submitted", "error"]
    assert (engine.dead[0].reason, engine.dead[0].attempts_max) == ("APScheduler does not retry", 1)


def test_a_coroutine_function_runs_to_its_end(engine: Engine, scheduler: Any) -> None:
    async def answer() -> int:
        return 42

    scheduler.add_job(answer)
    engine.drain()

    assert engine.performed[0].result == 42


def test_a_run_that_is_late_by_more_than_the_grace_time_is_skipped_and_the_reason_says_so(
    engine: Engine, scheduler: Any, events: list[str]
) -> None:
    ran: list[int] = []
    in_a_minute = engine.clock.now() + timedelta(minutes=1)
    scheduler.add_job(ran.append, "date", run_date=in_a_minute, args=[1])
    scheduler.add_job(ran.append, "date", run_date=in_a_minute, args=[2], misfire_grace_time=600)
    scheduler.add_job(ran.append, "date", run_date=in_a_minute, args=[3], misfire_grace_time=None)

    engine.advance(minutes=5)
    engine.drain()

    assert ran == [2, 3]
    assert "missed" in events
    (missed,) = [record for record in engine.performed if record.state == "dropped"]
    assert missed.reason == (
        "it was due at 2026-01-01 12:01:00 and is 240 s late, more than misfire_grace_time=1 allows; perform jobs as "
        "time passes (perform_enqueued_jobs(until=...)), or give the job a longer misfire_grace_time"
    )


def test_a_lost_process_takes_its_job_along(engine: Engine, scheduler: Any) -> None:
    ran: list[str] = []

    def dies() -> None:
        ran.append("began")
        raise WorkerLost

    scheduler.add_job(dies)
    scheduler.add_job(ran.append, args=["other"], id="lost before")
    engine.lose_worker("lost before")

    result = engine.drain()

    assert ran == ["began"]
    assert (result.lost, result.remaining, scheduler.get_jobs()) == (1, 0, [])


def test_a_duplicate_runs_twice(engine: Engine, scheduler: Any) -> None:
    ran: list[int] = []
    scheduler.add_job(ran.append, args=[1], id="one")
    engine.drain()

    engine.redeliver("one")
    engine.drain()

    assert ran == [1, 1]

"""The frameworks' own schedules fire on the test's clock, when the test says so."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from celery import Celery
from celery.schedules import crontab
from huey import RedisHuey
from huey import crontab as huey_crontab

from pytest_jobkit import JobSession

RAN: list[Any] = []
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


app = Celery("beat", broker="redis://127.0.0.1:1/0", set_as_current=False)
app.conf.timezone = "UTC"
app.conf.beat_schedule = {
    "hourly": {"task": "beat.report", "schedule": timedelta(hours=1), "args": ("hourly",)},
    "at half past one": {"task": "beat.report", "schedule": crontab(hour="13", minute="30"), "args": ("daily",)},
}


@app.task(name="beat.report", shared=False)
def report(kind: str) -> None:
    RAN.append(kind)


@pytest.fixture(autouse=True)
def _only_this_apps_entries(monkeypatch: pytest.MonkeyPatch) -> None:
    """Other tests of this process have apps with entries too, and those may still be there."""
    RAN.clear()
    monkeypatch.setattr("pytest_jobkit.capture.celery.capture.active_apps", lambda: [app])


def test_nothing_fires_unless_the_test_asks_for_it() -> None:
    with JobSession(start=NOON, frameworks=["celery"]) as jobs:
        jobs.clock.travel(hours=5)

        assert jobs.enqueued == []


def test_beat_enqueues_as_the_clock_passes_its_times() -> None:
    with JobSession(start=NOON, frameworks=["celery"]) as jobs:
        start = jobs.clock.now()
        assert jobs.start_schedules() == ("hourly", "at half past one")

        jobs.perform_enqueued_jobs(until=timedelta(hours=3))

        assert RAN == ["hourly", "daily", "hourly", "hourly"]
        assert [record.started_at - start for record in jobs.performed] == [
            timedelta(hours=1),
            timedelta(hours=1, minutes=30),
            timedelta(hours=2),
            timedelta(hours=3),
        ]


def test_travelling_enqueues_and_performs_nothing() -> None:
    with JobSession(start=NOON, frameworks=["celery"]) as jobs:
        jobs.start_schedules()

        jobs.clock.travel(hours=2, minutes=5)

        assert RAN == []
        assert [list(record.arguments) for record in jobs.enqueued] == [["hourly"], ["daily"], ["hourly"]]
        jobs.perform_enqueued_jobs()
        assert len(RAN) == 3


def test_hueys_periodic_tasks_are_looked_at_once_a_minute() -> None:
    huey = RedisHuey("periodic", host="127.0.0.1", port=1)

    @huey.periodic_task(huey_crontab(minute="*/20"))
    def sweep() -> None:
        RAN.append("sweep")

    with JobSession(start=NOON, frameworks=["huey"]) as jobs:
        assert jobs.start_schedules() == (f"{__name__}.sweep",)

        jobs.perform_enqueued_jobs(until=timedelta(hours=1))

    assert RAN == ["sweep"] * 3

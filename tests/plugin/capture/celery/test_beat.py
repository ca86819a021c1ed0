"""Beat's entries fire on the engine's clock and enqueue what beat would."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from celery import Celery
from celery.schedules import crontab

from jobkit.engine import Engine
from pytest_jobkit.capture.base import Recurring
from pytest_jobkit.capture.celery import CeleryCapture


@pytest.fixture
def report(app: Celery) -> Any:
    @app.task(shared=False, name="shop.report")
    def report(kind: str) -> None: ...

    return report


def entries(capture: CeleryCapture, app: Celery) -> dict[str, Recurring]:
    names = set(app.conf.beat_schedule)
    return {entry.name: entry for entry in capture.recurring() if entry.name in names}


def test_a_crontab_entry_fires_at_its_times_in_the_zone_of_the_app(
    app: Celery, report: Any, engine: Engine, capture: CeleryCapture
) -> None:
    app.conf.timezone = "Europe/Berlin"
    app.conf.beat_schedule = {
        "nightly": {"task": "shop.report", "schedule": crontab(hour="3", minute="30"), "args": ("sales",)}
    }
    nightly = entries(capture, app)["nightly"]

    first = nightly.next_after(engine.clock.time())
    assert first is not None
    second = nightly.next_after(first)

    assert second is not None
    assert [datetime.fromtimestamp(time, UTC) for time in (first, second)] == [
        datetime(2026, 1, 2, 2, 30, tzinfo=UTC),
        datetime(2026, 1, 3, 2, 30, tzinfo=UTC),
    ]


def test_an_interval_counts_from_the_last_time(
    app: Celery, report: Any, engine: Engine, capture: CeleryCapture
) -> None:
    app.conf.beat_schedule = {"often": {"task": "shop.report", "schedule": 90.0}}
    often = entries(capture, app)["often"]
    start = engine.clock.time()

    assert often.next_after(start) == start + 90
    assert often.next_after(start + 90) == start + 180


def test_an_entry_sends_its_task_with_its_arguments_and_options(
    app: Celery, report: Any, engine: Engine, capture: CeleryCapture
) -> None:
    app.conf.beat_schedule = {
        "nightly": {
            "task": "shop.report",
            "schedule": crontab(hour="3"),
            "kwargs": {"kind": "sales"},
            "options": {"queue": "reports", "priority": 3},
        }
    }

    entries(capture, app)["nightly"].fire()

    (job,) = engine.enqueued
    assert (job.name, job.kwarguments, job.queue, job.priority) == ("shop.report", {"kind": "sales"}, "reports", 3)


def test_an_entry_added_when_the_app_was_configured_is_there_too(
    app: Celery, report: Any, engine: Engine, capture: CeleryCapture
) -> None:
    @app.on_after_finalize.connect
    def add_entries(sender: Celery, **_: Any) -> None:
        sender.add_periodic_task(60.0, report.s("stock"), name="every minute")

    found = {entry.name: entry for entry in capture.recurring()}
    found["every minute"].fire()

    assert [list(job.arguments) for job in engine.enqueued] == [["stock"]]

"""Celery beat's entries: when each fires next, and the message that beat would send then."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from celery import Celery
from celery.beat import Scheduler

from jobkit.clock import Clock
from pytest_jobkit.capture.base import Recurring


def recurring(app: Celery, clock: Clock) -> Iterator[Recurring]:
    """The entries of ``app.conf.beat_schedule`` and of ``add_periodic_task``."""
    scheduler = _Entries(app)
    for name, entry in scheduler.schedule.items():
        yield _recurring(scheduler, name, entry, clock)


def _recurring(scheduler: Scheduler, name: str, entry: Any, clock: Clock) -> Recurring:
    def next_after(instant: float) -> float | None:
        last = datetime.fromtimestamp(instant, UTC).astimezone(scheduler.app.timezone)
        remaining: timedelta = entry.schedule.remaining_estimate(last)
        return (clock.now() + remaining).timestamp()

    def fire() -> None:
        scheduler.apply_async(entry, advance=False)

    return Recurring(name, next_after, fire)


class _Entries(Scheduler):
    """Beat's scheduler without its loop and its file."""

    def __init__(self, app: Celery) -> None:
        super().__init__(app, lazy=True)
        app.finalize(auto=True)
        self.setup_schedule()

    def setup_schedule(self) -> None:
        self.install_default_entries(self.schedule)
        self.merge_inplace(self.app.conf.beat_schedule)

    def install_default_entries(self, data: Any) -> None:
        """Beat's own daily clean-up of results is no job of the user's."""

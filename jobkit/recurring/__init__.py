"""Recurring jobs: `Schedule` and its entries, when they fire, and the machine that says what is due.

Semantics are those of sidekiq-cron, sidekiq-scheduler and Solid Queue; each difference is told where it is made.
"""

from __future__ import annotations

from jobkit.recurring.cron import CronExpression
from jobkit.recurring.entry import Entry, EntryError, FireTime
from jobkit.recurring.missed import CATCH_UP, SIDEKIQ_CRON, TIMERS, MissedRuns
from jobkit.recurring.schedule import Schedule
from jobkit.recurring.state import Claims, Firing, ScheduleState

__all__ = [
    "CATCH_UP",
    "SIDEKIQ_CRON",
    "TIMERS",
    "Claims",
    "CronExpression",
    "Entry",
    "EntryError",
    "FireTime",
    "Firing",
    "MissedRuns",
    "Schedule",
    "ScheduleState",
]

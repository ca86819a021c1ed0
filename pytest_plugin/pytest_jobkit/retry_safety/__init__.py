"""Retry safety: shows that a job may be delivered again at any moment without anyone being able to tell.

The face of the package. Names are loaded when they are used, so that a run that does not use them pays nothing, and
hypothesis is imported only for the three that need it.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pytest_jobkit.retry_safety.delivering.calls import Call
    from pytest_jobkit.retry_safety.effects.killing import WorkerKilled, WorkerTerminated
    from pytest_jobkit.retry_safety.effects.own_effect import effect
    from pytest_jobkit.retry_safety.face import NotRetrySafe, assert_retry_safe, replay, retry_safe
    from pytest_jobkit.retry_safety.fixture import RetrySafety
    from pytest_jobkit.retry_safety.judging.policies import Policy, at_least_once, at_most_once, exactly_once, ignore
    from pytest_jobkit.retry_safety.machine import RetrySafetyMachine
    from pytest_jobkit.retry_safety.reporting.report import ChannelReport, Report, Verdict
    from pytest_jobkit.retry_safety.strategies import fault_schedules, job_arguments
    from pytest_jobkit.retry_safety.worlds.django_database import django_database
    from pytest_jobkit.retry_safety.worlds.world import World, world

_HOMES = {
    "delivering.calls": ("Call",),
    "face": ("NotRetrySafe", "assert_retry_safe", "replay", "retry_safe"),
    "fixture": ("RetrySafety",),
    "effects.killing": ("WorkerKilled", "WorkerTerminated"),
    "effects.own_effect": ("effect",),
    "judging.policies": ("Policy", "at_least_once", "at_most_once", "exactly_once", "ignore"),
    "machine": ("RetrySafetyMachine",),
    "reporting.report": ("ChannelReport", "Report", "Verdict"),
    "strategies": ("fault_schedules", "job_arguments"),
    "worlds.django_database": ("django_database",),
    "worlds.world": ("World", "world"),
}
_HOME = {name: module for module, names in _HOMES.items() for name in names}

__all__ = [
    "Call",
    "ChannelReport",
    "NotRetrySafe",
    "Policy",
    "Report",
    "RetrySafety",
    "RetrySafetyMachine",
    "Verdict",
    "WorkerKilled",
    "WorkerTerminated",
    "World",
    "assert_retry_safe",
    "at_least_once",
    "at_most_once",
    "django_database",
    "effect",
    "exactly_once",
    "fault_schedules",
    "ignore",
    "job_arguments",
    "replay",
    "retry_safe",
    "world",
]


def __getattr__(name: str) -> Any:
    home = _HOME.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.{home}"), name)
    globals()[name] = value  # over the submodule of the same name: `world` is the decorator here
    return value

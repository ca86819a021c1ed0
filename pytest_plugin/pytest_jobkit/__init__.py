"""pytest_jobkit: puts the jobkit engine under a test."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pytest_jobkit.assertions import AssertCount as AssertCount
    from pytest_jobkit.assertions import AssertWith as AssertWith
    from pytest_jobkit.clock import JobClock as JobClock
    from pytest_jobkit.matchers.matcher import HaveJob as HaveJob
    from pytest_jobkit.matchers.matcher import JobMatcher as JobMatcher
    from pytest_jobkit.performing import Performed as Performed
    from pytest_jobkit.performing import PerformEnqueuedJobs as PerformEnqueuedJobs
    from pytest_jobkit.retry_safety.strategies import job_arguments as job_arguments
    from pytest_jobkit.session import JobSession as JobSession
    from pytest_jobkit.simulation.run import RetryRun as RetryRun
    from pytest_jobkit.simulation.simulate import SimulateRetries as SimulateRetries
    from pytest_jobkit.subset import containing as containing

# pytest imports this package in every run in which jobkit is installed, so each name comes when it is asked for.
_MODULES = {
    "AssertCount": "assertions",
    "AssertWith": "assertions",
    "HaveJob": "matchers.matcher",
    "JobClock": "clock",
    "JobMatcher": "matchers.matcher",
    "JobSession": "session",
    "PerformEnqueuedJobs": "performing",
    "Performed": "performing",
    "RetryRun": "simulation.run",
    "SimulateRetries": "simulation.simulate",
    "containing": "subset",
    "job_arguments": "retry_safety.strategies",
}

__all__ = [
    "AssertCount",
    "AssertWith",
    "HaveJob",
    "JobClock",
    "JobMatcher",
    "JobSession",
    "PerformEnqueuedJobs",
    "Performed",
    "RetryRun",
    "SimulateRetries",
    "containing",
    "job_arguments",
]


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module 'pytest_jobkit' has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(f"pytest_jobkit.{_MODULES[name]}"), name)

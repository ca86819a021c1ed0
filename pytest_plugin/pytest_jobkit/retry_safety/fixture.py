"""The soft form: returns the report and leaves the judging to the test."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pytest_jobkit.retry_safety.asked import run_check
from pytest_jobkit.retry_safety.face import make_setup
from pytest_jobkit.retry_safety.reporting.report import Report


class RetrySafety:
    """What the fixture ``retry_safety`` is: a check that never fails by itself::

        def test_import(retry_safety):
            report = retry_safety(ImportFile, "a.csv", world=disk, kinds="kill noack")
            assert report.safe and report.closed

    Attributes:
        reports: every report of this test, in order.
    """

    def __init__(self) -> None:
        self.reports: list[Report] = []

    def __call__(self, job: Any, /, *arguments: Any, world: Callable[..., Any], **settings: Any) -> Report:
        """Check one call; settings as `pytest_jobkit.retry_safety.retry_safe`, and ``observe=`` is the observer."""
        report = run_check(make_setup(job, arguments, world=world, **settings))
        self.reports.append(report)
        return report

"""What the command line asks of every check of this run: one schedule, a depth, a budget, a report; and the memory of
schedules that failed last time.
"""

from __future__ import annotations

import dataclasses
import hashlib
import os
import sys
from typing import TYPE_CHECKING, Any

from pytest_jobkit.retry_safety.check import check, replay_schedule
from pytest_jobkit.retry_safety.exploring.faults import Schedule, decode
from pytest_jobkit.retry_safety.exploring.labels import labels_of
from pytest_jobkit.retry_safety.reporting.report import Report, Verdict
from pytest_jobkit.retry_safety.setup import Budget, Setup

if TYPE_CHECKING:
    import pytest


def run_check(setup: Setup, *, remember: bool = False) -> Report:
    """Check, as the command line has it.

    Args:
        setup: as the test has it; the command line's depth and budget win.
        remember: keep the failing schedule in pytest's cache, and try it first in the next run.
    """
    config = _config()
    if config is None:
        return check(setup)
    setup = _limited(setup, config)
    pinned = config.getoption("retry_safety_replay")
    if pinned:
        return noted(replay_schedule(setup, decode(pinned), drop_unfired=True))
    cache = getattr(config, "cache", None) if remember else None
    if cache is None:
        return noted(check(setup))
    key = f"jobkit/retry_safety/{hashlib.sha1(f'{_test()} {setup.call!r}'.encode()).hexdigest()[:20]}"
    known = cache.get(key, None)
    report = _again(setup, known) if known else None
    if report is None:
        report = check(setup)
        if report.failure is not None and report.run is not None:
            cache.set(key, {"schedule": report.schedule, "label": labels_of(report.faults, report.run.deliveries)})
        elif known:
            cache.set(key, None)
    return noted(report)


def noted(report: Report) -> Report:
    """Put a report among those of the run, if the command line asks for them."""
    config = _config()
    if config is not None and config.getoption("retry_safety_report"):
        from pytest_jobkit.plugin import RETRY_SAFETY
        from pytest_jobkit.retry_safety.reporting.plain import plain

        config.stash.setdefault(RETRY_SAFETY, []).append({"test": _test(), **plain(report)})
    return report


def _config() -> pytest.Config | None:
    plugin = sys.modules.get("pytest_jobkit.plugin")  # outside of pytest nothing has imported it
    return plugin.CONFIGS[-1] if plugin is not None and plugin.CONFIGS else None


def _test() -> str:
    return os.environ.get("PYTEST_CURRENT_TEST", "").rpartition(" ")[0]


def _limited(setup: Setup, config: pytest.Config) -> Setup:
    changes: dict[str, Any] = {}
    depth, seconds = config.getoption("retry_safety_depth"), config.getoption("retry_safety_budget")
    if depth is not None:
        changes["faults"] = depth
    if seconds is not None:
        changes["budget"] = Budget(sys.maxsize, seconds)
    return dataclasses.replace(setup, **changes) if changes else setup


def _again(setup: Setup, known: dict[str, str]) -> Report | None:
    """The schedule that failed last time, where its label is now; None if it fails no more, or has lost its place."""
    schedule: Schedule = decode(known["schedule"])
    try:
        report = replay_schedule(setup, schedule, known["label"])
    except (AssertionError, ValueError):  # the labelled place is gone, so the whole search decides
        return None
    if report.verdict is not Verdict.UNSAFE:
        return None
    report.notes.append("this schedule has failed in an earlier run and was tried first; nothing else was tried")
    return report

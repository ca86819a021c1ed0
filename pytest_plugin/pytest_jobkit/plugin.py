"""The pytest hooks of jobkit; they import the rest of the plugin only when a test asks for it."""

from __future__ import annotations

import sys
from collections.abc import Generator
from typing import Any

import pytest

from pytest_jobkit import fixtures
from pytest_jobkit.options import MARKERS, OPTIONS, RETRY_SAFETY_OPTIONS

#: the configurations of the runs in progress, the innermost last: what `retry_safety.asked` reads the command line from
CONFIGS: list[pytest.Config] = []
#: checks of retry safety that no test's report has taken along yet
RETRY_SAFETY: pytest.StashKey[list[dict[str, Any]]] = pytest.StashKey()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add every option with its ini twin."""
    group = parser.getgroup("jobkit", "background jobs (jobkit)")
    for option in OPTIONS:
        parser.addini(option.ini, option.help, type=option.kind, default=option.default)  # type: ignore[arg-type]  # str
        if option.flag is not None:
            if option.metavar is None:
                group.addoption(option.flag, action="store_true", default=None, help=option.help)
            else:
                group.addoption(option.flag, metavar=option.metavar, default=None, help=option.help)
    for flag, metavar, kind, text in RETRY_SAFETY_OPTIONS:
        group.addoption(flag, metavar=metavar, type=kind, default=None, help=text)


def pytest_configure(config: pytest.Config) -> None:
    """Bring in the markers and the fixtures."""
    for marker in MARKERS:
        config.addinivalue_line("markers", marker)
    config.pluginmanager.register(fixtures, "jobkit-fixtures")
    CONFIGS.append(config)
    config.add_cleanup(lambda: CONFIGS.remove(config))
    checks = config.getoption("retry_safety_report")
    if checks:
        from pytest_jobkit.retry_safety.collecting import check_collector

        config.pluginmanager.register(check_collector(config, checks), "jobkit-retry-safety")
    if config.getoption("jobkit_report") or config.getoption("jobkit_trace") or _ini_asks(config):
        from pytest_jobkit.report.collecting import collector

        config.pluginmanager.register(collector(config), "jobkit-collector")


def _ini_asks(config: pytest.Config) -> bool:
    return bool(config.getini("jobkit_report") or config.getini("jobkit_trace"))


def pytest_assertrepr_compare(op: str, left: object, right: object) -> list[str] | None:
    """Set a sequence of jobs beside the wanted one."""
    sequences = sys.modules.get("pytest_jobkit.sequences")
    if sequences is None or op != "==":
        return None
    if isinstance(left, sequences.JobSequence) and isinstance(right, (list, tuple)):
        return list(left.explain(right))
    if isinstance(right, sequences.JobSequence) and isinstance(left, (list, tuple)):
        return list(right.explain(left))
    return None


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None]:
    """Say in full why an ``assert have_enqueued_job(...)`` failed, and fail a test whose jobs failed silently."""
    session = item.stash.get(fixtures.SESSION, None)
    instance = getattr(item, "instance", None)
    testcase = sys.modules.get("pytest_jobkit.testcase")
    if testcase is not None and isinstance(instance, testcase.JobTestMixin):
        instance.jobkit_item = item
    add_cleanup = getattr(instance, "addCleanup", None)
    if session is not None and add_cleanup is not None:
        add_cleanup(session.note_commit_hooks)  # of a TestCase: Django's rolls back after its clean-ups
    try:
        yield
    except AssertionError as error:
        session = item.stash.get(fixtures.SESSION, None)
        if session is not None:
            from pytest_jobkit.explaining import explain

            explain(error, session)
        raise
    session = item.stash.get(fixtures.SESSION, None)
    if session is not None:
        text = session.silent_failure()
        if text is not None:
            pytest.fail(text, pytrace=False)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add the story of its jobs to the report of a failed test, and counts of them to everybody's properties."""
    session = item.stash.get(fixtures.SESSION, None)
    if session is not None and call.excinfo is not None:
        from pytest_jobkit.explaining import hide_engine

        hide_engine()
    report = yield
    if session is not None and call.when == "call":
        from pytest_jobkit.reporting import add_to_report

        add_to_report(item, report, session)
    checks = item.config.stash.get(RETRY_SAFETY, None)
    if checks:
        report.jobkit_retry_safety = checks[:]  # type: ignore[attr-defined]  # what `retry_safety.collecting` takes out
        checks.clear()
    return report

"""Collects what each test's report tells of its jobs, also from the workers of pytest-xdist, for the page or a trace.

The story travels within pytest's own report of the test, so a worker that crashes takes along only its last test.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from pytest_jobkit.wording import counted

#: the attribute of a `TestReport` that carries the story
TOLD = "jobkit_told"


class Collector:
    """The plugin behind ``--jobkit-report`` and ``--jobkit-trace``; on a worker it leaves all to the controller.

    Args:
        page: where to write the page; None for no page.
        is_tracing: whether each test's story goes to the terminal.
    """

    def __init__(self, page: Path | None, is_tracing: bool) -> None:
        self._page = page
        self._is_tracing = is_tracing
        self._tests: list[dict[str, Any]] = []
        self._trouble = ""

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take the story out of a report."""
        told: dict[str, Any] | None = getattr(report, TOLD, None)
        if told is not None:
            self._tests.append(told)

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Write the page."""
        if self._page is None or hasattr(session.config, "workerinput"):
            return
        from pytest_jobkit.report.page import render

        tests = sorted(self._tests, key=lambda test: (test["outcome"] != "failed", test["name"]))
        page = render(tests, f"Jobs of {session.config.rootpath.name}")
        try:
            self._page.parent.mkdir(parents=True, exist_ok=True)
            self._page.write_text(page, encoding="utf-8")
        except OSError as error:
            self._trouble = f"jobkit: the report could not be written: {error}"
            session.exitstatus = session.exitstatus or pytest.ExitCode.USAGE_ERROR

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print the stories, and say where the page is."""
        if self._is_tracing:
            terminalreporter.section("jobs of each test")
            for test in self._tests:
                terminalreporter.write_line(f"{test['name']} ({test['outcome']})", bold=True)
                for line in test["story"]:
                    terminalreporter.write_line(f"  {line}")
        if self._trouble:
            terminalreporter.write_line(self._trouble, red=True)
        elif self._page is not None:
            terminalreporter.write_line(
                f"jobkit: the report of {counted(len(self._tests), 'test')} with jobs is {self._page}"
            )


def collector(config: pytest.Config) -> Collector | None:
    """The collector that the options ask for; None if they ask for nothing.

    Raises:
        pytest.UsageError: a page is wanted and jinja2 is not installed.
    """
    page = config.getoption("jobkit_report") or config.getini("jobkit_report")
    is_tracing = bool(config.getoption("jobkit_trace") or config.getini("jobkit_trace"))
    if not page and not is_tracing:
        return None
    if page and find_spec("jinja2") is None:
        raise pytest.UsageError(
            "--jobkit-report needs jinja2, which is not installed; it comes with the extra 'report' of jobkit"
        )
    return Collector(config.invocation_params.dir / page if page else None, is_tracing)

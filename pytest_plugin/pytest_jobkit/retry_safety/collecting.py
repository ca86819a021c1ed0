"""Collects the checks of a run, also from the workers of pytest-xdist, for `--retry-safety-report`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

#: the attribute of a `TestReport` that carries the checks of a test
CHECKS = "jobkit_retry_safety"


class CheckCollector:
    """The plugin behind ``--retry-safety-report``; on a worker it leaves the writing to the controller.

    Args:
        file: where to write.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._checks: list[dict[str, Any]] = []

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take the checks out of a report."""
        self._checks += getattr(report, CHECKS, ())

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Write the file."""
        if hasattr(session.config, "workerinput"):
            return
        checks = sorted(self._checks, key=lambda check: (check["safe"], check["test"]))
        if self._file.suffix == ".json":
            text = json.dumps({"version": 1, "checks": checks}, indent=1)
        else:
            from pytest_jobkit.retry_safety.reporting.page import render

            text = render(checks)
        self._file.parent.mkdir(parents=True, exist_ok=True)
        self._file.write_text(text, encoding="utf-8")

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Say where the file is."""
        terminalreporter.write_line(f"jobkit: the report of {len(self._checks)} retry safety checks is {self._file}")


def check_collector(config: pytest.Config, asked: str) -> CheckCollector:
    """The collector for a file.

    Raises:
        pytest.UsageError: the file's name ends neither in .json nor in .html.
    """
    if not asked.endswith((".json", ".html")):
        raise pytest.UsageError(f"--retry-safety-report={asked}: the name must end in .json or .html")
    return CheckCollector(config.invocation_params.dir / asked)

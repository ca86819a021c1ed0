"""One JSON object with findings, errors and a summary; its shape is stable."""

from __future__ import annotations

from typing import Any

import msgspec

from jobkit_lint.diagnostic import Finding, Problem
from jobkit_lint.reporters.report import Report


def finding_object(finding: Finding) -> dict[str, Any]:
    """A finding as a mapping of JSON values."""
    made: dict[str, Any] = msgspec.to_builtins(finding)
    return made


def problem_object(problem: Problem) -> dict[str, Any]:
    """A problem as a mapping of JSON values."""
    made: dict[str, Any] = msgspec.to_builtins(problem)
    return made


def render(report: Report) -> str:
    """``{"findings": [...], "errors": [...], "summary": {...}}``."""
    document = {
        "findings": [finding_object(finding) for finding in report.findings],
        "errors": [problem_object(problem) for problem in report.problems],
        "summary": dict(report.summary),
    }
    return msgspec.json.format(msgspec.json.encode(document), indent=2).decode() + "\n"

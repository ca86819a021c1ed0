"""Annotations of a GitHub workflow: ``::error file=...,line=...::message``."""

from __future__ import annotations

from jobkit_lint.reporters.report import Report

_LEVELS = {"error": "error", "warning": "warning", "info": "notice"}


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def render(report: Report) -> str:
    """The report as workflow commands."""
    lines = []
    for problem in report.problems:
        line = f",line={problem.line}" if problem.line else ""
        lines.append(f"::error file={_property(problem.path)}{line},title=jobkit::{_data(problem.message)}")
    for finding in report.findings:
        place = (
            f"file={_property(finding.path)},line={finding.line},col={finding.column},"
            f"endLine={finding.end_line},endColumn={finding.end_column}"
        )
        title = _property(f"jobkit {finding.code} {finding.name}")
        lines.append(f"::{_LEVELS[finding.severity.value]} {place},title={title}::{_data(finding.message)}")
    return "".join(f"{line}\n" for line in lines)

"""Workflow commands of GitHub Actions: each finding becomes an annotation of the changed line."""

from __future__ import annotations

from jobkit_lint.diagnostic import Finding, Severity
from jobkit_lint.rendering.problems import as_finding
from jobkit_lint.reporters import Rendering
from jobkit_lint.runner import Outcome

_COMMANDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "notice"}


def render(outcome: Outcome, rendering: Rendering) -> str:
    """One command a finding or problem; nothing if there are none."""
    return "".join(_command(one) for one in [*outcome.findings, *map(as_finding, outcome.problems)])


def _command(finding: Finding) -> str:
    place = {"file": finding.path, "line": str(finding.line)}
    # GitHub takes columns only for a range on one line
    if finding.end_line > finding.line:
        place["endLine"] = str(finding.end_line)
    else:
        place |= {"col": str(finding.column), "endColumn": str(finding.end_column)}
    place["title"] = f"{finding.code} {finding.name}"
    properties = ",".join(f"{key}={_property(value)}" for key, value in place.items())
    help_ = f"; jobkit lint explain {finding.code}" if finding.help_url is not None else ""
    return f"::{_COMMANDS[finding.severity]} {properties}::{_data(finding.message + help_)}\n"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")

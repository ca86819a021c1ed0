"""GitLab's Code Quality report: ``artifacts: reports: codequality:`` of a job takes it."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

from jobkit_lint.diagnostic import Severity
from jobkit_lint.fingerprint import fingerprints
from jobkit_lint.rendering.problems import as_finding
from jobkit_lint.reporters import Rendering
from jobkit_lint.runner import Outcome

_SEVERITIES = {Severity.ERROR: "critical", Severity.WARNING: "major", Severity.INFO: "info"}


def render(outcome: Outcome, rendering: Rendering) -> str:
    """A list with an issue for each finding and problem."""
    findings = [*outcome.findings, *map(as_finding, outcome.problems)]
    marks = fingerprints(findings, outcome.lines)
    issues = [
        {
            "description": f"{finding.code} {finding.message}",
            "check_name": f"{finding.code} {finding.name}",
            "fingerprint": mark,
            "severity": _SEVERITIES[finding.severity],
            "location": {
                "path": _below_project(finding.path),
                "lines": {"begin": finding.line, "end": finding.end_line},
            },
        }
        for finding, mark in zip(findings, marks, strict=True)
    ]
    return msgspec.json.format(msgspec.json.encode(issues), indent=2).decode() + "\n"


def _below_project(path: str) -> str:
    """GitLab wants paths from the root of the repository, whatever folder the job works in."""
    root = os.environ.get("CI_PROJECT_DIR")
    absolute = Path(path).resolve()
    if root and absolute.is_relative_to(Path(root).resolve()):
        return absolute.relative_to(Path(root).resolve()).as_posix()
    return path

"""GitLab's code quality report."""

from __future__ import annotations

import msgspec

from jobkit_lint.fingerprint import fingerprints
from jobkit_lint.reporters.report import Report

_SEVERITIES = {"error": "major", "warning": "minor", "info": "info"}


def render(report: Report) -> str:
    """A JSON list of issues, as GitLab's widget in a merge request reads it."""
    issues = [
        {
            "type": "issue",
            "check_name": finding.code,
            "description": f"{finding.code} {finding.name}: {finding.message}",
            "categories": ["Bug Risk"],
            "severity": _SEVERITIES[finding.severity.value],
            "fingerprint": fingerprint,
            "location": {
                "path": finding.path,
                "positions": {
                    "begin": {"line": finding.line, "column": finding.column},
                    "end": {"line": finding.end_line, "column": finding.end_column},
                },
            },
        }
        for finding, fingerprint in zip(report.findings, fingerprints(report.findings, report.lines), strict=True)
    ]
    return msgspec.json.format(msgspec.json.encode(issues), indent=2).decode() + "\n"

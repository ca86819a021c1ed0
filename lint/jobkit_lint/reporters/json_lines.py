"""One JSON object a line: findings, then errors, then the summary; ``type`` says which."""

from __future__ import annotations

import msgspec

from jobkit_lint.reporters.json_ import finding_object, problem_object
from jobkit_lint.reporters.report import Report


def render(report: Report) -> str:
    """The report for tools that read as it comes."""
    rows = [{"type": "finding", **finding_object(finding)} for finding in report.findings]
    rows += [{"type": "error", **problem_object(problem)} for problem in report.problems]
    rows.append({"type": "summary", **report.summary})
    return "".join(f"{msgspec.json.encode(row).decode()}\n" for row in rows)

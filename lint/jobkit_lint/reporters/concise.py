"""One line a finding: ``path:line:column: severity CODE message``."""

from __future__ import annotations

from jobkit_lint.reporters.report import Report


def render(report: Report) -> str:
    """The report as lines that editors and grep understand."""
    lines = [
        f"{problem.path}{f':{problem.line}' if problem.line else ''}: {problem.kind}: {problem.message}"
        for problem in report.problems
    ]
    lines += [
        f"{finding.path}:{finding.line}:{finding.column}: {finding.severity} {finding.code} {finding.message}"
        for finding in report.findings
    ]
    return "".join(f"{line}\n" for line in lines)

"""The shortest form that can be acted on: findings by file, one line each, with job and fix. For coding agents."""

from __future__ import annotations

from itertools import groupby

from jobkit_lint.diagnostic import Applicability, Finding
from jobkit_lint.rendering.problems import problem_line
from jobkit_lint.reporters import Rendering
from jobkit_lint.runner import Outcome


def render(outcome: Outcome, rendering: Rendering) -> str:
    """A heading a file, a line a finding, and how to learn more, once."""
    lines: list[str] = []
    for path, findings in groupby(outcome.findings, key=lambda finding: finding.path):
        lines.append(path)
        lines += [_line(finding) for finding in findings]
    lines += [problem_line(problem) for problem in outcome.problems]
    if outcome.findings:
        lines.append("why and what to do: jobkit lint explain CODE")
    else:
        lines.append("no findings")
    return "\n".join(lines) + "\n"


def _line(finding: Finding) -> str:
    job = f" (job {finding.job})" if finding.job is not None else ""
    fix = ""
    if finding.fix is not None:
        fix = " [--fix]" if finding.fix.applicability == Applicability.SAFE else " [--fix --unsafe-fixes]"
    return f"  {finding.line}:{finding.column} {finding.severity} {finding.code} {finding.message}{job}{fix}"

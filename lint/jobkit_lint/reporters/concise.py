"""One line a finding: ``path:line:column: CODE message``. For editors, and for reading many."""

from __future__ import annotations

from jobkit_lint.diagnostic import Confidence, Problem
from jobkit_lint.rendering.summary_line import summary_line
from jobkit_lint.reporters import Rendering
from jobkit_lint.runner import Outcome


def render(outcome: Outcome, rendering: Rendering) -> str:
    """The findings, then the problems, then the summary."""
    lines = []
    for finding in outcome.findings:
        likely = "likely: " if finding.confidence == Confidence.LIKELY else ""
        where = f"{finding.path}:{finding.line}:{finding.column}"
        lines.append(f"{where}: {finding.code} [{finding.name}] {likely}{finding.message}")
    lines += [problem_line(problem) for problem in outcome.problems]
    lines.append(summary_line(outcome))
    return "\n".join(lines) + "\n"


def problem_line(problem: Problem) -> str:
    """A problem as one line."""
    where = f"{problem.path}:{problem.line}" if problem.line is not None else problem.path
    return f"{where}: error: {problem.message}"

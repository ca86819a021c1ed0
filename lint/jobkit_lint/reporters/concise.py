"""One line a finding: ``path:line:column: CODE message``. For editors, and for reading many."""

from __future__ import annotations

from jobkit_lint.diagnostic import Confidence
from jobkit_lint.rendering.paint import SEVERITY_COLOURS, paint
from jobkit_lint.rendering.problems import problem_line
from jobkit_lint.rendering.summary_line import summary_line
from jobkit_lint.reporters import Rendering
from jobkit_lint.runner import Outcome


def render(outcome: Outcome, rendering: Rendering) -> str:
    """The findings, then the problems, then the summary."""
    lines = []
    for finding in outcome.findings:
        likely = "likely: " if finding.confidence == Confidence.LIKELY else ""
        where = f"{finding.path}:{finding.line}:{finding.column}"
        head = paint(f"{finding.code} [{finding.name}]", SEVERITY_COLOURS[finding.severity], rendering.colour)
        lines.append(f"{where}: {head} {likely}{finding.message}")
    lines += [paint(problem_line(problem), "31", rendering.colour) for problem in outcome.problems]
    lines.append(summary_line(outcome))
    return "\n".join(lines) + "\n"

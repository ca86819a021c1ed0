"""For reading: each finding with its source lines, the way to it, and where to learn more."""

from __future__ import annotations

from jobkit_lint.diagnostic import Applicability, Confidence, Finding
from jobkit_lint.rendering.frame import frame
from jobkit_lint.rendering.paint import SEVERITY_COLOURS, paint
from jobkit_lint.rendering.problems import problem_line
from jobkit_lint.rendering.summary_line import summary_line
from jobkit_lint.reporters import Rendering
from jobkit_lint.runner import Outcome


def render(outcome: Outcome, rendering: Rendering) -> str:
    """The findings with code frames, then the problems, then the summary."""
    colour = rendering.colour
    blocks = [_finding(finding, outcome, colour) for finding in outcome.findings]
    blocks += [paint(problem_line(problem), "31", colour) for problem in outcome.problems]
    blocks.append(paint(summary_line(outcome), "1", colour))
    return "\n\n".join(blocks) + "\n"


def _finding(finding: Finding, outcome: Outcome, colour: bool) -> str:
    likely = "likely: " if finding.confidence == Confidence.LIKELY else ""
    head = paint(f"{finding.code} [{finding.name}]", f"1;{SEVERITY_COLOURS[finding.severity]}", colour)
    lines = [f"{head} {likely}{finding.message}"]
    lines.append(f"  --> {finding.path}:{finding.line}:{finding.column}")
    lines += frame(finding, outcome, colour)
    if finding.job is not None:
        lines.append(f"  job: {finding.job}")
    if finding.chain:
        way = " -> ".join(f"{link.name} ({link.path}:{link.line})" for link in finding.chain)
        lines.append(f"  way: {way}")
    if finding.fix is not None:
        hint = "--fix" if finding.fix.applicability == Applicability.SAFE else "--fix --unsafe-fixes"
        lines.append(f"  fix: {finding.fix.description} ({hint})")
    lines.append(f"  why: jobkit lint explain {finding.code}")
    return "\n".join(lines)

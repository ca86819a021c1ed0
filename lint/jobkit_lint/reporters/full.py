"""For reading: each finding with its source lines, the way to it, and where to learn more."""

from __future__ import annotations

from jobkit_lint.diagnostic import Confidence, Finding, Severity
from jobkit_lint.rendering.summary_line import summary_line
from jobkit_lint.reporters import Rendering
from jobkit_lint.reporters.concise import problem_line
from jobkit_lint.runner import Outcome
from jobkit_lint.source import Unreadable

_COLOURS = {Severity.ERROR: "31", Severity.WARNING: "33", Severity.INFO: "36"}
MAX_LINES = 6


def render(outcome: Outcome, rendering: Rendering) -> str:
    """The findings with code frames, then the problems, then the summary."""
    blocks = [_finding(finding, outcome, rendering) for finding in outcome.findings]
    blocks += [_paint(problem_line(problem), "31", rendering) for problem in outcome.problems]
    blocks.append(_paint(summary_line(outcome), "1", rendering))
    return "\n\n".join(blocks) + "\n"


def _finding(finding: Finding, outcome: Outcome, rendering: Rendering) -> str:
    colour = _COLOURS[finding.severity]
    likely = "likely: " if finding.confidence == Confidence.LIKELY else ""
    head = f"{finding.code} [{finding.name}]"
    lines = [f"{_paint(head, f'1;{colour}', rendering)} {likely}{finding.message}"]
    lines.append(f"  --> {finding.path}:{finding.line}:{finding.column}")
    lines += _frame(finding, outcome, colour, rendering)
    if finding.job is not None:
        lines.append(f"  job: {finding.job}")
    if finding.chain:
        way = " -> ".join(f"{link.name} ({link.path}:{link.line})" for link in finding.chain)
        lines.append(f"  way: {way}")
    if finding.fix is not None:
        hint = "--fix" if finding.fix.applicability == "safe" else "--fix --unsafe-fixes"
        lines.append(f"  fix: {finding.fix.description} ({hint})")
    lines.append(f"  why: jobkit lint explain {finding.code}")
    return "\n".join(lines)


def _frame(finding: Finding, outcome: Outcome, colour: str, rendering: Rendering) -> list[str]:
    try:
        source = outcome.program.source(outcome.program.path_of(finding.path)).lines
    except Unreadable:
        return []
    last = min(finding.end_line, finding.line + MAX_LINES - 1, len(source))
    margin = len(str(last))
    frame = [f"   {' ' * margin}|"]
    for number in range(max(finding.line - 1, 1), last + 1):
        text = source[number - 1].replace("\t", " ")
        frame.append(f" {number:>{margin}} | {text}".rstrip())
        if number >= finding.line:
            start = finding.column if number == finding.line else len(text) - len(text.lstrip()) + 1
            end = finding.end_column if number == finding.end_line else len(text) + 1
            carets = "^" * max(end - start, 1)
            frame.append(f" {' ' * margin} | {' ' * (start - 1)}{_paint(carets, colour, rendering)}")
    return frame


def _paint(text: str, code: str, rendering: Rendering) -> str:
    return f"\x1b[{code}m{text}\x1b[0m" if rendering.colour else text

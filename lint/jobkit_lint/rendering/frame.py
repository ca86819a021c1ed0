"""The lines of source around a finding, with carets under it."""

from __future__ import annotations

from jobkit_lint.diagnostic import Finding
from jobkit_lint.rendering.paint import SEVERITY_COLOURS, paint
from jobkit_lint.runner import Outcome

MAX_LINES = 6
MAX_WIDTH = 200


def frame(finding: Finding, outcome: Outcome, colour: bool) -> list[str]:
    """The line before the finding and up to six of its own, cut where they are very long."""
    source = outcome.lines(finding.path)
    last = min(finding.end_line, finding.line + MAX_LINES - 1, len(source))
    margin = len(str(last))
    lines = [f"   {' ' * margin}|"] if source else []
    for number in range(max(finding.line - 1, 1), last + 1):
        whole = source[number - 1].replace("\t", " ")
        start = finding.column if number == finding.line else len(whole) - len(whole.lstrip()) + 1
        end = finding.end_column if number == finding.end_line else len(whole) + 1
        # a generated line of megabytes is shown around the finding only
        first = max(start - MAX_WIDTH // 2, 1) if len(whole) > MAX_WIDTH and number >= finding.line else 1
        text = whole[first - 1 : first - 1 + MAX_WIDTH]
        lines.append(f" {number:>{margin}} | {text}".rstrip())
        if number >= finding.line:
            carets = "^" * min(max(end - start, 1), MAX_WIDTH - (start - first))
            mark = paint(carets, SEVERITY_COLOURS[finding.severity], colour)
            lines.append(f" {' ' * margin} | {' ' * (start - first)}{mark}")
    return lines

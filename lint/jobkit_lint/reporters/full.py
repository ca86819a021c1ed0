"""For people: each finding with its lines of source, the place marked, and what to do instead."""

from __future__ import annotations

from collections import Counter

from jobkit_lint.diagnostic import Finding, Problem
from jobkit_lint.reporters.report import Report

_COLOURS = {"error": "31;1", "warning": "33;1", "info": "36;1", "dim": "2", "bold": "1", "mark": "31;1"}
#: a marked range of more lines than this is shown by its first lines only
MOST_LINES = 4


def render(report: Report) -> str:
    """The report with excerpts; colours only where `report.colour` says so."""
    parts = [_problem(problem, report) for problem in report.problems]
    parts += [_finding(finding, report) for finding in report.findings]
    parts.append(_closing(report))
    return "\n".join(parts)


def _paint(text: str, colour: str, report: Report) -> str:
    return f"\x1b[{_COLOURS[colour]}m{text}\x1b[0m" if report.colour else text


def _problem(problem: Problem, report: Report) -> str:
    place = f"{problem.path}:{problem.line}" if problem.line else problem.path
    rule = f" (rule {problem.rule})" if problem.rule else ""
    return f"{_paint(place, 'bold', report)}: {_paint(problem.kind, 'error', report)}{rule}: {problem.message}\n"


def _finding(finding: Finding, report: Report) -> str:
    place = _paint(f"{finding.path}:{finding.line}:{finding.column}", "bold", report)
    label = _paint(f"{finding.severity} {finding.code}", finding.severity.value, report)
    lines = [f"{place}: {label} {finding.message} [{finding.name}]"]
    lines += _excerpt(finding, report)
    if finding.chain:
        way = " -> ".join(f"{link.name} ({link.path}:{link.line})" for link in finding.chain)
        lines.append(f"   reached by: {way}")
    if finding.fix is not None:
        lines.append(f"   fix ({finding.fix.applicability}): {finding.fix.description}")
    rule = report.rules.get(finding.code)
    if rule is not None:
        lines.append(f"   {_paint(f'more: jobkit lint explain {finding.code}', 'dim', report)}")
    return "\n".join(lines) + "\n"


def _excerpt(finding: Finding, report: Report) -> list[str]:
    source = report.lines(finding.path)
    last = min(finding.end_line, finding.line + MOST_LINES - 1, len(source))
    if finding.line > len(source):
        return []
    first = max(1, finding.line - 1)
    width = len(str(last))
    shown = [f"{' ' * (width + 1)} |"]
    for number in range(first, last + 1):
        text = source[number - 1].expandtabs(4)
        shown.append(f"{number:>{width + 1}} | {text}")
        if finding.line <= number <= finding.end_line:
            raw = source[number - 1]
            start = finding.column - 1 if number == finding.line else len(raw) - len(raw.lstrip())
            end = finding.end_column - 1 if number == finding.end_line else len(raw)
            lead = len(raw[:start].expandtabs(4))
            marks = "^" * max(1, len(raw[:end].expandtabs(4)) - lead)
            shown.append(f"{' ' * (width + 1)} | {' ' * lead}{_paint(marks, 'mark', report)}")
    if last < finding.end_line:
        shown.append(f"{' ' * (width + 1)} | ... to line {finding.end_line}")
    return shown


def _closing(report: Report) -> str:
    counts = Counter(finding.severity.value for finding in report.findings)
    files = report.summary.get("files")
    jobs = report.summary.get("jobs")
    looked = ", ".join(
        f"{number:,} {word}{'' if number == 1 else 's'}"
        for number, word in ((files, "file"), (jobs, "job"))
        if isinstance(number, int)
    )
    found = ", ".join(
        f"{counts[severity]} {severity}{'s' if counts[severity] != 1 and severity != 'info' else ''}"
        for severity in ("error", "warning", "info")
        if counts[severity]
    )
    return f"{found or 'nothing found'}{f' in {looked}' if looked else ''}.\n"

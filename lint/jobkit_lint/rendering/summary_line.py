"""The last line of the texts for people: what was found, and what was looked at."""

from __future__ import annotations

from jobkit_lint.diagnostic import Applicability
from jobkit_lint.runner import Outcome


def summary_line(outcome: Outcome) -> str:
    """Findings, fixes, files, jobs, enqueue sites and time in one line."""
    findings = outcome.findings
    program = outcome.program
    fixed = f"{_count(outcome.fixed, 'finding')} fixed. " if outcome.fixed else ""
    if findings:
        errors = sum(finding.severity == "error" for finding in findings)
        warnings = sum(finding.severity == "warning" for finding in findings)
        found = f"Found {_count(len(findings), 'finding')} ({_count(errors, 'error')}, {_count(warnings, 'warning')})"
        found += _fixable(outcome)
    else:
        found = "All jobs passed"
    kept = [f"{outcome.suppressed} suppressed"] if outcome.suppressed else []
    kept += [f"{outcome.baselined} in the baseline"] if outcome.baselined else []
    kept += [f"{outcome.likely_hidden} likely ones hidden (--pedantic)"] if outcome.likely_hidden else []
    kept += [f"{_count(len(outcome.problems), 'problem')}"] if outcome.problems else []
    more = f"; {', '.join(kept)}" if kept else ""
    seen = (
        f"{_count(len(program.files), 'file')}, {_count(program.job_count, 'job')}, "
        f"{_count(program.site_count, 'enqueue site')}"
    )
    return f"{fixed}{found}{more}. {seen}, {outcome.seconds:.2f} s."


def _fixable(outcome: Outcome) -> str:
    fixes = [finding.fix for finding in outcome.findings if finding.fix is not None]
    unsafe = sum(fix.applicability == Applicability.UNSAFE for fix in fixes)
    if not fixes:
        return ""
    if not unsafe:
        return f", {len(fixes)} fixable with --fix"
    if unsafe == len(fixes):
        return f", {unsafe} fixable with --fix --unsafe-fixes"
    return f", {len(fixes)} fixable ({unsafe} of them only with --unsafe-fixes)"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"

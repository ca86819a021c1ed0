"""JUnit XML: a test suite a file, a failed test case a finding."""

from __future__ import annotations

from itertools import groupby
from xml.sax.saxutils import escape, quoteattr

from jobkit_lint.reporters.report import Report

# XML 1.0 has no way to write these, not even escaped.
_UNPRINTABLE = {code: "?" for code in range(32) if code not in (9, 10, 13)}


def _text(text: str) -> str:
    return escape(text.translate(_UNPRINTABLE))


def _attribute(text: str) -> str:
    return quoteattr(text.translate(_UNPRINTABLE))


def render(report: Report) -> str:
    """The report as test results; a run without findings has one suite that passed."""
    total, errors = len(report.findings), len(report.problems)
    lines = [
        '<?xml version="1.0" encoding="utf-8"?>',
        f'<testsuites name="jobkit lint" tests="{max(1, total + errors)}" failures="{total}" errors="{errors}">',
    ]
    for path, group in groupby(report.findings, key=lambda finding: finding.path):
        findings = list(group)
        lines.append(f'  <testsuite name={_attribute(path)} tests="{len(findings)}" failures="{len(findings)}">')
        for finding in findings:
            name = _attribute(f"{finding.code} {finding.name} at {finding.line}:{finding.column}")
            lines.append(f"    <testcase classname={_attribute(path)} name={name} file={_attribute(path)}")
            lines.append(f'              line="{finding.line}">')
            lines.append(f"      <failure message={_attribute(finding.message)} type={_attribute(finding.severity)}>")
            lines.append(f"{_text(f'{path}:{finding.line}:{finding.column}: {finding.message}')}</failure>")
            lines.append("    </testcase>")
        lines.append("  </testsuite>")
    for problem in report.problems:
        lines.append(f'  <testsuite name={_attribute(problem.path)} tests="1" errors="1">')
        lines.append(f"    <testcase classname={_attribute(problem.path)} name={_attribute(problem.kind)}>")
        lines.append(f"      <error message={_attribute(problem.message)} />")
        lines.append("    </testcase>")
        lines.append("  </testsuite>")
    if not total and not errors:
        lines.append('  <testsuite name="jobkit lint" tests="1"><testcase name="nothing found" /></testsuite>')
    lines.append("</testsuites>")
    return "\n".join(lines) + "\n"

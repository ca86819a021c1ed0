"""JUnit XML: a suite a file, a failed test a finding. For systems that show test results only."""

from __future__ import annotations

import re
from itertools import groupby
from xml.etree import ElementTree

from jobkit_lint.rendering.problems import problem_line
from jobkit_lint.reporters import Rendering
from jobkit_lint.runner import Outcome

# what XML 1.0 has no way to write
_ILLEGAL = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def render(outcome: Outcome, rendering: Rendering) -> str:
    """One passed test if nothing was found: an empty report would count as a job that did not run."""
    suites = ElementTree.Element(
        "testsuites",
        name="jobkit lint",
        tests=str(len(outcome.findings) + len(outcome.problems) or 1),
        failures=str(len(outcome.findings)),
        errors=str(len(outcome.problems)),
        time=f"{outcome.seconds:.3f}",
    )
    for path, group in groupby(outcome.findings, key=lambda finding: finding.path):
        findings = list(group)
        suite = _suite(suites, path, failures=len(findings))
        for finding in findings:
            case = _case(suite, f"{finding.code} {finding.name}", path, finding.line)
            where = f"{path}:{finding.line}:{finding.column}"
            text = f"{where}: {finding.message}\njobkit lint explain {finding.code}"
            ElementTree.SubElement(
                case, "failure", message=_legal(finding.message), type=finding.severity.value
            ).text = _legal(text)
    for path, group_ in groupby(outcome.problems, key=lambda problem: problem.path):
        problems = list(group_)
        suite = _suite(suites, path, errors=len(problems))
        for problem in problems:
            case = _case(suite, problem.rule or problem.kind, path, problem.line or 1)
            ElementTree.SubElement(case, "error", message=_legal(problem.message), type=problem.kind).text = _legal(
                problem_line(problem)
            )
    if not outcome.findings and not outcome.problems:
        _case(_suite(suites, "jobkit lint"), "no findings", "jobkit lint", 1)
    ElementTree.indent(suites)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ElementTree.tostring(suites, encoding="unicode") + "\n"


def _suite(suites: ElementTree.Element, name: str, failures: int = 0, errors: int = 0) -> ElementTree.Element:
    return ElementTree.SubElement(
        suites,
        "testsuite",
        name=_legal(name),
        tests=str(failures + errors or 1),
        failures=str(failures),
        errors=str(errors),
        skipped="0",
    )


def _case(suite: ElementTree.Element, name: str, path: str, line: int) -> ElementTree.Element:
    place = {"classname": _legal(path), "file": _legal(path), "line": str(line), "time": "0"}
    return ElementTree.SubElement(suite, "testcase", {"name": _legal(name), **place})


def _legal(text: str) -> str:
    return _ILLEGAL.sub("\ufffd", text)

"""Problems in the forms of output: as a line, and as a finding for systems that know nothing but findings."""

from __future__ import annotations

from jobkit_lint.diagnostic import PARSE_ERROR, Confidence, Finding, Problem, Severity


def problem_line(problem: Problem) -> str:
    """A problem as one line."""
    where = f"{problem.path}:{problem.line}" if problem.line is not None else problem.path
    code = f" {problem.rule} [parse-error]" if problem.rule == PARSE_ERROR else ""
    return f"{where}: error:{code} {problem.message}"


def as_finding(problem: Problem) -> Finding:
    """The problem in the shape of a finding: an error at the beginning of its line."""
    line = problem.line or 1
    code = problem.rule or PARSE_ERROR
    name = "parse-error" if code == PARSE_ERROR else "failed-rule"
    return Finding(code, name, Severity.ERROR, Confidence.CERTAIN, problem.path, line, 1, line, 2, problem.message)

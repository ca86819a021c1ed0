"""Runs the examples of a rule: what its tests do, here and for rules of other projects.

from jobkit_lint.rules.proof import disagreements

@pytest.mark.parametrize("example", MyRule.examples, ids=lambda example: example.title)
def test_example(example):
    assert disagreements(MyRule, example) == []
"""

from __future__ import annotations

from pathlib import Path

from jobkit_lint.config import convert
from jobkit_lint.diagnostic import Finding
from jobkit_lint.fixes import apply_fixes
from jobkit_lint.rendering.problems import as_finding
from jobkit_lint.rules.base import Rule
from jobkit_lint.rules.examples import FIRST_FILE, Bad, Example, Mark
from jobkit_lint.rules.registry import find_rule
from jobkit_lint.runner import Outcome, Request, run
from jobkit_lint.upkeep import AfterRun

# a folder that does not exist: examples live in memory
ROOT = Path("/jobkit-example")


def outcome_of(rule: type[Rule], example: Example) -> Outcome:
    """What the rule finds in the example."""
    contents = {str(ROOT / path): text.encode() for path, text in example.files.items()}
    settings = convert(dict(example.settings), f"the example {example.title!r}")
    companions = rule.companions if issubclass(rule, AfterRun) else ()
    rules = [rule, *filter(None, map(find_rule, companions))]
    earlier = None
    if example.earlier is not None:
        earlier = {str(ROOT / path): text.encode() for path, text in example.earlier.items()}
    return run(Request([], settings, ROOT, rules, 1, contents, earlier=earlier))


def disagreements(rule: type[Rule], example: Example) -> list[str]:
    """What differs from the marks and the fixed text, in words; empty if the example holds."""
    outcome = outcome_of(rule, example)
    wrong = [f"{problem.path}: {problem.message}" for problem in outcome.problems if problem.rule != rule.code]
    told = [*outcome.findings, *map(as_finding, outcome.problems)]
    findings = [finding for finding in told if finding.code == rule.code]
    for mark in example.marks:
        match = next((finding for finding in findings if _is_at(finding, mark)), None)
        if match is None:
            columns = f"columns {mark.column} to {mark.end_column}"
            wrong.append(f"{mark.path}:{mark.line}: nothing was found at {columns}")
        elif mark.message not in match.message:
            wrong.append(f"{mark.path}:{mark.line}: the message has no {mark.message!r}: {match.message}")
        if match is not None:
            findings.remove(match)
    wrong += [
        f"{_relative(finding)}:{finding.line}:{finding.column}: not marked: {finding.message}" for finding in findings
    ]
    if isinstance(example, Bad) and example.fixed_text is not None:
        first = next(iter(example.files)) if FIRST_FILE not in example.files else FIRST_FILE
        own = [one for one in outcome.findings if _relative(one) == first and one.code == rule.code]
        fixed, _ = apply_fixes(example.files[first], own, unsafe=True)
        if fixed != example.fixed_text:
            wrong.append(f"the fixed text is:\n{fixed}")
    return wrong


def _relative(finding: Finding) -> str:
    return Path(finding.path).resolve().relative_to(ROOT).as_posix()


def _is_at(finding: Finding, mark: Mark) -> bool:
    if (_relative(finding), finding.line, finding.column) != (mark.path, mark.line, mark.column):
        return False
    return finding.end_line > finding.line or finding.end_column == mark.end_column

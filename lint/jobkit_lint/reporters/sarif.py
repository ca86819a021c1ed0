"""SARIF 2.1.0, for code scanning: GitHub, Azure DevOps, editors.

Columns are counted in code points. What the retry-safety explorer can do about a finding is in the property
`recipe` of the result.
"""

from __future__ import annotations

from importlib import metadata
from pathlib import Path
from typing import Any
from urllib.parse import quote

import msgspec

from jobkit_lint.diagnostic import PARSE_ERROR, Finding, Fix, Link, Problem, Severity
from jobkit_lint.explain import explain, has_fix
from jobkit_lint.fingerprint import fingerprints
from jobkit_lint.judging import HELP_URL
from jobkit_lint.rendering.problems import as_finding
from jobkit_lint.reporters import Rendering
from jobkit_lint.rules.base import Rule, sections
from jobkit_lint.rules.registry import find_rule, group_of, is_own
from jobkit_lint.runner import Outcome

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
FINGERPRINT = "jobkitFinding/v1"
_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}


def render(outcome: Outcome, rendering: Rendering) -> str:
    """One log with one run."""
    broken = [as_finding(problem) for problem in outcome.problems if problem.rule == PARSE_ERROR]
    findings = [*outcome.findings, *broken]
    rules = {rule.code: rule for rule in outcome.rules}
    for finding in findings:
        rule = find_rule(finding.code)
        if rule is not None:
            rules.setdefault(rule.code, rule)
    index = {code: place for place, code in enumerate(sorted(rules))}
    marks = fingerprints(findings, outcome.lines)
    run = {
        "tool": {
            "driver": {
                "name": "jobkit lint",
                "semanticVersion": metadata.version("jobkit"),
                "rules": [_rule(rules[code]) for code in sorted(rules)],
            }
        },
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {"SRCROOT": {"uri": Path.cwd().as_uri() + "/"}},
        "invocations": [
            {
                "executionSuccessful": not outcome.problems,
                "toolExecutionNotifications": [_notification(problem) for problem in outcome.problems],
            }
        ],
        "results": [_result(finding, mark, index, outcome) for finding, mark in zip(findings, marks, strict=True)],
    }
    log = {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}
    return msgspec.json.format(msgspec.json.encode(log), indent=2).decode() + "\n"


def _rule(rule: type[Rule]) -> dict[str, Any]:
    text = explain(rule)
    page = HELP_URL.format(code=rule.code) if is_own(rule) else rule.help_url
    return {
        "id": rule.code,
        "name": rule.name,
        "shortDescription": {"text": rule.summary},
        "fullDescription": {"text": sections(rule)["What it does"]},
        "help": {"text": text, "markdown": text},
        **({"helpUri": page} if page is not None else {}),
        "defaultConfiguration": {"level": _LEVELS[rule.severity]},
        "properties": {
            "tags": ["background-jobs", group_of(rule), *rule.frameworks],
            "fixable": has_fix(rule),
            "default": rule.default.value,
        },
    }


def _result(finding: Finding, mark: str, index: dict[str, int], outcome: Outcome) -> dict[str, Any]:
    result: dict[str, Any] = {
        "ruleId": finding.code,
        "level": _LEVELS[finding.severity],
        "message": {"text": finding.message},
        "locations": [{"physicalLocation": _place(finding, outcome)}],
        "partialFingerprints": {FINGERPRINT: mark},
        "properties": {
            "confidence": finding.confidence.value,
            **({"job": finding.job} if finding.job is not None else {}),
            **({"recipe": finding.recipe} if finding.recipe is not None else {}),
        },
    }
    if finding.code in index:
        result["ruleIndex"] = index[finding.code]
    if finding.job is not None:
        name = {"fullyQualifiedName": finding.job, "kind": "function"}
        result["locations"][0]["logicalLocations"] = [name]
    if finding.chain:
        steps = [{"location": _link(link)} for link in finding.chain]
        result["codeFlows"] = [{"threadFlows": [{"locations": steps}]}]
    if finding.fix is not None:
        result["fixes"] = [_fix(finding.path, finding.fix)]
    return result


def _place(finding: Finding, outcome: Outcome) -> dict[str, Any]:
    lines = outcome.lines(finding.path)[finding.line - 1 : finding.end_line]
    region: dict[str, Any] = {
        "startLine": finding.line,
        "startColumn": finding.column,
        "endLine": finding.end_line,
        "endColumn": max(finding.end_column, 1),
    }
    if lines:
        region["snippet"] = {"text": "\n".join(line[:500] for line in lines[:20])}
    return {"artifactLocation": _artifact(finding.path), "region": region}


def _link(link: Link) -> dict[str, Any]:
    place = {"artifactLocation": _artifact(link.path), "region": {"startLine": link.line}}
    return {"physicalLocation": place, "message": {"text": link.name}}


def _fix(path: str, fix: Fix) -> dict[str, Any]:
    replacements = [
        {
            "deletedRegion": {
                "startLine": edit.line,
                "startColumn": edit.column,
                "endLine": edit.end_line,
                "endColumn": edit.end_column,
            },
            "insertedContent": {"text": edit.text},
        }
        for edit in fix.edits
    ]
    return {
        "description": {"text": f"{fix.description} ({fix.applicability.value})"},
        "artifactChanges": [{"artifactLocation": _artifact(path), "replacements": replacements}],
    }


def _artifact(path: str) -> dict[str, str]:
    if Path(path).is_absolute():
        return {"uri": Path(path).as_uri()}
    return {"uri": quote(path), "uriBaseId": "SRCROOT"}


def _notification(problem: Problem) -> dict[str, Any]:
    place: dict[str, Any] = {"artifactLocation": _artifact(problem.path)}
    if problem.line is not None:
        place["region"] = {"startLine": problem.line}
    return {
        "level": "error",
        "message": {"text": problem.message},
        "locations": [{"physicalLocation": place}],
        "descriptor": {"id": problem.rule or problem.kind},
    }

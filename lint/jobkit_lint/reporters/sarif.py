"""SARIF 2.1.0, for code scanning."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import msgspec

from jobkit_lint.diagnostic import Finding, Problem
from jobkit_lint.fingerprint import fingerprints
from jobkit_lint.reporters.report import Report, RuleText

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_LEVELS = {"error": "error", "warning": "warning", "info": "note"}


def render(report: Report) -> str:
    """One run, with the rules that were run, their help texts, and a fingerprint a result."""
    codes = sorted(set(report.rules) | {finding.code for finding in report.findings})
    index = {code: place for place, code in enumerate(codes)}
    prints = fingerprints(report.findings, report.lines)
    run = {
        "tool": {
            "driver": {
                "name": "jobkit lint",
                "semanticVersion": report.version or "0.0.0",
                "rules": [_rule(code, report.rules.get(code)) for code in codes],
            }
        },
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {"SRCROOT": {"description": {"text": "the working directory of the run"}}},
        "invocations": [
            {
                "executionSuccessful": not report.problems,
                "toolExecutionNotifications": [_notification(problem) for problem in report.problems],
            }
        ],
        "results": [
            _result(finding, index[finding.code], fingerprint)
            for finding, fingerprint in zip(report.findings, prints, strict=True)
        ],
    }
    document = {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}
    return msgspec.json.format(msgspec.json.encode(document), indent=2).decode() + "\n"


def _rule(code: str, text: RuleText | None) -> dict[str, Any]:
    if text is None:
        return {"id": code}
    return {
        "id": code,
        "name": text.name,
        "shortDescription": {"text": text.summary},
        "help": {"text": text.explanation, "markdown": text.explanation},
        "defaultConfiguration": {"level": _LEVELS[text.severity]},
    }


def _location(path: str, region: dict[str, int] | None) -> dict[str, Any]:
    physical: dict[str, Any] = {"artifactLocation": {"uri": quote(path), "uriBaseId": "SRCROOT"}}
    if region is not None:
        physical["region"] = region
    return {"physicalLocation": physical}


def _result(finding: Finding, rule: int, fingerprint: str) -> dict[str, Any]:
    region = {
        "startLine": finding.line,
        "startColumn": finding.column,
        "endLine": finding.end_line,
        "endColumn": finding.end_column,
    }
    result: dict[str, Any] = {
        "ruleId": finding.code,
        "ruleIndex": rule,
        "level": _LEVELS[finding.severity.value],
        "message": {"text": finding.message},
        "locations": [_location(finding.path, region)],
        "partialFingerprints": {"jobkitLint/v1": fingerprint},
    }
    if finding.chain:
        result["relatedLocations"] = [
            {**_location(link.path, {"startLine": link.line}), "message": {"text": f"reached by {link.name}"}}
            for link in finding.chain
        ]
    return result


def _notification(problem: Problem) -> dict[str, Any]:
    region = {"startLine": problem.line} if problem.line else None
    return {
        "level": "error",
        "message": {"text": problem.message},
        "locations": [_location(problem.path, region)],
    }

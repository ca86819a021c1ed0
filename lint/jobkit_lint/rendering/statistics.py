"""``--statistics``: how many findings by rule, and by package."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import msgspec

from jobkit_lint.diagnostic import Finding
from jobkit_lint.rules.registry import find_rule
from jobkit_lint.runner import Outcome


def statistics_text(outcome: Outcome) -> str:
    """Counts for people, the most frequent first."""
    lines = []
    for code, group in _by_code(outcome.findings):
        rule = find_rule(code)
        fixable = sum(finding.fix is not None for finding in group)
        fix = f" ({fixable} fixable)" if fixable else ""
        summary = f": {rule.summary}" if rule is not None else ""
        lines.append(f"{len(group):6}  {code}  {group[0].name}{fix}{summary}")
    packages = Counter(_package(finding.path) for finding in outcome.findings)
    if packages:
        lines.append("")
        lines += [
            f"{count:6}  {name}" for name, count in sorted(packages.items(), key=lambda pair: (-pair[1], pair[0]))
        ]
    return "\n".join(lines) + "\n" if lines else "no findings\n"


def statistics_json(outcome: Outcome) -> str:
    """The same as one JSON object."""
    content = {
        "rules": [
            {
                "code": code,
                "name": group[0].name,
                "severity": group[0].severity,
                "count": len(group),
                "fixable": sum(finding.fix is not None for finding in group),
            }
            for code, group in _by_code(outcome.findings)
        ],
        "packages": Counter(_package(finding.path) for finding in outcome.findings),
    }
    return msgspec.json.format(msgspec.json.encode(content), indent=2).decode() + "\n"


def _by_code(findings: Sequence[Finding]) -> list[tuple[str, list[Finding]]]:
    groups: dict[str, list[Finding]] = {}
    for finding in findings:
        groups.setdefault(finding.code, []).append(finding)
    return sorted(groups.items(), key=lambda pair: (-len(pair[1]), pair[0]))


def _package(path: str) -> str:
    """The folder that a file is in."""
    return path.rpartition("/")[0] or "."

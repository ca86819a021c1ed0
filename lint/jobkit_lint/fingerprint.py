"""A name for a finding that stays when lines above it move: for baselines and for code scanning."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable

from jobkit_lint.diagnostic import Finding


def fingerprints(findings: Iterable[Finding], lines: Callable[[str], list[str]]) -> list[str]:
    """One fingerprint a finding, in order: of its rule, file, job and line of source, not of its line number.

    Equal findings on equal lines are told apart by their order in the file.
    """
    seen: Counter[str] = Counter()
    made = []
    for finding in findings:
        source = lines(finding.path)
        text = source[finding.line - 1].strip() if 0 < finding.line <= len(source) else finding.message
        key = "\0".join((finding.code, finding.path, finding.job or "", text))
        digest = hashlib.sha256(f"{key}\0{seen[key]}".encode()).hexdigest()[:20]
        seen[key] += 1
        made.append(digest)
    return made

"""Applies fixes to source text: the edits of a fix are made together or not at all, and never overlap others."""

from __future__ import annotations

from collections.abc import Iterable

from jobkit_lint.diagnostic import Applicability, Edit, Finding


def apply_fixes(text: str, findings: Iterable[Finding], unsafe: bool) -> tuple[str, int]:
    """The text with the fixes of `findings` applied, and how many. Unsafe ones only if `unsafe`.

    Where two fixes touch the same place the first one is applied; another run applies the other.
    """
    starts = [0]
    for line in text.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    taken: list[tuple[int, int]] = []
    edits: list[tuple[int, int, str]] = []
    count = 0
    for finding in sorted(findings, key=lambda one: one.order):
        fix = finding.fix
        if fix is None or (fix.applicability == Applicability.UNSAFE and not unsafe):
            continue
        placed = [_placed(edit, starts) for edit in fix.edits]
        if any(_overlap(one, other) for one in placed for other in taken):
            continue
        taken += [(start, end) for start, end, _ in placed]
        edits += placed
        count += 1
    for start, end, replacement in sorted(edits, reverse=True):
        text = text[:start] + replacement + text[end:]
    return text, count


def _placed(edit: Edit, starts: list[int]) -> tuple[int, int, str]:
    return starts[edit.line - 1] + edit.column - 1, starts[edit.end_line - 1] + edit.end_column - 1, edit.text


def _overlap(one: tuple[int, int, str], other: tuple[int, int]) -> bool:
    return (one[0] < other[1] and other[0] < one[1]) or one[0] == other[0]

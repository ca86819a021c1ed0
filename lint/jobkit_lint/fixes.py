"""Applies fixes to source text: the edits of a fix are made together or not at all, and never overlap others."""

from __future__ import annotations

import re
from collections.abc import Iterable

from jobkit_lint.diagnostic import Applicability, Edit, Finding

# where Python ends a line; a form feed and others that `splitlines` knows end none
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n|$)")
_LINE_END = re.compile(r"\r\n|\r|\n")


def is_wanted(finding: Finding, unsafe: bool) -> bool:
    """Whether the finding has a fix that may be applied: a safe one, or any if `unsafe`."""
    return finding.fix is not None and (unsafe or finding.fix.applicability == Applicability.SAFE)


def apply_fixes(text: str, findings: Iterable[Finding], unsafe: bool) -> tuple[str, int]:
    """The text with the fixes of `findings` applied, and how many. Unsafe ones only if `unsafe`.

    Where two fixes touch the same place the first one is applied; another run applies the other. New lines get
    the line ends that the text has.
    """
    starts = [match.start() for match in _LINE.finditer(text)]
    starts.append(len(text))
    end = _LINE_END.search(text)
    line_end = end.group() if end is not None else "\n"
    taken: list[tuple[int, int]] = []
    edits: list[tuple[int, int, str]] = []
    count = 0
    for finding in sorted(findings, key=lambda one: one.order):
        fix = finding.fix
        if fix is None or not is_wanted(finding, unsafe):
            continue
        placed = [_placed(edit, starts, line_end) for edit in fix.edits]
        if any(_overlap(one, other) for one in placed for other in taken):
            continue
        taken += [(start, end) for start, end, _ in placed]
        edits += placed
        count += 1
    for start, stop, replacement in sorted(edits, reverse=True):
        text = text[:start] + replacement + text[stop:]
    return text, count


def _placed(edit: Edit, starts: list[int], line_end: str) -> tuple[int, int, str]:
    text = _LINE_END.sub(lambda _: line_end, edit.text)
    return starts[edit.line - 1] + edit.column - 1, starts[edit.end_line - 1] + edit.end_column - 1, text


def _overlap(one: tuple[int, int, str], other: tuple[int, int]) -> bool:
    return (one[0] < other[1] and other[0] < one[1]) or one[0] == other[0]

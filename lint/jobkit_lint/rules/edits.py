"""Edits that several rules make."""

from __future__ import annotations

from jobkit_lint.analysis import Analysis
from jobkit_lint.index.symbols import Module
from jobkit_lint.rules.base import Replace
from jobkit_lint.tree import expressions as e


def with_keyword(call: e.Call, text: str, module: Module, analysis: Analysis) -> Replace | None:
    """The edit that adds a last argument (``timeout=30``) to a call; None where the source is too odd for it."""
    given = [*(argument.at for argument in call.arguments), *(word.at for word in call.keywords)]
    last = max(given, key=lambda at: (at.end_line, at.end_column), default=call.function.at)
    tail = analysis.text(module, e.At(last.end_line, last.end_column, call.at.end_line, call.at.end_column))
    inside = tail.rstrip()[:-1].rstrip()
    if "#" in inside or "\n" in inside or not inside.isascii():
        return None
    column = last.end_column + len(inside)
    at = e.At(last.end_line, column, last.end_line, column)
    if not given:
        return Replace(at, text) if inside == "(" else None
    return Replace(at, f" {text}," if inside.endswith(",") else f", {text}")

"""What a run has to tell, as one value that every form of report is made from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from jobkit_lint.diagnostic import Finding, Problem


def _no_lines(path: str) -> list[str]:
    return []


class RuleText(msgspec.Struct, frozen=True):
    """What a report says of a rule: a sentence, and its whole explanation in Markdown."""

    code: str
    name: str
    severity: str
    summary: str
    explanation: str


class Report(msgspec.Struct, frozen=True):
    """A finished run.

    `findings` and `problems` are sorted. `summary` counts what was done (files, jobs, sites, seconds, ...).
    `lines` gives the lines of a file by its shown path, for the excerpt under a finding. `rules` describes the
    rules that were run, by code. `colour` and `width` are the terminal's.
    """

    findings: tuple[Finding, ...]
    problems: tuple[Problem, ...] = ()
    summary: Mapping[str, Any] = {}
    rules: Mapping[str, RuleText] = {}
    lines: Callable[[str], list[str]] = _no_lines
    version: str = ""
    colour: bool = False

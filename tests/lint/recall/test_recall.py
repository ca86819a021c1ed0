"""Recall: well-behaved jobs in the shapes of real projects, one precaution taken out; the rule must then fire.

A module ``recall_of_<group>.py`` beside this has ``PROGRAMS``: programs by the code of the rule. Nothing here knows a
rule by name; what is tested is what the registry has.
"""

from __future__ import annotations

import importlib
from functools import cache
from pathlib import Path

import pytest
from recall_frames import Program

from jobkit_lint.config import convert
from jobkit_lint.rules.base import Rule
from jobkit_lint.rules.proof import ROOT
from jobkit_lint.rules.registry import all_rules, group_of
from jobkit_lint.runner import Request, run

LEAST = 0.9
# fewer mutants than this say little
ENOUGH = 12


@cache
def programs() -> dict[str, list[Program]]:
    found: dict[str, list[Program]] = {}
    for path in sorted(Path(__file__).parent.glob("recall_of_*.py")):
        for code, of_rule in importlib.import_module(path.stem).PROGRAMS.items():
            found.setdefault(code, []).extend(of_rule)
    return found


def in_memory(files: dict[str, str]) -> dict[str, bytes]:
    return {str(ROOT / path): text.encode() for path, text in files.items()}


def fires(rule: type[Rule], files: dict[str, str], program: Program) -> bool:
    earlier = in_memory(program.earlier) if program.earlier is not None else None
    settings = convert(dict(program.settings), "recall")
    outcome = run(Request([], settings, ROOT, [rule], 1, in_memory(files), earlier=earlier))
    assert outcome.problems == [], [(problem.message, files) for problem in outcome.problems]
    return bool(outcome.findings)


def cases(rule: type[Rule]) -> list[Program]:
    found = programs().get(rule.code, [])
    if not found:
        pytest.skip(f"no recall_of_*.py makes mutants for {rule.code} ({group_of(rule)})")
    return found


JUDGING_JOBS = [rule for rule in all_rules() if not rule.code.startswith("JK9")]


@pytest.mark.parametrize("rule", JUDGING_JOBS, ids=lambda rule: rule.code)
def test_the_rule_fires_on_nine_of_ten_mutants(rule):
    missed: list[str] = []
    count = 0
    for program in cases(rule):
        for mutant in program.mutants:
            count += 1
            if not fires(rule, mutant, program):
                missed.append("\n".join(f"# {path}\n{text}" for path, text in mutant.items()))

    assert count >= ENOUGH
    assert len(missed) <= (1 - LEAST) * count, f"missed {len(missed)} of {count}, as:\n{missed[0]}"


@pytest.mark.parametrize("rule", JUDGING_JOBS, ids=lambda rule: rule.code)
def test_the_rule_is_silent_on_the_well_behaved_jobs(rule):
    wrong = [program for program in cases(rule) if fires(rule, program.files, program)]

    assert [program.title for program in wrong] == []


def test_all_programs_are_of_a_rule_that_exists():
    assert set(programs()) <= {rule.code for rule in all_rules()}

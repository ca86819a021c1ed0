"""Each rule against its own examples: the test of a rule is the rule's file."""

from __future__ import annotations

import pytest

from jobkit_lint.rules.examples import Example
from jobkit_lint.rules.proof import disagreements
from jobkit_lint.rules.registry import all_rules

CASES = [(rule, example) for rule in all_rules() for example in rule.examples]


def name_of(value: object) -> str:
    return value.title.replace(" ", "-") if isinstance(value, Example) else str(getattr(value, "code", value))


@pytest.mark.parametrize(("rule", "example"), CASES, ids=name_of)
def test_the_rule_finds_what_the_example_marks_and_nothing_else(rule, example):
    assert disagreements(rule, example) == []

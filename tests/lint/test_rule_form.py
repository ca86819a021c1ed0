"""A rule that lacks something is refused when its class is made, with what is missing."""

from __future__ import annotations

import pytest

from jobkit_lint.diagnostic import Severity
from jobkit_lint.errors import RuleDefinitionError
from jobkit_lint.explain import explain
from jobkit_lint.rules.base import HEADINGS, Rule
from jobkit_lint.rules.examples import Bad, Good
from jobkit_lint.rules.proof import disagreements
from jobkit_lint.rules.registry import all_rules

DOC = "\n".join(f"## {heading}\nSomething.\n" for heading in HEADINGS)
BAD = (Bad("one", "x = 1\n^"), Bad("two", "x = 2\n^"))
GOOD = (Good("three", "x = 3"), Good("four", "x = 4"))
COMPLETE = {
    "__doc__": DOC,
    "code": "XY901",
    "name": "some-rule",
    "summary": "One line.",
    "severity": Severity.INFO,
    "since": "0.1",
    "examples": (*BAD, *GOOD),
}


def make(**changes: object) -> type[Rule]:
    facts = {key: value for key, value in {**COMPLETE, **changes}.items() if value is not None}
    return type("SomeRule", (Rule,), facts)


def test_a_complete_rule_is_taken():
    assert make().code == "XY901"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"code": None}, "has no `code`"),
        ({"code": "J1"}, "it must be letters and three digits"),
        ({"name": "Some Rule"}, "words joined by hyphens"),
        ({"summary": "two\nlines"}, "`summary` must be one line"),
        ({"__doc__": "## What it does\nSomething."}, "the docstring's headings are"),
        ({"__doc__": DOC.replace("Something.", "", 1)}, "nothing under the heading 'What it does'"),
        ({"examples": (BAD[0], *GOOD)}, "has 1 bad and 2 good examples"),
        ({"examples": (*BAD, GOOD[0], Good("one", "x = 1"))}, "a title of its own"),
        ({"examples": (BAD[0], Bad("unmarked", "x = 1"), *GOOD)}, "has no mark"),
        ({"examples": (*BAD, GOOD[0], Good("marked", "x = 1\n^"))}, "has a mark"),
    ],
)
def test_an_incomplete_rule_is_refused(changes, message):
    with pytest.raises(RuleDefinitionError, match=message):
        make(**changes)


def test_an_example_that_does_not_hold_is_told_with_the_place():
    silent = make()

    assert disagreements(silent, BAD[0]) == ["shop/tasks.py:1: nothing was found at columns 1 to 2"]


@pytest.mark.parametrize("rule", all_rules(), ids=lambda rule: rule.code)
def test_each_rule_explains_itself_with_its_examples(rule):
    text = explain(rule)

    for example in rule.examples:
        assert example.title in text
    assert f"jobkit: ignore[{rule.code}]" in text


def test_no_two_rules_share_a_title_code_or_name():
    codes = [rule.code for rule in all_rules()]

    assert len(set(codes)) == len(codes)
    assert len({rule.name for rule in all_rules()}) == len(codes)

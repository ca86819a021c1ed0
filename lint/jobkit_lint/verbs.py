"""The sub-commands of ``jobkit lint`` that lint nothing: explain, rules, schema, test."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence

import msgspec

from jobkit_lint import config, output
from jobkit_lint.errors import UsageError
from jobkit_lint.explain import explain, has_fix, rules_table
from jobkit_lint.options import explain_parser, rules_parser, schema_parser, test_parser
from jobkit_lint.rules.base import Rule
from jobkit_lint.rules.registry import all_rules, find_rule, group_of, is_own
from jobkit_lint.settings_schema import settings_schema
from jobkit_lint.testing import disagreements

CLEAN, FOUND, FAILED = 0, 1, 2


def explain_rules(codes: Sequence[str]) -> int:
    """Prints each rule named, by code or name."""
    output.write("\n".join(explain(_rule(code)) for code in codes), None)
    return CLEAN


def _explain(argv: Sequence[str]) -> int:
    return explain_rules(explain_parser().parse_args(argv).codes)


def _rules(argv: Sequence[str]) -> int:
    form = rules_parser().parse_args(argv).format
    rules = all_rules()
    if form == "text":
        output.write(rules_table(rules), None)
        return CLEAN
    content = [
        {
            "code": rule.code,
            "name": rule.name,
            "summary": rule.summary,
            "severity": rule.severity.value,
            "default": rule.default.value,
            "fix": has_fix(rule),
            "group": group_of(rule),
            "frameworks": list(rule.frameworks),
            "since": rule.since,
        }
        for rule in rules
    ]
    output.write(msgspec.json.format(msgspec.json.encode(content), indent=2).decode() + "\n", None)
    return CLEAN


def _schema(argv: Sequence[str]) -> int:
    schema_parser().parse_args(argv)
    schema = msgspec.json.encode(settings_schema())
    output.write(msgspec.json.format(schema, indent=2).decode() + "\n", None)
    return CLEAN


def _test(argv: Sequence[str]) -> int:
    """Runs the examples of the rules named; without names, of those that do not come with the linter."""
    codes = test_parser().parse_args(argv).codes
    rules = [_rule(code) for code in codes] or [rule for rule in all_rules() if not is_own(rule)]
    if not rules:
        message = "no rule is installed but the linter's own; name the codes to test, or install a package with rules"
        raise UsageError(message)
    failed = 0
    for rule in rules:
        for example in rule.examples:
            wrong = disagreements(rule, example)
            failed += bool(wrong)
            print(f"{rule.code} {'FAILED' if wrong else 'ok':<6} {example.title}")
            for line in "\n".join(wrong).splitlines():
                print(f"    {line}")
    if failed:
        print(f"{failed} example{'' if failed == 1 else 's'} failed", file=sys.stderr)
    return FOUND if failed else CLEAN


def _rule(code: str) -> type[Rule]:
    rule = find_rule(code)
    if rule is None:
        words = [word for known in all_rules() for word in (known.code, known.name)]
        raise UsageError(f"{code!r} is no rule: {config.nearest(code, words)}")
    return rule


VERBS: dict[str, Callable[[Sequence[str]], int]] = {
    "explain": _explain,
    "rules": _rules,
    "schema": _schema,
    "test": _test,
}

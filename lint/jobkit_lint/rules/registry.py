"""Every rule: those of this package, found by walking it, and those that entry points give."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from functools import cache
from importlib import metadata

from jobkit_lint import rules
from jobkit_lint.errors import RuleDefinitionError
from jobkit_lint.rules.base import Rule

ENTRY_POINTS = "jobkit.lint_rules"


@cache
def all_rules() -> tuple[type[Rule], ...]:
    """Every rule class, by code. Raises `RuleDefinitionError` if two share a code or a name."""
    found = [*_own_rules(), *_given_rules()]
    by_code: dict[str, type[Rule]] = {}
    for rule in found:
        for key in (rule.code, rule.name):
            other = by_code.setdefault(key, rule)
            if other is not rule:
                raise RuleDefinitionError(f"{rule.__module__} and {other.__module__} are both called {key}")
    return tuple(sorted(found, key=lambda rule: rule.code))


def _own_rules() -> Iterator[type[Rule]]:
    for group in pkgutil.iter_modules(rules.__path__):
        if group.ispkg:
            package = importlib.import_module(f"{rules.__name__}.{group.name}")
            for module in pkgutil.iter_modules(package.__path__):
                yield from _rules_in(importlib.import_module(f"{package.__name__}.{module.name}"))


def _given_rules() -> Iterator[type[Rule]]:
    for entry in metadata.entry_points(group=ENTRY_POINTS):
        try:
            loaded = entry.load()
        except Exception as error:
            package = f" of {entry.dist.name}" if entry.dist is not None else ""
            message = f"the entry point {entry.name} = {entry.value}{package} in {ENTRY_POINTS} fails: "
            raise RuleDefinitionError(f"{message}{type(error).__name__}: {error}") from error
        if isinstance(loaded, type) and issubclass(loaded, Rule):
            yield loaded
        else:
            given = list(_rules_in(loaded))
            if not given:
                raise RuleDefinitionError(f"the entry point {entry.name} = {entry.value} names no rule")
            yield from given


def _rules_in(module: object) -> Iterator[type[Rule]]:
    for value in vars(module).values():
        is_rule = isinstance(value, type) and issubclass(value, Rule) and value is not Rule
        if is_rule and value.__module__ == getattr(module, "__name__", None):
            yield value


def group_of(rule: type[Rule]) -> str:
    """The group of a rule: the folder that it is in; for a rule of another project, its package."""
    if is_own(rule):
        return rule.__module__.rpartition(".")[0].rpartition(".")[2]
    return rule.__module__.partition(".")[0].replace("_", "-")


def is_own(rule: type[Rule]) -> bool:
    """Whether a rule comes with the linter."""
    return rule.__module__.startswith(f"{rules.__name__}.")


def find_rule(word: str) -> type[Rule] | None:
    """The rule with that code or name, in any case."""
    for rule in all_rules():
        if word.upper() == rule.code or word.lower() == rule.name:
            return rule
    return None

"""Settings of the job frameworks, wherever a project writes them: variables, ``app.conf``, dicts, classes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from weakref import WeakKeyDictionary

from jobkit_lint.analysis import Analysis
from jobkit_lint.flow.places import Place
from jobkit_lint.flow.scopes import Scope
from jobkit_lint.index.symbols import Module
from jobkit_lint.tree import expressions as e
from jobkit_lint.tree.statements import Assign

_OWNERS = ("conf", "config", "settings")


@dataclass(frozen=True, slots=True)
class Setting:
    """A value that a setting gets, `at` its place. `place` is the statement, where it is one that was looked into."""

    name: str
    value: e.AnyExpression
    module: Module
    at: e.At
    place: Place | None = None
    scope: Scope | None = None


def settings_of(module: Module, analysis: Analysis, *endings: str) -> Iterator[Setting]:
    """The settings of a file whose name ends with one of `endings`, in any case.

    Seen are ``CELERY_NAME = ...`` at a module's top or in a class, ``app.conf.name = ...``,
    ``app.conf.update(name=...)``, the keywords of an app (``Celery(name=...)``), and dicts with such keys.
    """
    wanted = tuple(ending.lower() for ending in endings)
    seen: set[e.At] = set()
    for setting in _all(module, analysis, wanted):
        if setting.at not in seen:
            seen.add(setting.at)
            yield setting


def _all(module: Module, analysis: Analysis, wanted: tuple[str, ...]) -> Iterator[Setting]:
    for scope in analysis.scopes(module):
        for place in scope.places:
            statement = place.statement
            if isinstance(statement, Assign) and statement.value is not None and statement.operator is None:
                for target in statement.targets:
                    yield from _assigned(target, statement, place, scope, wanted)
        for step in scope.steps:
            if _configures(step.call):
                for word in step.call.keywords:
                    if word.name is not None and word.name.lower().endswith(wanted):
                        yield Setting(word.name, word.value, module, word.value.at, step.place, scope)
                for argument in step.call.arguments:
                    yield from _in_dict(argument, module, wanted, step.place, scope)
    for name, value in module.summary.variables.items():
        if name.lower().endswith(wanted):
            yield Setting(name, value, module, value.at)
        elif isinstance(value, e.Call) and _configures(value):
            for word in value.keywords:
                if word.name is not None and word.name.lower().endswith(wanted):
                    yield Setting(word.name, word.value, module, word.value.at)
        elif name.isupper():
            yield from _in_dict(value, module, wanted)
    for code in module.summary.classes.values():
        for name, value in code.attributes.items():
            if name.lower().endswith(wanted):
                yield Setting(name, value, module, value.at)


def _assigned(
    target: e.AnyExpression, statement: Assign, place: Place, scope: Scope, wanted: tuple[str, ...]
) -> Iterator[Setting]:
    value = statement.value
    if value is None:
        return
    match target:
        case e.Name(id=name) if scope.function is None and name.lower().endswith(wanted):
            yield Setting(name, value, scope.module, value.at, place, scope)
        case e.Name(id=name) if scope.function is None and name.isupper():
            yield from _in_dict(value, scope.module, wanted, place, scope)
        case e.Attribute(value=owner, name=name) if name.lower().endswith(wanted):
            if (e.dotted(owner) or "").rpartition(".")[2] in _OWNERS:
                yield Setting(name, value, scope.module, value.at, place, scope)
        case e.Subscript(value=owner, index=index) if (e.literal_text(index) or "").lower().endswith(wanted):
            if (e.dotted(owner) or "").rpartition(".")[2] in _OWNERS:
                yield Setting(e.literal_text(index) or "", value, scope.module, value.at, place, scope)
        case _:
            return


def _configures(call: e.Call) -> bool:
    function = call.function
    if isinstance(function, e.Attribute) and function.name == "update":
        return (e.dotted(function.value) or "").rpartition(".")[2] in _OWNERS
    return (e.dotted(function) or "").rpartition(".")[2] in ("Celery", "dict")


def _in_dict(
    node: e.AnyExpression,
    module: Module,
    wanted: tuple[str, ...],
    place: Place | None = None,
    scope: Scope | None = None,
) -> Iterator[Setting]:
    if isinstance(node, e.Mapping):
        for key, value in zip(node.keys, node.values, strict=True):
            name = e.literal_text(key)
            if name is not None and name.lower().endswith(wanted):
                yield Setting(name, value, module, value.at, place, scope)
            elif name is not None:
                yield from _in_dict(value, module, wanted, place, scope)


_known: WeakKeyDictionary[Analysis, dict[tuple[str, ...], list[Setting]]] = WeakKeyDictionary()


def configured(analysis: Analysis, *endings: str) -> list[Setting]:
    """Such settings of all selected files that are not tests; found once a run."""
    known = _known.setdefault(analysis, {})
    if endings not in known:
        known[endings] = _configured(analysis, endings)
    return known[endings]


def _configured(analysis: Analysis, endings: tuple[str, ...]) -> list[Setting]:
    program = analysis.program
    return [
        setting
        for module in program.selected
        if not program.is_test(module)
        for setting in settings_of(module, analysis, *endings)
    ]


def is_configured(analysis: Analysis, *endings: str) -> bool:
    """Whether one of these settings has a value that is not None."""
    return any(not e.is_constant(setting.value, None) for setting in configured(analysis, *endings))

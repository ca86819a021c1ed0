"""The query that found no row, where a row is created because of that."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from jobkit_lint.flow.places import Place, Step
from jobkit_lint.flow.scopes import Scope
from jobkit_lint.index.models import Model, Models
from jobkit_lint.index.names import Names
from jobkit_lint.tree import expressions as e
from jobkit_lint.tree.statements import Try

FILTERS = frozenset({"filter", "get", "aget", "filter_by", "exclude"})
ANSWERS = frozenset({"exists", "aexists", "count", "acount", "first", "afirst", "last", "get_or_none", "one_or_none"})
MISSING = ("DoesNotExist", "NoResultFound", "ObjectDoesNotExist")
LOCKS = frozenset({"select_for_update", "with_for_update"})


@dataclass(frozen=True, slots=True)
class Lookup:
    """`call` is ``filter(...)`` or ``get(...)`` of the query; `test` the condition that asks for it, if any."""

    call: e.Call
    test: e.AnyExpression | None

    def is_whole(self, test: e.AnyExpression) -> bool:
        """Whether a condition is ``not <query>.exists()`` and nothing else."""
        if not isinstance(test, e.Operation) or test.operators != ("not",):
            return False
        asked = test.operands[0]
        if not isinstance(asked, e.Call) or not isinstance(asked.function, e.Attribute):
            return False
        return asked.function.name in ("exists", "aexists") and asked.function.value is self.call


def lookups(step: Step, scope: Scope, model: Model, names: Names, models: Models) -> Iterator[Lookup]:
    """The queries over `model` which must have found nothing for the call to be made, nearest first."""
    for test in step.tests():
        for node in _parts(test.expression, scope, test.place):
            call = _query(node)
            if call is not None and _is_over(call, model, scope, test.place, names, models):
                yield Lookup(call, test.expression)
    for level in step.place.lineage():
        owner = level.parent
        if owner is None or not isinstance(owner.statement, Try) or not level.branch.startswith("except "):
            continue
        handler = owner.statement.handlers[int(level.branch.removeprefix("except "))]
        errors = handler.error.items if isinstance(handler.error, e.Collection) else (handler.error,)
        if not any(error is not None and (e.dotted(error) or "").endswith(MISSING) for error in errors):
            continue
        for statement in owner.statement.body:
            for node in e.descend(getattr(statement, "value", None) or e.Opaque(statement.at)):
                if _gets(node) and isinstance(node, e.Call) and _is_over(node, model, scope, owner, names, models):
                    yield Lookup(node, None)


def _gets(node: e.AnyExpression) -> bool:
    function = node.function if isinstance(node, e.Call) else None
    return isinstance(function, e.Attribute) and function.name in ("get", "aget", "one")


def _parts(test: e.AnyExpression, scope: Scope, place: Place) -> Iterator[e.AnyExpression]:
    """The parts of a condition, with what its names hold."""
    for node in e.descend(test):
        yield node
        if isinstance(node, e.Name) and node.id in scope.bindings:
            for binding in scope.reaching(node.id, place, node.at) or ():
                if binding.value is not None and binding.kind == "assign":
                    yield from e.descend(binding.value)


def _query(node: e.AnyExpression) -> e.Call | None:
    """``filter(...)`` in ``filter(...).exists()``."""
    if not isinstance(node, e.Call) or not isinstance(node.function, e.Attribute) or node.function.name not in ANSWERS:
        return None
    current = node.function.value
    while isinstance(current, e.Call) and isinstance(current.function, e.Attribute):
        if current.function.name in FILTERS:
            return current
        current = current.function.value
    return None


def _is_over(call: e.Call, model: Model, scope: Scope, place: Place, names: Names, models: Models) -> bool:
    origin = names.origin(call.function, scope, place)
    found = models.split(origin) if origin is not None else None
    return found is not None and found[0] == model


def is_locked(step: Step, scope: Scope) -> bool:
    """Whether a lock is held when a call is made: a row locked before it, or a context manager that is a lock."""
    for context, _ in step.place.contexts():
        called = context.function if isinstance(context, e.Call) else context
        name = called.name if isinstance(called, e.Attribute) else e.dotted(called) or ""
        if "lock" in name.lower() or "mutex" in name.lower() or "semaphore" in name.lower():
            return True
    lines = [other.call.at[:2] for other in scope.steps if _locks(other)]
    return any(line <= step.call.at[:2] for line in lines)


def _locks(step: Step) -> bool:
    function = step.call.function
    name = function.name if isinstance(function, e.Attribute) else e.dotted(function) or ""
    return name in LOCKS or name.endswith(("advisory_lock", "acquire"))

"""Writes that add to what is stored, so that a second run adds again: ``F("x") + n``, ``row.x += n``, ``INCR``."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from jobkit_lint.facts.values import Kind
from jobkit_lint.facts.words import parts, says_log, says_state
from jobkit_lint.flow.evidence import Values
from jobkit_lint.flow.places import Place, Step
from jobkit_lint.flow.scopes import Scope
from jobkit_lint.flow.states import narrowing
from jobkit_lint.flow.writes import sql_text
from jobkit_lint.index.models import Models
from jobkit_lint.index.names import Names
from jobkit_lint.index.symbols import Class
from jobkit_lint.tree import expressions as e
from jobkit_lint.tree.statements import Assign, Evaluate

F = frozenset({"django.db.models.F", "django.db.models.expressions.F"})
ARITHMETIC = frozenset({"+", "-", "*", "/"})
REDIS = frozenset({"incr", "incrby", "decr", "decrby", "hincrby", "hincrbyfloat", "incrbyfloat", "zincrby"})
STORES = ("redis.", "aioredis.", "django_redis.", "valkey.")
# fields that count the runs themselves, for which a second run is another one
RUNS = frozenset(
    {
        "attempt", "attempts", "retry", "retries", "tries", "failures", "failure", "version", "revision", "runs",
        "errors", "error", "seq", "sequence", "generation", "hits", "views",
    }
)  # fmt: skip
_UPDATE = re.compile(r"\s*update\s+[\"'`\[]?[\w.]+[\"'`\]]?(?:\s+\w+)?\s+set\b(?P<rest>.*)", re.I | re.S)
_ADDED = re.compile(r"[\"`]?\b(?P<column>\w+)\b[\"`]?\s*=\s*(?:[\w\"`]+\.)?[\"`]?\b(?P=column)\b[\"`]?\s*[-+*]", re.I)


@dataclass(frozen=True, slots=True)
class Addition:
    """One of them. `step` is the call that stores it, `at` what is shown, `how` says it in words.

    `is_atomic`: the database adds, so that no other write is lost. `is_certain`: what it is added to is known.
    """

    step: Step
    at: e.At
    place: Place
    how: str
    is_atomic: bool = False
    is_certain: bool = True


class Additions:
    """Finds additions among the calls of a function."""

    def __init__(self, names: Names, models: Models, values: Values) -> None:
        self.names = names
        self.models = models
        self.values = values

    def at(self, step: Step, scope: Scope) -> Iterator[Addition]:
        """The additions that a call stores."""
        function = step.call.function
        if not isinstance(function, e.Attribute):
            return
        match function.name:
            case "update" | "aupdate" | "values":
                yield from self._updated(step, scope)
            case "save" | "asave":
                yield from self._saved(step, function, scope)
            case "commit" | "flush":
                yield from self._committed(step, scope)
            case "execute" | "executemany" | "exec_driver_sql" | "raw":
                text = sql_text(step.call.argument(0), scope, step)
                match = _UPDATE.match(text) if text else None
                added = _ADDED.search(match["rest"]) if match is not None else None
                if added is not None and not _counts_runs(added["column"]):
                    yield Addition(step, step.call.at, step.place, f"`{added['column']}`", is_atomic=True)
            case name if name in REDIS:
                yield from self._counted(step, function, scope)
            case _:
                return

    def _updated(self, step: Step, scope: Scope) -> Iterator[Addition]:
        """``update(x=F("x") + n)``, ``values(x=Model.x + n)``; not where the same call moves the state on."""
        moves_on = any(word.name is not None and says_state(word.name) for word in step.call.keywords)
        if moves_on and narrowing(step.call) is not None:
            return
        for word in step.call.keywords:
            if word.name is None or _counts_runs(word.name):
                continue
            if self._adds_to(word.value, word.name, scope, step.place):
                yield Addition(step, step.call.at, step.place, f"`{word.name}`", is_atomic=True)
                return

    def _adds_to(self, node: e.AnyExpression, field: str, scope: Scope, place: Place) -> bool:
        """Whether the value is that of the column itself and something."""
        match node:
            case e.Operation(operators=operators, operands=operands) if set(operators) <= ARITHMETIC:
                return any(self._is_column(part, field, scope, place) for part in operands) or any(
                    self._adds_to(part, field, scope, place) for part in operands
                )
            case e.Call(arguments=(first, *_)) if (e.dotted(node.function) or "").endswith(("Greatest", "Least")):
                return self._adds_to(first, field, scope, place)
            case _:
                return False

    def _is_column(self, node: e.AnyExpression, field: str, scope: Scope, place: Place) -> bool:
        if isinstance(node, e.Call):
            origin = self.names.origin(node.function, scope, place)
            is_f = origin is not None and origin.path in F
            return is_f and e.literal_text(node.argument(0, "name")) == field
        if isinstance(node, e.Attribute) and node.name == field:
            origin = self.names.origin(node.value, scope, place)
            if origin is not None and isinstance(origin.root, Class) and not origin.trail:
                return self.models.of_class(origin.root) is not None
        return False

    def _saved(self, step: Step, function: e.Attribute, scope: Scope) -> Iterator[Addition]:
        base = e.dotted(function.value)
        kept = step.call.keyword("update_fields")
        names = {e.literal_text(item) for item in kept.items} if isinstance(kept, e.Collection) else None
        if base is None:
            return
        for place, target in self._added_before(step, scope):
            if e.dotted(target.value) != base or (names is not None and target.name not in names):
                continue
            found = self.values.evidence(target.value, scope, place)
            if found is not None and found.kind != Kind.RECORD:
                continue
            if found is None and isinstance(target.value, e.Name) and self._is_fresh(target.value, scope, place):
                continue
            if found is not None and self._is_fresh(target.value, scope, place):
                continue
            yield Addition(
                step, place.statement.at, place, f"`{base}.{target.name}`", self._is_f(place, scope), found is not None
            )

    def _committed(self, step: Step, scope: Scope) -> Iterator[Addition]:
        """Rows of SQLAlchemy are stored by the commit, whatever they are called."""
        for place, target in self._added_before(step, scope):
            found = self.values.evidence(target.value, scope, place)
            model = self.models.of_class(found.class_) if found is not None and found.class_ is not None else None
            if found is None or found.kind != Kind.RECORD or not found.is_certain:
                continue
            is_sqlalchemy = model is not None and model.mapper == "sqlalchemy"
            if is_sqlalchemy and not self._is_fresh(target.value, scope, place):
                yield Addition(step, place.statement.at, place, f"`{e.dotted(target) or target.name}`")

    def _added_before(self, step: Step, scope: Scope) -> Iterator[tuple[Place, e.Attribute]]:
        """The statements before a call that add to an attribute, unless that was set to something before."""
        for place in scope.places:
            statement = place.statement
            if not isinstance(statement, Assign) or len(statement.targets) != 1 or statement.value is None:
                continue
            target = statement.targets[0]
            if not isinstance(target, e.Attribute) or _counts_runs(target.name) or says_log(target.name):
                continue
            if statement.at[:2] > step.call.at[:2] or place.excludes(step.place):
                continue
            if _adds(statement, target, self._is_f(place, scope)) and not _is_set_before(place, target, scope):
                yield place, target

    def _is_f(self, place: Place, scope: Scope) -> bool:
        statement = place.statement
        value = statement.value if isinstance(statement, Assign) else None
        return value is not None and any(
            isinstance(part, e.Call) and bool(F & {getattr(self.names.origin(part.function, scope, place), "path", "")})
            for part in e.descend(value)
        )

    def _is_fresh(self, node: e.AnyExpression, scope: Scope, place: Place) -> bool:
        """Whether the object was made in this function: it holds nothing of another run."""
        if not isinstance(node, e.Name) or node.id not in scope.bindings:
            return False
        for binding in scope.reaching(node.id, place, node.at) or ():
            value = binding.value.value if isinstance(binding.value, e.Await) else binding.value
            if not isinstance(value, e.Call):
                return False
            origin = self.names.origin(value.function, scope, binding.place)
            makes = origin is not None and isinstance(origin.root, Class) and not origin.trail
            name = value.function.name if isinstance(value.function, e.Attribute) else ""
            if not makes and name not in ("create", "acreate"):
                return False
        return True

    def _counted(self, step: Step, function: e.Attribute, scope: Scope) -> Iterator[Addition]:
        statement = step.place.statement
        value = statement.value if isinstance(statement, Evaluate) else None
        if (value.value if isinstance(value, e.Await) else value) is not step.call:
            return
        origin = self.names.origin(function.value, scope, step.place)
        if origin is None or not isinstance(origin.root, str) or not origin.path.startswith(STORES):
            return
        for argument in step.call.arguments:
            text = sql_text(argument, scope, step)
            if text is not None and (says_log(text) or _counts_runs(text)):
                return
        yield Addition(step, step.call.at, step.place, f"a key by `{function.name}`", is_atomic=True)


def _counts_runs(name: str) -> bool:
    return bool(set(parts(name)) & RUNS)


def _adds(statement: Assign, target: e.Attribute, is_f: bool) -> bool:
    if statement.operator is not None:
        return statement.operator in ARITHMETIC
    value = statement.value
    if not isinstance(value, e.Operation) or not set(value.operators) <= ARITHMETIC:
        return False
    shown = e.dotted(target)
    return is_f or (shown is not None and any(e.dotted(operand) == shown for operand in value.operands))


def _is_set_before(place: Place, target: e.Attribute, scope: Scope) -> bool:
    """Whether the attribute was set in the same function, so that adding to it begins anew in each run."""
    shown = e.dotted(target)
    for other in scope.places:
        statement = other.statement
        if not isinstance(statement, Assign) or statement.operator is not None or other.statement is place.statement:
            continue
        if statement.at[:2] >= place.statement.at[:2] or statement.value is None:
            continue
        if any(isinstance(one, e.Attribute) and e.dotted(one) == shown for one in statement.targets):
            return True
    return False

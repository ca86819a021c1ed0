"""Idempotency guards: what keeps an effect from happening again when the job runs a second time.

A guard must dominate the effect, in the function that holds it or in one on the way to it. A CLAIM is written
before the effect and tested (a created row, a conditional update, a key set if absent); a CHECK only reads, so
two runs, or a crash between effect and mark, may still pass it; a KEY lets the receiver see the repetition;
an ABSORBED write meets its own row again.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

from jobkit_lint.facts.payments import KEY_WORDS
from jobkit_lint.facts.values import Kind
from jobkit_lint.facts.words import CLAIM_WORDS
from jobkit_lint.flow.effects import Effect
from jobkit_lint.flow.marks import Marks
from jobkit_lint.flow.places import Place, Step
from jobkit_lint.flow.scopes import Scope
from jobkit_lint.flow.states import States
from jobkit_lint.flow.writes import Write, sql_text
from jobkit_lint.index.models import Models
from jobkit_lint.index.symbols import Function
from jobkit_lint.tree import expressions as e
from jobkit_lint.tree.statements import For, Try, leaves

_UNIQUE_ERRORS = frozenset(
    {"IntegrityError", "UniqueViolation", "DuplicateKeyError", "NotUniqueError", "UniqueViolationError"}
)
_UNSTABLE = frozenset({"uuid1", "uuid4", "uuid7", "now", "utcnow", "today", "time", "random", "token_hex", "randint"})


class GuardKind(StrEnum):
    """How strong a guard is; see the module."""

    KEY = "key"
    CLAIM = "claim"
    CHECK = "check"
    ABSORBED = "absorbed"
    DECLARED = "declared"


@dataclass(frozen=True, slots=True)
class Guard:
    """What guards an effect, where, in words."""

    kind: GuardKind
    what: str
    line: int


class Guards:
    """Looks for the guards of effects."""

    def __init__(self, states: States, marks: Marks, models: Models, guard_facts: frozenset[str]) -> None:
        self.states = states
        self.marks = marks
        self.models = models
        self.guard_facts = guard_facts

    def of(self, effect: Effect) -> list[Guard]:
        """Every guard found for an effect, the nearest first; empty if there is none."""
        return list(self._find(effect))

    def _find(self, effect: Effect) -> Iterator[Guard]:
        if has_key(effect.step.call, effect.scope, effect.step.place):
            yield Guard(GuardKind.KEY, "an idempotency key", effect.step.call.at.line)
        if effect.write is not None:
            yield from self._absorbed(effect, effect.write)
        for step, scope in effect.levels:
            yield from self._at(step, scope)
            yield from self._consumed(scope)
        for hop in effect.hops:
            yield from self._declared(hop.function)

    def _at(self, step: Step, scope: Scope) -> Iterator[Guard]:
        for test in step.tests():
            found = self.states.of_test(test.expression, test.is_true, scope, test.place)
            if found is not None:
                kind = GuardKind.CLAIM if found.is_claim else GuardKind.CHECK
                line = test.expression.at.line
                if kind == GuardKind.CHECK and self.marks.before(step.place, scope, after_line=line):
                    kind = GuardKind.CLAIM
                yield Guard(kind, found.what, line)
        for context, owner in step.place.contexts():
            shown = e.dotted(context.function if isinstance(context, e.Call) else context) or ""
            if CLAIM_WORDS.search(shown) or self._is_guard(context, scope, owner):
                yield Guard(GuardKind.CLAIM, f"`with {shown}`", owner.statement.at.line)
        for place in step.place.before():
            yield from self._before(place, scope)
        for level in step.place.lineage():
            if level.parent is not None and isinstance(level.parent.statement, For) and level.branch == "else":
                yield Guard(GuardKind.CHECK, "the loop before it found none", level.parent.statement.at.line)
        if _in_handler_of_absence(step.place):
            yield Guard(GuardKind.CHECK, "it runs only where the row is missing", step.call.at.line)
        for around in step.around:
            if isinstance(around, e.Call) and _is_step(around):
                yield Guard(GuardKind.CLAIM, "a step of a continuation", around.at.line)

    def _consumed(self, scope: Scope) -> Iterator[Guard]:
        """A job that deletes the row it starts from finds nothing to do in a second run."""
        for step in scope.steps:
            function = step.call.function
            if isinstance(function, e.Attribute) and function.name in ("delete", "adelete"):
                found = self.states.values.evidence(function.value, scope, step.place)
                is_unknown = found is None and isinstance(function.value, e.Name) and not step.call.arguments
                if is_unknown or (found is not None and found.kind == Kind.RECORD):
                    yield Guard(GuardKind.CHECK, "the row it starts from is deleted", step.call.at.line)

    def _before(self, place: Place, scope: Scope) -> Iterator[Guard]:
        """Statements before the effect that stop a second run: rows looked up by state, rows that can be made once."""
        lookup = self.states.narrowed(place.statement)
        if lookup is not None:
            yield Guard(GuardKind.CHECK, lookup, place.statement.at.line)
        if isinstance(place.statement, Try):
            for handler in place.statement.handlers:
                if handler.error is not None and _names(handler.error) & _UNIQUE_ERRORS and leaves(handler.body):
                    yield Guard(GuardKind.CLAIM, "a caught unique violation", handler.at.line)
        for write in self.marks.creates(place, scope):
            if self.is_unique(write):
                yield Guard(GuardKind.CLAIM, f"`{write.what}` can be created once", place.statement.at.line)
        for step in self.marks.steps_at(place, scope):
            if self._is_guard(step.call, scope, place):
                yield Guard(GuardKind.CLAIM, "a declared guard", step.call.at.line)

    def _is_guard(self, node: e.AnyExpression, scope: Scope, place: Place) -> bool:
        if not self.guard_facts:
            return False
        function = node.function if isinstance(node, e.Call) else node
        origin = self.states.names.origin(function, scope, place)
        return origin is not None and origin.path in self.guard_facts

    def _declared(self, function: Function) -> Iterator[Guard]:
        for decorator in function.code.decorators:
            shown = e.dotted(decorator.function if isinstance(decorator, e.Call) else decorator) or ""
            if CLAIM_WORDS.search(shown):
                yield Guard(GuardKind.DECLARED, f"`@{shown}`", decorator.at.line)

    def _absorbed(self, effect: Effect, write: Write) -> Iterator[Guard]:
        line = effect.step.call.at.line
        if any(_is_rollback(step) for step in effect.scope.steps):
            yield Guard(GuardKind.ABSORBED, "it is rolled back", line)
        if _in_handler(effect.step.place):
            yield Guard(GuardKind.ABSORBED, "it records a failure", line)
        if write.is_upsert:
            yield Guard(GuardKind.ABSORBED, "an upsert", line)
        elif self.is_unique(write):
            yield Guard(GuardKind.ABSORBED, "a unique constraint", line)
        if write.verb == "bulk":
            yield from self._sifted(effect.step, effect.scope, write)
        for level, scope in effect.levels:
            for place in level.place.before():
                for step in self.marks.steps_at(place, scope):
                    if self._deletes(step, scope, write):
                        yield Guard(GuardKind.ABSORBED, "the rows are deleted first", step.call.at.line)
        for statement, _ in effect.step.place.tries():
            for handler in statement.handlers:
                if handler.error is not None and _names(handler.error) & _UNIQUE_ERRORS:
                    yield Guard(GuardKind.ABSORBED, "a caught unique violation", handler.at.line)

    def _sifted(self, step: Step, scope: Scope, write: Write) -> Iterator[Guard]:
        """Rows made in bulk of what is not stored yet, or of which the database takes each but once."""
        rows = step.call.argument(0, "objs")
        place: Place | None = step.place
        made: list[e.AnyExpression] = []
        held = {part.id for part in e.descend(rows) if isinstance(part, e.Name)} if rows is not None else set()
        for other in scope.steps:
            function = other.call.function
            if not isinstance(function, e.Attribute) or e.dotted(function.value) not in held:
                continue
            if function.name in ("append", "extend", "add"):
                yield from self._at(other, scope)
                made += list(other.call.arguments)
        if isinstance(rows, e.Name) and rows.id in scope.bindings:
            reaching = scope.reaching(rows.id, place, rows.at) or []
            if len(reaching) == 1 and reaching[0].value is not None:
                rows, place = reaching[0].value, reaching[0].place
        for node in [*made, *([rows] if rows is not None else [])]:
            for part in e.descend(node):
                if isinstance(part, e.Call) and self._is_made_once(part, write, scope, place):
                    yield Guard(GuardKind.ABSORBED, "a unique constraint", part.at.line)
        for part in e.descend(rows) if rows is not None else ():
            for generator in part.generators if isinstance(part, e.Comprehension) else ():
                for condition in generator.conditions:
                    found = self.states.of_test(condition, True, scope, place)
                    if found is not None:
                        yield Guard(GuardKind.CHECK, found.what, condition.at.line)

    def _is_made_once(self, call: e.Call, write: Write, scope: Scope, place: Place | None) -> bool:
        """Whether a call makes a row that a unique constraint covers; one with unseen fields counts as covered."""
        origin = self.states.names.origin(call.function, scope, place)
        found = self.models.split(origin) if origin is not None else None
        if found is None or found[1] or write.model is None or found[0] != write.model:
            return False
        fields = {word.name: word.value for word in call.keywords if word.name is not None}
        if self.is_unique(replace(write, fields=fields)):
            return True
        return call.is_open and any(names != {"id"} for names in self.models.unique_fields(write.model))

    def _deletes(self, step: Step, scope: Scope, write: Write) -> bool:
        function = step.call.function
        if isinstance(function, e.Attribute) and function.name in ("execute", "executemany"):
            return (sql_text(step.call.argument(0), scope, step) or "").lstrip()[:6].lower() == "delete"
        if not isinstance(function, e.Attribute) or function.name not in ("delete", "adelete", "truncate"):
            return False
        origin = self.states.names.origin(function.value, scope, step.place)
        found = self.models.split(origin) if origin is not None else None
        if found is None or write.model is None:
            return write.model is None
        return found[0] == write.model

    def is_unique(self, write: Write) -> bool:
        """Whether a unique constraint of the model covers fields that have the same values in a second run."""
        if write.model is None or not write.fields:
            return False
        stable = {name for name, value in write.fields.items() if not is_unstable(value)}
        stable |= {name.removesuffix("_id") for name in stable}
        return any(fields and fields <= stable for fields in self.models.unique_fields(write.model))


def has_key(call: e.Call, scope: Scope, place: Place | None) -> bool:
    """Whether a call passes an idempotency key, as a keyword, in headers or options; unknown counts as yes."""
    for word in call.keywords:
        if word.name is None:
            if not (isinstance(word.value, e.Mapping) and not _mentions_key(word.value, scope, place)):
                return True
        elif _names_key(word) or _mentions_key(word.value, scope, place):
            return True
    return any(isinstance(argument, e.Starred) or _mentions_key(argument, scope, place) for argument in call.arguments)


def _names_key(word: e.Keyword) -> bool:
    name = (word.name or "").lower()
    return any(part in name for part in KEY_WORDS) and not e.is_constant(word.value, None)


def _mentions_key(node: e.AnyExpression, scope: Scope, place: Place | None, depth: int = 0) -> bool:
    if isinstance(node, e.Mapping):
        for key, value in zip(node.keys, node.values, strict=True):
            text = (e.literal_text(key) or "").lower().replace("_", "-")
            if key is None or any(part.replace("_", "-") in text for part in KEY_WORDS):
                return True
            if depth < 2 and _mentions_key(value, scope, place, depth + 1):
                return True
    if isinstance(node, e.Call) and e.dotted(node.function) == "dict":
        return has_key(node, scope, place)
    if isinstance(node, e.Name) and node.id in scope.bindings and depth < 2:
        reaching = scope.reaching(node.id, place, node.at) or []
        return any(
            binding.value is not None and _mentions_key(binding.value, scope, binding.place, depth + 1)
            for binding in reaching
        ) or _key_is_stored(node.id, scope)
    return False


def _key_is_stored(name: str, scope: Scope) -> bool:
    """``headers["Idempotency-Key"] = key`` somewhere in the function."""
    for place in scope.places:
        for target in getattr(place.statement, "targets", ()):
            if isinstance(target, e.Subscript) and e.dotted(target.value) == name:
                text = (e.literal_text(target.index) or "").lower().replace("_", "-")
                if any(part.replace("_", "-") in text for part in KEY_WORDS):
                    return True
    return False


def is_unstable(node: e.AnyExpression) -> bool:
    """Whether a value differs in each run: it holds a clock, a random number, a fresh id."""
    for part in e.descend(node):
        if isinstance(part, e.Call):
            name = (e.dotted(part.function) or "").rpartition(".")[2]
            if name in _UNSTABLE:
                return True
    return False


def _in_handler_of_absence(place: Place) -> bool:
    for level in place.lineage():
        owner = level.parent
        if owner is not None and isinstance(owner.statement, Try) and level.branch.startswith("except "):
            handler = owner.statement.handlers[int(level.branch.removeprefix("except "))]
            if handler.error is not None:
                names = _names(handler.error)
                if any(name in ("DoesNotExist", "NoResultFound", "KeyError") or "NotFound" in name for name in names):
                    return True
    return False


def _in_handler(place: Place) -> bool:
    return any(
        isinstance(level.parent.statement, Try) and level.branch.startswith("except ")
        for level in place.lineage()
        if level.parent is not None
    )


def _is_rollback(step: Step) -> bool:
    function = step.call.function
    name = function.name if isinstance(function, e.Attribute) else ""
    return name == "set_rollback" and any(e.is_constant(value, True) for value in step.call.arguments)


def _is_step(call: e.Call) -> bool:
    """jobkit's ``step("name", function)``: a finished step is not run again."""
    return e.dotted(call.function) in ("step", "self.step", "jobkit.step") and bool(call.arguments)


def _names(error: e.AnyExpression) -> set[str]:
    nodes = error.items if isinstance(error, e.Collection) else (error,)
    return {(e.dotted(node) or "").rpartition(".")[2] for node in nodes}

"""What a job does to the world outside of its process, in order: in its own body and in the functions it calls.

Each effect knows the way to it (`hops`, from the job's body to the function that holds the call), so that
guards on every level are found, and a message can print the chain.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

from jobkit_lint.facts.notifications import NOTIFICATIONS
from jobkit_lint.facts.payments import PAYMENTS
from jobkit_lint.facts.values import Kind
from jobkit_lint.flow.evidence import Values
from jobkit_lint.flow.places import Step
from jobkit_lint.flow.scopes import Scope
from jobkit_lint.flow.writes import Write, write_of
from jobkit_lint.index.models import Models
from jobkit_lint.index.names import Names
from jobkit_lint.index.symbols import Class, Function, Origin
from jobkit_lint.settings import Facts
from jobkit_lint.tree import expressions as e

MAX_STEPS = 4000


class EffectKind(StrEnum):
    """What an effect does."""

    PAYMENT = "payment"
    NOTIFY = "notify"
    CREATE = "create"
    NETWORK = "network"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Hop:
    """A call of a project function on the way to an effect."""

    step: Step
    scope: Scope
    function: Function


@dataclass(frozen=True, slots=True)
class Reached:
    """A call that a job makes, in its own body (`hops` is empty) or in a function that it calls."""

    step: Step
    scope: Scope
    hops: tuple[Hop, ...] = ()

    @property
    def levels(self) -> tuple[tuple[Step, Scope], ...]:
        """The call itself, then the calls that lead to it, innermost first: each may be guarded."""
        return ((self.step, self.scope), *((hop.step, hop.scope) for hop in reversed(self.hops)))

    @property
    def is_repeated(self) -> bool:
        """Whether one run of the job may do it several times."""
        return any(step.is_repeated for step, _ in self.levels)


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect(Reached):
    """A call with an effect. `what` says it in words; `write` is set for one on the database.

    `path` is the origin path of what is called.
    """

    kind: EffectKind
    what: str
    path: str
    write: Write | None = None


class Effects:
    """Finds the effects of functions, `depth` calls deep. `facts` are what the settings teach."""

    def __init__(self, names: Names, models: Models, values: Values, facts: Facts) -> None:
        self.names = names
        self.models = models
        self.values = values
        self.facts = {
            path: kind
            for paths, kind in (
                (facts.effect, EffectKind.OTHER),
                (facts.network, EffectKind.NETWORK),
                (facts.notify, EffectKind.NOTIFY),
                (facts.payment, EffectKind.PAYMENT),
            )
            for path in paths
        }
        self.quiet = {*facts.pure, *facts.idempotent, *facts.guard}
        self._known: dict[tuple[int, int], tuple[Effect, ...]] = {}
        self._running: set[int] = set()

    def of(self, function: Function, depth: int) -> tuple[Effect, ...]:
        """The effects of a function, in the order of its source; those of a callee where it is called."""
        key = (id(function.code), depth)
        if key not in self._known:
            if id(function.code) in self._running:
                return ()
            self._running.add(id(function.code))
            try:
                self._known[key] = tuple(self._find(function, depth))
            finally:
                self._running.discard(id(function.code))
        return self._known[key]

    def _find(self, function: Function, depth: int) -> Iterator[Effect]:
        scope = self.names.scope(function)
        for step in scope.steps[:MAX_STEPS]:
            origin = self.names.origin(step.call.function, scope, step.place)
            effect = self._effect(step, scope, origin)
            if effect is not None:
                yield effect
                continue
            for callee, cost in self._callees(step, scope, origin):
                if depth >= cost and callee.dotted not in self.quiet:
                    hop = Hop(step, scope, callee)
                    for inner in self.of(callee, depth - cost):
                        yield replace(inner, hops=(hop, *inner.hops))

    def _effect(self, step: Step, scope: Scope, origin: Origin | None) -> Effect | None:
        if origin is not None:
            for path in (origin.path, *self.names.paths(origin)):
                kind = self.facts.get(path)
                if kind is not None:
                    return Effect(step, scope, kind=kind, what=f"`{path.rpartition('.')[2]}()`", path=path)
                verb = PAYMENTS.get(path)
                if verb is not None:
                    return Effect(step, scope, kind=EffectKind.PAYMENT, what=verb, path=path)
                sent = NOTIFICATIONS.get(path)
                if sent is not None:
                    return Effect(step, scope, kind=EffectKind.NOTIFY, what=sent, path=path)
        write = write_of(step, scope, origin, self.names, self.models)
        if write is not None and write.creates:
            path = origin.path if origin is not None else ""
            return Effect(step, scope, kind=EffectKind.CREATE, what=write.what, path=path, write=write)
        return None

    def _callees(self, step: Step, scope: Scope, origin: Origin | None) -> Iterator[tuple[Function, int]]:
        """The functions of the project that a call runs, each with what it costs of the depth."""
        if origin is not None and isinstance(origin.root, Function) and not origin.trail:
            yield origin.root, 0 if origin.root.outer is not None else 1
        elif origin is None or isinstance(origin.root, Function | Class):
            called = self.called_function(step.call, scope, step)
            if called is not None:
                yield called, 0 if called.outer is not None else 1
        for argument in (*step.call.arguments, *(word.value for word in step.call.keywords)):
            if isinstance(argument, e.Name) and argument.id in scope.bindings:
                handed = self.names.origin(argument, scope, step.place)
                if handed is not None and isinstance(handed.root, Function) and handed.root.outer is not None:
                    yield handed.root, 0

    def reached(self, function: Function, depth: int) -> Iterator[Reached]:
        """Every call of a function and of the project functions that it calls, `depth` deep, in order."""
        yield from self._reach(function, depth, (), frozenset())

    def _reach(self, function: Function, depth: int, hops: tuple[Hop, ...], above: frozenset[int]) -> Iterator[Reached]:
        scope = self.names.scope(function)
        inside = above | {id(function.code)}
        for step in scope.steps[:MAX_STEPS]:
            yield Reached(step, scope, hops)
            origin = self.names.origin(step.call.function, scope, step.place)
            for callee, cost in self._callees(step, scope, origin):
                if depth >= cost and id(callee.code) not in inside and callee.dotted not in self.quiet:
                    yield from self._reach(callee, depth - cost, (*hops, Hop(step, scope, callee)), inside)

    def called_function(self, call: e.Call, scope: Scope, step: Step) -> Function | None:
        """The project's function that a call runs, also a method of a record; a return value does not hide it."""
        origin = self.names.origin(call.function, scope, step.place)
        if origin is not None and isinstance(origin.root, Function) and not origin.trail:
            return origin.root
        if isinstance(call.function, e.Attribute):
            held = self.values.evidence(call.function.value, scope, step.place)
            if held is not None and held.kind == Kind.RECORD and held.class_ is not None and held.is_certain:
                return self.names.find_method(held.class_, call.function.name)
        return None

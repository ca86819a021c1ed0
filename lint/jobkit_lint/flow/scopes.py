"""Names inside a function: what they are bound to, and which binding reaches a place."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

from jobkit_lint.flow.places import Place, Step, places, steps
from jobkit_lint.index.symbols import Function, Module
from jobkit_lint.tree.expressions import (
    AnyExpression,
    Assigned,
    At,
    Collection,
    Comprehension,
    Name,
    Starred,
    descend,
)
from jobkit_lint.tree.statements import (
    Assign,
    Block,
    ClassCode,
    For,
    FunctionCode,
    Match,
    Parameter,
    Try,
    With,
    leaves,
    own_expressions,
)


@dataclass(frozen=True, slots=True)
class Binding:
    """One place where a name gets a value. `kind`: assign, element (of `value`), context, add (``+=``), opaque,
    function, class. `index` is the position in an unpacked tuple."""

    name: str
    kind: str
    value: AnyExpression | None
    place: Place | None
    at: At
    index: int | None = None
    definition: FunctionCode | ClassCode | None = None
    annotation: AnyExpression | None = None
    within: At | None = None

    def covers(self, at: At) -> bool:
        """Whether a name of a comprehension is in sight at `at`."""
        inside = self.within
        return inside is not None and inside[:2] <= at[:2] and at[2:] <= inside[2:]


class Scope:
    """The names of a function (`function`) or of a module's top (`function` None)."""

    def __init__(self, module: Module, function: Function | None, body: Block, parent: Scope | None) -> None:
        self.module = module
        self.function = function
        self.body = body
        self.parent = parent

    @cached_property
    def places(self) -> tuple[Place, ...]:
        """Every statement, in source order."""
        return tuple(places(self.body))

    @cached_property
    def steps(self) -> tuple[Step, ...]:
        """Every call, in the order of evaluation; those of lambdas where the lambda is written."""
        return tuple(step for place in self.places for step in steps(place))

    @cached_property
    def parameters(self) -> dict[str, Parameter]:
        """The function's parameters by name."""
        return {part.name: part for part in self.function.code.parameters} if self.function else {}

    @cached_property
    def imports(self) -> dict[str, str]:
        """What the function itself imports."""
        return self.function.code.imports if self.function is not None else {}

    @cached_property
    def bindings(self) -> dict[str, list[Binding]]:
        """Every binding of every local name, in source order."""
        found: dict[str, list[Binding]] = {}
        for place in self.places:
            for binding in _bindings_of(place):
                found.setdefault(binding.name, []).append(binding)
        return found

    def binds(self, name: str) -> bool:
        """Whether the name is local to this scope."""
        return name in self.parameters or name in self.bindings or name in self.imports

    def reaching(self, name: str, place: Place | None, at: At | None) -> list[Binding] | None:
        """The bindings that may hold at a place, the last first. None: possibly none of them (a parameter).

        Without a place (a nested function, run at some time), every binding may hold.
        """
        bindings = self.bindings.get(name, [])
        if at is not None:
            inner = [binding for binding in bindings if binding.covers(at)]
            if inner:
                return [inner[-1]]
        bindings = [binding for binding in bindings if binding.within is None]
        if place is None or at is None:
            hidden = name in self.parameters and not bindings
            return None if hidden else list(reversed(bindings))
        reaching: list[Binding] = []
        for binding in reversed(bindings):
            owner = binding.place
            if owner is None or binding.at[:2] >= at[:2] or owner.excludes(place):
                continue
            if owner.statement is place.statement and isinstance(owner.statement, Assign | For):
                continue
            if owner.statement is place.statement or owner.dominates(place):
                reaching.append(binding)
                if isinstance(owner.statement, For) and not _is_inside(place, owner):
                    continue
                return reaching
            if not _is_inside(place, owner.parent) and _has_left(owner):
                continue
            reaching.append(binding)
        if name in self.parameters:
            return [*reaching, _parameter_binding(self.parameters[name])] if reaching else None
        return reaching or bindings


def _parameter_binding(parameter: Parameter) -> Binding:
    return Binding(parameter.name, "opaque", None, None, parameter.at)


def _is_inside(place: Place, owner: Place | None) -> bool:
    return owner is not None and any(level.statement is owner.statement for level in place.lineage())


def _has_left(place: Place) -> bool:
    return leaves(place.block[place.index :])


def _bindings_of(place: Place) -> Iterator[Binding]:
    statement = place.statement
    match statement:
        case Assign():
            kind = "add" if statement.operator is not None else "assign"
            for target in statement.targets:
                yield from _unpack(target, kind, statement.value, place, statement.annotation)
        case For():
            yield from _unpack(statement.target, "element", statement.iterable, place)
        case With():
            for context, alias in zip(statement.contexts, statement.targets, strict=True):
                if alias is not None:
                    yield from _unpack(alias, "context", context, place)
        case Try():
            for handler in statement.handlers:
                if handler.name is not None:
                    yield Binding(handler.name, "opaque", None, place, handler.at)
        case Match():
            for case in statement.cases:
                for name in case.captures:
                    yield Binding(name, "opaque", None, place, statement.at)
        case FunctionCode():
            yield Binding(statement.name, "function", None, place, statement.at, definition=statement)
        case ClassCode():
            yield Binding(statement.name, "class", None, place, statement.at, definition=statement)
        case _:
            pass
    for own in own_expressions(statement):
        for part in descend(own):
            if isinstance(part, Assigned):
                yield from _unpack(part.target, "assign", part.value, place)
            elif isinstance(part, Comprehension):
                for generator in part.generators:
                    for binding in _unpack(generator.target, "element", generator.iterable, place):
                        yield replace(binding, within=part.at)


def _unpack(
    target: AnyExpression,
    kind: str,
    value: AnyExpression | None,
    place: Place,
    annotation: AnyExpression | None = None,
) -> Iterator[Binding]:
    match target:
        case Name(id=name):
            yield Binding(name, kind, value, place, target.at, annotation=annotation)
        case Collection(items=items):
            parallel = isinstance(value, Collection) and kind == "assign" and len(value.items) == len(items)
            for index, item in enumerate(items):
                if parallel and isinstance(value, Collection):
                    yield from _unpack(item, kind, value.items[index], place)
                elif isinstance(item, Name):
                    yield Binding(item.id, kind, value, place, item.at, index)
                else:
                    yield from _unpack(item, "opaque", None, place)
        case Starred(value=Name(id=name)):
            yield Binding(name, "opaque", None, place, target.at)
        case _:
            return

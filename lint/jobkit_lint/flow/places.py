"""Where a statement or a call stands: what encloses it, and what has certainly run before it.

A statement dominates a place if every run that reaches the place has begun the statement: the statements
before it in its own block and in the blocks around it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from jobkit_lint.tree.expressions import AnyExpression, Call, Comprehension, Conditional, Lambda, Operation, children
from jobkit_lint.tree.statements import (
    AnyStatement,
    Assert,
    Block,
    ClassCode,
    For,
    FunctionCode,
    If,
    Try,
    While,
    With,
    blocks,
    leaves,
    own_expressions,
)


@dataclass(frozen=True, slots=True)
class Test:
    """A condition that holds (`is_true`) or not at a place. `is_exit`: because the other case has left."""

    __test__ = False

    expression: AnyExpression
    is_true: bool
    is_exit: bool
    place: Place


@dataclass(eq=False, slots=True)
class Place:
    """A statement in its block. `parent` is the place of the statement that owns the block, `branch` which one."""

    statement: AnyStatement
    block: Block
    index: int
    parent: Place | None
    branch: str

    def lineage(self) -> Iterator[Place]:
        """This place, then the places of the statements around it, innermost first."""
        current: Place | None = self
        while current is not None:
            yield current
            current = current.parent

    def before(self) -> Iterator[Place]:
        """The statements that have begun whenever this one runs, nearest first, owners included.

        A ``with`` before it has run its body; a ``try`` too, if every handler leaves.
        """
        for level in self.lineage():
            for index in range(level.index - 1, -1, -1):
                earlier = Place(level.block[index], level.block, index, level.parent, level.branch)
                yield from _certain(earlier)
            if level.parent is not None:
                yield level.parent

    def tests(self) -> Iterator[Test]:
        """The conditions that hold here, nearest first: branches around it, early exits and assertions before it."""
        for level in self.lineage():
            for index in range(level.index - 1, -1, -1):
                earlier = level.block[index]
                if isinstance(earlier, If):
                    place = Place(earlier, level.block, index, level.parent, level.branch)
                    yield from _exits(earlier, place)
                elif isinstance(earlier, Assert):
                    place = Place(earlier, level.block, index, level.parent, level.branch)
                    yield Test(earlier.test, True, True, place)
            owner = level.parent
            if owner is not None and isinstance(owner.statement, If | While):
                yield Test(owner.statement.test, level.branch == "body", False, owner)

    def enclosing(self, *kinds: type[AnyStatement]) -> Iterator[Place]:
        """The places of the statements around this one that are of one of `kinds`, innermost first."""
        for level in self.lineage():
            if level.parent is not None and isinstance(level.parent.statement, kinds):
                yield level.parent

    def loops(self) -> Iterator[Place]:
        """The loops whose body this is in, innermost first."""
        for level in self.lineage():
            owner = level.parent
            if owner is not None and isinstance(owner.statement, For | While) and level.branch == "body":
                yield owner

    def contexts(self) -> Iterator[tuple[AnyExpression, Place]]:
        """The context managers entered around this, innermost first."""
        for owner in self.enclosing(With):
            if isinstance(owner.statement, With):
                for context in reversed(owner.statement.contexts):
                    yield context, owner

    def tries(self) -> Iterator[tuple[Try, Place]]:
        """The ``try`` statements whose body this is in, innermost first."""
        for level in self.lineage():
            owner = level.parent
            if owner is not None and isinstance(owner.statement, Try) and level.branch == "body":
                yield owner.statement, owner

    def excludes(self, other: Place) -> bool:
        """Whether no run goes through both: they are in different branches of one ``if`` or ``match``."""
        if self.parent is None or other.parent is None:
            return False
        mine = {id(level.parent.statement): level.branch for level in self.lineage() if level.parent}
        for level in other.lineage():
            if level.parent is not None:
                branch = mine.get(id(level.parent.statement))
                if branch is not None:
                    return branch != level.branch and not isinstance(level.parent.statement, Try)
        return False

    def dominates(self, other: Place) -> bool:
        """Whether every run that reaches `other` has begun this statement."""
        return any(level.block is self.block and level.index >= self.index for level in other.lineage())


def _certain(place: Place) -> Iterator[Place]:
    statement = place.statement
    is_sure = isinstance(statement, With) or (
        isinstance(statement, Try) and all(leaves(handler.body) for handler in statement.handlers)
    )
    if is_sure and isinstance(statement, With | Try):
        for index in range(len(statement.body) - 1, -1, -1):
            yield from _certain(Place(statement.body[index], statement.body, index, place, "body"))
    yield place


def _exits(statement: If, place: Place) -> Iterator[Test]:
    if leaves(statement.body):
        yield Test(statement.test, False, True, place)
        if len(statement.otherwise) == 1 and isinstance(statement.otherwise[0], If):
            yield from _exits(statement.otherwise[0], place)
    elif statement.otherwise and leaves(statement.otherwise):
        yield Test(statement.test, True, True, place)


@dataclass(eq=False, slots=True)
class Step:
    """A call at its place. `around` are the expressions that hold it, outermost first."""

    call: Call
    place: Place
    around: tuple[AnyExpression, ...]

    @property
    def deferred(self) -> Lambda | None:
        """The outermost lambda that the call is in: it runs when that is called, if ever."""
        for expression in self.around:
            if isinstance(expression, Lambda):
                return expression
        return None

    @property
    def is_repeated(self) -> bool:
        """Whether one run of the function may make this call several times."""
        return any(isinstance(expression, Comprehension) for expression in self.around) or any(
            True for _ in self.place.loops()
        )

    def tests(self) -> Iterator[Test]:
        """The conditions that hold when the call is made, nearest first."""
        inner: AnyExpression = self.call
        for outer in reversed(self.around):
            if isinstance(outer, Conditional) and inner is not outer.test:
                yield Test(outer.test, inner is outer.body, False, self.place)
            elif isinstance(outer, Operation) and outer.operators and outer.operators[0] in ("and", "or"):
                for operand in outer.operands:
                    if operand is inner:
                        break
                    yield Test(operand, outer.operators[0] == "and", False, self.place)
            elif isinstance(outer, Comprehension) and inner in outer.elements:
                for generator in outer.generators:
                    for condition in generator.conditions:
                        yield Test(condition, True, False, self.place)
            inner = outer
        yield from self.place.tests()


def places(block: Block, parent: Place | None = None, branch: str = "body") -> Iterator[Place]:
    """Every statement of a block and of the blocks in it, in source order; functions are not entered."""
    for index, statement in enumerate(block):
        place = Place(statement, block, index, parent, branch)
        yield place
        for name, inner in blocks(statement):
            yield from places(inner, place, name)


def steps(place: Place) -> Iterator[Step]:
    """The calls that a statement makes itself (not those of its blocks), inner calls before outer ones."""
    if isinstance(place.statement, FunctionCode | ClassCode):
        return
    for expression in own_expressions(place.statement):
        yield from _calls(expression, place, ())


def _calls(expression: AnyExpression, place: Place, around: tuple[AnyExpression, ...]) -> Iterator[Step]:
    inner = (*around, expression)
    for child in children(expression):
        yield from _calls(child, place, inner)
    if isinstance(expression, Call):
        yield Step(expression, place, around)

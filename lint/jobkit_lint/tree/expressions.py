"""Expressions of the user's code, as plain values.

Every node knows its place (`at`: first line, first column, last line, last column; lines from 1, columns
from 0 in UTF-8 bytes, as Python's own parser counts). Literals are cut short: `size` has the length that
the source had.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import msgspec


class At(NamedTuple):
    """A range of source: lines from 1, columns from 0 in UTF-8 bytes, the end exclusive."""

    line: int
    column: int
    end_line: int
    end_column: int


class Expression(msgspec.Struct, frozen=True, array_like=True, gc=False, eq=False):
    """What all expressions have: the place in the source."""

    at: At


class Name(Expression, tag="N", frozen=True, array_like=True, gc=False, eq=False):
    """A bare name."""

    id: str


class Attribute(Expression, tag="A", frozen=True, array_like=True, gc=False, eq=False):
    """``value.name``."""

    value: AnyExpression
    name: str


class Keyword(msgspec.Struct, frozen=True, array_like=True, gc=False, eq=False):
    """One keyword argument; `name` is None for ``**value``."""

    name: str | None
    value: AnyExpression
    at: At


class Call(Expression, tag="C", frozen=True, array_like=True, gc=False, eq=False):
    """``function(arguments)``."""

    function: AnyExpression
    arguments: tuple[AnyExpression, ...]
    keywords: tuple[Keyword, ...]

    def keyword(self, name: str) -> AnyExpression | None:
        """The value given for the keyword `name`, or None."""
        for keyword in self.keywords:
            if keyword.name == name:
                return keyword.value
        return None

    def argument(self, position: int, name: str | None = None) -> AnyExpression | None:
        """The value at `position`, or given by the keyword `name`; None where it is absent or hidden by a star."""
        for index, value in enumerate(self.arguments):
            if isinstance(value, Starred):
                break
            if index == position:
                return value
        return self.keyword(name) if name is not None else None

    @property
    def is_open(self) -> bool:
        """Whether a star argument hides some of what is passed."""
        return any(isinstance(value, Starred) for value in self.arguments) or any(
            keyword.name is None for keyword in self.keywords
        )


class Constant(Expression, tag="K", frozen=True, array_like=True, gc=False, eq=False):
    """A literal: `kind` is str, bytes, int, float, bool, None, complex or ellipsis; `size` the length of a text."""

    kind: str
    value: str | int | float | bool | None
    size: int


class Collection(Expression, tag="L", frozen=True, array_like=True, gc=False, eq=False):
    """A list, tuple or set display; `items` holds the first ones, `size` counts them all."""

    kind: str
    items: tuple[AnyExpression, ...]
    size: int


class Mapping(Expression, tag="M", frozen=True, array_like=True, gc=False, eq=False):
    """A dict display; a key is None for ``**value``; `size` counts the pairs of the source."""

    keys: tuple[AnyExpression | None, ...]
    values: tuple[AnyExpression, ...]
    size: int

    def get(self, key: str) -> AnyExpression | None:
        """The value under the literal key `key`, or None."""
        for name, value in zip(self.keys, self.values, strict=True):
            if isinstance(name, Constant) and name.value == key:
                return value
        return None


class Subscript(Expression, tag="S", frozen=True, array_like=True, gc=False, eq=False):
    """``value[index]``."""

    value: AnyExpression
    index: AnyExpression


class Slice(Expression, tag="I", frozen=True, array_like=True, gc=False, eq=False):
    """``lower:upper`` inside a subscript."""

    lower: AnyExpression | None
    upper: AnyExpression | None


class Lambda(Expression, tag="F", frozen=True, array_like=True, gc=False, eq=False):
    """``lambda parameters: body``; defaults are kept, for they are evaluated at once."""

    parameters: tuple[str, ...]
    defaults: tuple[AnyExpression, ...]
    body: AnyExpression


class Generator(msgspec.Struct, frozen=True, array_like=True, gc=False, eq=False):
    """One ``for target in iterable if conditions`` of a comprehension."""

    target: AnyExpression
    iterable: AnyExpression
    conditions: tuple[AnyExpression, ...]


class Comprehension(Expression, tag="G", frozen=True, array_like=True, gc=False, eq=False):
    """A comprehension; `kind` is list, set, dict or generator; a dict has two elements."""

    kind: str
    elements: tuple[AnyExpression, ...]
    generators: tuple[Generator, ...]


class Await(Expression, tag="W", frozen=True, array_like=True, gc=False, eq=False):
    """``await value``."""

    value: AnyExpression


class Yield(Expression, tag="Y", frozen=True, array_like=True, gc=False, eq=False):
    """``yield value`` or ``yield from value``."""

    value: AnyExpression | None


class Starred(Expression, tag="*", frozen=True, array_like=True, gc=False, eq=False):
    """``*value``."""

    value: AnyExpression


class Operation(Expression, tag="O", frozen=True, array_like=True, gc=False, eq=False):
    """Arithmetic, comparison, ``and``/``or``/``not``: `operators` in source form, between the `operands`.

    A unary operation has one operand; a chain of comparisons has one operator fewer than operands.
    """

    operators: tuple[str, ...]
    operands: tuple[AnyExpression, ...]


class Conditional(Expression, tag="?", frozen=True, array_like=True, gc=False, eq=False):
    """``body if test else otherwise``."""

    test: AnyExpression
    body: AnyExpression
    otherwise: AnyExpression


class Text(Expression, tag="T", frozen=True, array_like=True, gc=False, eq=False):
    """An f-string: its parts, literal ones as constants."""

    parts: tuple[AnyExpression, ...]


class Assigned(Expression, tag="=", frozen=True, array_like=True, gc=False, eq=False):
    """``target := value``."""

    target: AnyExpression
    value: AnyExpression


class Opaque(Expression, tag="#", frozen=True, array_like=True, gc=False, eq=False):
    """Syntax that no rule looks into."""


AnyExpression = (
    Name
    | Attribute
    | Call
    | Constant
    | Collection
    | Mapping
    | Subscript
    | Slice
    | Lambda
    | Comprehension
    | Await
    | Yield
    | Starred
    | Operation
    | Conditional
    | Text
    | Assigned
    | Opaque
)


def children(node: AnyExpression) -> Iterator[AnyExpression]:
    """The direct parts of an expression, in the order in which Python evaluates them."""
    match node:
        case Attribute(value=value) | Await(value=value) | Starred(value=value):
            yield value
        case Call():
            yield node.function
            yield from node.arguments
            for keyword in node.keywords:
                yield keyword.value
        case Collection():
            yield from node.items
        case Mapping():
            for key, value in zip(node.keys, node.values, strict=True):
                if key is not None:
                    yield key
                yield value
        case Subscript():
            yield node.value
            yield node.index
        case Slice():
            yield from (part for part in (node.lower, node.upper) if part is not None)
        case Lambda():
            yield from node.defaults
            yield node.body
        case Comprehension():
            for generator in node.generators:
                yield generator.iterable
                yield generator.target
                yield from generator.conditions
            yield from node.elements
        case Yield():
            if node.value is not None:
                yield node.value
        case Operation():
            yield from node.operands
        case Conditional():
            yield node.test
            yield node.body
            yield node.otherwise
        case Text():
            yield from node.parts
        case Assigned():
            yield node.value
            yield node.target
        case _:
            return


def descend(node: AnyExpression) -> Iterator[AnyExpression]:
    """`node` and everything in it, outermost first; lambdas are entered."""
    yield node
    for child in children(node):
        yield from descend(child)


def dotted(node: AnyExpression) -> str | None:
    """``a.b.c`` as text if the expression is nothing but names, else None."""
    if isinstance(node, Name):
        return node.id
    if isinstance(node, Attribute):
        base = dotted(node.value)
        return f"{base}.{node.name}" if base is not None else None
    return None


def literal_text(node: AnyExpression | None) -> str | None:
    """The text of a string literal, else None."""
    if isinstance(node, Constant) and node.kind == "str" and isinstance(node.value, str):
        return node.value
    return None


def is_constant(node: AnyExpression | None, *values: object) -> bool:
    """Whether the expression is a literal with one of `values`, of the same type."""
    return isinstance(node, Constant) and any(
        node.value == value and type(node.value) is type(value) for value in values
    )

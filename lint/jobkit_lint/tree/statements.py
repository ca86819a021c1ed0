"""Statements and definitions of the user's code, as plain values.

A function's `body` is None until somebody asks for it (`jobkit_lint.index.project` lowers it then): most
functions of a project are never looked into.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from jobkit_lint.tree.expressions import AnyExpression, At, Keyword


class Statement(msgspec.Struct, frozen=True, array_like=True, gc=False, eq=False):
    """What all statements have: the place in the source."""

    at: At


class Assign(Statement, tag="=", frozen=True, array_like=True, gc=False, eq=False):
    """``targets = value``; `operator` for ``target += value``; `value` None for a bare annotation."""

    targets: tuple[AnyExpression, ...]
    value: AnyExpression | None
    annotation: AnyExpression | None = None
    operator: str | None = None


class Evaluate(Statement, tag="e", frozen=True, array_like=True, gc=False, eq=False):
    """An expression as a statement."""

    value: AnyExpression


class Return(Statement, tag="r", frozen=True, array_like=True, gc=False, eq=False):
    """``return value``."""

    value: AnyExpression | None


class Raise(Statement, tag="!", frozen=True, array_like=True, gc=False, eq=False):
    """``raise error from cause``."""

    error: AnyExpression | None
    cause: AnyExpression | None


class Assert(Statement, tag="a", frozen=True, array_like=True, gc=False, eq=False):
    """``assert test``."""

    test: AnyExpression


class Delete(Statement, tag="d", frozen=True, array_like=True, gc=False, eq=False):
    """``del targets``."""

    targets: tuple[AnyExpression, ...]


class Declare(Statement, tag="g", frozen=True, array_like=True, gc=False, eq=False):
    """``global names`` or ``nonlocal names``."""

    kind: str
    names: tuple[str, ...]


class Jump(Statement, tag="j", frozen=True, array_like=True, gc=False, eq=False):
    """``pass``, ``break`` or ``continue``."""

    kind: str


class If(Statement, tag="i", frozen=True, array_like=True, gc=False, eq=False):
    """``if test: body else: otherwise``; an ``elif`` is an If alone in `otherwise`."""

    test: AnyExpression
    body: tuple[AnyStatement, ...]
    otherwise: tuple[AnyStatement, ...]


class For(Statement, tag="f", frozen=True, array_like=True, gc=False, eq=False):
    """``for target in iterable``."""

    target: AnyExpression
    iterable: AnyExpression
    body: tuple[AnyStatement, ...]
    otherwise: tuple[AnyStatement, ...]
    is_async: bool


class While(Statement, tag="w", frozen=True, array_like=True, gc=False, eq=False):
    """``while test``."""

    test: AnyExpression
    body: tuple[AnyStatement, ...]
    otherwise: tuple[AnyStatement, ...]


class With(Statement, tag="c", frozen=True, array_like=True, gc=False, eq=False):
    """``with contexts as targets``; a target is None without ``as``."""

    contexts: tuple[AnyExpression, ...]
    targets: tuple[AnyExpression | None, ...]
    body: tuple[AnyStatement, ...]
    is_async: bool


class Handler(msgspec.Struct, frozen=True, array_like=True, gc=False, eq=False):
    """``except error as name``; `error` is None for a bare except."""

    error: AnyExpression | None
    name: str | None
    body: tuple[AnyStatement, ...]
    at: At


class Try(Statement, tag="t", frozen=True, array_like=True, gc=False, eq=False):
    """``try: body except ...: else: otherwise finally: final``."""

    body: tuple[AnyStatement, ...]
    handlers: tuple[Handler, ...]
    otherwise: tuple[AnyStatement, ...]
    final: tuple[AnyStatement, ...]


class Case(msgspec.Struct, frozen=True, array_like=True, gc=False, eq=False):
    """One ``case`` of a match; `captures` are the names that it binds."""

    captures: tuple[str, ...]
    guard: AnyExpression | None
    body: tuple[AnyStatement, ...]


class Match(Statement, tag="m", frozen=True, array_like=True, gc=False, eq=False):
    """``match subject``."""

    subject: AnyExpression
    cases: tuple[Case, ...]


class Parameter(msgspec.Struct, frozen=True, array_like=True, gc=False, eq=False):
    """A parameter: `kind` is positional, normal, keyword, star or doublestar."""

    name: str
    kind: str
    annotation: AnyExpression | None
    default: AnyExpression | None
    at: At


class FunctionCode(msgspec.Struct, tag="D", array_like=True, eq=False):
    """A function: `line` is that of its ``def``, `at` spans decorators and body."""

    at: At
    name: str
    qualname: str
    line: int
    column: int
    is_async: bool
    parameters: tuple[Parameter, ...]
    decorators: tuple[AnyExpression, ...]
    returns: AnyExpression | None
    imports: dict[str, str]
    body: tuple[AnyStatement, ...] | None


class ClassCode(msgspec.Struct, tag="B", array_like=True, eq=False):
    """A class: bases, keywords, what its body assigns, its methods and inner classes."""

    at: At
    name: str
    qualname: str
    line: int
    column: int
    bases: tuple[AnyExpression, ...]
    keywords: tuple[Keyword, ...]
    decorators: tuple[AnyExpression, ...]
    attributes: dict[str, AnyExpression]
    annotations: dict[str, AnyExpression]
    methods: dict[str, FunctionCode]
    classes: dict[str, ClassCode]


AnyStatement = (
    Assign
    | Evaluate
    | Return
    | Raise
    | Assert
    | Delete
    | Declare
    | Jump
    | If
    | For
    | While
    | With
    | Try
    | Match
    | FunctionCode
    | ClassCode
)

Block = tuple[AnyStatement, ...]


def own_expressions(statement: AnyStatement) -> Iterator[AnyExpression]:
    """The expressions that a statement evaluates itself, before any of its blocks."""
    match statement:
        case Assign():
            if statement.value is not None:
                yield statement.value
            yield from statement.targets
        case Evaluate():
            yield statement.value
        case Return():
            if statement.value is not None:
                yield statement.value
        case Raise():
            yield from (part for part in (statement.error, statement.cause) if part is not None)
        case Assert(test=test) | If(test=test) | While(test=test):
            yield test
        case Delete():
            yield from statement.targets
        case For():
            yield statement.iterable
        case With():
            yield from statement.contexts
        case Match():
            yield statement.subject
        case FunctionCode():
            yield from statement.decorators
            yield from (part.default for part in statement.parameters if part.default is not None)
        case ClassCode():
            yield from statement.attributes.values()
        case _:
            return


def blocks(statement: AnyStatement) -> Iterator[tuple[str, Block]]:
    """The blocks of a statement with the name of each branch, in source order; functions are not entered."""
    match statement:
        case If() | While() | For():
            yield "body", statement.body
            yield "else", statement.otherwise
        case With():
            yield "body", statement.body
        case Try():
            yield "body", statement.body
            for number, handler in enumerate(statement.handlers):
                yield f"except {number}", handler.body
            yield "else", statement.otherwise
            yield "finally", statement.final
        case Match():
            for number, case in enumerate(statement.cases):
                yield f"case {number}", case.body
        case _:
            return


def leaves(block: Block) -> bool:
    """Whether control never runs past the end of the block: it returns, raises, breaks or continues."""
    for statement in block:
        match statement:
            case Return() | Raise():
                return True
            case Jump(kind=kind) if kind != "pass":
                return True
            case If() if statement.otherwise and leaves(statement.body) and leaves(statement.otherwise):
                return True
            case With() if leaves(statement.body):
                return True
            case Try() if leaves(statement.final) or (
                leaves(statement.body + statement.otherwise)
                and all(leaves(handler.body) for handler in statement.handlers)
            ):
                return True
            case _:
                continue
    return False

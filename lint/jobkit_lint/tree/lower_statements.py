"""Statements, functions and classes of Python's own parser, made into ours."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from jobkit_lint.tree import expressions as e
from jobkit_lint.tree import statements as s
from jobkit_lint.tree.lower_expressions import OPERATORS, every, expression, maybe, place


def block(nodes: Sequence[ast.stmt], qualname: str, imports: dict[str, str]) -> s.Block:
    """The statements of one block. Imports in it go into `imports` (local name to dotted target)."""
    statements: list[s.AnyStatement] = []
    for node in nodes:
        if isinstance(node, ast.Import | ast.ImportFrom):
            imports.update(import_targets(node))
            continue
        statements.append(statement(node, qualname, imports))
    return tuple(statements)


def statement(node: ast.stmt, qualname: str, imports: dict[str, str]) -> s.AnyStatement:
    """One statement with all its blocks."""

    def inner(nodes: Sequence[ast.stmt]) -> s.Block:
        return block(nodes, qualname, imports)

    at = place(node)
    match node:
        case ast.Expr():
            return s.Evaluate(at, expression(node.value))
        case ast.Assign():
            return s.Assign(at, every(node.targets), expression(node.value))
        case ast.AnnAssign():
            return s.Assign(at, (expression(node.target),), maybe(node.value), expression(node.annotation))
        case ast.AugAssign():
            operator = OPERATORS[type(node.op)]
            return s.Assign(at, (expression(node.target),), expression(node.value), None, operator)
        case ast.Return():
            return s.Return(at, maybe(node.value))
        case ast.Raise():
            return s.Raise(at, maybe(node.exc), maybe(node.cause))
        case ast.If():
            return s.If(at, expression(node.test), inner(node.body), inner(node.orelse))
        case ast.For() | ast.AsyncFor():
            is_async = isinstance(node, ast.AsyncFor)
            target, iterable = expression(node.target), expression(node.iter)
            return s.For(at, target, iterable, inner(node.body), inner(node.orelse), is_async)
        case ast.While():
            return s.While(at, expression(node.test), inner(node.body), inner(node.orelse))
        case ast.With() | ast.AsyncWith():
            contexts = tuple([expression(item.context_expr) for item in node.items])
            targets = tuple([maybe(item.optional_vars) for item in node.items])
            return s.With(at, contexts, targets, inner(node.body), isinstance(node, ast.AsyncWith))
        case ast.Try() | ast.TryStar():
            handlers = tuple([s.Handler(maybe(h.type), h.name, inner(h.body), place(h)) for h in node.handlers])
            return s.Try(at, inner(node.body), handlers, inner(node.orelse), inner(node.finalbody))
        case ast.Match():
            cases = tuple([s.Case(_captures(c.pattern), maybe(c.guard), inner(c.body)) for c in node.cases])
            return s.Match(at, expression(node.subject), cases)
        case ast.FunctionDef() | ast.AsyncFunctionDef():
            return function(node, f"{qualname}.<locals>.", with_body=True)
        case ast.ClassDef():
            return class_(node, f"{qualname}.<locals>.", with_bodies=frozenset())
        case ast.Assert():
            return s.Assert(at, expression(node.test))
        case ast.Delete():
            return s.Delete(at, every(node.targets))
        case ast.Global() | ast.Nonlocal():
            kind = "global" if isinstance(node, ast.Global) else "nonlocal"
            return s.Declare(at, kind, tuple(node.names))
        case ast.Break() | ast.Continue():
            return s.Jump(at, type(node).__name__.lower())
        case _:
            return s.Jump(at, "pass")


def _captures(pattern: ast.pattern) -> tuple[str, ...]:
    names: list[str] = []
    for node in ast.walk(pattern):
        if isinstance(node, ast.MatchAs | ast.MatchStar) and node.name is not None:
            names.append(node.name)
        elif isinstance(node, ast.MatchMapping) and node.rest is not None:
            names.append(node.rest)
    return tuple(names)


def import_targets(node: ast.Import | ast.ImportFrom) -> dict[str, str]:
    """Local name to dotted target. A relative import keeps its leading dots (``..models.Order``).

    A star import is kept under the name ``*target``.
    """
    if isinstance(node, ast.Import):
        return {
            alias.asname or alias.name.partition(".")[0]: (alias.name if alias.asname else alias.name.partition(".")[0])
            for alias in node.names
        }
    base = "." * node.level + (node.module or "")
    separator = "." if node.module else ""
    targets: dict[str, str] = {}
    for alias in node.names:
        if alias.name == "*":
            targets[f"*{base}"] = base
        else:
            targets[alias.asname or alias.name] = f"{base}{separator}{alias.name}"
    return targets


def function(node: ast.FunctionDef | ast.AsyncFunctionDef, prefix: str, with_body: bool) -> s.FunctionCode:
    """A function; without `with_body` only its head."""
    qualname = f"{prefix}{node.name}"
    imports: dict[str, str] = {}
    body = block(node.body, qualname, imports) if with_body else None
    at = place(node)
    if node.decorator_list:
        first = node.decorator_list[0]
        at = e.At(first.lineno, node.col_offset, at.end_line, at.end_column)
    return s.FunctionCode(
        at=at,
        name=node.name,
        qualname=qualname,
        line=node.lineno,
        column=node.col_offset,
        is_async=isinstance(node, ast.AsyncFunctionDef),
        parameters=_parameters(node.args),
        decorators=every(node.decorator_list),
        returns=maybe(node.returns),
        imports=imports,
        body=body,
    )


def _parameters(arguments: ast.arguments) -> tuple[s.Parameter, ...]:
    positional = [*arguments.posonlyargs, *arguments.args]
    missing = len(positional) - len(arguments.defaults)
    defaults: list[ast.expr | None] = [*([None] * missing), *arguments.defaults]
    found = [
        _parameter(argument, "positional" if index < len(arguments.posonlyargs) else "normal", default)
        for index, (argument, default) in enumerate(zip(positional, defaults, strict=True))
    ]
    if arguments.vararg is not None:
        found.append(_parameter(arguments.vararg, "star", None))
    found += [
        _parameter(argument, "keyword", default)
        for argument, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
    ]
    if arguments.kwarg is not None:
        found.append(_parameter(arguments.kwarg, "doublestar", None))
    return tuple(found)


def _parameter(argument: ast.arg, kind: str, default: ast.expr | None) -> s.Parameter:
    return s.Parameter(argument.arg, kind, maybe(argument.annotation), maybe(default), place(argument))


def class_(node: ast.ClassDef, prefix: str, with_bodies: frozenset[str]) -> s.ClassCode:
    """A class; the bodies of the methods whose qualified names are in `with_bodies` are lowered too."""
    qualname = f"{prefix}{node.name}"
    attributes: dict[str, e.AnyExpression] = {}
    annotations: dict[str, e.AnyExpression] = {}
    methods: dict[str, s.FunctionCode] = {}
    classes: dict[str, s.ClassCode] = {}
    for part in node.body:
        match part:
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                wanted = f"{qualname}.{part.name}" in with_bodies
                methods[part.name] = function(part, f"{qualname}.", wanted)
            case ast.ClassDef():
                classes[part.name] = class_(part, f"{qualname}.", with_bodies)
            case ast.Assign():
                value = expression(part.value)
                for target in part.targets:
                    if isinstance(target, ast.Name):
                        attributes[target.id] = value
            case ast.AnnAssign(target=ast.Name(id=name)):
                annotations[name] = expression(part.annotation)
                if part.value is not None:
                    attributes[name] = expression(part.value)
            case _:
                continue
    return s.ClassCode(
        at=place(node),
        name=node.name,
        qualname=qualname,
        line=node.lineno,
        column=node.col_offset,
        bases=every(node.bases),
        keywords=tuple([e.Keyword(word.arg, expression(word.value), place(word)) for word in node.keywords]),
        decorators=every(node.decorator_list),
        attributes=attributes,
        annotations=annotations,
        methods=methods,
        classes=classes,
    )

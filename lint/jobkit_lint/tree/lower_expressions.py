"""Expressions of Python's own parser, made into ours.

Only what is asked for is lowered, for this costs more than parsing. Literals longer than the bounds below
keep their size and lose their tail.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence

from jobkit_lint.tree import expressions as e

MAX_TEXT = 2000
MAX_ITEMS = 64
MAX_TERMS = 100

OPERATORS: dict[type[ast.AST], str] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
    ast.FloorDiv: "//",
    ast.Mod: "%",
    ast.Pow: "**",
    ast.MatMult: "@",
    ast.LShift: "<<",
    ast.RShift: ">>",
    ast.BitOr: "|",
    ast.BitXor: "^",
    ast.BitAnd: "&",
    ast.And: "and",
    ast.Or: "or",
    ast.Not: "not",
    ast.UAdd: "+",
    ast.USub: "-",
    ast.Invert: "~",
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.Is: "is",
    ast.IsNot: "is not",
    ast.In: "in",
    ast.NotIn: "not in",
}


def place(node: ast.expr | ast.stmt | ast.keyword | ast.arg | ast.excepthandler) -> e.At:
    """The range of a node of Python's parser."""
    end_line = node.end_lineno if node.end_lineno is not None else node.lineno
    end_column = node.end_col_offset if node.end_col_offset is not None else node.col_offset
    return e.At(node.lineno, node.col_offset, end_line, end_column)


def _is_long_chain(node: ast.expr) -> bool:
    """Whether a sum has so many terms that nobody could walk down to the first one."""
    for _ in range(MAX_TERMS):
        if not isinstance(node, ast.BinOp):
            return False
        node = node.left
    return True


def expression(node: ast.expr) -> e.AnyExpression:
    """One expression with all its parts."""
    at = place(node)
    match node:
        case ast.Name():
            return e.Name(at, node.id)
        case ast.Attribute():
            return e.Attribute(at, expression(node.value), node.attr)
        case ast.Constant():
            return _constant(at, node.value)
        case ast.Call():
            return e.Call(
                at,
                expression(node.func),
                tuple([expression(argument) for argument in node.args]),
                tuple([e.Keyword(word.arg, expression(word.value), place(word)) for word in node.keywords]),
            )
        case ast.List() | ast.Tuple() | ast.Set():
            kind = type(node).__name__.lower()
            return e.Collection(at, kind, _some(node.elts), len(node.elts))
        case ast.Dict():
            keys = tuple([None if key is None else expression(key) for key in node.keys[:MAX_ITEMS]])
            return e.Mapping(at, keys, _some(node.values), len(node.keys))
        case ast.Subscript():
            return e.Subscript(at, expression(node.value), expression(node.slice))
        case ast.BinOp() if _is_long_chain(node):
            return e.Opaque(at)
        case ast.BinOp():
            operator = OPERATORS[type(node.op)]
            return e.Operation(at, (operator,), (expression(node.left), expression(node.right)))
        case ast.BoolOp():
            word = OPERATORS[type(node.op)]
            operands = tuple([expression(value) for value in node.values])
            return e.Operation(at, (word,) * (len(operands) - 1), operands)
        case ast.UnaryOp():
            return e.Operation(at, (OPERATORS[type(node.op)],), (expression(node.operand),))
        case ast.Compare():
            words = tuple([OPERATORS[type(operator)] for operator in node.ops])
            parts = [expression(node.left), *[expression(value) for value in node.comparators]]
            return e.Operation(at, words, tuple(parts))
        case _:
            return _rare_expression(node, at)


def _rare_expression(node: ast.expr, at: e.At) -> e.AnyExpression:
    match node:
        case ast.Await():
            return e.Await(at, expression(node.value))
        case ast.IfExp():
            return e.Conditional(at, expression(node.test), expression(node.body), expression(node.orelse))
        case ast.JoinedStr():
            return e.Text(at, _some(node.values))
        case ast.FormattedValue():
            return expression(node.value)
        case ast.Lambda():
            arguments = node.args
            named = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
            named += [star for star in (arguments.vararg, arguments.kwarg) if star is not None]
            given = [*arguments.defaults, *[value for value in arguments.kw_defaults if value is not None]]
            names = tuple(argument.arg for argument in named)
            return e.Lambda(at, names, every(given), expression(node.body))
        case ast.ListComp() | ast.SetComp() | ast.GeneratorExp():
            kinds = {ast.ListComp: "list", ast.SetComp: "set", ast.GeneratorExp: "generator"}
            return e.Comprehension(at, kinds[type(node)], (expression(node.elt),), _generators(node.generators))
        case ast.DictComp():
            pair = (expression(node.key), expression(node.value))
            return e.Comprehension(at, "dict", pair, _generators(node.generators))
        case ast.Starred():
            return e.Starred(at, expression(node.value))
        case ast.Slice():
            return e.Slice(at, maybe(node.lower), maybe(node.upper))
        case ast.NamedExpr():
            return e.Assigned(at, expression(node.target), expression(node.value))
        case ast.Yield() | ast.YieldFrom():
            return e.Yield(at, maybe(node.value))
        case _:
            return e.Opaque(at)


def _constant(at: e.At, value: object) -> e.Constant:
    match value:
        case str():
            text = value[:MAX_TEXT]
            if not text.isascii():
                # a lone surrogate cannot be encoded for another process or the cache
                text = text.encode("utf-8", "replace").decode()
            return e.Constant(at, "str", text, len(value))
        case bytes():
            return e.Constant(at, "bytes", None, len(value))
        case bool() | float():
            return e.Constant(at, type(value).__name__, value, 0)
        case int():
            return e.Constant(at, "int", value if -(2**63) <= value < 2**63 else str(value)[:MAX_TEXT], 0)
        case None:
            return e.Constant(at, "None", None, 0)
        case _:
            return e.Constant(at, type(value).__name__, None, 0)


def _some(nodes: Sequence[ast.expr]) -> tuple[e.AnyExpression, ...]:
    return tuple([expression(node) for node in nodes[:MAX_ITEMS]])


def every(nodes: Sequence[ast.expr]) -> tuple[e.AnyExpression, ...]:
    """Each of the expressions, however many."""
    return tuple([expression(node) for node in nodes])


def maybe(node: ast.expr | None) -> e.AnyExpression | None:
    """The expression, if there is one."""
    return None if node is None else expression(node)


def _generators(nodes: Sequence[ast.comprehension]) -> tuple[e.Generator, ...]:
    return tuple(e.Generator(expression(node.target), expression(node.iter), every(node.ifs)) for node in nodes)

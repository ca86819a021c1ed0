"""Mutators: each takes source text and yields what is left of it once one precaution is taken out."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator

Mutate = Callable[[str], Iterable[str]]


def _copies(text: str, wanted: Callable[[ast.AST], bool]) -> Iterator[tuple[ast.Module, ast.AST]]:
    """A fresh tree for each node that is wanted, with that node."""
    count = sum(wanted(node) for node in ast.walk(ast.parse(text)))
    for number in range(count):
        tree = ast.parse(text)
        yield tree, [node for node in ast.walk(tree) if wanted(node)][number]


def _named(call: ast.AST, *names: str) -> bool:
    return isinstance(call, ast.Call) and getattr(call.func, "attr", getattr(call.func, "id", "")) in names


class _Swap(ast.NodeTransformer):
    def __init__(self, old: ast.AST, new: ast.AST | list[ast.stmt] | None) -> None:
        self.old, self.new = old, new

    def visit(self, node: ast.AST) -> ast.AST | list[ast.stmt] | None:
        return self.new if node is self.old else self.generic_visit(node)


def _swapped(tree: ast.Module, old: ast.AST, new: ast.AST | list[ast.stmt] | None) -> str:
    return ast.unparse(ast.fix_missing_locations(_Swap(old, new).visit(tree)))


def without_keyword(*names: str) -> Mutate:
    """The call without one of these keywords."""

    def mutate(text: str) -> Iterator[str]:
        for tree, call in _copies(text, lambda node: _has_keyword(node, names)):
            assert isinstance(call, ast.Call)
            call.keywords = [word for word in call.keywords if word.arg not in names]
            yield ast.unparse(tree)

    return mutate


def _has_keyword(node: ast.AST, names: tuple[str, ...]) -> bool:
    return isinstance(node, ast.Call) and any(word.arg in names for word in node.keywords)


def keyword_set(name: str, *values: str) -> Mutate:
    """The call with another value for a keyword, which it has already."""

    def mutate(text: str) -> Iterator[str]:
        for value in values:
            for tree, call in _copies(text, lambda node: _has_keyword(node, (name,))):
                assert isinstance(call, ast.Call)
                for word in call.keywords:
                    if word.arg == name:
                        word.value = ast.parse(value, mode="eval").body
                yield ast.unparse(tree)

    return mutate


def called(old: str, new: str) -> Mutate:
    """Another method in the place of the careful one."""

    def mutate(text: str) -> Iterator[str]:
        for tree, call in _copies(text, lambda node: _named(node, old)):
            assert isinstance(call, ast.Call)
            assert isinstance(call.func, ast.Attribute)
            call.func.attr = new
            yield ast.unparse(tree)

    return mutate


def without_tests(text: str) -> Iterator[str]:
    """Without an early return, and with the body of an ``if`` run always."""
    for tree, node in _copies(text, lambda node: isinstance(node, ast.If)):
        assert isinstance(node, ast.If)
        leaves = isinstance(node.body[-1], ast.Return)
        yield _swapped(tree, node, [] if leaves else node.body)


def without_context(text: str) -> Iterator[str]:
    """The body of a ``with`` without it."""
    for tree, node in _copies(text, lambda node: isinstance(node, ast.With)):
        assert isinstance(node, ast.With)
        yield _swapped(tree, node, node.body)


def without_handlers(text: str) -> Iterator[str]:
    """The body of a ``try`` without it."""
    for tree, node in _copies(text, lambda node: isinstance(node, ast.Try)):
        assert isinstance(node, ast.Try)
        yield _swapped(tree, node, node.body)


def unwrapped(*functions: str) -> Mutate:
    """``x`` in the place of ``str(x)``, ``x.isoformat()``, ``list(x)``, ``x.pk``, ``x[:9]``."""

    def mutate(text: str) -> Iterator[str]:
        for tree, node in _copies(text, lambda node: _wraps(node, functions)):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                inner = node.func.value
            else:
                inner = node.args[0] if isinstance(node, ast.Call) else getattr(node, "value")  # noqa: B009
            yield _swapped(tree, node, inner)

    return mutate


def _wraps(node: ast.AST, names: tuple[str, ...]) -> bool:
    if isinstance(node, ast.Attribute):
        return node.attr in names
    if isinstance(node, ast.Subscript):
        return "[]" in names
    return _named(node, *(name.removesuffix("()") for name in names if name.endswith("()")))


def replaced(old: str, *new: str) -> Mutate:
    """The text with something else in its place; for what is one word."""

    def mutate(text: str) -> Iterator[str]:
        assert old in text
        for other in new:
            yield text.replace(old, other)

    return mutate


def any_of(*mutators: Mutate) -> Mutate:
    """The mutants of each."""

    def mutate(text: str) -> Iterator[str]:
        for one in mutators:
            yield from one(text)

    return mutate

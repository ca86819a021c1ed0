"""What is known of one file, as plain values: the result of the parallel part, and what the cache keeps.

Definitions have their heads always, their bodies only where somebody needed them. `requests` are the
qualified names whose bodies are wanted; the rest is decided by `wanted_bodies`.
"""

from __future__ import annotations

import ast
import bisect
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import msgspec

from jobkit_lint.diagnostic import Problem
from jobkit_lint.newer_syntax import repaired
from jobkit_lint.signs import Signs
from jobkit_lint.source import Source, Unreadable
from jobkit_lint.suppressions import Suppression, suppressions_in
from jobkit_lint.tree import lower_statements as lower
from jobkit_lint.tree.expressions import AnyExpression, Constant, Name
from jobkit_lint.tree.statements import AnyStatement, Assign, ClassCode, FunctionCode

Definition = ast.FunctionDef | ast.AsyncFunctionDef
MAX_DEPTH = 3000


class FileSummary(msgspec.Struct):
    """One file: names it imports, what it defines, and the module-level statements that matter.

    `imports` maps a local name to its dotted target (relative ones keep their dots), `stars` are the modules
    of star imports, `functions` and `classes` are by qualified name, `variables` by name with the last value
    assigned at module level, `annotations` what those were declared as, `body` has the module-level statements
    with a sign of a job.
    """

    path: str
    imports: dict[str, str]
    stars: list[str]
    functions: dict[str, FunctionCode]
    classes: dict[str, ClassCode]
    variables: dict[str, AnyExpression]
    body: tuple[AnyStatement, ...]
    suppressions: list[Suppression]
    annotations: dict[str, AnyExpression] = {}


_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(FileSummary)


def parse(source: Source) -> ast.Module:
    """Python's tree of the file. Raises `Unreadable` with the line, whatever is wrong with it."""
    text = source.text
    try:
        with _room(MAX_DEPTH):
            return parsed(text)
    except SyntaxError as error:
        message = f"cannot be parsed: {error.msg}"
        raise Unreadable(Problem("syntax", source.path, message, error.lineno)) from error
    except ValueError as error:
        message = f"cannot be parsed: {error}"
        raise Unreadable(Problem("syntax", source.path, message, 1)) from error
    except (RecursionError, MemoryError) as error:
        message = "cannot be parsed: it is nested too deeply"
        raise Unreadable(Problem("syntax", source.path, message, 1)) from error


def parsed(text: str) -> ast.Module:
    """Python's tree of a text, also of one in the syntax of a newer Python. Raises as `ast.parse` does."""
    try:
        return ast.parse(text)
    except SyntaxError as error:
        lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
        last, found = 0, error
        # each repair moves the error down, or the file is broken
        while found.lineno is not None and found.lineno > last and repaired(lines, found.lineno):
            last = found.lineno
            try:
                return ast.parse("\n".join(lines))
            except SyntaxError as other:
                found = other
        raise error


@contextmanager
def _room(depth: int) -> Iterator[None]:
    """Lets calls nest as deep as that in the block."""
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(max(limit, depth))
    try:
        yield
    finally:
        sys.setrecursionlimit(limit)


def encode(summary: FileSummary) -> bytes:
    """The summary as MessagePack. Raises `Unreadable` for one that is nested too deeply."""
    try:
        with _room(MAX_DEPTH):
            return _ENCODER.encode(summary)
    except RecursionError as error:
        message = "cannot be judged: an expression is nested too deeply"
        raise Unreadable(Problem("syntax", summary.path, message, 1)) from error


def decode(content: bytes) -> FileSummary:
    """The summary that `encode` made MessagePack of."""
    # reading takes more of the stack than writing did
    with _room(3 * MAX_DEPTH):
        return _DECODER.decode(content)


def summarise(source: Source, signs: Signs, requests: Iterable[str] = ()) -> FileSummary:
    """The summary of a file. Raises `Unreadable` for one that cannot be parsed."""
    tree = parse(source)
    try:
        return _Summarising(source, signs.lines(source.content)).run(tree, frozenset(requests))
    except RecursionError as error:
        message = "cannot be judged: an expression is nested too deeply"
        raise Unreadable(Problem("syntax", source.path, message, 1)) from error


class _Summarising:
    def __init__(self, source: Source, sign_lines: Sequence[int]) -> None:
        self.source = source
        self.sign_lines = sign_lines
        self.result = FileSummary(source.path, {}, [], {}, {}, {}, (), suppressions_in(source))

    def run(self, tree: ast.Module, requests: frozenset[str]) -> FileSummary:
        definitions = dict(_definitions(tree.body, ""))
        wanted = self.wanted_bodies(definitions) | requests
        self.body: list[AnyStatement] = []
        self.block(tree.body, wanted)
        self.result.body = tuple(self.body)
        return self.result

    def has_sign(self, node: ast.stmt) -> bool:
        first = node.lineno
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and node.decorator_list:
            first = node.decorator_list[0].lineno
        index = bisect.bisect_left(self.sign_lines, first)
        return index < len(self.sign_lines) and self.sign_lines[index] <= (node.end_lineno or first)

    def wanted_bodies(self, definitions: dict[str, Definition]) -> frozenset[str]:
        """Functions with a sign of a job, decorated ones, bodies of job-like classes, and what they call."""
        wanted = {name for name, node in definitions.items() if self.has_sign(node) or _is_job_like(name, node)}
        fresh = wanted
        for _ in range(2):
            called = {callee for name in fresh for callee in _local_calls(name, definitions[name])}
            fresh = (called & definitions.keys()) - wanted
            wanted = wanted | fresh
        return frozenset(wanted)

    def block(self, nodes: Sequence[ast.stmt], wanted: frozenset[str]) -> None:
        for node in nodes:
            match node:
                case ast.FunctionDef() | ast.AsyncFunctionDef():
                    code = lower.function(node, "", with_body=node.name in wanted)
                    self.result.functions[node.name] = code
                    self.result.variables.pop(node.name, None)
                case ast.ClassDef():
                    self.result.classes[node.name] = lower.class_(node, "", wanted)
                    if any(self.has_sign(part) for part in node.body if not isinstance(part, Definition)):
                        self.body += lower.block(_plain(node.body), node.name, {})
                case ast.Import() | ast.ImportFrom():
                    self.imports(node)
                case ast.Assign() | ast.AnnAssign() | ast.AugAssign():
                    self.assign(node)
                case ast.Expr():
                    if self.has_sign(node):
                        self.body.append(lower.statement(node, "", {}))
                case _:
                    if self.has_sign(node):
                        self.body.append(lower.statement(node, "", self.result.imports))
                    for inner in _inner_blocks(node):
                        self.block(inner, wanted)

    def imports(self, node: ast.Import | ast.ImportFrom) -> None:
        for name, target in lower.import_targets(node).items():
            if name.startswith("*"):
                self.result.stars.append(target)
            else:
                self.result.imports.setdefault(name, target)

    def assign(self, node: ast.Assign | ast.AnnAssign | ast.AugAssign) -> None:
        statement = lower.statement(node, "", {})
        if self.has_sign(node):
            self.body.append(statement)
        if isinstance(statement, Assign) and statement.annotation is not None:
            for target in statement.targets:
                if isinstance(target, Name):
                    self.result.annotations[target.id] = statement.annotation
                    self.result.variables.setdefault(target.id, Constant(statement.at, "None", None, 0))
        if isinstance(statement, Assign) and statement.value is not None and statement.operator is None:
            for target in statement.targets:
                name = getattr(target, "id", None)
                if isinstance(name, str):
                    self.result.variables[name] = statement.value


def _plain(nodes: Sequence[ast.stmt]) -> list[ast.stmt]:
    return [node for node in nodes if not isinstance(node, Definition | ast.ClassDef)]


def _inner_blocks(node: ast.stmt) -> Iterator[list[ast.stmt]]:
    for field in ("body", "orelse", "finalbody"):
        inner: Any = getattr(node, field, None)
        if isinstance(inner, list):
            yield inner
    if isinstance(node, ast.Try | ast.TryStar):
        for handler in node.handlers:
            yield handler.body
    elif isinstance(node, ast.Match):
        for case in node.cases:
            yield case.body


def _definitions(nodes: Sequence[ast.stmt], prefix: str) -> Iterator[tuple[str, Definition]]:
    for node in nodes:
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                yield f"{prefix}{node.name}", node
            case ast.ClassDef():
                yield from _definitions(node.body, f"{prefix}{node.name}.")
            case ast.If() | ast.Try() | ast.With():
                for inner in _inner_blocks(node):
                    yield from _definitions(inner, prefix)
            case _:
                continue


_JOB_WORDS = ("task", "job", "actor", "queue", "cron", "periodic", "schedule", "background", "worker", "retry")


def _is_job_like(name: str, node: Definition) -> bool:
    """Whether a function is likely a job: only to have its body at hand, never to judge it."""
    if name.rpartition(".")[2] in ("run", "perform"):
        return True
    for decorator in node.decorator_list:
        function = decorator.func if isinstance(decorator, ast.Call) else decorator
        text = ast.unparse(function).lower() if isinstance(function, ast.Name | ast.Attribute) else ""
        if any(word in text for word in _JOB_WORDS):
            return True
    return False


def _local_calls(name: str, node: Definition) -> Iterator[str]:
    """Qualified names that a function may call in its own file: bare names, and methods of its class."""
    owner = name.rpartition(".")[0]
    for inner in ast.walk(node):
        if isinstance(inner, ast.Call):
            match inner.func:
                case ast.Name(id=called):
                    yield called
                case ast.Attribute(value=ast.Name(id="self" | "cls"), attr=called) if owner:
                    yield f"{owner}.{called}"
                case _:
                    continue

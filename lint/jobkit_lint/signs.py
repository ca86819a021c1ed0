"""A text test on the bytes of a file: is there any sign of a job in it? Most files of a project end here.

The patterns are made from the framework data and the settings. Those that begin with a literal byte are
tried first; they are an order of magnitude faster than the others.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cached_property

from jobkit_lint.frameworks.model import Framework

# methods with a name so common that the parenthesis must follow
_SHORT = 3


class Signs:
    """The text test for a set of frameworks, house names (`words`) and settings of periodic jobs.

    `active` are frameworks known to be in use, whose commoner method names are signs as well.
    """

    def __init__(
        self, frameworks: Iterable[Framework], words: Iterable[str] = (), active: Iterable[Framework] = ()
    ) -> None:
        self.frameworks = tuple(frameworks)
        self.words = tuple(sorted({word.rpartition(".")[2] for word in words}))
        self.active = tuple(active)

    @cached_property
    def calls(self) -> re.Pattern[bytes]:
        """Enqueue calls and decorators that need no import of the framework in the same file."""
        long: set[str] = set()
        short: set[str] = set()
        decorators: set[str] = set()
        for framework in self.frameworks:
            for method in framework.methods:
                if method.strong:
                    (short if len(method.name) < _SHORT else long).add(method.name)
            long |= {e.path.rpartition(".")[2] for e in framework.enqueuers if "()." in e.path}
            decorators |= {d.path.rpartition(".")[2] for d in framework.decorators if "()." in d.path}
        short |= {method.name for framework in self.active for method in framework.methods}
        parts = [rf"\.(?:{_either(long)})\b"]
        if short:
            parts.append(rf"\.(?:{_either(short)})\(")
        if decorators:
            parts.append(rf"@[\w.]+\.(?:{_either(decorators)})\b")
        return re.compile("|".join(parts).encode())

    @cached_property
    def all_calls(self) -> re.Pattern[bytes]:
        """Calls of any enqueue method: what to look into once a file is known to have to do with jobs."""
        names = {method.name for framework in self.frameworks for method in framework.methods}
        names |= {e.path.rpartition(".")[2] for framework in self.frameworks for e in framework.enqueuers}
        return re.compile(rf"\b(?:{_either(names)})\b".encode())

    @cached_property
    def imports(self) -> re.Pattern[bytes]:
        """An import line that names a framework."""
        roots = {package for framework in self.frameworks for package in framework.packages}
        return re.compile(rf"^[ \t]*(?:from|import)[ \t][^\n]*\b(?:{_either(roots)})\b".encode(), re.MULTILINE)

    @cached_property
    def literals(self) -> tuple[bytes, ...]:
        """Texts of which one must be there before `imports` is worth trying."""
        roots = {package for framework in self.frameworks for package in framework.packages}
        return tuple(sorted(root.encode() for root in roots))

    @cached_property
    def house(self) -> re.Pattern[bytes] | None:
        """Names from the settings and of periodic tables, as whole words."""
        tables = {name for framework in self.frameworks for name in framework.schedules}
        words = {*self.words, *tables}
        return re.compile(rf"\b(?:{_either(words)})\b".encode()) if words else None

    def has_any(self, content: bytes) -> bool:
        """Whether the file is worth parsing."""
        if self.calls.search(content) is not None:
            return True
        if any(root in content for root in self.literals) and self.imports.search(content) is not None:
            return True
        return any(word.encode() in content for word in self.words) or (
            self.house is not None and self.house.search(content) is not None
        )

    def lines(self, content: bytes) -> list[int]:
        """The lines (from 1, sorted) with a sign that is not just an import."""
        found = {*_line_numbers(content, self.calls), *_line_numbers(content, self.all_calls)}
        if self.house is not None:
            found |= set(_line_numbers(content, self.house))
        return sorted(found)


def _line_numbers(content: bytes, pattern: re.Pattern[bytes]) -> Iterator[int]:
    line, last = 1, 0
    for match in pattern.finditer(content):
        line += content.count(b"\n", last, match.start())
        last = match.start()
        yield line


def _either(names: Iterable[str]) -> str:
    return "|".join(re.escape(name) for name in sorted(names))

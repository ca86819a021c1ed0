"""A text test on the bytes of a file: is there any sign of a job in it? Most files of a project end here.

The patterns are made from the framework data and the settings. Those that begin with a literal byte are
tried first; they are an order of magnitude faster than the others.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

from jobkit_lint.frameworks.model import Framework

# methods with a name so common that the parenthesis must follow
_SHORT = 3
# class names of more letters than this say what they are for
_TELLING = 8
# so many searches for a text each take longer than one for a pattern of words
_MANY = 24
# an import, up to one of its names
_IMPORTED = r"import\b(?:[^\n(]*|[ \t]*\([^)]*)\b"


@dataclass(frozen=True)
class Learned:
    """Names of the project that the first look at its files has taught, each with the files it asks for.

    `decorators` make jobs, `bases` are job classes, `called` are jobs that a plain call enqueues, `jobs` those of
    frameworks whose enqueue methods have common names (`methods`), `modules` the files that define them.
    """

    decorators: frozenset[str] = frozenset()
    bases: frozenset[str] = frozenset()
    called: frozenset[str] = frozenset()
    jobs: frozenset[str] = frozenset()
    methods: frozenset[str] = frozenset()
    modules: frozenset[str] = frozenset()

    @cached_property
    def names(self) -> frozenset[str]:
        """All names."""
        return self.decorators | self.bases | self.called | self.jobs

    @property
    def digest(self) -> bytes:
        """A short name for the set of names."""
        groups = (self.decorators, self.bases, self.called, self.jobs, self.methods, self.modules)
        return hashlib.blake2b(repr([sorted(group) for group in groups]).encode(), digest_size=12).digest()

    @cached_property
    def _alone(self) -> re.Pattern[bytes] | None:
        # each alternative begins with a literal text, or the search would be ten times slower
        parts: list[str] = []
        if self.decorators:
            parts.append(rf"@[\w.]*\b(?:{_either(self.decorators)})\b")
        if self.bases:
            parts.append(rf"class[ \t]+\w+[ \t]*\([^)]*\b(?:{_either(self.bases)})\b")
        return re.compile("|".join(parts).encode()) if parts else None

    @cached_property
    def _renamed(self) -> re.Pattern[bytes] | None:
        names = self.decorators | self.bases
        return re.compile(rf"{_IMPORTED}(?:{_either(names)})[ \t]+as\b".encode()) if names else None

    @cached_property
    def _called(self) -> re.Pattern[bytes] | None:
        return self._mention(self.called, r"\(")

    @cached_property
    def _jobs(self) -> re.Pattern[bytes] | None:
        return self._mention(self.jobs, r"\.") if self.methods else None

    def _mention(self, names: Iterable[str], use: str) -> re.Pattern[bytes] | None:
        """Where a file gets at one of the names: it imports it, or all of its file, or takes it as an attribute."""
        either = _either(names)
        if not either:
            return None
        everything = rf"from[ \t]+[\w.]*\b(?:{_either(self.modules)})[ \t]+import[ \t]+\*"
        return re.compile(rf"{_IMPORTED}(?:{either})\b|{everything}|\.(?:{either}){use}".encode())

    @cached_property
    def _methods(self) -> re.Pattern[bytes]:
        return re.compile(rf"\.(?:{_either(self.methods)})\b".encode())

    def has_any(self, content: bytes) -> bool:
        """Whether the file uses one of the names."""
        for pattern in (self._alone, self._renamed, self._called):
            if pattern is not None and pattern.search(content) is not None:
                return True
        return (
            self._jobs is not None
            and self._methods.search(content) is not None
            and self._jobs.search(content) is not None
        )


class Signs:
    """The text test for a set of frameworks.

    `words` are house names of the settings, `texts` what rules ask for, `learned` what the project's files taught.
    """

    def __init__(
        self,
        frameworks: Iterable[Framework],
        words: Iterable[str] = (),
        texts: Iterable[str] = (),
        learned: Learned | None = None,
    ) -> None:
        self.frameworks = tuple(frameworks)
        self.texts_asked = tuple(sorted(set(texts)))
        self.words = tuple(sorted({word.rpartition(".")[2] for word in words}))
        self.learned = learned if learned is not None else Learned()

    def taught(self, learned: Learned) -> Signs:
        """The same with these names learned."""
        return Signs(self.frameworks, self.words, self.texts_asked, learned)

    @cached_property
    def calls(self) -> tuple[re.Pattern[bytes], ...]:
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
        # one pattern for each first byte: with two of them the search is five times slower
        patterns = [rf"\.(?:(?:{_either(long)})\b|(?:{_either(short)})\()"]
        if decorators:
            patterns.append(rf"@[\w.]+\.(?:{_either(decorators)})\b")
        return tuple(re.compile(pattern.encode()) for pattern in patterns)

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
        return _shortest(package for framework in self.frameworks for package in framework.packages)

    @cached_property
    def texts(self) -> tuple[bytes, ...]:
        """Texts that rules ask for, names of periodic tables, and of classes that list jobs and need no import."""
        tables = {name for framework in self.frameworks for name in framework.schedules}
        listings = {name for framework in self.frameworks for one in framework.listings for name in one.classes}
        # `Settings` and `Worker` say too little
        return _shortest({*self.texts_asked, *tables, *(name for name in listings if len(name) > _TELLING)})

    @cached_property
    def house(self) -> re.Pattern[bytes] | None:
        """The house names as whole words."""
        return re.compile(rf"\b(?:{_either(self.words)})\b".encode()) if self.words else None

    def has_any(self, content: bytes) -> bool:
        """Whether the file is worth parsing."""
        if any(pattern.search(content) is not None for pattern in self.calls):
            return True
        for root in self.literals:
            if root in content:
                if self.imports.search(content) is not None:
                    return True
                break
        for text in self.texts:
            if text in content:
                return True
        return self._has_house_name(content)

    def _has_house_name(self, content: bytes) -> bool:
        if self.house is None:
            return False
        if len(self.words) <= _MANY and not any(word.encode() in content for word in self.words):
            return False
        return self.house.search(content) is not None

    @cached_property
    def _line_patterns(self) -> tuple[re.Pattern[bytes], ...]:
        names = {*self.words, *self.texts_asked, *self.learned.names}
        names |= {name for framework in self.frameworks for name in framework.schedules}
        house = [re.compile(rf"\b(?:{_either(names)})\b".encode())] if names else []
        return (*self.calls, self.all_calls, *house)

    def lines(self, content: bytes) -> list[int]:
        """The lines (from 1, sorted) with a sign that is not just an import."""
        return sorted({line for pattern in self._line_patterns for line in _line_numbers(content, pattern)})


def _line_numbers(content: bytes, pattern: re.Pattern[bytes]) -> Iterator[int]:
    line, last = 1, 0
    for match in pattern.finditer(content):
        line += content.count(b"\n", last, match.start())
        last = match.start()
        yield line


def _shortest(names: Iterable[str]) -> tuple[bytes, ...]:
    """The names without those that contain another of them: whoever looks for these finds all."""
    kept: list[str] = []
    for name in sorted(set(names), key=lambda name: (len(name), name)):
        if not any(other in name for other in kept):
            kept.append(name)
    return tuple(name.encode() for name in kept)


def _either(names: Iterable[str]) -> str:
    return "|".join(re.escape(name) for name in sorted(names))

"""Tables from origin paths to what is known of them; ``*`` in a path stands for one step, ``**`` for any number."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Generic, TypeVar

Fact = TypeVar("Fact")

_STEP = r"[A-Za-z_][A-Za-z_0-9]*(?:\(\))?"


class PathTable(Generic[Fact]):
    """Looks up origin paths. The first step of a pattern is always a plain name: the library."""

    def __init__(self, entries: Mapping[str, Fact]) -> None:
        self._exact: dict[str, Fact] = {}
        self._patterns: dict[str, list[tuple[re.Pattern[str], Fact]]] = {}
        self.libraries = frozenset(path.partition(".")[0] for path in entries)
        for path, fact in entries.items():
            if "*" in path:
                text = re.escape(path).replace(r"\*\*", f"{_STEP}(?:\\.{_STEP})*").replace(r"\*", _STEP)
                library = path.partition(".")[0]
                self._patterns.setdefault(library, []).append((re.compile(text), fact))
            else:
                self._exact[path] = fact

    def get(self, path: str) -> Fact | None:
        """The fact for a path, or None."""
        fact = self._exact.get(path)
        if fact is not None:
            return fact
        for pattern, found in self._patterns.get(path.partition(".")[0], ()):
            if pattern.fullmatch(path):
                return found
        return None

    def first(self, paths: Iterable[str]) -> Fact | None:
        """The fact for the first of several spellings that has one."""
        for path in paths:
            fact = self.get(path)
            if fact is not None:
                return fact
        return None

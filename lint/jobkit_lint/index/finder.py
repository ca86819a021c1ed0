"""From a dotted name to the file that defines it, as Python would find it, without importing anything.

Nobody tells us ``sys.path``. Roots are tried from the importer outwards: the folders above its package (up to
the project's root), then ``src``-like folders there, then the folders that hold any package seen so far.
"""

from __future__ import annotations

# os.path and scandir are several times faster than pathlib, and this runs for each import:
# ruff: noqa: PTH100, PTH118, PTH119, PTH120, PTH122, PTH206, PTH208
import os
import sys
from collections.abc import Iterable

from jobkit_lint.cache import kept_state, names_digest

ROOT_FILES = frozenset({"manage.py", "pyproject.toml", "setup.py", "setup.cfg", "requirements.txt", "Pipfile"})
SOURCE_FOLDERS = ("src", "lib", "python", "app", "apps", "backend", "server", "packages")


class Finder:
    """Finds modules below `root`. `foreign` are import roots that are never looked for in the project.

    `unsaved` are absolute paths of files that are not on the disk: standard input, examples.
    """

    def __init__(self, root: str, foreign: Iterable[str] = (), unsaved: Iterable[str] = ()) -> None:
        self.root = os.path.abspath(root)
        self.foreign = frozenset(foreign) | sys.stdlib_module_names
        self.known_roots: dict[str, None] = {}
        self._listings: dict[str, frozenset[str]] = {}
        self._unsaved: dict[str, set[str]] = {}
        for path in unsaved:
            while path != self.root and os.path.dirname(path) != path:
                self._unsaved.setdefault(os.path.dirname(path), set()).add(os.path.basename(path))
                path = os.path.dirname(path)
        self._roots: dict[str, tuple[str, ...]] = {}
        self._found: dict[tuple[str, str], tuple[str, str]] = {}
        self._missing: dict[tuple[str, str], int] = {}

    def listing(self, folder: str) -> frozenset[str]:
        """The names in a folder; empty if it cannot be read."""
        names = self._listings.get(folder)
        if names is None:
            try:
                names = frozenset(os.listdir(folder))
            except OSError:
                names = frozenset()
            names |= self._unsaved.get(folder, set())
            self._listings[folder] = names
        return names

    def marks(self) -> dict[str, tuple[int, bytes]]:
        """Of each folder that was looked into: when it changed last, and a digest of its names."""
        return {folder: (_modified(folder), names_digest(names)) for folder, names in self._listings.items()}

    def is_same(self, folder: str, mark: tuple[int, bytes]) -> bool:
        """Whether a folder has the same names as when it got the mark."""
        return (mark[0] != 0 and _modified(folder) == mark[0]) or names_digest(self.listing(folder)) == mark[1]

    def package_root(self, path: str) -> str:
        """The folder that is likely on ``sys.path`` for the file at `path`.

        The first above its packages; for a file whose folder has no ``__init__.py``, the nearest folder above
        that is the start of a project or of its sources.
        """
        folder = os.path.dirname(os.path.abspath(path))
        if "__init__.py" not in self.listing(folder):
            return self._source_root(folder)
        while "__init__.py" in self.listing(folder):
            parent = os.path.dirname(folder)
            if parent == folder:
                break
            folder = parent
        return folder

    def _source_root(self, folder: str) -> str:
        current = folder
        while current != self.root and current.startswith(self.root + os.sep):
            if os.path.basename(current) in ("src", "lib") or self.listing(current) & ROOT_FILES:
                return current
            current = os.path.dirname(current)
        return current if current == self.root else folder

    def name(self, path: str) -> str:
        """The dotted name of the file at `path`."""
        path = os.path.abspath(path)
        relative = os.path.relpath(path, self.package_root(path))
        parts = os.path.splitext(relative)[0].split(os.sep)
        if parts[-1] == "__init__" and len(parts) > 1:
            parts.pop()
        return ".".join(parts)

    def roots(self, importer: str) -> tuple[str, ...]:
        """The folders in which the imports of `importer` are looked for, the likeliest first."""
        start = os.path.dirname(os.path.abspath(importer))
        found = self._roots.get(start)
        if found is None:
            folder = self.package_root(importer)
            self.known_roots.setdefault(folder)
            own = [] if "__init__.py" in self.listing(start) else [start]
            above = [*own, folder]
            while folder != self.root and folder.startswith(self.root + os.sep):
                folder = os.path.dirname(folder)
                above.append(folder)
            nested = [os.path.join(folder, name) for folder in above for name in SOURCE_FOLDERS]
            found = tuple(dict.fromkeys([*above, *(one for one in nested if self.listing(one))]))
            self._roots[start] = found
        return found

    def find(self, dotted: str, importer: str) -> tuple[str, str] | None:
        """The file of the longest prefix of `dotted` that is a module, and the rest of the name.

        None where the name is not in the project. A relative name keeps its leading dots.
        """
        key = (os.path.dirname(importer), dotted)
        found = self._found.get(key)
        if found is None and self._missing.get(key) != len(self.known_roots):
            found = self._find(dotted, importer)
            if found is not None:
                self._found[key] = found
            else:
                # a root that is known later may still have it
                self._missing[key] = len(self.known_roots)
        return found

    def _find(self, dotted: str, importer: str) -> tuple[str, str] | None:
        if dotted.startswith("."):
            level = len(dotted) - len(dotted.lstrip("."))
            folder = os.path.dirname(os.path.abspath(importer))
            for _ in range(level - 1):
                folder = os.path.dirname(folder)
            return self._below(folder, dotted[level:].split(".") if dotted[level:] else [], is_relative=True)
        parts = dotted.split(".")
        if parts[0] in self.foreign:
            return None
        for root in self.roots(importer):
            found = self._below(root, parts)
            if found is not None:
                return found
        for root in tuple(self.known_roots):
            found = self._below(root, parts)
            if found is not None:
                return found
        return None

    def _below(self, root: str, parts: list[str], is_relative: bool = False) -> tuple[str, str] | None:
        """The deepest module along `parts` below `root`. Folders without files of ours are passed through."""
        folder = root
        best: tuple[str, int] | None = None
        if is_relative and "__init__.py" in self.listing(folder):
            best = (os.path.join(folder, "__init__.py"), 0)
        for index, part in enumerate(parts):
            names = self.listing(folder)
            inner = os.path.join(folder, part)
            if part in names and "__init__.py" in self.listing(inner):
                best = (os.path.join(inner, "__init__.py"), index + 1)
            elif f"{part}.py" in names:
                return os.path.join(folder, f"{part}.py"), ".".join(parts[index + 1 :])
            elif part not in names or not self.listing(inner):
                break
            folder = inner
        return (best[0], ".".join(parts[best[1] :])) if best is not None else None


def _modified(folder: str) -> int:
    """When the names in a folder changed last; 0 where that does not tell."""
    return kept_state(folder).modified

"""Which files are looked at: what is below the given paths, less what git ignores and what is no source.

Virtual environments, caches and build folders are left out everywhere. Folder links are not followed, so
a loop of links is harmless. A file that is named itself is taken whatever its ending, unless it is
excluded (a hook passes names, and exclusion must hold there too). Files whose name is no text in any encoding cannot
be imported, nor told of, and are left out.
"""

# os.path and scandir are several times faster than pathlib, and this runs for each file of a project:
# ruff: noqa: PTH100, PTH110, PTH112, PTH113, PTH118, PTH120, PTH123

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from pathspec import GitIgnoreSpec

from jobkit_lint.errors import UsageError

ALWAYS_EXCLUDED = frozenset(
    {
        ".bzr", ".direnv", ".eggs", ".git", ".hg", ".ipynb_checkpoints", ".jobkit_cache", ".mypy_cache",
        ".nox", ".pants.d", ".pyenv", ".pytest_cache", ".pytype", ".ruff_cache", ".svn", ".tox", ".venv",
        ".vscode", "__pycache__", "__pypackages__", "_build", "buck-out", "build", "dist", "node_modules",
        "site-packages", "venv",
    }
)  # fmt: skip
SUFFIXES = (".py", ".pyi")

Excluded = Callable[[str, bool], bool]


def is_environment(names: Iterable[str]) -> bool:
    """Whether a folder with these entries is a virtual environment."""
    return "pyvenv.cfg" in names


class Ignored:
    """What the ``.gitignore`` files from the repository's root down to a folder say about its entries."""

    def __init__(self, layers: tuple[tuple[str, GitIgnoreSpec], ...] = ()) -> None:
        self.layers = layers

    def below(self, folder: str) -> Ignored:
        """The same with the ignore file of `folder`, if there is one."""
        path = os.path.join(folder, ".gitignore")
        try:
            with open(path, encoding="utf-8", errors="replace") as file:
                spec = GitIgnoreSpec.from_lines(file)
        except OSError:
            return self
        return Ignored((*self.layers, (folder, spec)))

    def has(self, path: str, is_folder: bool) -> bool:
        """Whether git ignores `path`: the innermost file that says anything decides."""
        for folder, spec in reversed(self.layers):
            relative = os.path.relpath(path, folder).replace(os.sep, "/") + ("/" if is_folder else "")
            decision = spec.check_file(relative).include
            if decision is not None:
                return decision
        return False


def ignored_above(folder: str) -> Ignored:
    """The ignore files from the root of the git repository that holds `folder`, down to its parent."""
    chain: list[str] = []
    current = os.path.abspath(folder)
    while True:
        if os.path.exists(os.path.join(current, ".git")):
            break
        parent = os.path.dirname(current)
        if parent == current:
            return Ignored()
        chain.append(parent)
        current = parent
    ignored = Ignored()
    for above in reversed(chain):
        ignored = ignored.below(above)
    return ignored


def python_files(paths: Sequence[str], exclude: GitIgnoreSpec, base: Path) -> Iterator[str]:
    """Every Python file below `paths`, each once, as a path in the form in which it was given.

    `exclude` has patterns in the form of git ignore files, relative to `base`. Raises `UsageError` for a
    path that is not there.
    """
    seen: set[str] = set()
    root = str(base)

    def excluded(path: str, is_folder: bool) -> bool:
        relative = os.path.relpath(path, root).replace(os.sep, "/") + ("/" if is_folder else "")
        return not relative.startswith("../") and exclude.match_file(relative)

    has_patterns = bool(exclude.patterns)
    for path in paths:
        if not _is_text(os.path.abspath(path)):
            shown = path.encode(errors="backslashreplace").decode()
            raise UsageError(f"{shown}: the name is no text in the encoding of this system; rename it")
        if os.path.isfile(path):
            found: Iterable[str] = () if has_patterns and excluded(path, False) else (os.path.normpath(path),)
        elif os.path.isdir(path):
            found = _walk(path, ignored_above(path), excluded if has_patterns else None)
        else:
            message = f"{path}: there is no such file or folder. Give paths that exist, or none for `.`"
            raise UsageError(message)
        for file in found:
            if file not in seen:
                seen.add(file)
                yield file


def _walk(start: str, ignored: Ignored, excluded: Excluded | None) -> Iterator[str]:
    stack = [(os.path.normpath(start), ignored)]
    while stack:
        folder, above = stack.pop()
        try:
            with os.scandir(folder) as entries:
                found = sorted(entries, key=lambda entry: entry.name)
        except PermissionError:
            # reading it as a file fails as well, with a message: what may not be looked into is told
            yield folder
            continue
        except OSError:
            continue
        names = {entry.name for entry in found}
        if is_environment(names):
            continue
        here = above.below(os.path.abspath(folder)) if ".gitignore" in names else above
        inner: list[tuple[str, Ignored]] = []
        for entry in found:
            name = entry.name
            path = name if folder == "." else os.path.join(folder, name)
            if name.endswith(SUFFIXES):
                if here.layers and here.has(os.path.abspath(path), False):
                    continue
                if excluded is not None and excluded(path, False):
                    continue
                if _is_file(entry) and _is_text(name):
                    yield path
            elif name not in ALWAYS_EXCLUDED and entry.is_dir(follow_symlinks=False) and _is_text(name):
                if here.layers and here.has(os.path.abspath(path), True):
                    continue
                if excluded is None or not excluded(path, True):
                    inner.append((path, here))
        stack.extend(reversed(inner))


def _is_file(entry: os.DirEntry[str]) -> bool:
    """Whether the entry is a file, or leads to one: a link to itself leads nowhere."""
    try:
        return entry.is_file()
    except OSError:
        return False


def _is_text(name: str) -> bool:
    """Whether a name can be written: bytes that are no text in the system's encoding are kept as surrogates."""
    return name.isascii() or not any("\ud800" <= character <= "\udfff" for character in name)

"""``--show-files``: what would be looked at."""

from __future__ import annotations

from pathspec import GitIgnoreSpec

from jobkit_lint.index.program import shown_files
from jobkit_lint.paths import python_files
from jobkit_lint.runner import Request


def show_files(request: Request) -> str:
    """The path of each file, one a line, in the order in which they are read."""
    exclude = GitIgnoreSpec.from_lines([*request.settings.exclude, *request.settings.extend_exclude])
    walked = shown_files(python_files(request.paths, exclude, request.root)) if request.paths else []
    return "".join(f"{shown}\n" for _, shown in [*walked, *shown_files(request.contents)])

"""A program made of texts: files that exist only in memory, read by the linter as if they were on the disk."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

from jobkit_lint.config import convert
from jobkit_lint.index.program import Program
from jobkit_lint.runner import Request, read_program

ROOT = Path("/project-in-memory")
ReadFiles = Callable[..., Program]


@pytest.fixture
def program() -> ReadFiles:
    """``program({"shop/tasks.py": "..."}, job_decorators=[...])`` gives the jobs and sites of the files."""

    def read(files: dict[str, str], **settings: object) -> Program:
        contents = {str(ROOT / path): textwrap.dedent(text).encode() for path, text in files.items()}
        table = {key.replace("_", "-"): value for key, value in settings.items()}
        return read_program(Request([], convert(table, "test"), ROOT, [], 1, contents))

    return read


@pytest.fixture(autouse=True)
def no_wishes_of_the_surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a terminal or a CI system asks for does not change what the tests see."""
    for name in ("GITHUB_ACTIONS", "NO_COLOR", "FORCE_COLOR", "CI_PROJECT_DIR"):
        monkeypatch.delenv(name, raising=False)

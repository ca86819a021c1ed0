"""Examples of a rule: small programs with the expected findings drawn under the source.

A line that holds nothing but carets (and, after them, a part of the message) marks the columns of the line
above it. ``# file: shop/models.py`` on a line of its own begins another file of the example; the first is
``shop/tasks.py`` unless named.
"""

from __future__ import annotations

import re
import textwrap
from dataclasses import dataclass, field
from functools import cached_property

from jobkit_lint.errors import RuleDefinitionError

_MARK = re.compile(r"^(?P<indent>\s*)(?P<carets>\^+)(?P<message>.*)$")
_FILE = re.compile(r"^# file: (?P<path>\S+)\s*$")
FIRST_FILE = "shop/tasks.py"


@dataclass(frozen=True, slots=True)
class Mark:
    """An expected finding: file, line, first column and end column (from 1), and a part of its message."""

    path: str
    line: int
    column: int
    end_column: int
    message: str


@dataclass(frozen=True)
class Example:
    """A titled program. `settings` are keys of ``[tool.jobkit.lint]`` that it needs.

    `before` is the program as it was at the commit that ``--since`` names, for rules that compare.
    """

    title: str
    code: str
    settings: dict[str, object] = field(default_factory=dict)
    before: str | None = field(default=None, kw_only=True)

    @cached_property
    def parsed(self) -> tuple[dict[str, str], tuple[Mark, ...]]:
        """The files without marks, and the marks."""
        files: dict[str, list[str]] = {}
        marks: list[Mark] = []
        path = FIRST_FILE
        for line in textwrap.dedent(self.code).strip("\n").split("\n"):
            header = _FILE.match(line)
            mark = _MARK.match(line)
            if header is not None:
                path = header["path"]
                files.setdefault(path, [])
            elif mark is not None:
                lines = files.get(path, [])
                if not lines:
                    raise RuleDefinitionError(f"example {self.title!r}: a mark has no line of source above it")
                column = len(mark["indent"]) + 1
                end = column + len(mark["carets"])
                marks.append(Mark(path, len(lines), column, end, mark["message"].strip()))
            else:
                files.setdefault(path, []).append(line)
        return {name: "\n".join(lines) + "\n" for name, lines in files.items()}, tuple(marks)

    @property
    def files(self) -> dict[str, str]:
        """The files of the program, by path."""
        return self.parsed[0]

    @property
    def earlier(self) -> dict[str, str] | None:
        """The files of the program as they were, by path; empty ones for those that are new."""
        if self.before is None:
            return None
        return {**dict.fromkeys(self.files, ""), **Example(self.title, self.before).files}

    @property
    def marks(self) -> tuple[Mark, ...]:
        """The expected findings."""
        return self.parsed[1]


@dataclass(frozen=True)
class Bad(Example):
    """A program with findings. `fixed` is the first file after the rule's fixes, if it has any."""

    fixed: str | None = None

    @property
    def fixed_text(self) -> str | None:
        """The expected text after the fixes."""
        return textwrap.dedent(self.fixed).strip("\n") + "\n" if self.fixed is not None else None


@dataclass(frozen=True)
class Good(Example):
    """A program without findings."""

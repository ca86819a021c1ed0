"""One file of the user's: its bytes, its text in the encoding that it declares, and its lines."""

from __future__ import annotations

import io
import tokenize
from functools import cached_property

from jobkit_lint.diagnostic import Problem
from jobkit_lint.tree.expressions import At

MAX_BYTES = 20_000_000


class Unreadable(Exception):
    """A file that cannot be judged; `problem` says why, with the line where there is one."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem


class Source:
    """The content of a file. `path` is what is shown to the user.

    Raises `Unreadable` when the bytes are not text in the declared encoding.
    """

    def __init__(self, path: str, content: bytes) -> None:
        self.path = path
        self.content = content

    @cached_property
    def text(self) -> str:
        """The text, without a byte order mark, its line ends as they are."""
        try:
            encoding, _ = tokenize.detect_encoding(io.BytesIO(self.content).readline)
            text = self.content.decode(encoding)
        except (SyntaxError, UnicodeDecodeError, LookupError) as error:
            reason = f"cannot be decoded: {error}. Save it as UTF-8, or declare its encoding in line 1"
            raise Unreadable(Problem("unreadable", self.path, reason, 1)) from error
        return text.removeprefix("\ufeff")

    @cached_property
    def lines(self) -> list[str]:
        """The lines as Python counts them, without their ends (a form feed ends no line)."""
        return self.text.replace("\r\n", "\n").replace("\r", "\n").split("\n")

    def column(self, line: int, offset: int) -> int:
        """The column (from 1, in characters) of the byte `offset` that Python's parser gave for `line`."""
        if not 0 < line <= len(self.lines):
            return offset + 1
        text = self.lines[line - 1]
        if text.isascii():
            return offset + 1
        return len(text.encode()[:offset].decode(errors="ignore")) + 1

    def segment(self, at: At) -> str:
        """The source text of a range."""
        first, last = self.column(at.line, at.column) - 1, self.column(at.end_line, at.end_column) - 1
        if at.line == at.end_line:
            return self.lines[at.line - 1][first:last]
        middle = self.lines[at.line : at.end_line - 1]
        return "\n".join([self.lines[at.line - 1][first:], *middle, self.lines[at.end_line - 1][:last]])


def read(path: str, shown: str) -> Source:
    """The file at `path`, named `shown` in messages. Raises `Unreadable` with the reason."""
    try:
        # several times faster than pathlib, for each file of a project
        with open(path, "rb") as file:  # noqa: PTH123
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        reason = f"cannot be read: {error.strerror or error}"
        raise Unreadable(Problem("unreadable", shown, reason)) from error
    if len(content) > MAX_BYTES:
        reason = f"is larger than {MAX_BYTES // 1_000_000} MB and was left out; name it in `exclude`"
        raise Unreadable(Problem("unreadable", shown, reason))
    return Source(shown, content)

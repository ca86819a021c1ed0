"""``# jobkit: ignore[JK401] reason`` and ``# noqa: JK401``: findings that the user has decided to keep.

A comment holds for the statement's line on which it stands. ``# jobkit: ignore-file[JK401] reason`` holds for
the whole file. A bare ``# noqa`` is honoured as other linters do; a bare ``# jobkit: ignore`` holds for all
rules.
"""

from __future__ import annotations

import io
import re
import tokenize
from collections.abc import Collection, Mapping

import msgspec

from jobkit_lint.diagnostic import Edit
from jobkit_lint.source import Source

_OURS = re.compile(r"#\s*jobkit:\s*ignore(?P<file>-file)?(?:\s*\[(?P<codes>[^\]]*)\])?(?P<reason>[^#]*)", re.I)
_NOQA = re.compile(r"#\s*noqa(?::[ \t]*(?P<codes>[A-Z][A-Z0-9-]*(?:[,\s]+[A-Z]+[0-9]+)*))?", re.I)
_NOQA_NAME = re.compile(r"[A-Z]+[0-9]+", re.I)


class Suppression(msgspec.Struct, frozen=True, array_like=True):
    """One comment: `codes` are codes or names of rules, empty for all of them."""

    line: int
    column: int
    end_column: int
    codes: tuple[str, ...]
    reason: str
    is_ours: bool
    whole_file: bool

    @property
    def place(self) -> tuple[int, int]:
        """Line and column, which tell the comments of a file apart."""
        return (self.line, self.column)

    def names(self, given: str, code: str, name: str) -> bool:
        """Whether `given`, one of `codes`, means the rule: code or name; in a `noqa` a beginning of the code too."""
        return given.upper() == code or given.lower() == name or (not self.is_ours and code.startswith(given.upper()))

    def holds_for(self, code: str, name: str) -> bool:
        """Whether a finding of the rule is covered."""
        return not self.codes or any(self.names(given, code, name) for given in self.codes)


def suppressions_in(source: Source) -> list[Suppression]:
    """Every suppression comment of a file, in order. Texts that only look like one are none."""
    content = source.content.lower()
    if b"jobkit:" not in content and b"noqa" not in content:
        return []
    found: list[Suppression] = []
    try:
        # by the lines of the source, for a lone carriage return ends one too
        for token in tokenize.generate_tokens(io.StringIO("\n".join(source.lines)).readline):
            if token.type == tokenize.COMMENT:
                found += _in_comment(token.string, token.start[0], token.start[1] + 1)
    except (tokenize.TokenError, SyntaxError):
        return found
    return found


def _in_comment(comment: str, line: int, column: int) -> list[Suppression]:
    found: list[Suppression] = []
    for match in _OURS.finditer(comment):
        codes = tuple(code.strip() for code in (match["codes"] or "").split(",") if code.strip())
        start, end = column + match.start(), column + len(match.group().rstrip()) + match.start()
        reason = match["reason"].strip(" \t:-")
        found.append(Suppression(line, start, end, codes, reason, True, match["file"] is not None))
    for match in _NOQA.finditer(comment):
        codes = tuple(_NOQA_NAME.findall(match["codes"] or ""))
        if match["codes"] is None or codes:
            start, end = column + match.start(), column + match.end()
            found.append(Suppression(line, start, end, codes, "", False, False))
    return found


def rewritten(source: Source, suppression: Suppression, codes: Mapping[str, str]) -> Edit:
    """The edit that replaces `codes` (as they stand in the comment) by others in a comment that names them."""
    text = _text(source, suppression)
    start = text.index("[") if suppression.is_ours else text.index(":")
    words = re.compile("|".join(rf"(?<![\w-]){re.escape(code)}(?![\w-])" for code in codes))
    listed = words.sub(lambda match: codes[match.group()], text[start:])
    return Edit(suppression.line, suppression.column, suppression.line, suppression.end_column, text[:start] + listed)


def widened(source: Source, suppression: Suppression, codes: Collection[str]) -> Edit:
    """The edit that adds codes to one of our comments that names some."""
    text = _text(source, suppression)
    first, last = text.index("[") + 1, text.index("]")
    listed = ", ".join(dict.fromkeys([*suppression.codes, *codes]))
    return Edit(
        suppression.line,
        suppression.column,
        suppression.line,
        suppression.end_column,
        text[:first] + listed + text[last:],
    )


def removed(source: Source, suppression: Suppression, codes: Collection[str]) -> Edit:
    """The edit that takes `codes` out of a comment, and the comment away when nothing is left of it."""
    line, column, end = suppression.line, suppression.column, suppression.end_column
    left = [code for code in suppression.codes if code not in codes]
    if suppression.codes and left:
        text = _text(source, suppression)
        listed = ", ".join(left)
        if suppression.is_ours:
            first, last = text.index("[") + 1, text.index("]")
            return Edit(line, column, line, end, text[:first] + listed + text[last:])
        return Edit(line, column, line, end, f"{text[: text.index(':') + 1]} {listed}")
    whole = source.lines[line - 1]
    before, behind = whole[: column - 1], whole[end - 1 :].strip()
    if not before.strip() and not behind:
        return Edit(line, 1, line + 1, 1, "")
    if behind and not behind.startswith("#"):
        # the rest of the comment is somebody's text
        return Edit(line, column, line, end, "#")
    if before.strip():
        return Edit(line, len(before.rstrip()) + 1, line, end, "")
    return Edit(line, column, line, len(whole) - len(whole[end - 1 :].lstrip()) + 1, "")


def _text(source: Source, suppression: Suppression) -> str:
    return source.lines[suppression.line - 1][suppression.column - 1 : suppression.end_column - 1]

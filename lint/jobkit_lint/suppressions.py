"""``# jobkit: ignore[JK401] reason`` and ``# noqa: JK401``: findings that the user has decided to keep.

A comment holds for the statement's line on which it stands. ``# jobkit: ignore-file[JK401] reason`` holds for
the whole file. A bare ``# noqa`` is honoured as other linters do; a bare ``# jobkit: ignore`` holds for all
rules.
"""

from __future__ import annotations

import io
import re
import tokenize

import msgspec

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

    def holds_for(self, code: str, name: str) -> bool:
        """Whether a finding of the rule is covered."""
        if not self.codes:
            return True
        return any(
            given.upper() == code or given.lower() == name or (not self.is_ours and code.startswith(given.upper()))
            for given in self.codes
        )


def suppressions_in(source: Source) -> list[Suppression]:
    """Every suppression comment of a file, in order. Texts that only look like one are none."""
    content = source.content.lower()
    if b"jobkit:" not in content and b"noqa" not in content:
        return []
    found: list[Suppression] = []
    try:
        for token in tokenize.generate_tokens(io.StringIO(source.text).readline):
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

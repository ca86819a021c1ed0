"""Makes text that a newer Python understands readable for the one that runs: the linter must not miss such files.

Each repair is made at the place of a syntax error and changes nothing that is judged: type parameters (Python 3.12)
become blanks, exceptions without parentheses (3.14) get them. Lines stay lines; columns move only in the repaired
header. What cannot be repaired stays an error.
"""

from __future__ import annotations

import re

_GENERIC = re.compile(r"^\s*(?:async\s+def|def|class)\s+\w+\s*(?=\[)")
_ALIAS = re.compile(r"^(?P<indent>\s*)type\s+(?P<name>\w+)\s*(?P<parameters>\[[^=]*\])?\s*=")
# `except ValueError, error:` is Python 2: the last name there is that of a variable
_EXCEPT = re.compile(r"^(?P<head>\s*except\*?\s+)(?P<types>[\w.]+(?:\s*,\s*(?:\w+\.)*_*[A-Z]\w*)+)\s*,?(?P<end>\s*:)")


def repaired(lines: list[str], line: int) -> bool:
    """Repairs what a newer Python reads at a line (from 1) where the parser stopped; whether there was anything."""
    return any(repair(lines, line - 1) for repair in (_exceptions, _alias, _parameters) if 0 < line <= len(lines))


def _exceptions(lines: list[str], index: int) -> bool:
    match = _EXCEPT.match(lines[index])
    if match is None:
        return False
    rest = lines[index][match.end() :]
    lines[index] = f"{match['head']}({match['types']}){match['end']}{rest}"
    return True


def _alias(lines: list[str], index: int) -> bool:
    match = _ALIAS.match(lines[index])
    if match is None:
        return False
    lines[index] = f"{match['indent']}{match['name']} ={lines[index][match.end() :]}"
    return True


def _parameters(lines: list[str], index: int) -> bool:
    """Blanks the brackets after the name of a function or class, over several lines if they are."""
    match = _GENERIC.match(lines[index])
    if match is None:
        return False
    depth, column = 0, match.end()
    while index < len(lines):
        text = lines[index]
        for place in range(column, len(text)):
            depth += (text[place] == "[") - (text[place] == "]")
            if depth == 0:
                lines[index] = text[:column] + " " * (place + 1 - column) + text[place + 1 :]
                return True
        # within the brackets a line may end anywhere; without them it must be continued
        lines[index] = f"{text[:column]}\\"
        index, column = index + 1, 0
    return False

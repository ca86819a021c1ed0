"""On which line of a TOML text each key stands; the standard library's reader does not tell."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator


def toml_lines(text: str) -> dict[tuple[str | int, ...], int]:
    """The line (from 1) at which each key path of a well-formed TOML `text` begins.

    The text is read in growing parts: the part that first contains a key ends with the line of that key. This is
    exact for every spelling (tables, dotted keys, inline tables), and quadratic, so it is only for error messages.
    """
    lines = text.split("\n")
    found: dict[tuple[str | int, ...], int] = {}
    begin = 0
    for end in range(1, len(lines) + 1):
        try:
            data = tomllib.loads("\n".join(lines[:end]))
        except tomllib.TOMLDecodeError:
            continue  # in the midst of a value of several lines, which then begins at `begin`
        for path in _paths(data, ()):
            found.setdefault(path, begin + 1)
        begin = end
    return found


def _paths(value: object, path: tuple[str | int, ...]) -> Iterator[tuple[str | int, ...]]:
    items: list[tuple[str | int, object]]
    if isinstance(value, dict):
        items = [(str(key).removeprefix(":"), inner) for key, inner in value.items()]
    elif isinstance(value, list):
        items = list(enumerate(value))
    else:
        return
    for key, inner in items:
        yield (*path, key)
        yield from _paths(inner, (*path, key))

"""Colour for terminals."""

from __future__ import annotations

from jobkit_lint.diagnostic import Severity

SEVERITY_COLOURS = {Severity.ERROR: "31", Severity.WARNING: "33", Severity.INFO: "36"}


def paint(text: str, code: str, colour: bool) -> str:
    """The text between the escape sequences of a colour, or as it is if `colour` is not wanted."""
    return f"\x1b[{code}m{text}\x1b[0m" if colour else text

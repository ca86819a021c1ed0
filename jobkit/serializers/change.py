"""One argument that does not arrive as it was passed."""

from __future__ import annotations

import reprlib
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from jobkit.serializers.culprits import culprit


class ChangeKind(StrEnum):
    """What happens to the argument on its way."""

    TYPE = "type"  # it arrives with another type
    KEY = "key"  # a key of a dict arrives as text
    VALUE = "value"  # it arrives with another value
    REFUSED = "refused"  # it does not arrive: the wire takes no such value


class _Refused:
    def __repr__(self) -> str:
        return "REFUSED"


#: stands for what arrives where nothing does
REFUSED: Final = _Refused()


@dataclass(frozen=True, slots=True)
class Change:
    """An argument that does not arrive as it was passed.

    Attributes:
        path: where it is, ``arguments[0]["size"]``; for a key of a dict, the path of what it leads to.
        kind: what happens to it.
        passed: the value, or the key, that was passed.
        arrives: what the job gets instead; `REFUSED` if it gets nothing.
        advice: what to pass instead, a sentence without its full stop.
    """

    path: str
    kind: ChangeKind
    passed: Any
    arrives: Any
    advice: str

    def __str__(self) -> str:
        if self.kind is ChangeKind.REFUSED:
            usual = culprit(self.passed)
            return f"{self.path}: {usual[0] if usual else _typed(self.passed)} is refused. {self.advice}."
        subject = "the key " if self.kind is ChangeKind.KEY else ""
        return (
            f"{self.path}: {subject}{_typed(self.passed)} {_shown(self.passed)} "
            f"arrives as {_typed(self.arrives)} {_shown(self.arrives)}. {self.advice}."
        )


def _typed(value: object) -> str:
    name = type(value).__name__
    return f"{'an' if name[:1].lower() in 'aeiou' else 'a'} {name}" if value is not None else "None"


def _shown(value: object) -> str:
    return "" if value is None else reprlib.repr(value)

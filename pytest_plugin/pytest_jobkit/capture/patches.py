"""Changes for the length of a test, undone in reverse order."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

_ABSENT: Any = object()


class Patches:
    """The attributes that a capture has set, and what else is to be undone."""

    def __init__(self) -> None:
        self._undo: list[Callable[[], Any]] = []

    def replace(self, owner: Any, name: str, value: Any) -> Any:
        """Set ``owner.name``; returns what was there, inherited values included, or None.

        Only the owner's own attribute is put back: one that it inherited is uncovered again by deleting.
        """
        own = vars(owner).get(name, _ABSENT)
        before = getattr(owner, name, None)
        self._undo.append(partial(delattr, owner, name) if own is _ABSENT else partial(setattr, owner, name, own))
        setattr(owner, name, value)
        return before

    def afterwards(self, undo: Callable[[], Any]) -> None:
        """Call `undo` when the changes so far that came later have been undone."""
        self._undo.append(undo)

    def undo(self) -> None:
        """Put everything back, the last first."""
        while self._undo:
            self._undo.pop()()

"""Attributes set for the length of a test and put back in reverse order."""

from __future__ import annotations

from typing import Any

_ABSENT: Any = object()


class Patches:
    """The attributes that a capture has set."""

    def __init__(self) -> None:
        self._done: list[tuple[Any, str, Any]] = []

    def replace(self, owner: Any, name: str, value: Any) -> Any:
        """Set ``owner.name``; returns what was there, inherited values included, or None.

        Only the owner's own attribute is put back: one that it inherited is uncovered again by deleting.
        """
        own = vars(owner).get(name, _ABSENT)
        before = getattr(owner, name, None)
        self._done.append((owner, name, own))
        setattr(owner, name, value)
        return before

    def undo(self) -> None:
        """Put everything back, the last first."""
        while self._done:
            owner, name, own = self._done.pop()
            if own is _ABSENT:
                delattr(owner, name)
            else:
                setattr(owner, name, own)

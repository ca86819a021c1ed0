"""A text that is read from left to right, piece by piece, with the freedom to go back."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


class Reading:
    """Where in `text` the reading stands; set `position` back to undo."""

    def __init__(self, text: str) -> None:
        self.text = text.strip()
        self.position = 0

    @property
    def at_end(self) -> bool:
        return self.position >= len(self.text)

    @property
    def rest(self) -> str:
        """What has not been read."""
        return self.text[self.position :]

    def take(self, pattern: str, case: bool = False) -> re.Match[str] | None:
        """Read what matches `pattern` here; upper and lower case are one unless `case`."""
        match = re.compile(pattern, 0 if case else re.IGNORECASE).match(self.text, self.position)
        if match:
            self.position = match.end()
        return match

    def take_list(self, item: Callable[[Reading], T | None], separator: str, again: str = "") -> list[T]:
        """Read items with separators between; `again` may stand before each but the first. Empty if there is none."""
        items: list[T] = []
        while True:
            before = self.position
            if items and not self.take(separator):
                return items
            if items and again:
                self.take(again)
            found = item(self)
            if found is None:
                self.position = before
                return items
            items.append(found)

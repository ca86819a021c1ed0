"""The things that a world holds, each with three questions: has it changed, what is in it, how is it put back.

What is in a thing is told shallowly: other things that hold something stand as references. So a look at a world that
has hardly changed costs a few comparisons, and the shallow parts together are the identity of the durable state.
"""

from __future__ import annotations

import itertools
import re
from collections import deque
from collections.abc import Callable, Hashable
from operator import is_
from types import CellType
from typing import Any, TypeAlias

from pytest_jobkit.retry_safety.channels.base import Saver

#: gives an atom as it is, and a reference for a thing that holds something
Token: TypeAlias = Callable[[Any], Hashable]


class Held:
    """One thing with its content at the time of a look. In itself: a thing that cannot change (a tuple, a method).

    Attributes:
        thing: what is looked at.
        word: the type, as a part of the identity.
        parts: what it refers to, for things that cannot change.
        part: the shallow content.
    """

    __slots__ = ("before", "part", "parts", "thing", "word")

    def __init__(self, thing: Any, word: str = "", parts: tuple[Any, ...] = ()) -> None:
        self.thing = thing
        self.word = word
        self.parts = parts
        self.before: Any = None
        self.part: tuple[Hashable, ...] = ()

    def remember(self) -> None:
        """Keep the present content, to be put back later."""

    def is_same(self) -> bool:
        """Whether the content surely is what was remembered."""
        return True

    def look(self, token: Token) -> tuple[Hashable, ...]:
        """The shallow content."""
        return (self.word, *[token(part) for part in self.parts])

    def put_back(self) -> None:
        """Make the content what was remembered, in place."""


class HeldDict(Held):
    """A dict, of whatever class."""

    __slots__ = ()

    def remember(self) -> None:
        self.before = dict(self.thing)

    def is_same(self) -> bool:
        thing, before = self.thing, self.before
        return (
            len(thing) == len(before)
            and all(map(is_, thing.values(), before.values()))
            and all(map(is_, thing, before))
        )

    def look(self, token: Token) -> tuple[Hashable, ...]:
        return (self.word, *[(token(key), token(value)) for key, value in self.thing.items()])

    def put_back(self) -> None:
        dict.clear(self.thing)
        dict.update(self.thing, self.before)


class HeldAttributes(HeldDict):
    """The attributes of an object; `parts` are the names that make no difference."""

    __slots__ = ()

    def look(self, token: Token) -> tuple[Hashable, ...]:
        skip = self.parts
        return (self.word, *[(name, token(value)) for name, value in self.thing.items() if name not in skip])


class HeldCounting(HeldAttributes):
    """Attributes with an `itertools.count` among them. A count cannot be set back, so it becomes a new one."""

    __slots__ = ()

    def remember(self) -> None:
        self.before = _fresh_counts(self.thing)

    def is_same(self) -> bool:
        return False

    def put_back(self) -> None:
        dict.clear(self.thing)
        dict.update(self.thing, _fresh_counts(self.before))


class HeldItems(Held):
    """A list or a deque, of whatever class."""

    __slots__ = ()

    def remember(self) -> None:
        self.before = list(self.thing)

    def is_same(self) -> bool:
        return len(self.thing) == len(self.before) and all(map(is_, self.thing, self.before))

    def look(self, token: Token) -> tuple[Hashable, ...]:
        return (self.word, *[token(value) for value in self.thing])

    def put_back(self) -> None:
        if isinstance(self.thing, deque):
            self.thing.clear()
            self.thing.extend(self.before)
        else:
            self.thing[:] = self.before


class HeldSet(Held):
    """A set."""

    __slots__ = ()

    def remember(self) -> None:
        self.before = set(self.thing)

    def is_same(self) -> bool:
        return len(self.thing) == len(self.before) == 0

    def look(self, token: Token) -> tuple[Hashable, ...]:
        return (self.word, frozenset([token(value) for value in self.thing]))

    def put_back(self) -> None:
        self.thing.clear()
        self.thing.update(self.before)


class HeldBytes(Held):
    """A bytearray."""

    __slots__ = ()

    def remember(self) -> None:
        self.before = bytes(self.thing)

    def is_same(self) -> bool:
        return bool(self.thing == self.before)

    def look(self, token: Token) -> tuple[Hashable, ...]:
        return (self.word, bytes(self.thing))

    def put_back(self) -> None:
        self.thing[:] = self.before


class HeldSlots(Held):
    """An object whose attributes are slots; `parts` are their names."""

    __slots__ = ()

    def _values(self) -> dict[str, Any]:
        return {name: getattr(self.thing, name) for name in self.parts if hasattr(self.thing, name)}

    def remember(self) -> None:
        self.before = self._values()

    def is_same(self) -> bool:
        now = self._values()
        return len(now) == len(self.before) and all(map(is_, now.values(), self.before.values()))

    def look(self, token: Token) -> tuple[Hashable, ...]:
        return (self.word, *[(name, token(value)) for name, value in self._values().items()])

    def put_back(self) -> None:
        for name, value in self.before.items():
            object.__setattr__(self.thing, name, value)


class HeldCell(Held):
    """A variable that functions share."""

    __slots__ = ()
    thing: CellType

    def remember(self) -> None:
        self.before = self.thing.cell_contents

    def is_same(self) -> bool:
        return self.thing.cell_contents is self.before

    def look(self, token: Token) -> tuple[Hashable, ...]:
        return ("cell", token(self.thing.cell_contents))

    def put_back(self) -> None:
        self.thing.cell_contents = self.before


class HeldClock(Held):
    """A virtual clock. Time is put back, but makes no state another one."""

    __slots__ = ()

    def remember(self) -> None:
        self.before = dict(vars(self.thing))

    def look(self, token: Token) -> tuple[Hashable, ...]:
        return ("clock",)

    def put_back(self) -> None:
        vars(self.thing).update(self.before)


class HeldBySaver(Held):
    """Something that a saver knows how to save."""

    __slots__ = ()
    thing: Saver

    def remember(self) -> None:
        self.before = self.thing.save()

    def is_same(self) -> bool:
        is_unchanged = getattr(self.thing, "is_unchanged", None)
        return is_unchanged is not None and bool(is_unchanged(self.before))

    def look(self, token: Token) -> tuple[Hashable, ...]:
        return ("saved", self.thing.key())

    def put_back(self) -> None:
        self.thing.restore(self.before)


def _fresh_counts(attributes: dict[str, Any]) -> dict[str, Any]:
    """The attributes, each count as another one at the same number."""
    return {name: _same_count(value) if type(value) is itertools.count else value for name, value in attributes.items()}


def _same_count(count: itertools.count[Any]) -> itertools.count[Any]:
    start, *step = map(int, re.findall(r"-?\d+", repr(count)))
    return itertools.count(start, *step)

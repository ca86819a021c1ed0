"""A picture of a world: everything durable that can be reached, with what is in it."""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Callable, Collection, Hashable, Mapping
from functools import cache
from types import CellType, FunctionType, MethodType
from typing import Any, NamedTuple, TypeAlias

from jobkit.clock import VirtualClock
from pytest_jobkit.retry_safety.channels.base import Saver
from pytest_jobkit.retry_safety.worlds.durable_types import KNOWN, is_atom, is_plain_object
from pytest_jobkit.retry_safety.worlds.held import (
    Held,
    HeldAttributes,
    HeldBySaver,
    HeldBytes,
    HeldCell,
    HeldClock,
    HeldCounting,
    HeldDict,
    HeldItems,
    HeldSet,
    HeldSlots,
)

#: the way to a thing, as (way to its holder, what the holder holds, the holder)
Path: TypeAlias = "str | tuple[Path, Held, Any]"


class Unsavable(NamedTuple):
    """A thing of the world that nobody knows how to save."""

    path: str
    thing: str

    def __str__(self) -> str:
        return f"{self.path} is {self.thing}, which cannot be put back; offer snapshot() and restore(saved) on it"


class _Reference:
    """Stands for the thing with a number; there is one reference for each number in the process."""

    __slots__ = ("number",)

    def __init__(self, number: int) -> None:
        self.number = number

    def __repr__(self) -> str:
        return f"→{self.number}"


@cache
def _reference(number: int) -> _Reference:
    return _Reference(number)


class _MetSomethingNew(Exception):
    """The structure of the world is no longer that of the picture."""


class Picture:
    """One look at a world, from its roots.

    Args:
        roots: names and things to start from.
        saver: asks for the saver of a thing.
        volatile: attributes, as (id of their holder, name), that do not make two states different.
        added: savers of stores that no thing of the world leads to.

    Attributes:
        savers: what saves things that are no plain data.
        clocks: virtual clocks.
        unsavable: what cannot be put back.
    """

    def __init__(
        self,
        roots: Mapping[str, object],
        saver: Callable[[object], Saver | None],
        volatile: Collection[tuple[int, str]] = frozenset(),
        added: Collection[Saver] = (),
    ) -> None:
        self._saver = saver
        self._volatile = volatile
        self._numbers: dict[int, int] = {}
        self._kept: list[object] = []  # what is made on the way (bound methods) must not lend its id to another thing
        self._held: list[Held] = []
        self._ways: list[tuple[Path, object]] = []
        self.savers: list[Saver] = []
        self.clocks: list[VirtualClock] = []
        self.unsavable: list[Unsavable] = []
        self._roots = tuple([self._meet(thing, name) for name, thing in roots.items()])
        for store in added:
            self._add(HeldBySaver(store), store)
        self.key: Hashable = (self._roots, *[held.part for held in self._held])

    def remember(self) -> None:
        """Keep the content of everything, for `put_back`."""
        for held in self._held:
            held.remember()

    def put_back(self) -> None:
        """Make the world what it was when it was remembered."""
        for held in self._held:
            held.put_back()

    def things(self) -> dict[int, object]:
        """By their addresses, all things with a content, and everything in their remembered contents."""
        found: dict[int, object] = {id(thing): thing for thing in self._kept}
        for held in self._held:
            before = held.before
            inside = [held.thing, *held.parts]
            if isinstance(before, dict):
                inside += [*before, *before.values()]
            elif isinstance(before, list | set):
                inside += before
            elif not isinstance(held, HeldBySaver):
                inside.append(before)
            found.update((id(thing), thing) for thing in inside)
        return found

    def contents(self) -> list[Any]:
        """The remembered contents, in the order of the things."""
        return [held.before for held in self._held]

    def put_in(self, contents: list[Any]) -> None:
        """Make the world what another process has left, whose world was once the same."""
        for held, before in zip(self._held, contents, strict=True):
            held.before = before
            held.put_back()

    def present_key(self) -> Hashable | None:
        """The key of the world as it is now, seen with this picture in hand; None if its structure has changed."""
        parts: list[tuple[Hashable, ...]] = []
        same = True
        try:
            for held in self._held:
                part = held.part
                if not held.is_same():
                    same, part = False, held.look(self._known)
                    if _references(part) != _references(held.part):
                        return None
                parts.append(part)
        except _MetSomethingNew:
            return None
        return self.key if same else (self._roots, *parts)

    def fields(self) -> dict[str, Hashable]:
        """The plain data by its name, for people: ``{"shop.gateway.charges": 1}``."""
        fields: dict[str, Hashable] = {}
        for held, (path, owner) in zip(self._held, self._ways, strict=True):
            if type(held) in (HeldBySaver, HeldClock):
                continue
            name = spell(path, owner)
            if isinstance(held, HeldDict | HeldSlots):
                pairs: tuple[Any, ...] = held.part[1:]
                for key, value in pairs:
                    if type(value) is not _Reference:
                        fields[f"{name}.{key}" if isinstance(held, HeldAttributes) else f"{name}[{key!r}]"] = value
            else:
                fields[name] = held.part[1:]
        return fields

    def _known(self, thing: Any) -> Hashable:
        kind = type(thing)
        if KNOWN.get(kind) or is_atom(kind, thing):
            return thing  # type: ignore[no-any-return]  # an atom is hashable by definition
        number = self._numbers.get(id(thing))
        if number is None:
            if kind is itertools.count:
                return repr(thing)
            raise _MetSomethingNew
        return _reference(number)

    def _meet(self, thing: Any, path: Path) -> Hashable:
        kind = type(thing)
        if KNOWN.get(kind) or is_atom(kind, thing):
            return thing  # type: ignore[no-any-return]  # an atom is hashable by definition
        number = self._numbers.get(id(thing))
        if number is not None:
            return _reference(number)
        if kind is itertools.count:
            self.unsavable.append(Unsavable(spell(path, thing), "an itertools.count that is no attribute"))
            return repr(thing)
        self._kept.append(thing)
        number = self._numbers[id(thing)] = len(self._held)
        self._add(self._hold(thing, kind, path), thing, path)
        if isinstance(thing, dict | list | set | deque) and getattr(thing, "__dict__", None):
            self._meet(vars(thing), path)
        return _reference(number)

    def _add(self, held: Held, owner: object, path: Path = "") -> None:
        self._held.append(held)
        self._ways.append((path, owner))
        way = (path, held, owner)
        counts = isinstance(held, HeldCounting)
        held.part = held.look(
            lambda value: repr(value) if counts and type(value) is itertools.count else self._meet(value, way)
        )

    def _hold(self, thing: Any, kind: type, path: Path) -> Held:
        word = kind.__qualname__
        if kind is dict:
            return HeldDict(thing, word)
        if kind is list:
            return HeldItems(thing, word)
        saver = self._saver(thing)
        if saver is not None:
            self.savers.append(saver)
            return HeldBySaver(saver)
        if isinstance(thing, VirtualClock):
            self.clocks.append(thing)
            return HeldClock(thing)
        if kind is CellType:
            return HeldCell(thing)
        if kind is MethodType:
            return Held(thing, thing.__func__.__qualname__, (thing.__self__,))
        if kind is FunctionType:
            return Held(thing, thing.__qualname__, tuple(cell for cell in thing.__closure__ or () if _is_set(cell)))
        if isinstance(thing, dict | list | deque | set | frozenset | tuple | bytearray):
            return self._collection(thing, word)
        if not is_plain_object(thing):
            self.unsavable.append(Unsavable(spell(path, thing), f"a {kind.__module__}.{word}"))
            return Held(thing, f"{word} {id(thing)}")
        return self._object(thing, kind, word)

    def _object(self, thing: Any, kind: type, word: str) -> Held:
        attributes = getattr(thing, "__dict__", None)
        if attributes is None:
            return HeldSlots(thing, word, _slots(kind))
        if _slots(kind):  # both: the attributes are a thing of their own
            return HeldSlots(thing, word, (*_slots(kind), "__dict__"))
        skip = tuple(name for holder, name in self._volatile if holder == id(thing))
        counting = any(type(value) is itertools.count for value in attributes.values())
        return (HeldCounting if counting else HeldAttributes)(attributes, word, skip)

    @staticmethod
    def _collection(thing: Any, word: str) -> Held:
        if isinstance(thing, dict):
            return HeldDict(thing, word)
        if isinstance(thing, set):
            return HeldSet(thing, word)
        if isinstance(thing, bytearray):
            return HeldBytes(thing, word)
        if isinstance(thing, tuple | frozenset):
            return Held(thing, word, tuple(thing))
        return HeldItems(thing, word)


def _is_set(cell: CellType) -> bool:
    try:
        cell.cell_contents  # noqa: B018  # only asking tells whether the variable is assigned
    except ValueError:
        return False
    return True


def _references(part: tuple[Hashable, ...]) -> set[Hashable]:
    """The references in a shallow content: themselves, in pairs of name and value, in a set."""
    found: set[Hashable] = set()
    for value in part:
        if type(value) is _Reference:
            found.add(value)
        elif type(value) is tuple or type(value) is frozenset:
            found.update([inner for inner in value if type(inner) is _Reference])
    return found


@cache
def _slots(kind: type) -> tuple[str, ...]:
    names: list[str] = []
    for holder in kind.__mro__:
        slots = vars(holder).get("__slots__", ())
        names += (slots,) if isinstance(slots, str) else slots
    return tuple(name for name in names if name not in ("__dict__", "__weakref__"))


def spell(path: Path, thing: object) -> str:
    """The way to a thing as people write it: ``shop.gateway.answers``."""
    if isinstance(path, str):
        return path
    parent, held, owner = path
    content = held.before if held.before is not None else held.thing
    if isinstance(content, dict):
        name = next((key for key, value in content.items() if value is thing), "?")
        word = f".{name}" if isinstance(held, HeldAttributes) else f"[{name!r}]"
    else:
        word = "[...]"
    return f"{spell(parent, owner)}{word}"

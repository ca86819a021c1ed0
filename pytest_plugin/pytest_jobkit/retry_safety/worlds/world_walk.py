"""One look at the things of a world: the identity of its durable state, and how to put that back."""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Callable, Collection, Hashable
from functools import cache
from types import CellType, FunctionType, MethodType
from typing import Any, NamedTuple, TypeAlias

from jobkit.clock import VirtualClock
from pytest_jobkit.retry_safety.channels.base import Saver
from pytest_jobkit.retry_safety.worlds.durable_types import KNOWN, is_atom, is_plain_object
from pytest_jobkit.retry_safety.worlds.putting_back import (
    Undo,
    fresh_counts,
    refill_cell,
    refill_clock,
    refill_counting,
    refill_deque,
    refill_dict,
    refill_list,
    refill_set,
    refill_slot,
)

#: the way to a thing, as (way to its holder, its name there)
Path: TypeAlias = "str | tuple[Path, Any]"


class Unsavable(NamedTuple):
    """A thing of the world that nobody knows how to save."""

    path: str
    thing: str

    def __str__(self) -> str:
        return f"{self.path} is {self.thing}, which cannot be put back; offer snapshot() and restore(saved) on it"


def spell(path: Path) -> str:
    """A way to a thing as people write it: ``shop.gateway.answers[3]``."""
    if isinstance(path, str):
        return path
    holder, name = path
    word = f".{name}" if isinstance(name, str) and name.isidentifier() else f"[{name!r}]"
    return spell(holder) + word


class Walk:
    """One look.

    Args:
        saver: asks for the saver of a thing.
        volatile: attributes, as (id of their holder, name), that do not make two states different.

    Attributes:
        undo: how to put plain data back.
        savers: what saves the rest.
        clocks: virtual clocks; the time is no part of the state.
        unsavable: what cannot be saved.
    """

    def __init__(
        self, saver: Callable[[object], Saver | None], volatile: Collection[tuple[int, str]] = frozenset()
    ) -> None:
        self._saver = saver
        self._volatile = volatile
        self._met: dict[int, int] = {}
        self._kept: list[object] = []  # what is made on the way (bound methods) must not lend its id to another thing
        self.undo: list[Undo] = []
        self.savers: list[Saver] = []
        self.clocks: list[VirtualClock] = []
        self.unsavable: list[Unsavable] = []

    def key_of(self, thing: Any, path: Path) -> Hashable:
        """The identity of a thing's durable state; notes on the way how to put it back."""
        kind = type(thing)
        if KNOWN.get(kind) or is_atom(kind, thing):
            return thing  # type: ignore[no-any-return]  # an atom is hashable by definition
        met = self._met
        fresh = len(met)
        number = met.setdefault(id(thing), fresh)
        if number != fresh:
            return ("met", number)
        self._kept.append(thing)
        if kind is dict:
            self.undo.append((refill_dict, thing, thing.copy()))
            return ("dict", *[(self._name(key), self.key_of(value, (path, key))) for key, value in thing.items()])
        if kind is list:
            self.undo.append((refill_list, thing, thing.copy()))
            return ("list", *[self.key_of(value, path) for value in thing])
        saver = self._saver(thing)
        if saver is not None:
            self.savers.append(saver)
            return saver.key()
        return self._other(thing, kind, path)

    def _other(self, thing: Any, kind: type, path: Path) -> Hashable:
        if isinstance(thing, VirtualClock):
            self.clocks.append(thing)
            self.undo.append((refill_clock, vars(thing), vars(thing).copy()))
            return "clock"
        if kind is itertools.count:
            return repr(thing)
        if kind is MethodType:
            return (thing.__func__.__qualname__, self.key_of(thing.__self__, path))
        if kind is FunctionType:
            cells = zip(thing.__code__.co_freevars, thing.__closure__ or (), strict=True)
            return (thing.__qualname__, *[self._cell(cell, (path, name)) for name, cell in cells])
        if isinstance(thing, dict | list | deque | set | tuple | bytearray):
            return (kind.__qualname__, *self._items(thing, path), *self._attributes(thing, kind, path))
        if not is_plain_object(thing):
            self.unsavable.append(Unsavable(spell(path), f"a {kind.__module__}.{kind.__qualname__}"))
            return ("unsavable", id(thing))
        return (kind.__qualname__, *self._attributes(thing, kind, path))

    def _items(self, thing: Any, path: Path) -> list[Hashable]:
        """The content of a collection that is no plain list or dict."""
        if isinstance(thing, dict):
            self.undo.append((refill_dict, thing, dict(thing)))
            return [(self._name(key), self.key_of(value, (path, key))) for key, value in thing.items()]
        if isinstance(thing, set):
            self.undo.append((refill_set, thing, set(thing)))
            return [frozenset([self._name(value) for value in thing])]
        if isinstance(thing, bytearray):
            self.undo.append((refill_list, thing, bytes(thing)))
            return [bytes(thing)]
        if not isinstance(thing, tuple):
            self.undo.append((refill_deque if isinstance(thing, deque) else refill_list, thing, list(thing)))
        return [self.key_of(value, path) for value in thing]

    def _attributes(self, thing: Any, kind: type, path: Path) -> list[tuple[str, Hashable]]:
        keys: list[tuple[str, Hashable]] = []
        attributes = getattr(thing, "__dict__", None)
        if attributes:
            before: dict[str, Any] = attributes.copy()
            refill: Callable[[dict[Any, Any], dict[Any, Any]], None] = refill_dict
            for name, value in before.items():
                part = type(value)
                if KNOWN.get(part):
                    keys.append((name, value))
                    continue
                if part is itertools.count:
                    refill = refill_counting
                keys.append((name, self.key_of(value, (path, name))))
            self.undo.append((refill, attributes, before if refill is refill_dict else fresh_counts(before)))
        for name in _slots(kind):
            if hasattr(thing, name):
                value = getattr(thing, name)
                self.undo.append((refill_slot, (thing, name), value))
                keys.append((name, self.key_of(value, (path, name))))
        if self._volatile:
            keys = [key for key in keys if (id(thing), key[0]) not in self._volatile]
        return keys

    def _cell(self, cell: CellType, path: Path) -> Hashable:
        try:
            value = cell.cell_contents
        except ValueError:  # not assigned yet
            return None
        self.undo.append((refill_cell, cell, value))
        return self.key_of(value, path)

    def _name(self, key: Any) -> Hashable:
        return key if KNOWN.get(type(key)) else self.key_of(key, "key")


@cache
def _slots(kind: type) -> tuple[str, ...]:
    names: list[str] = []
    for holder in kind.__mro__:
        slots = vars(holder).get("__slots__", ())
        names += (slots,) if isinstance(slots, str) else slots
    return tuple(name for name in names if name not in ("__dict__", "__weakref__"))

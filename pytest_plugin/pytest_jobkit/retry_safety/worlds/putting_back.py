"""Puts plain data back in place, so that whoever holds a list, a dict or an object goes on holding it."""

from __future__ import annotations

import itertools
import re
from collections import deque
from collections.abc import Callable, Iterable
from operator import is_
from types import CellType
from typing import Any, TypeAlias

from pytest_jobkit.retry_safety.channels.base import Saver

#: how to put one thing back: the function, the thing, its former content
Undo: TypeAlias = tuple[Callable[..., None], Any, Any]


def put_back(saved: Iterable[Undo]) -> None:
    """Put everything back."""
    for refill, thing, before in saved:
        refill(thing, before)


def is_unchanged(saved: Iterable[Undo]) -> bool:
    """Whether surely nothing has changed since; False also where only looking closer could tell."""
    for refill, thing, before in saved:
        same = _SAME.get(refill)
        if same is None or not same(thing, before):
            return False
    return True


def refill_saver(saver: Saver, saved: Any) -> None:
    saver.restore(saved)


def refill_dict(thing: dict[Any, Any], before: dict[Any, Any]) -> None:
    dict.clear(thing)
    dict.update(thing, before)


def refill_list(thing: list[Any] | bytearray, before: Any) -> None:
    thing[:] = before


def refill_deque(thing: deque[Any], before: list[Any]) -> None:
    thing.clear()
    thing.extend(before)


def refill_set(thing: set[Any], before: set[Any]) -> None:
    thing.clear()
    thing.update(before)


def refill_clock(attributes: dict[str, Any], before: dict[str, Any]) -> None:
    refill_dict(attributes, before)


def refill_slot(place: tuple[Any, str], value: Any) -> None:
    object.__setattr__(place[0], place[1], value)


def refill_cell(cell: CellType, value: Any) -> None:
    cell.cell_contents = value


def refill_counting(attributes: dict[str, Any], before: dict[str, Any]) -> None:
    """Attributes with an `itertools.count` among them. A count cannot be set back, so it becomes a new one."""
    refill_dict(attributes, fresh_counts(before))


def fresh_counts(attributes: dict[str, Any]) -> dict[str, Any]:
    """The attributes, each count as another one at the same number."""
    return {name: _same_count(value) if type(value) is itertools.count else value for name, value in attributes.items()}


def _same_count(count: itertools.count[Any]) -> itertools.count[Any]:
    start, *step = map(int, re.findall(r"-?\d+", repr(count)))
    return itertools.count(start, *step)


def _same_values(thing: dict[Any, Any], before: dict[Any, Any]) -> bool:
    return (
        len(thing) == len(before)
        and all(map(is_, thing.values(), before.values()))
        and all(map(is_, thing.keys(), before.keys()))
    )


def _same_items(thing: Any, before: Any) -> bool:
    return len(thing) == len(before) and all(map(is_, thing, before))


def _same_saver(saver: Any, saved: Any) -> bool:
    known = getattr(saver, "is_unchanged", None)
    return known is not None and bool(known(saved))


_SAME: dict[Callable[..., None], Callable[[Any, Any], bool]] = {
    refill_dict: _same_values,
    refill_list: _same_items,
    refill_deque: _same_items,
    refill_set: lambda thing, before: len(thing) == len(before) == 0,
    refill_clock: lambda thing, before: True,  # time is no part of a state
    refill_slot: lambda place, value: getattr(place[0], place[1], None) is value,
    refill_cell: lambda cell, value: cell.cell_contents is value,
    refill_saver: _same_saver,
}

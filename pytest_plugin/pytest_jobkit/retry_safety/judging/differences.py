"""Where two values differ, as a list of places: the shortest true statement, not two dumps."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from typing import Any, NamedTuple

from pytest_jobkit.retry_safety.worlds.tables import Table, Tables


class _Absent:
    def __repr__(self) -> str:
        return "absent"


#: stands for what is not there
ABSENT: Any = _Absent()


class Difference(NamedTuple):
    """One place with what is there without faults and what is there now."""

    place: str
    wanted: Any
    found: Any

    def __str__(self) -> str:
        return f"{self.place}: {self.wanted!r} -> {self.found!r}"


def value_differences(wanted: Any, found: Any, place: str = "") -> Iterator[Difference]:
    """The places in which two values differ, going into mappings, sequences and dataclasses."""
    if wanted == found:
        return
    if isinstance(wanted, Mapping) and isinstance(found, Mapping):
        for key in [*wanted, *(key for key in found if key not in wanted)]:
            inner = f"{place}.{key}" if place else str(key)
            yield from value_differences(wanted.get(key, ABSENT), found.get(key, ABSENT), inner)
    elif isinstance(wanted, list | tuple) and type(wanted) is type(found):
        for number in range(max(len(wanted), len(found))):
            yield from value_differences(_item(wanted, number), _item(found, number), f"{place}[{number}]")
    elif isinstance(wanted, set | frozenset) and isinstance(found, set | frozenset):
        for value in sorted(wanted ^ found, key=repr):
            inside = value in wanted
            yield Difference(place or "set", value if inside else ABSENT, ABSENT if inside else value)
    elif is_dataclass(wanted) and type(wanted) is type(found):
        for part in fields(wanted):
            inner = f"{place}.{part.name}" if place else part.name
            yield from value_differences(getattr(wanted, part.name), getattr(found, part.name), inner)
    else:
        yield Difference(place or "observed", wanted, found)


def _item(values: list[Any] | tuple[Any, ...], number: int) -> Any:
    return values[number] if number < len(values) else ABSENT


def table_differences(wanted: Tables, found: Tables) -> Iterator[Difference]:
    """Rows that are missing, left over or changed. A changed row is told from others by its first column."""
    for name in [*wanted, *(name for name in found if name not in wanted)]:
        if name not in found:
            yield Difference(name, "a table", ABSENT)
        elif name not in wanted:
            yield Difference(name, ABSENT, "a table")
        elif wanted[name] != found[name]:
            yield from _row_differences(name, wanted[name], found[name])


def _row_differences(name: str, wanted: Table, found: Table) -> Iterator[Difference]:
    missing = list((Counter(wanted.rows) - Counter(found.rows)).elements())
    added = list((Counter(found.rows) - Counter(wanted.rows)).elements())
    for row in missing:
        twin = next((other for other in added if row and other and other[0] == row[0] and len(other) == len(row)), None)
        if twin is None:
            yield Difference(f"{name} row", _columns(wanted, row), ABSENT)
            continue
        added.remove(twin)
        for column, before, after in zip(wanted.columns, row, twin, strict=False):
            if before != after:
                yield Difference(f"{name}[{wanted.columns[0]}={row[0]!r}].{column}", before, after)
    for row in added:
        yield Difference(f"{name} row", ABSENT, _columns(found, row))


def _columns(table: Table, row: tuple[Any, ...]) -> dict[str, Any]:
    return dict(zip(table.columns, row, strict=False))

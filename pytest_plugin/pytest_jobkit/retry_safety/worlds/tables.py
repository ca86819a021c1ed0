"""Rows of a database as values: what is compared when a test does not say what to observe."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any, NamedTuple, Protocol, TypeAlias


class Table(NamedTuple):
    """The committed rows of one table, in the order of the table itself."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]


class Stable:
    """A large value with its hash worked out once."""

    __slots__ = ("_hash", "value")

    def __init__(self, value: Hashable) -> None:
        self.value = value
        self._hash = hash(value)

    def __hash__(self) -> int:
        return self._hash

    def __eq__(self, other: object) -> bool:
        return self is other or (
            isinstance(other, Stable) and self._hash == other._hash and bool(self.value == other.value)
        )


Tables: TypeAlias = dict[str, Table]


class Tabular(Protocol):
    """A saver whose thing has rows."""

    def tables(self) -> Tables:
        """Every table with its committed rows."""

"""Rows of a database as values: what is compared when a test does not say what to observe."""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol, TypeAlias


class Table(NamedTuple):
    """The committed rows of one table, in the order of the table itself."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]


Tables: TypeAlias = dict[str, Table]


class Tabular(Protocol):
    """A saver whose thing has rows."""

    def tables(self) -> Tables:
        """Every table with its committed rows."""

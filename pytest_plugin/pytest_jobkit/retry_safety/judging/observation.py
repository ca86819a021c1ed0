"""What a check compares: the end of a run, as one value."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

from jobkit.outcome import OutcomeKind
from pytest_jobkit.retry_safety.effects.ledger import Entry, KeyConflict
from pytest_jobkit.retry_safety.exploring.scene import Delivered, Scene
from pytest_jobkit.retry_safety.worlds.saving import plain_data
from pytest_jobkit.retry_safety.worlds.tables import Table, Tables


@dataclass(slots=True)
class Final:
    """What is there when the queue has nothing more to do.

    Attributes:
        last: the last delivery.
        observed: what the test's observer returned; None without an observer or if it only asserts.
        tables: the rows, by database and table; empty where the observer returned something.
        leftovers: all rows, where the observer returned something: only locks and the like are compared in them.
        data: the world's plain data, where there is neither a database nor an observed value.
        counts: the ledger.
        conflicts: keys that came with two bodies.
        broken: the assertion of the observer that does not hold.
        compared_with: the end to compare with, where it is not that of the one message without faults.
    """

    last: Delivered
    observed: Any
    tables: Tables
    leftovers: Tables
    data: dict[str, Hashable]
    counts: Counter[Entry]
    conflicts: tuple[KeyConflict, ...]
    broken: AssertionError | None
    compared_with: Final | None = None

    @property
    def done(self) -> bool:
        """Whether the queue is done with the job, other than by giving it up."""
        return self.last.acknowledged and self.last.outcome.kind is not OutcomeKind.DISCARDED

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing that could be compared."""
        return self.observed is None and not self.tables and not self.counts and not self.data

    def equals(self, other: Final) -> bool:
        """Whether nobody could tell the two apart; looks at everything without saying what differs."""
        return (
            self.done == other.done
            and self.tables == other.tables
            and self.data == other.data
            and self.counts == other.counts
            and self.broken is None
            and other.broken is None
            and self.conflicts == other.conflicts
            and self.leftovers == other.leftovers
            and bool(self.observed == other.observed)
        )


def observe(scene: Scene, last: Delivered) -> Final:
    """Look at the world on stage, as it is now."""
    setup = scene.setup
    observed: Any = None
    broken: AssertionError | None = None
    if setup.observe is not None:
        try:
            observed = setup.observe(scene.world.thing)
        except AssertionError as error:
            broken = error
    tables = all_tables(scene)
    data: dict[str, Hashable] = {}
    if observed is None and not tables:
        data = plain_data(scene.world.name, scene.world.thing)
    ledger = scene.runtime.ledger
    return Final(
        last,
        observed,
        tables if observed is None else {},
        {} if observed is None else tables,
        data,
        blur(ledger.counts, scene.blurred),
        ledger.conflicts,
        broken,
    )


def blur(counts: Counter[Entry], operations: set[tuple[str, str]]) -> Counter[Entry]:
    """The ledger, with the details left out of those operations whose details come from the clock or from chance."""
    if not operations:
        return counts
    blurred: Counter[Entry] = Counter()
    for entry, count in counts.items():
        blurred[entry._replace(detail="") if entry[:2] in operations else entry] += count
    return blurred


def all_tables(scene: Scene) -> Tables:
    """The rows of every store of the world; the store is named where there are several."""
    stores = scene.tabular()
    tables: Tables = {}
    for number, store in enumerate(stores, 1):
        for name, table in store.tables().items():
            tables[name if len(stores) == 1 else f"{number}:{name}"] = table
    return without_columns(tables, scene.volatile)


def without_columns(tables: Tables, volatile: frozenset[str]) -> Tables:
    """The tables without the columns named ``table.column``."""
    return {name: _without(table, name, volatile) for name, table in tables.items()} if volatile else tables


def _without(table: Table, name: str, volatile: frozenset[str]) -> Table:
    kept = [place for place, column in enumerate(table.columns) if f"{name}.{column}" not in volatile]
    if len(kept) == len(table.columns):
        return table
    return Table(
        tuple(table.columns[place] for place in kept), tuple(tuple(row[place] for place in kept) for row in table.rows)
    )

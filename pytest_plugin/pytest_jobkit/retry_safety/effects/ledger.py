"""The ledger: what took place outside, counted at the receiver.

It is part of the durable state: a charge that was made stays made, whatever becomes of the worker. A call that the
receiver answered from an idempotency key is not counted, since nothing happened there a second time.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable
from typing import NamedTuple, TypeAlias

from pytest_jobkit.retry_safety.effects.record import Effect, State


class Entry(NamedTuple):
    """What is counted: one sort of event at one receiver."""

    channel: str
    operation: str
    detail: str

    def __str__(self) -> str:
        return f"{self.channel} {self.operation} {self.detail}".rstrip()


class KeyConflict(NamedTuple):
    """One idempotency key that was used with two bodies: a receiver answers the second call with the first's result."""

    entry: Entry
    key: Hashable
    first: Hashable
    second: Hashable


SavedLedger: TypeAlias = tuple[dict[Entry, int], dict[tuple[str, str, Hashable], Hashable], tuple[KeyConflict, ...]]


class Ledger:
    """Counts the events that took place, and remembers the keys that receivers remember."""

    __slots__ = ("_conflicts", "_counts", "_keys", "_pending")

    def __init__(self) -> None:
        self._counts: dict[Entry, int] = {}
        self._keys: dict[tuple[str, str, Hashable], Hashable] = {}
        self._conflicts: list[KeyConflict] = []
        self._pending: list[Effect] = []

    def beside(self) -> Ledger:
        """The same ledger for a second delivery at once: one receiver, but a transaction of its own."""
        other = Ledger()
        other._counts, other._keys, other._conflicts = self._counts, self._keys, self._conflicts
        return other

    def knows(self, effect: Effect) -> bool:
        """Whether the receiver has seen the effect's key before, so that it answers from memory.

        A known key with another body is noted as a conflict, even if the receiver hides it.
        """
        if effect.key is None:
            return False
        operation = effect.operation
        place = (operation.channel, operation.name, effect.key)
        if place not in self._keys:
            return False
        first = self._keys[place]
        if first != effect.body:
            conflict = KeyConflict(entry_of(effect), effect.key, first, effect.body)
            if conflict not in self._conflicts:
                self._conflicts.append(conflict)
        return True

    def enter(self, effect: Effect) -> None:
        """Count an external effect that took place."""
        entry = entry_of(effect)
        self._counts[entry] = self._counts.get(entry, 0) + 1
        if effect.key is not None:
            self._keys[(effect.operation.channel, effect.operation.name, effect.key)] = effect.body

    def enter_at_commit(self, effect: Effect) -> None:
        """Count an effect that is part of a transaction: when that commits, or not at all."""
        self._pending.append(effect)

    def commit(self) -> None:
        """The transaction of the pending entries was committed."""
        for effect in self._pending:
            self.enter(effect)
        self._pending.clear()

    def roll_back(self) -> None:
        """The transaction of the pending entries is gone."""
        for effect in self._pending:
            if effect.state is State.DONE:
                effect.durable = False
        self._pending.clear()

    @property
    def counts(self) -> Counter[Entry]:
        """How often each event took place."""
        return Counter(self._counts)

    @property
    def conflicts(self) -> tuple[KeyConflict, ...]:
        """Keys that came with two bodies."""
        return tuple(self._conflicts)

    def save(self) -> SavedLedger:
        return (self._counts.copy(), self._keys.copy(), tuple(self._conflicts))

    def restore(self, saved: SavedLedger) -> None:
        self._counts, self._keys, self._conflicts = saved[0].copy(), saved[1].copy(), [*saved[2]]
        self._pending.clear()

    def key(self, cap: Callable[[Entry], int | None] | None = None) -> Hashable:
        """The ledger as a part of the durable state's identity.

        Args:
            cap: the count above which more of an entry makes no difference, or None for one where every one counts.
        """
        if cap is None:
            return (frozenset(self._counts.items()), frozenset(self._keys.items()), tuple(self._conflicts))
        counts = []
        for entry, count in self._counts.items():
            most = cap(entry)
            counts.append((entry, count if most is None else min(count, most)))
        return (frozenset(counts), frozenset(self._keys.items()), tuple(self._conflicts))


def entry_of(effect: Effect) -> Entry:
    """The sort of event that an effect is."""
    return Entry(effect.operation.channel, effect.operation.name, effect.detail)

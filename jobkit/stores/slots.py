"""Counting semaphores for concurrency limits, and the messages that wait for a place (spec: F.6)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from heapq import heappop, heappush

from jobkit.envelope import Envelope


class Slots:
    """The places of each key, and who waits for one: by priority, then in order."""

    def __init__(self) -> None:
        self._taken: dict[str, dict[int, float]] = {}
        self._waiting: dict[str, list[tuple[int, int, Envelope]]] = {}
        #: whether anybody has ever waited: most engines have no limits, and need not look further
        self.in_use = False

    def take(self, key: str, limit: int, sequence: int, until: float, now: float) -> bool:
        """Give the message number `sequence` a place until `until` at the most; False if none is free at `now`."""
        taken = self._taken.setdefault(key, {})
        for holder in [holder for holder, end in taken.items() if end <= now]:
            del taken[holder]
        if sequence not in taken and len(taken) >= limit:
            return False
        taken[sequence] = until
        return True

    def is_full(self, key: str, limit: int, now: float) -> bool:
        """Whether no place of `key` is free at `now`."""
        return sum(end > now for end in self._taken.get(key, {}).values()) >= limit

    def release(self, key: str, sequence: int) -> Envelope | None:
        """Free the place of a message; returns the one that has waited for it, which has yet to take it."""
        self._taken.get(key, {}).pop(sequence, None)
        waiting = self._waiting.get(key)
        return heappop(waiting)[2] if waiting else None

    def wait(self, key: str, envelope: Envelope) -> None:
        """Let a message wait for a place."""
        self.in_use = True
        heappush(self._waiting.setdefault(key, []), (envelope.priority or 0, envelope.sequence, envelope))

    def next_expiry(self, eligible: Callable[[Envelope], bool] | None) -> float | None:
        """When the next place ends by itself that a message waits for for which `eligible` says yes."""
        wanted = (
            key for key, waiting in self._waiting.items() if waiting and (eligible is None or eligible(waiting[0][2]))
        )
        return min((end for key in wanted for end in self._taken.get(key, {}).values()), default=None)

    def let_through(self, now: float) -> list[Envelope]:
        """For each key with a place that ended by `now`, the one message that may go on."""
        freed = []
        for key, waiting in self._waiting.items():
            taken = self._taken.get(key, {})
            for holder in [holder for holder, end in taken.items() if end <= now]:
                del taken[holder]
                if waiting:
                    freed.append(heappop(waiting)[2])
        return freed

    def __iter__(self) -> Iterator[Envelope]:
        """The messages that wait, in order."""
        waiting = [entry for heap in self._waiting.values() for entry in heap]
        return (entry[2] for entry in sorted(waiting, key=lambda entry: entry[:2]))

    def __len__(self) -> int:
        return sum(map(len, self._waiting.values()))

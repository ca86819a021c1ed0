"""Messages with a time before which they do not run: the schedule and the retry set in one heap."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from heapq import heapify, heappop, heappush

from jobkit.envelope import Envelope

Entry = tuple[float, int, Envelope]


class Scheduled:
    """Ordered by due time, then by the order of enqueueing."""

    def __init__(self) -> None:
        self._heap: list[Entry] = []

    def add(self, envelope: Envelope) -> None:
        """Add a message whose `due` is set."""
        heappush(self._heap, (envelope.due or 0.0, envelope.sequence, envelope))

    def put_back(self, entries: Sequence[Entry]) -> None:
        """Return entries that `take` gave."""
        for entry in entries:
            heappush(self._heap, entry)

    def next_due(self) -> float | None:
        """The earliest due time, or None if there is nothing."""
        return self._heap[0][0] if self._heap else None

    def head(self) -> Entry | None:
        """The earliest entry, or None."""
        return self._heap[0] if self._heap else None

    def take(self) -> Entry:
        """Remove and return the earliest entry."""
        return heappop(self._heap)

    def remove(self, wanted: Callable[[Envelope], bool]) -> list[Envelope]:
        """Remove and return all messages for which `wanted` says yes, earliest first."""
        removed = sorted((entry for entry in self._heap if wanted(entry[2])), key=lambda entry: entry[:2])
        if removed:
            self._heap = [entry for entry in self._heap if not wanted(entry[2])]
            heapify(self._heap)
        return [entry[2] for entry in removed]

    def __iter__(self) -> Iterator[Envelope]:
        """All messages, earliest first."""
        return (entry[2] for entry in sorted(self._heap, key=lambda entry: entry[:2]))

    def __len__(self) -> int:
        return len(self._heap)

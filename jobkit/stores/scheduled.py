"""Messages with a time before which they do not run: the schedule and the retry set in one heap."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from heapq import heapify, heappop, heappush

from jobkit.envelope import Envelope

Entry = tuple[float, int, Envelope]


class Scheduled:
    """Ordered by due time, then by the order of enqueueing."""

    def __init__(self) -> None:
        #: the earliest entry is the first
        self.heap: list[Entry] = []

    def add(self, envelope: Envelope) -> None:
        """Add a message whose `due` is set."""
        heappush(self.heap, (envelope.due or 0.0, envelope.sequence, envelope))

    def put_back(self, entries: Sequence[Entry]) -> None:
        """Return entries that `take` gave."""
        for entry in entries:
            heappush(self.heap, entry)

    def take(self) -> Entry:
        """Remove and return the earliest entry."""
        return heappop(self.heap)

    def remove(self, wanted: Callable[[Envelope], bool]) -> list[Envelope]:
        """Remove and return all messages for which `wanted` says yes, earliest first."""
        removed = sorted((entry for entry in self.heap if wanted(entry[2])), key=lambda entry: entry[:2])
        if removed:
            self.heap[:] = [entry for entry in self.heap if not wanted(entry[2])]
            heapify(self.heap)
        return [entry[2] for entry in removed]

    def __iter__(self) -> Iterator[Envelope]:
        """All messages, earliest first."""
        return (entry[2] for entry in sorted(self.heap, key=lambda entry: entry[:2]))

    def __len__(self) -> int:
        return len(self.heap)

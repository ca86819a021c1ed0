"""Messages that may run now, by queue: within a queue the lower priority number first, then first come."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from heapq import heappop, heappush

from jobkit.envelope import Envelope

Entry = tuple[int, int, Envelope]


class ReadyQueues:
    """The queues; an entry keeps the order in which it became ready, also when it is put back."""

    def __init__(self) -> None:
        # only queues that are not empty
        self._heaps: dict[str, list[Entry]] = {}
        self._order = 0
        # messages taken back by a stopping worker go to the front, as Sidekiq returns them
        self._front = 0

    def add(self, envelope: Envelope) -> None:
        """Add at the end of its queue."""
        self._order += 1
        self._push((envelope.priority or 0, self._order, envelope))

    def add_in_front(self, envelope: Envelope) -> None:
        """Add before all others of the same priority."""
        self._front -= 1
        self._push((envelope.priority or 0, self._front, envelope))

    def put_back(self, entries: Sequence[Entry]) -> None:
        """Return entries that `take` or `take_matching` gave, to their old places."""
        for entry in entries:
            self._push(entry)

    def _push(self, entry: Entry) -> None:
        queue = entry[2].queue
        heap = self._heaps.get(queue)
        if heap is None:
            heap = self._heaps[queue] = []
        heappush(heap, entry)

    def waiting_queues(self) -> list[str]:
        """Names of the queues that are not empty."""
        return list(self._heaps)

    def head(self, queue: str) -> Entry:
        """The first entry of a queue that is not empty."""
        return self._heaps[queue][0]

    def take(self, queue: str) -> Entry:
        """Remove and return the first entry of a queue that is not empty."""
        heap = self._heaps[queue]
        entry = heappop(heap)
        if not heap:
            del self._heaps[queue]
        return entry

    def remove(self, wanted: Callable[[Envelope], bool]) -> list[Envelope]:
        """Remove and return all messages for which `wanted` says yes, in order."""
        removed: list[Entry] = []
        for queue in list(self._heaps):
            kept: list[Entry] = []
            for entry in sorted(self._heaps.pop(queue), key=lambda entry: entry[:2]):
                (removed if wanted(entry[2]) else kept).append(entry)
            if kept:
                self._heaps[queue] = kept
        return [entry[2] for entry in sorted(removed, key=lambda entry: entry[1])]

    def __iter__(self) -> Iterator[Envelope]:
        """All messages in the order in which they became ready."""
        entries = [entry for heap in self._heaps.values() for entry in heap]
        return (entry[2] for entry in sorted(entries, key=lambda entry: entry[1]))

    def __len__(self) -> int:
        return sum(map(len, self._heaps.values()))

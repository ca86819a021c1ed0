"""Messages that may run now, by queue: within a queue the lower priority number first, then first come."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from operator import itemgetter

from jobkit.envelope import Envelope

#: priority, order of becoming ready, message
Entry = tuple[int, int, Envelope]

_by_place = itemgetter(0, 1)
_by_order = itemgetter(1)


class ReadyQueues:
    """The queues; an entry keeps the order in which it became ready, also when it is put back."""

    def __init__(self) -> None:
        # Of each queue that is not empty, the lines of its priorities that are not empty. A line is in order by itself,
        # so taking its first costs the same however many wait.
        self._queues: dict[str, dict[int, deque[Entry]]] = {}
        self._order = 0
        # messages taken back by a stopping worker go to the front, as Sidekiq returns them
        self._front = 0

    def add(self, envelope: Envelope) -> None:
        """Add at the end of its queue."""
        order = self._order = self._order + 1
        priority = envelope.priority or 0
        try:
            line = self._queues[envelope.queue][priority]
        except KeyError:
            line = self._line(envelope.queue, priority)
        line.append((priority, order, envelope))

    def add_in_front(self, envelope: Envelope) -> None:
        """Add before all others of the same priority."""
        self._front -= 1
        priority = envelope.priority or 0
        self._line(envelope.queue, priority).appendleft((priority, self._front, envelope))

    def put_back(self, entries: Iterable[Entry]) -> None:
        """Return entries that `take` gave, to their old places."""
        disturbed: dict[tuple[str, int], deque[Entry]] = {}
        for entry in entries:
            queue, priority = entry[2].queue, entry[0]
            line = disturbed[queue, priority] = self._line(queue, priority)
            line.append(entry)
        for line in disturbed.values():
            ordered = sorted(line, key=_by_order)
            line.clear()
            line.extend(ordered)

    def _line(self, queue: str, priority: int) -> deque[Entry]:
        lines = self._queues.get(queue)
        if lines is None:
            lines = self._queues[queue] = {}
        line = lines.get(priority)
        if line is None:
            line = lines[priority] = deque()
        return line

    def waiting_queues(self) -> list[str]:
        """Names of the queues that are not empty."""
        return list(self._queues)

    def head(self, queue: str) -> Entry:
        """The first entry of a queue that is not empty."""
        lines = self._queues[queue]
        return lines[min(lines)][0]

    def take(self, queue: str) -> Entry:
        """Remove and return the first entry of a queue that is not empty."""
        lines = self._queues[queue]
        priority = min(lines) if len(lines) > 1 else next(iter(lines))
        line = lines[priority]
        entry = line.popleft()
        if not line:
            del lines[priority]
            if not lines:
                del self._queues[queue]
        return entry

    def remove(self, wanted: Callable[[Envelope], bool]) -> list[Envelope]:
        """Remove and return all messages for which `wanted` says yes, in order."""
        removed: list[Entry] = []
        kept: list[Entry] = []
        for entry in self._entries():
            (removed if wanted(entry[2]) else kept).append(entry)
        if removed:
            self._queues = {}
            self.put_back(sorted(kept, key=_by_place))
        return [entry[2] for entry in sorted(removed, key=_by_order)]

    def _entries(self) -> Iterator[Entry]:
        return (entry for lines in self._queues.values() for line in lines.values() for entry in line)

    def __iter__(self) -> Iterator[Envelope]:
        """All messages in the order in which they became ready."""
        return (entry[2] for entry in sorted(self._entries(), key=_by_order))

    def __len__(self) -> int:
        return sum(len(line) for lines in self._queues.values() for line in lines.values())

"""The messages that wait: in queues, on the schedule, laid aside by a drain; and which of them comes next."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from jobkit.envelope import Envelope
from jobkit.fetch_order import FetchPlan
from jobkit.record import State
from jobkit.selection import Selected
from jobkit.stores.ready import Entry as ReadyEntry
from jobkit.stores.ready import ReadyQueues
from jobkit.stores.scheduled import Entry as ScheduledEntry
from jobkit.stores.scheduled import Scheduled

#: what a drain does not want, kept with its place: from the queues, and from the schedule
Aside = tuple[list[ReadyEntry], list[ScheduledEntry]]


class PendingMessages:
    """Everything that is enqueued and not handed out.

    Args:
        plan: in which order queues are looked at; None takes the most urgent and oldest message of all queues.
        source: the chance that a weighted plan draws from.
    """

    def __init__(self, plan: FetchPlan | None, source: random.Random) -> None:
        self._plan = plan
        self._source = source
        self._ready = ReadyQueues()
        self._scheduled = Scheduled()
        self._asides: list[Aside] = []

    def place(self, envelope: Envelope, now: float) -> None:
        """Take a message in: into its queue, or on the schedule if it is due later than `now`."""
        self.promote(now)
        if envelope.due is None or envelope.due <= now:
            self._ready.add(envelope)
        else:
            self._scheduled.add(envelope)

    def promote(self, now: float) -> None:
        """Move what has fallen due into its queue, so that it stands before what is enqueued from now on."""
        head = self._scheduled.head()
        while head is not None and head[0] <= now:
            self._ready.add(self._scheduled.take()[2])
            head = self._scheduled.head()

    def return_to_front(self, envelope: Envelope) -> None:
        """Put a message that was fetched but not begun back to the front of its queue."""
        self._ready.add_in_front(envelope)

    def next_ready(self, now: float, eligible: Selected | None, aside: Aside) -> Envelope | None:
        """Take the message that a worker would fetch now; those that are not eligible are laid aside."""
        self.promote(now)
        while True:
            queues = self._ready.waiting_queues()
            if not queues:
                return None
            entry = self._ready.take(queues[0] if len(queues) == 1 else self._choose(queues))
            if eligible is None or eligible(entry[2]):
                return entry[2]
            aside[0].append(entry)

    def _choose(self, waiting: list[str]) -> str:
        """The queue to fetch from; one that the plan does not name comes after all that it names."""
        if self._plan is not None:
            for name in self._plan.order(self._source):
                if name in waiting:
                    return name
        return min(waiting, key=lambda queue: self._ready.head(queue)[:2])

    def next_due(self, eligible: Selected | None, aside: Aside) -> float | None:
        """The earliest due time of an eligible message on the schedule."""
        head = self._scheduled.head()
        while head is not None and eligible is not None and not eligible(head[2]):
            aside[1].append(self._scheduled.take())
            head = self._scheduled.head()
        return None if head is None else head[0]

    @contextmanager
    def set_aside(self) -> Iterator[Aside]:
        """A place for messages that a drain does not want; at the end of the block they are back where they were."""
        aside: Aside = ([], [])
        self._asides.append(aside)
        try:
            yield aside
        finally:
            self._asides.remove(aside)
            self._ready.put_back(aside[0])
            self._scheduled.put_back(aside[1])

    def remove(self, wanted: Callable[[Envelope], bool]) -> list[Envelope]:
        """Take out all messages for which `wanted` says yes, wherever they wait."""
        removed = self._ready.remove(wanted) + self._scheduled.remove(wanted)
        for ready, scheduled in self._asides:
            removed += [entry[2] for entry in (*ready, *scheduled) if wanted(entry[2])]
            ready[:] = [entry for entry in ready if not wanted(entry[2])]
            scheduled[:] = [entry for entry in scheduled if not wanted(entry[2])]
        return removed

    def in_state(self, state: State, now: float) -> list[Envelope]:
        """The messages that are enqueued, scheduled or waiting for a retry at `now`, in order."""
        if state is State.ENQUEUED:
            due = [envelope for envelope in self._scheduled if (envelope.due or 0.0) <= now]
            return [*self._ready, *(entry[2] for aside in self._asides for entry in aside[0]), *due]
        waiting = [*self._scheduled, *(entry[2] for aside in self._asides for entry in aside[1])]
        retry = state is State.RETRY
        return [envelope for envelope in waiting if envelope.retry is retry and (envelope.due or 0.0) > now]

    def __iter__(self) -> Iterator[Envelope]:
        yield from self._ready
        yield from self._scheduled
        for ready, scheduled in self._asides:
            for entry in (*ready, *scheduled):
                yield entry[2]

    def __len__(self) -> int:
        aside = sum(len(ready) + len(scheduled) for ready, scheduled in self._asides)
        return len(self._ready) + len(self._scheduled) + aside

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
from jobkit.stores.slots import Slots

#: what a drain does not want, kept with its place: from the queues, and from the schedule
Aside = tuple[list[ReadyEntry], list[ScheduledEntry]]


class PendingMessages:
    """Everything that is enqueued and not handed out.

    Args:
        plan: in which order queues are looked at; None takes the most urgent and oldest message of all queues.
        source: the chance that a weighted plan draws from.
        on_drop: told of a message that a concurrency limit drops when it falls due.

    Attributes:
        slots: the places of concurrency limits, with the messages that wait for one.
    """

    def __init__(self, plan: FetchPlan | None, source: random.Random, on_drop: Callable[[Envelope, str], None]) -> None:
        self.slots = Slots()
        self._on_drop = on_drop
        self._plan = plan
        self._source = source
        self._ready = ReadyQueues()
        self._scheduled = Scheduled()
        self._asides: list[Aside] = []

    def place(self, envelope: Envelope, now: float) -> None:
        """Take a message in: into its queue, or on the schedule if it is due later than `now`."""
        self.promote(now)
        if envelope.due is None or envelope.due <= now:
            self._dispatch(envelope, now)
        else:
            self._scheduled.add(envelope)

    def _dispatch(self, envelope: Envelope, now: float) -> None:
        """Put a message that is due into its queue, if its concurrency limit has a place for it."""
        limit = envelope.headers and envelope.headers.get("concurrency")
        if not limit or self.slots.take(limit["key"], limit["to"], envelope.sequence, now + limit["duration"], now):
            self._ready.add(envelope)
        elif limit["discard"]:
            self._on_drop(envelope, f"{limit['to']} of {limit['key']} are there already")
        else:
            self.slots.wait(limit["key"], envelope)

    def finished(self, envelope: Envelope, now: float) -> None:
        """Free the place that a message held, for the next one that waits for it."""
        limit = envelope.headers and envelope.headers.get("concurrency")
        if limit:
            following = self.slots.release(limit["key"], envelope.sequence)
            if following is not None:
                self._dispatch(following, now)

    def promote(self, now: float) -> None:
        """Move what has fallen due into its queue, so that it stands before what is enqueued from now on."""
        scheduled = self._scheduled
        while scheduled.heap and scheduled.heap[0][0] <= now:
            self._dispatch(scheduled.take()[2], now)
        if self.slots.in_use:
            for envelope in self.slots.let_through(now):
                self._dispatch(envelope, now)

    def return_to_front(self, envelope: Envelope) -> None:
        """Put a message that was fetched but not begun back to the front of its queue."""
        self._ready.add_in_front(envelope)

    def next_ready(self, now: float, eligible: Selected | None, aside: Aside) -> Envelope | None:
        """Take the message that a worker would fetch now; those that are not eligible are laid aside."""
        self.promote(now)
        ready = self._ready
        while True:
            queues = ready.waiting_queues()
            if not queues:
                return None
            entry = ready.take(queues[0] if len(queues) == 1 else self._choose(queues))
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
        heap = self._scheduled.heap
        while heap and eligible is not None and not eligible(heap[0][2]):
            aside[1].append(self._scheduled.take())
        due = heap[0][0] if heap else None
        freed = self.slots.next_expiry(eligible) if self.slots.in_use else None
        return due if freed is None else freed if due is None else min(due, freed)

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
        """The messages that are enqueued, scheduled, waiting for a retry or for a place at `now`, in order."""
        if state is State.BLOCKED:
            return list(self.slots)
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
        yield from self.slots

    def __len__(self) -> int:
        aside = sum(len(ready) + len(scheduled) for ready, scheduled in self._asides)
        return len(self._ready) + len(self._scheduled) + aside + len(self.slots)

"""`RecordingEngine`: an `Engine` that also remembers every message it was ever given, and where that came from."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from jobkit import Engine, JobRecord, State, events
from jobkit.envelope import Envelope
from jobkit.events import Event
from jobkit.pending import Aside
from jobkit.selection import Selected
from pytest_jobkit.capture.base import FRAMES
from pytest_jobkit.capture.frames import Frame, user_frames
from pytest_jobkit.direct import DirectPerformances
from pytest_jobkit.simulation.chance import HeldChance

_ENQUEUES = (events.Enqueue, events.EnqueueAt)

#: the events that the log keeps; the others say what a message or a delivery says as well
_TOLD = (
    *_ENQUEUES,
    events.EnqueueDeferred,
    events.Died,
    events.Dropped,
    events.WorkerLostEvent,
    events.Redelivered,
    events.Requeued,
    events.Conflict,
    events.Interrupt,
    events.Resume,
    events.BatchEvent,
    events.Fired,
)


def is_refused(event: events.Enqueue | events.EnqueueAt) -> bool:
    """Whether the job of this enqueue was kept out of its queue."""
    return event.aborted or event.error is not None


class Origin(StrEnum):
    """Through what a message came into a queue."""

    ENQUEUED = "enqueued"
    RETRY = "retry"
    REDELIVERED = "redelivered"
    REQUEUED = "requeued"


@dataclass(slots=True)
class Push:
    """One message that was put into a queue.

    Attributes:
        frames: where in the user's code that happened, innermost first.
        error: what made a retry necessary.
    """

    record: JobRecord
    origin: Origin
    frames: tuple[Frame, ...]
    error: BaseException | None = None


class RecordingEngine(Engine):
    """The engine of one test.

    Attributes:
        chances: every source of chance in the engine.
        pushes: every message that was put into a queue, in order.
        deliveries: every execution, in order, those of `perform_now` included.
        log: the same things, and the events that tell of no delivery, in the order in which they happened.
        buried: every job that went to the dead set, in order, those that left it again included.
    """

    def __init__(self, **options: Any) -> None:
        self.chances: list[HeldChance] = []
        super().__init__(**options)
        self.pushes: list[Push] = []
        self.deliveries: list[JobRecord] = []
        self.buried: list[JobRecord] = []
        self.log: list[tuple[float, Push | JobRecord | Event]] = []
        self._direct = DirectPerformances()
        #: where in the user's code the events of the log came from that put no message into a queue, by their id()
        self.event_frames: dict[int, tuple[Frame, ...]] = {}
        self._order = "queue"
        self._order_source = random.Random(None if self.seed is None else f"{self.seed}:order")
        #: where the messages that a batch still holds were enqueued
        self._held_frames: dict[int, tuple[Frame, ...]] = {}

    def chance(self, purpose: str) -> HeldChance:
        """As the engine's, and a test may hold it."""
        source = HeldChance() if self.seed is None else HeldChance(f"{self.seed}:{purpose}")
        self.chances.append(source)
        return source

    @contextmanager
    def in_order(self, order: str) -> Iterator[None]:
        """In the block, hand out what is ready in this order: "queue", "newest" first, or "random" from the seed."""
        before, self._order = self._order, order
        try:
            yield
        finally:
            self._order = before

    def next_ready(self, eligible: Selected | None, aside: Aside) -> Envelope | None:
        first = super().next_ready(eligible, aside)
        if first is None or self._order == "queue":
            return first
        with self._lock:
            self.pending.return_to_front(first)
            ready = self.pending.in_state(State.ENQUEUED, self.clock.time())
            ready = [envelope for envelope in ready if eligible is None or eligible(envelope)]
            ready.sort(key=lambda envelope: envelope.sequence)
            chosen = ready[-1] if self._order == "newest" else self._order_source.choice(ready)
            self.pending.remove(lambda envelope: envelope is chosen)
        return chosen

    def put(self, envelope: Envelope) -> None:
        headers = envelope.headers
        held = self._held_frames.pop(id(envelope), None)
        frames = held or (headers[FRAMES] if headers and FRAMES in headers else user_frames())
        due = envelope.due
        if envelope.retry:
            state, origin = State.RETRY, Origin.RETRY
        else:
            state = State.ENQUEUED if due is None or due <= self.clock.time() else State.SCHEDULED
            origin = Origin.ENQUEUED
        push = Push(JobRecord(envelope, state, envelope.attempt), origin, frames)
        self.pushes.append(push)
        entry = (self.clock.time(), push)
        self.log.append(entry)
        before = envelope.sequence
        super().put(envelope)
        if envelope.sequence == before:
            # A batch keeps it until its block ends, and puts it here again.
            self._held_frames[id(envelope)] = frames
            _forget(self.pushes, push)
            _forget(self.log, entry)

    def bury(self, record: JobRecord, error: BaseException | None) -> None:
        self.buried.append(record)
        super().bury(record, error)

    def note_performed(self, record: JobRecord) -> None:
        self._note_delivery(record)
        super().note_performed(record)

    def _note_delivery(self, record: JobRecord) -> None:
        self.deliveries.append(record)
        self.log.append((record.finished or self.clock.time(), record))

    def emit(self, event: Event) -> None:
        direct = self._direct.see(event)
        if direct is not None:
            self._note_delivery(direct)
        if isinstance(event, _TOLD) and (not isinstance(event, _ENQUEUES) or is_refused(event)):
            self.log.append((event.time, event))
            if isinstance(event, (*_ENQUEUES, events.EnqueueDeferred)):
                self.event_frames[id(event)] = user_frames()
        if isinstance(event, (events.Redelivered, events.Requeued)):
            origin = Origin.REDELIVERED if isinstance(event, events.Redelivered) else Origin.REQUEUED
            for push in reversed(self.pushes):
                if push.record.envelope is event.job.envelope:
                    push.origin = origin
                    break
        elif isinstance(event, (events.EnqueueRetry, events.DeliveryRetry)):
            for push in reversed(self.pushes):
                if push.record.job_id == event.job_id and push.origin is Origin.RETRY:
                    push.error = event.error
                    break
        super().emit(event)


def _forget(entries: list[Any], entry: object) -> None:
    """Take out this very entry, which is near the end: other threads may have added theirs since."""
    for place in reversed(range(len(entries))):
        if entries[place] is entry:
            del entries[place]
            return

"""What there is to see of an engine: what waits, every event, every delivery, the dead set; and who is told of it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from jobkit import events, instrumentation
from jobkit.clock import Clock
from jobkit.events import Event
from jobkit.pending import PendingMessages
from jobkit.record import JobRecord, State
from jobkit.stores.dead import DeadSet


class Journal:
    """What an engine shows, and what it remembers.

    Attributes:
        clock: the engine's time.
        pending: everything that is enqueued and not handed out.
        death_handlers: called with (record, error) when a job has finally failed, as Sidekiq's.
        error_reporters: called with an error that was handled but is to be reported.
    """

    pending: PendingMessages

    def __init__(self, clock: Clock, dead_set: DeadSet) -> None:
        self.clock = clock
        # held while messages move: a worker's threads enqueue, fetch and settle at the same time
        self._lock = threading.RLock()
        self.death_handlers: list[Callable[[JobRecord, BaseException], Any]] = []
        self.error_reporters: list[Callable[[BaseException], Any]] = []
        self._dead = dead_set
        self._performed: list[JobRecord] = []
        self._history: list[Event] = []

    @property
    def enqueued(self) -> tuple[JobRecord, ...]:
        """Jobs that may run now, in the order in which they became ready."""
        return self._in_state(State.ENQUEUED)

    @property
    def scheduled(self) -> tuple[JobRecord, ...]:
        """Jobs that wait for their time, retries apart; earliest first."""
        return self._in_state(State.SCHEDULED)

    @property
    def retries(self) -> tuple[JobRecord, ...]:
        """Further attempts that wait for their time, earliest first."""
        return self._in_state(State.RETRY)

    @property
    def blocked(self) -> tuple[JobRecord, ...]:
        """Jobs that wait for a place under their concurrency limit."""
        return self._in_state(State.BLOCKED)

    def _in_state(self, state: State) -> tuple[JobRecord, ...]:
        with self._lock:
            found = self.pending.in_state(state, self.clock.time())
        return tuple(JobRecord(envelope, state, envelope.attempt) for envelope in found)

    @property
    def performed(self) -> tuple[JobRecord, ...]:
        """Every delivery that took place, in order; a job that was retried stands here once an attempt."""
        return tuple(self._performed)

    @property
    def dead(self) -> tuple[JobRecord, ...]:
        """The dead set, oldest first."""
        return tuple(self._dead)

    @property
    def history(self) -> tuple[Event, ...]:
        """Every event so far, in order."""
        return tuple(self._history)

    def emit(self, event: Event) -> None:
        """Note an event and publish it."""
        self._history.append(event)
        if instrumentation.subscriptions:
            instrumentation.publish(event)

    def report(self, error: BaseException) -> None:
        """Hand an error that was handled to the error reporters."""
        for reporter in self.error_reporters:
            reporter(error)

    def note_performed(self, record: JobRecord) -> None:
        """Remember a delivery that took place."""
        self._performed.append(record)

    def bury(self, record: JobRecord, error: BaseException | None) -> None:
        """Put a job into the dead set."""
        now = self.clock.time()
        self._dead.add(record, now)
        self.emit(events.Died(record, now, error, record.reason))

    def tell_death(self, record: JobRecord, error: BaseException) -> None:
        """Call the death handlers; what one of them raises goes to the error reporters, the others still run."""
        for handler in self.death_handlers:
            try:
                handler(record, error)
            except Exception as broken:
                self.report(broken)

    def take_from_dead(self, job_id: str) -> JobRecord | None:
        """Take a job out of the dead set, if it is there."""
        return self._dead.remove(job_id)

"""Fires a recurring schedule into an engine as its clock passes the times."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jobkit import events
from jobkit.current import activate
from jobkit.recurring import Entry, Firing, Schedule, ScheduleState
from jobkit.registry import find_job_named

if TYPE_CHECKING:
    from jobkit.engine import Engine


class Scheduler:
    """The schedule of one engine, from `start` (epoch seconds) on."""

    def __init__(self, schedule: Schedule, start: float) -> None:
        self._state = ScheduleState(schedule, start)
        self._last_job: dict[str, Any] = {}

    @property
    def next_due(self) -> float | None:
        """When an entry falls due next, in epoch seconds."""
        return self._state.next_due

    def fire(self, engine: Engine) -> None:
        """Enqueue what is due at the engine's time. A bad entry does not stop the others.

        Raises:
            Exception: the first error of an entry, when all have been tried.
        """
        first_error: Exception | None = None
        with activate(engine):
            for firing in self._state.due(engine.clock.time(), lambda entry: self._unfinished(engine, entry)):
                try:
                    self._enqueue(engine, firing)
                except Exception as error:
                    error.add_note(f'jobkit: schedule entry "{firing.entry.name}" could not be enqueued')
                    first_error = first_error or error
        if first_error is not None:
            raise first_error

    def _enqueue(self, engine: Engine, firing: Firing) -> None:
        entry = firing.entry
        job = find_job_named(entry.job) if isinstance(entry.job, str) else entry.job
        configured = getattr(job, "set", None)
        if configured is not None:
            job = configured(queue=entry.queue, priority=entry.priority)
        enqueued = job.perform_later(*firing.args, **firing.kwargs)
        self._last_job[entry.name] = enqueued
        engine.emit(events.Fired(enqueued, engine.clock.time(), entry.name, firing.instant, firing.overlaps))

    def _unfinished(self, engine: Engine, entry: Entry) -> bool:
        """Whether the job that this entry enqueued last still waits or runs."""
        last = self._last_job.get(entry.name)
        job_id = getattr(last, "job_id", None)
        running = (delivery.envelope for delivery in list(engine.in_flight.values()))
        return job_id is not None and any(
            envelope.job_id == job_id for waiting in (engine.pending, running) for envelope in waiting
        )

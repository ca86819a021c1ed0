"""`perform_now`, seen by its events: it passes no queue, yet "was not performed" must not be true of it."""

from __future__ import annotations

from jobkit import Job, JobRecord, State, events
from jobkit.envelope import Call, Envelope
from jobkit.events import Event
from jobkit.outcome import Outcome, OutcomeKind
from jobkit.performer import JobPerformer

_KINDS = {
    State.SUCCEEDED: OutcomeKind.SUCCEEDED,
    State.HALTED: OutcomeKind.HALTED,
    State.RETRIED: OutcomeKind.RETRIED,
    State.DISCARDED: OutcomeKind.DISCARDED,
    State.RAISED: OutcomeKind.FAILED,
}


class _Direct(JobPerformer):
    """Stands for a job that was performed without a message."""

    def __init__(self, job: Job) -> None:
        self._job = job

    def call(self, envelope: Envelope) -> Call:
        return Call(envelope.name, self._job.arguments, self._job.kwarguments)


class DirectPerformances:
    """Makes a record of each `perform_now` out of its events."""

    def __init__(self) -> None:
        self._started: dict[str, float] = {}
        self._handled: dict[str, tuple[State, BaseException | None]] = {}

    def see(self, event: Event) -> JobRecord | None:
        """Take note of an event; returns the record when a `perform_now` has ended."""
        job = event.job
        if not isinstance(job, Job) or job._was_delivered:
            return None
        if isinstance(event, events.PerformStart):
            self._started[job.job_id] = event.time
        elif isinstance(event, (events.Discard, events.RetryStopped)):
            self._handled[job.job_id] = State.DISCARDED, event.error
        elif isinstance(event, events.EnqueueRetry):
            self._handled[job.job_id] = State.RETRIED, event.error
        elif isinstance(event, events.Perform):
            return self._record(job, event)
        return None

    def _record(self, job: Job, event: events.Perform) -> JobRecord:
        state, error = self._handled.pop(job.job_id, (State.SUCCEEDED, None))
        if event.error is not None:
            state, error = State.RAISED, event.error
        elif event.aborted:
            state = State.HALTED
        envelope = Envelope(
            job.job_id, job.definition.name, "", _Direct(job), job.queue_name, job.priority, None, False, job.executions
        )
        envelope.enqueued_at = started = self._started.pop(job.job_id, event.time)
        outcome = Outcome(_KINDS[state], error=error, reason="perform_now")
        return JobRecord(envelope, state, job.executions, outcome, started, event.time)

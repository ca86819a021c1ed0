"""What an at-least-once queue does to a message, as operations: deliver without acknowledging, deliver the same bytes
again, lose the worker, deliver out of order, bring back from the dead set.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jobkit import events
from jobkit.current import activate
from jobkit.drain import delivery_steps, run_steps
from jobkit.envelope import Envelope
from jobkit.errors import JobkitError
from jobkit.record import JobRecord, State
from jobkit.settlement import hand_out_again, settle

if TYPE_CHECKING:
    from jobkit.engine import Engine


def deliver(engine: Engine, job: Any, ack: bool) -> JobRecord:
    """Perform the pending message of `job`, wherever it stands in its queue and whenever it is due.

    Without `ack` the body runs and the acknowledgement is lost: the message comes back when its visibility timeout
    is over, or at once if the engine has none.
    """
    envelope = take(engine, job)
    with activate(engine):
        record, _ = run_steps(delivery_steps(engine, envelope, acknowledged=ack))
    return record


def lose_worker(engine: Engine, job: Any) -> JobRecord:
    """Begin the pending message of `job`, then lose the worker: what follows is up to the ack mode."""
    envelope = take(engine, job)
    delivery = engine.begin(envelope)
    with activate(engine):
        record, _ = settle(engine, delivery, envelope.performer.lose(delivery))
    return record


def redeliver(engine: Engine, job: Any) -> JobRecord:
    """Put the same bytes into the queue once more, be the job pending, performed or dead; returns the duplicate."""
    envelope = find(engine, job)
    return hand_out_again(engine, envelope, "a duplicate delivery")


def requeue(engine: Engine, job: Any) -> JobRecord:
    """Put a dead job back into its queue; it gets one more execution than it has used up, as in Sidekiq."""
    job_id = _id_of(job)
    record = engine.take_from_dead(job_id)
    if record is None:
        raise JobkitError(f"no dead job {job_id!r}; in the dead set are {_listed(engine.dead)}")
    envelope = record.envelope.copy()
    envelope.due = None
    if envelope.headers and "retry_count" in envelope.headers:
        envelope.headers["retry_count"] -= 1
    engine.put(envelope)
    revived = JobRecord(envelope, State.ENQUEUED, envelope.attempt)
    engine.emit(events.Requeued(revived, engine.clock.time()))
    return revived


def take(engine: Engine, job: Any) -> Envelope:
    """Take the pending message of `job` out of its queue; of several the one that comes first.

    Raises:
        JobkitError: nothing of that job is pending.
    """
    job_id = _id_of(job)
    chosen = next((envelope for envelope in engine.pending if envelope.job_id == job_id), None)
    if chosen is None:
        raise JobkitError(f"job {job_id!r} is not pending; pending are {_listed(engine.pending)}")
    engine.pending.remove(lambda envelope: envelope is chosen)
    return chosen


def find(engine: Engine, job: Any) -> Envelope:
    """The newest message of `job` that the engine has seen."""
    job_id = _id_of(job)
    for envelope in engine.pending:
        if envelope.job_id == job_id:
            return envelope
    for record in reversed(engine.performed):
        if record.job_id == job_id:
            return record.envelope
    raise JobkitError(f"this engine has never seen job {job_id!r}; pending are {_listed(engine.pending)}")


def _id_of(job: Any) -> str:
    """The id of a job, given as such, as a `Job`, a record or an envelope."""
    return job if isinstance(job, str) else str(job.job_id)


def _listed(records: Any) -> str:
    return ", ".join(f"{record.name} {record.job_id}" for record in records) or "none"

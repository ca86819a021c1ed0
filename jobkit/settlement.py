"""What the delivery layer does with the end of a delivery: acknowledge, keep for a retry, bury, or hand out again.

An error that left the job goes through the delivery layer's own retries (`retry.exhaustion`), as in Sidekiq; a worker
that was lost leaves the message to its ack mode.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from jobkit import events
from jobkit.envelope import AckMode, Delivery, Envelope
from jobkit.outcome import Outcome, OutcomeKind
from jobkit.record import JobRecord, State
from jobkit.retry.exhaustion import Exhausted, RetryIn, RetryOptions, decide

if TYPE_CHECKING:
    from jobkit.engine import Engine

_STATES = {kind: State(kind.value) for kind in OutcomeKind if kind is not OutcomeKind.FAILED}
_DEFAULT = RetryOptions()


def settle(engine: Engine, delivery: Delivery, outcome: Outcome, acknowledged: bool = True) -> tuple[JobRecord, bool]:
    """Note the end of `delivery` and do what follows from it.

    With `acknowledged` False the body has run and its acknowledgement was lost: the message comes back besides.
    Returns the record, and whether an error is left that neither a handler nor a declared retry took care of.
    """
    if acknowledged and outcome.kind is OutcomeKind.SUCCEEDED:
        engine.end(delivery)
        record, unhandled = _note(engine, delivery, outcome, State.SUCCEEDED), False
    else:
        record, unhandled = _settle(engine, delivery, outcome, acknowledged)
    if delivery.envelope.headers and engine.batches:
        with engine.changed:
            engine.batches.note(record, outcome.kind, dead=record.state is State.DEAD)
    return record, unhandled


def _settle(engine: Engine, delivery: Delivery, outcome: Outcome, acknowledged: bool) -> tuple[JobRecord, bool]:
    engine.end(delivery)
    kind = outcome.kind
    if not acknowledged and kind is not OutcomeKind.LOST:
        return_unacknowledged(engine, delivery, "its acknowledgement was lost")
    if kind is OutcomeKind.FAILED:
        return _fail(engine, delivery, outcome)
    if kind is OutcomeKind.LOST:
        _lose(engine, delivery, outcome)
    record = _note(engine, delivery, outcome, _STATES[kind])
    if outcome.bury:
        engine.bury(record, outcome.error)
    return record, False


def _note(engine: Engine, delivery: Delivery, outcome: Outcome, state: State) -> JobRecord:
    record = JobRecord(delivery.envelope, state, delivery.number, outcome, delivery.started_at, engine.clock.time())
    engine.note_performed(record)
    return record


def _fail(engine: Engine, delivery: Delivery, outcome: Outcome) -> tuple[JobRecord, bool]:
    envelope = delivery.envelope
    error = outcome.error or RuntimeError(outcome.reason or "the delivery failed")
    now = engine.clock.time()
    declared = envelope.performer.retry_options(envelope)
    options = declared or _DEFAULT
    headers = dict(envelope.headers or {})
    count = headers["retry_count"] + 1 if "retry_count" in headers else 0
    moment = "retried_at" if count else "failed_at"
    headers |= {
        "retry_count": count,
        moment: int(now * 1000),
        "error_class": type(error).__qualname__,
        "error_message": str(error)[:10_000],
    }
    envelope.headers = headers
    record = JobRecord(envelope, State.DEAD, delivery.number, outcome, delivery.started_at, now)
    decision = decide(
        options,
        engine.max_retries,
        count,
        headers["failed_at"] / 1000,
        now,
        error,
        record,
        engine.spread,
        engine.report,
    )
    if isinstance(decision, RetryIn):
        record.state = State.RETRIED
        engine.note_performed(record)
        again = envelope.copy()
        again.due = now + decision.delay
        again.retry = True
        again.queue = options.retry_queue or envelope.queue
        engine.put(again)
        engine.emit(events.DeliveryRetry(record, now, error, decision.delay, count))
        return record, declared is None or declared.retry is True
    bury = isinstance(decision, Exhausted) and decision.dead
    if isinstance(decision, Exhausted) and options.retries_exhausted is not None:
        try:
            bury = options.retries_exhausted(record, error) != "discard" and bury
        except Exception as broken:
            engine.report(broken)
    if not bury:
        record.state = State.DISCARDED
        headers["discarded_at"] = int(now * 1000)
    engine.note_performed(record)
    if bury:
        engine.bury(record, error)
    else:
        reason = outcome.reason or (decision.reason if not isinstance(decision, Exhausted) else "dead=False")
        engine.emit(events.Dropped(record, now, error, reason))
    engine.locks.release_all(envelope.job_id)
    engine.tell_death(record, error)
    return record, True


def _lose(engine: Engine, delivery: Delivery, outcome: Outcome) -> None:
    envelope = delivery.envelope
    now = engine.clock.time()
    lost = JobRecord(envelope, State.LOST, delivery.number, outcome, delivery.started_at, now)
    engine.emit(events.WorkerLostEvent(lost, now, outcome.reason))
    if envelope.performer.ack_mode(envelope) is AckMode.EARLY:
        engine.emit(events.Dropped(lost, now, None, "acknowledged before it ran, so a lost worker loses it"))
    else:
        return_unacknowledged(engine, delivery, "its worker was lost before the acknowledgement")


def return_unacknowledged(engine: Engine, delivery: Delivery, reason: str) -> None:
    """Let a message that nobody acknowledged come back: when its visibility timeout is over, or at once."""
    if delivery.expires_at is None:
        hand_out_again(engine, delivery.envelope, reason)
    else:
        engine.in_flight[delivery.envelope.sequence] = delivery


def hand_out_again(engine: Engine, envelope: Envelope, reason: str) -> JobRecord:
    """Put the same bytes into the queue once more; returns the duplicate."""
    again = envelope.copy()
    again.due = None
    engine.put(again)
    duplicate = JobRecord(again, State.ENQUEUED, again.attempt)
    engine.emit(events.Redelivered(duplicate, engine.clock.time(), reason))
    return duplicate


def abandon(engine: Engine, envelope: Envelope) -> None:
    """Take a message back from a worker that was stopped before it finished, to the front of its queue."""
    engine.in_flight.pop(envelope.sequence, None)
    again = envelope.copy()
    again.sequence = envelope.sequence
    engine.pending.return_to_front(again)
    record = JobRecord(again, State.ENQUEUED, again.attempt)
    engine.emit(events.Redelivered(record, engine.clock.time(), "its worker was stopped before it finished"))

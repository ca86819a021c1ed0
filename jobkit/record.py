"""What a test reads of a job: one record a pending message, and one a delivery that took place."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from jobkit.envelope import Envelope
from jobkit.outcome import Outcome


class State(StrEnum):
    """Where a job is, or how its delivery ended."""

    ENQUEUED = "enqueued"
    SCHEDULED = "scheduled"
    RETRY = "retry"
    BLOCKED = "blocked"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    RETRIED = "retried"
    DISCARDED = "discarded"
    HALTED = "halted"
    RESCUED = "rescued"
    INTERRUPTED = "interrupted"
    DROPPED = "dropped"
    DEAD = "dead"
    LOST = "lost"
    RAISED = "raised"  # an error left perform_now for its caller; no queue knows of it


class JobRecord:
    """A job as the engine sees it at one moment; for a performed one, the whole of that delivery.

    Two records are equal when they are about the same delivery of the same message.
    """

    __slots__ = ("_executions", "envelope", "finished", "outcome", "started", "state")

    def __init__(
        self,
        envelope: Envelope,
        state: State,
        executions: int,
        outcome: Outcome | None = None,
        started: float | None = None,
        finished: float | None = None,
    ) -> None:
        self.envelope = envelope
        self.state = state
        self._executions = executions
        self.outcome = outcome
        self.started = started
        self.finished = finished

    @property
    def job_id(self) -> str:
        return self.envelope.job_id

    @property
    def name(self) -> str:
        """The job's name as its framework knows it."""
        return self.envelope.name

    @property
    def job(self) -> object | None:
        """The job class or function, the Celery task, the actor ...; None if this process does not know it."""
        return self.envelope.performer.target(self.envelope)

    @property
    def framework(self) -> str:
        return self.envelope.performer.framework

    @property
    def queue_name(self) -> str:
        return self.envelope.queue

    @property
    def queue(self) -> str:
        return self.envelope.queue

    @property
    def priority(self) -> int | None:
        return self.envelope.priority

    @property
    def arguments(self) -> Sequence[Any]:
        """The positional arguments, decoded anew at each access: nobody's changes to them are shared."""
        return self.envelope.call.arguments

    @property
    def kwarguments(self) -> dict[str, Any]:
        """The keyword arguments, decoded anew at each access."""
        return self.envelope.call.kwarguments

    @property
    def executions(self) -> int:
        """How often the body has been started, for a performed record this delivery included."""
        return self._executions

    @property
    def attempts_max(self) -> int | None:
        """How often the body may run in all; None means without limit or unknown."""
        return self.envelope.performer.attempts_max(self.envelope)

    @property
    def enqueued_at(self) -> datetime:
        return moment(self.envelope.enqueued_at)

    @property
    def scheduled_at(self) -> datetime | None:
        """Not before this moment; None for a job that was enqueued to run at once."""
        return None if self.envelope.due is None else moment(self.envelope.due)

    @property
    def started_at(self) -> datetime | None:
        return None if self.started is None else moment(self.started)

    @property
    def finished_at(self) -> datetime | None:
        return None if self.finished is None else moment(self.finished)

    @property
    def error(self) -> BaseException | None:
        """The error behind a retry, a discard or a death."""
        return None if self.outcome is None else self.outcome.error

    @property
    def result(self) -> Any:
        """What the body returned."""
        return None if self.outcome is None else self.outcome.result

    @property
    def reason(self) -> str:
        """One sentence on why the delivery ended so, where the state alone does not say it."""
        return "" if self.outcome is None else self.outcome.reason

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, JobRecord):
            return NotImplemented
        return self.envelope is other.envelope and self.state is other.state and self.started == other.started

    def __hash__(self) -> int:
        return hash((id(self.envelope), self.state, self.started))

    def __repr__(self) -> str:
        return f"<JobRecord {self.state} {describe_call(self.envelope)} on {self.queue}>"


def moment(instant: float) -> datetime:
    """An instant in epoch seconds as an aware datetime in UTC."""
    return datetime.fromtimestamp(instant, UTC)


def describe_call(envelope: Envelope) -> str:
    """The message as a call, ``ProcessOrder(42, gift=True)``; a body that cannot be decoded is shown as it is."""
    try:
        name, arguments, kwarguments = envelope.call
    except Exception as error:
        return f"{envelope.name}(<arguments cannot be decoded: {error}>)"
    shown = [repr(value) for value in arguments]
    shown += [f"{key}={value!r}" for key, value in kwarguments.items()]
    return f"{name.rpartition('.')[2]}({', '.join(shown)})"

"""What a queue holds and what it hands to a worker: the delivery layer's values.

This layer does not know how a job is written. A `Performer` does: jobkit's own job layer is one, each captured
framework is another. Whatever the engine does to an envelope (delay, reorder, duplicate, lose, bury) therefore
works for all of them.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, NamedTuple

from jobkit.errors import ConfigError
from jobkit.outcome import Outcome, OutcomeKind

if TYPE_CHECKING:
    from jobkit.retry.exhaustion import RetryOptions


class AckMode(StrEnum):
    """When a worker acknowledges: decides what a lost worker does to the message."""

    EARLY = "early"  # before the body runs: a lost worker loses the message (at most once)
    LATE = "late"  # after the body ran: a lost worker's message is delivered again (at least once)


class Call(NamedTuple):
    """An envelope as people read it: the job's name and its decoded arguments."""

    name: str
    arguments: Sequence[Any]
    kwarguments: dict[str, Any]


class Envelope:
    """One message of a queue.

    Attributes:
        job_id: the job's id; the same for all its retries.
        name: the job's name as its framework knows it.
        body: the message as the bytes or text that would have gone to a broker.
        queue: the queue's name.
        priority: lower is more urgent; None counts as 0.
        due: not before this instant (epoch seconds); None means at once.
        performer: what can run it.
        enqueued_at: when it was enqueued (epoch seconds).
        sequence: the order of enqueueing within one engine.
        causes: names of the jobs that led to it, oldest first, the last few only.
        retry: whether it is a further attempt of a job that failed.
        attempt: how many deliveries of this job have begun so far.
        headers: what the delivery layer and the mechanisms note on a message (retry counts, batch, lock).
    """

    __slots__ = (
        "attempt", "body", "causes", "due", "enqueued_at", "headers", "job_id", "name", "performer", "priority",
        "queue", "retry", "sequence",
    )  # fmt: skip

    def __init__(
        self,
        job_id: str,
        name: str,
        body: str | bytes,
        performer: Performer,
        queue: str = "default",
        priority: int | None = None,
        due: float | None = None,
        retry: bool = False,
        attempt: int = 0,
    ) -> None:
        self.job_id = job_id
        self.name = name
        self.body = body
        self.performer = performer
        self.queue = queue
        self.priority = priority
        self.due = due
        self.retry = retry
        self.attempt = attempt
        self.enqueued_at = 0.0
        self.sequence = 0
        self.causes: tuple[str, ...] = ()
        self.headers: dict[str, Any] | None = None

    def copy(self) -> Envelope:
        """The same bytes as a further message, as a queue delivers a duplicate."""
        twin = Envelope(
            self.job_id, self.name, self.body, self.performer, self.queue, self.priority, self.due, self.retry,
            self.attempt,
        )  # fmt: skip
        twin.causes = self.causes
        twin.headers = dict(self.headers) if self.headers else None
        return twin

    @property
    def call(self) -> Call:
        """The job's name and decoded arguments, for people and for matchers."""
        return self.performer.call(self)

    def __repr__(self) -> str:
        return f"<Envelope {self.name} {self.job_id} on {self.queue}>"


@dataclass(slots=True)
class Delivery:
    """One handing-over of an envelope to a worker.

    Attributes:
        envelope: the message.
        number: 1 for the job's first delivery, counted over all its retries and redeliveries.
        started_at: when it began (epoch seconds of the engine's clock).
        expires_at: the end of its visibility timeout, or None: it then comes back as soon as the worker is lost.
    """

    envelope: Envelope
    number: int
    started_at: float
    expires_at: float | None = None


class Performer:
    """What can run envelopes of one kind: jobkit's job layer, or a captured framework's own worker path.

    A subclass implements `perform` and `call`; the rest has the answers of an at-least-once queue.
    """

    #: the name shown in reports, e.g. "jobkit" or "celery"
    framework = "jobkit"

    def perform(self, delivery: Delivery) -> Outcome | Awaitable[Outcome]:
        """Run the message once. An error of the job becomes ``Outcome(FAILED, error=...)``, never an exception.

        An awaitable is returned for a job that needs an event loop.

        Raises:
            WorkerLost: passed through; the engine treats the delivery as lost.
        """
        raise NotImplementedError

    def call(self, envelope: Envelope) -> Call:
        """The job's name and its decoded arguments."""
        raise NotImplementedError

    def target(self, envelope: Envelope) -> object | None:
        """The job class, task or function that the envelope is for, or None if this process does not know it."""
        return None

    def body(self, target: object) -> tuple[Any, str] | None:
        """Where the function that runs for `target` is kept: its owner and the attribute's name.

        What stands in that attribute is called, with the job's arguments, at every delivery; a test puts a failing
        function there. None if there is no such place.
        """
        return None

    def send(self, target: object, arguments: Sequence[Any], kwarguments: dict[str, Any]) -> None:
        """Enqueue `target` with these arguments, as its framework does in its plainest form.

        Raises:
            ConfigError: there is no such form that this performer knows.
        """
        raise ConfigError(
            f"{self.framework}: enqueue {target!r} as its framework does, then give the record of the enqueued job"
        )

    def signature(self, target: object) -> inspect.Signature | None:
        """How `target` takes its arguments, without what the framework itself passes; None where that is unknown."""
        return None

    def is_for(self, envelope: Envelope, job: object) -> bool:
        """Whether the envelope is for `job`: what `target` gives, or the job's full name, or the end of it."""
        if isinstance(job, str):
            return envelope.name == job or envelope.name.endswith(f".{job}")
        return self.target(envelope) is job

    def is_async(self, envelope: Envelope) -> bool:
        """Whether `perform` gives an awaitable for this message."""
        return inspect.iscoroutinefunction(self.perform)

    def ack_mode(self, envelope: Envelope) -> AckMode:
        """When this message is acknowledged."""
        return AckMode.LATE

    def retry_options(self, envelope: Envelope) -> RetryOptions | None:
        """The job's own options for the delivery layer's retries; None leaves it to the engine's configuration."""
        return None

    def visibility_timeout(self, envelope: Envelope) -> float | None:
        """Seconds after which the broker hands out an unacknowledged message once more; None: as soon as it notices."""
        return None

    def attempts_max(self, envelope: Envelope) -> int | None:
        """How often the body may run in all, as far as the framework knows; None means without limit or unknown."""
        return None

    def lose(self, delivery: Delivery) -> Outcome:
        """What the framework does when the worker dies after the body began; decides by `ack_mode` here.

        Early: the message is gone (LOST). Late: LOST as well, but the engine hands the same bytes out again.
        """
        return Outcome(OutcomeKind.LOST, reason="the worker was lost after the body had begun")


class WorkerLost(BaseException):
    """The worker process is gone. Raised inside a body to lose the worker at that point; no handler may take it."""

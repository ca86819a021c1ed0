"""Every event of the engine, one dataclass each, as ActiveJob's instrumentation names them.

An event with a duration is published when its block ends, so a nested event comes first:
``perform_start, enqueue_at, enqueue_retry, perform`` for a delivery that fails and is retried.
"""

from __future__ import annotations

# repr and match_args are left out throughout: to make them for each class is half of what importing this file costs.
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

if TYPE_CHECKING:
    from datetime import datetime


class JobView(Protocol):
    """What every job of an event has, be it a jobkit `Job` or the record of a captured framework's job."""

    @property
    def job_id(self) -> str: ...
    @property
    def queue_name(self) -> str: ...


@dataclass(slots=True, eq=False, repr=False, match_args=False)
class Event:
    """What every event says.

    Attributes:
        job: the job; None for the few events that are about no single job.
        time: when it happened, in epoch seconds of the engine's clock.
    """

    name: ClassVar[str] = ""

    job: Any
    time: float

    @property
    def at(self) -> datetime:
        """When it happened, as an aware datetime."""
        from jobkit.record import moment

        return moment(self.time)

    @property
    def job_id(self) -> str | None:
        return None if self.job is None else str(self.job.job_id)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.job!r} at {self.time:.3f}>"


@dataclass(slots=True, eq=False, repr=False, match_args=False)
class Enqueue(Event):
    """A job was enqueued to run at once."""

    name = "enqueue"
    aborted: bool = False
    error: BaseException | None = None
    duration: float = 0.0


@dataclass(slots=True, eq=False, repr=False, match_args=False)
class EnqueueAt(Event):
    """A job was enqueued with a time before which it does not run."""

    name = "enqueue_at"
    scheduled_at: float = 0.0
    aborted: bool = False
    error: BaseException | None = None
    duration: float = 0.0


@dataclass(slots=True, eq=False, repr=False, match_args=False)
class EnqueueDeferred(Event):
    """A job waits for a transaction to commit; it is enqueued then, or never if that rolls back."""

    name = "enqueue_deferred"


@dataclass(slots=True, eq=False, repr=False, match_args=False)
class EnqueueAll(Event):
    """`perform_all_later` ran."""

    name = "enqueue_all"
    jobs: tuple[Any, ...] = ()
    enqueued_count: int = 0
    duration: float = 0.0


@dataclass(slots=True, eq=False, repr=False, match_args=False)
class PerformStart(Event):
    """Arguments are decoded, perform callbacks come next."""

    name = "perform_start"


@dataclass(slots=True, eq=False, repr=False, match_args=False)
class Perform(Event):
    """A whole execution, error handling included; `error` only if it left the job."""

    name = "perform"
    aborted: bool = False
    error: BaseException | None = None
    duration: float = 0.0


@dataclass(slots=True, eq=False, repr=False, match_args=False)
class EnqueueRetry(Event):
    """The job enqueued its next attempt."""

    name = "enqueue_retry"
    error: BaseException | None = None
    wait: float | None = None
    duration: float = 0.0


@dataclass(slots=True, eq=False, repr=False, match_args=False)
class RetryStopped(Event):
    """The attempts of a retry_on are used up."""

    name = "retry_stopped"
    error: BaseException | None = None
    duration: float = 0.0


@dataclass(slots=True, eq=False, repr=False, match_args=False)
class Discard(Event):
    """A discard_on matched."""

    name = "discard"
    error: BaseException | None = None
    duration: float = 0.0


@dataclass(slots=True, eq=False, repr=False, match_args=False)
class Interrupt(Event):
    """A continuation stopped at a checkpoint."""

    name = "interrupt"
    reason: str = ""
    description: str = ""
    completed_steps: tuple[str, ...] = ()
    current_step: Any = None


@dataclass(slots=True, eq=False, repr=False, match_args=False)
class Resume(Event):
    """A continuation goes on where it was interrupted."""

    name = "resume"
    description: str = ""
    completed_steps: tuple[str, ...] = ()
    current_step: Any = None


@dataclass(slots=True, eq=False, repr=False, match_args=False)
class StepSkipped(Event):
    """A step was completed in an earlier execution."""

    name = "step_skipped"
    step: str = ""


@dataclass(slots=True, eq=False, repr=False, match_args=False)
class StepStarted(Event):
    """The body of a step begins."""

    name = "step_started"
    step: Any = None


@dataclass(slots=True, eq=False, repr=False, match_args=False)
class StepFinished(Event):
    """A whole step, interrupted or not."""

    name = "step"
    step: Any = None
    interrupted: bool = False
    error: BaseException | None = None
    duration: float = 0.0


@dataclass(slots=True, eq=False, repr=False, match_args=False)
class DeliveryRetry(Event):
    """An error left the job and the delivery layer keeps it in its retry set, as Sidekiq does."""

    name = "retry_scheduled"
    error: BaseException | None = None
    wait: float = 0.0
    retry_count: int = 0


@dataclass(slots=True, eq=False, repr=False, match_args=False)
class Died(Event):
    """A job went to the dead set."""

    name = "dead"
    error: BaseException | None = None
    reason: str = ""


@dataclass(slots=True, eq=False, repr=False, match_args=False)
class Dropped(Event):
    """A message was given up without the dead set (``retry=False``, ``dead=False``, "discard", an early ack)."""

    name = "dropped"
    error: BaseException | None = None
    reason: str = ""


@dataclass(slots=True, eq=False, repr=False, match_args=False)
class WorkerLostEvent(Event):
    """The worker went away in the middle of a delivery."""

    name = "worker_lost"
    reason: str = ""


@dataclass(slots=True, eq=False, repr=False, match_args=False)
class Redelivered(Event):
    """The same bytes are in the queue again: a lost acknowledgement, an expired visibility timeout, a duplicate."""

    name = "redelivered"
    reason: str = ""


@dataclass(slots=True, eq=False, repr=False, match_args=False)
class Requeued(Event):
    """A dead job was put back into its queue by hand."""

    name = "requeued"


@dataclass(slots=True, eq=False, repr=False, match_args=False)
class Conflict(Event):
    """A unique lock or a concurrency limit stood in the way."""

    name = "conflict"
    lock: str = ""
    strategy: str = ""
    holder: str | None = None


@dataclass(slots=True, eq=False, repr=False, match_args=False)
class Fired(Event):
    """An entry of a recurring schedule fell due."""

    name = "schedule_fired"
    entry: str = ""
    fire_time: float = 0.0
    overlaps: bool = False


@dataclass(slots=True, eq=False, repr=False, match_args=False)
class BatchEvent(Event):
    """A batch is complete, has succeeded, or one of its jobs died: `what` says which."""

    name = "batch"
    batch: Any = None
    what: str = ""


@dataclass(slots=True, eq=False, repr=False, match_args=False)
class Custom(Event):
    """An event of a mechanism or an adapter that has no class of its own."""

    name = "custom"
    what: str = ""
    details: dict[str, Any] = field(default_factory=dict)

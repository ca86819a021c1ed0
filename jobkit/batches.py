"""`Batch`: many jobs with callbacks for the whole of them, as Sidekiq Pro's batches (spec: H.1).

complete: every job has been executed once, in success or not. success: every job has succeeded, perhaps after
retries. death: a job has finally failed, told once. The callbacks are jobs; they get the batch's status.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextvars import ContextVar, Token
from types import TracebackType
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from jobkit import current, events
from jobkit.errors import ConfigError
from jobkit.outcome import OutcomeKind

if TYPE_CHECKING:
    from jobkit.engine import Engine
    from jobkit.envelope import Envelope
    from jobkit.record import JobRecord

#: the key under which a job's message names its batch
HEADER = "batch"

_filling: ContextVar[Batch | None] = ContextVar("jobkit_batch", default=None)


class BatchStatus(NamedTuple):
    """What a batch's callbacks are told.

    Attributes:
        batch_id: the batch.
        total: jobs in it; pending: those that have not succeeded yet; failures: jobs whose last execution failed.
        dead_ids: ids of jobs that have finally failed.
        complete: whether each has been executed once.
    """

    batch_id: str
    total: int
    pending: int
    failures: int
    dead_ids: list[str]
    complete: bool


class Batch:
    """Jobs that belong together. Fill it in a ``with`` block; they are enqueued when the block ends without an error.

    Args:
        on_complete, on_success, on_death: a job (a Job class or a @job function) that is enqueued with the status as
            a mapping, or any callable that is called with the `BatchStatus`.
        description: for people.

    A job of the batch that fills it again (``with current_batch():``) adds to it. A batch that is filled within the
    block of another is its child: the parent succeeds after its children, and their deaths are the parent's too.
    """

    def __init__(
        self,
        *,
        on_complete: Any = None,
        on_success: Any = None,
        on_death: Any = None,
        description: str = "",
    ) -> None:
        for word, callback in (("on_complete", on_complete), ("on_success", on_success), ("on_death", on_death)):
            if callback is not None and not (callable(callback) or hasattr(callback, "perform_later")):
                raise ConfigError(f"Batch({word}={callback!r}): give a job, or something to call")
        self.description = description
        self._callbacks = {"complete": on_complete, "success": on_success, "death": on_death}
        self._backend: Any = None
        self.batch_id = ""
        self.parent: Batch | None = None
        self._children: set[str] = set()
        self._children_left: set[str] = set()
        self._held: list[Envelope] = []
        self._total = 0
        self._jobs: set[str] = set()
        self._unexecuted: set[str] = set()
        self._unsucceeded: set[str] = set()
        self._failing: set[str] = set()
        self.dead_ids: list[str] = []
        self._told: set[str] = set()
        self._depth = 0
        self._tokens: list[Token[Batch | None]] = []

    def __enter__(self) -> Self:
        if self._backend is None:
            self._backend = current.current_backend()
            self.batch_id = self._backend.ids.job_id()
            self._backend.batches.add(self)
            self.parent = _filling.get()
            if self.parent is not None:
                self.parent._children_left.add(self.batch_id)
        self._depth += 1
        self._tokens.append(_filling.set(self))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        _filling.reset(self._tokens.pop())
        self._depth -= 1
        held, self._held = self._held, []
        if error is not None:
            # Nothing of a block that failed is enqueued (Sidekiq pushes it as one).
            for envelope in held:
                self._forget(envelope.job_id)
            return
        for envelope in held:
            self._backend.put(envelope)
        self._tell()

    def hold(self, envelope: Envelope) -> None:
        """Keep a message that is enqueued within the block until its end."""
        job_id = envelope.job_id
        envelope.headers = {**(envelope.headers or {}), HEADER: self.batch_id}
        self._held.append(envelope)
        if job_id not in self._jobs:
            self._jobs.add(job_id)
            self._total += 1
            self._unexecuted.add(job_id)
            self._unsucceeded.add(job_id)

    def _forget(self, job_id: str) -> None:
        self._jobs.discard(job_id)
        self._unexecuted.discard(job_id)
        self._unsucceeded.discard(job_id)
        self._total -= 1

    @property
    def status(self) -> BatchStatus:
        """How far the batch has come."""
        return BatchStatus(
            self.batch_id,
            self._total,
            len(self._unsucceeded),
            len(self._failing),
            list(self.dead_ids),
            not self._unexecuted,
        )

    def note(self, job_id: str, kind: OutcomeKind, dead: bool) -> None:
        """Take in how a delivery of one of its jobs ended."""
        if kind in (OutcomeKind.INTERRUPTED, OutcomeKind.LOST):
            return  # not an execution
        self._unexecuted.discard(job_id)
        if kind in (OutcomeKind.RETRIED, OutcomeKind.FAILED, OutcomeKind.DISCARDED):
            self._failing.add(job_id)
        else:
            self._failing.discard(job_id)
            self._unsucceeded.discard(job_id)
        if dead or kind is OutcomeKind.DISCARDED:
            self._note_death(job_id)
        self._tell()

    def _note_death(self, job_id: str) -> None:
        self.dead_ids.append(job_id)
        self._say("death")
        if self.parent is not None:
            self.parent._note_death(job_id)

    def _tell(self) -> None:
        if self._depth:
            return
        if not self._unexecuted:
            self._say("complete")
        if not self._unsucceeded and not self._children_left:
            self._say("success")
            if self.parent is not None and self.batch_id in self.parent._children_left:
                self.parent._children_left.discard(self.batch_id)
                self.parent._tell()

    def _say(self, what: str) -> None:
        """Enqueue or call the callback of an event, once."""
        if what in self._told:
            return
        self._told.add(what)
        self._backend.emit(events.BatchEvent(None, self._backend.clock.time(), self, what))
        callback: Callable[..., Any] | Any = self._callbacks[what]
        if callback is None:
            return
        later = getattr(callback, "perform_later", None)
        token = _filling.set(None)
        try:
            if later is None:
                callback(self.status)
            else:
                later(self.status._asdict())
        finally:
            _filling.reset(token)

    def __repr__(self) -> str:
        return f"<Batch {self.description or self.batch_id}: {self._total} jobs, {len(self._unsucceeded)} pending>"


class Batches:
    """The batches of one engine, by id."""

    def __init__(self) -> None:
        self._by_id: dict[str, Batch] = {}

    def add(self, batch: Batch) -> None:
        self._by_id[batch.batch_id] = batch

    def find(self, envelope: Envelope) -> Batch | None:
        """The batch that a message belongs to."""
        return self._by_id.get(envelope.headers[HEADER]) if envelope.headers and HEADER in envelope.headers else None

    def hold(self, engine: Engine, envelope: Envelope) -> bool:
        """Give a message that is enqueued within a batch's block to that batch; False outside of one."""
        batch = _filling.get()
        if batch is None or batch._backend is not engine or envelope.retry or self.find(envelope) is not None:
            return False
        batch.hold(envelope)
        return True

    def note(self, record: JobRecord, kind: OutcomeKind, dead: bool) -> None:
        """Tell a job's batch how a delivery ended."""
        batch = self.find(record.envelope)
        if batch is not None:
            batch.note(record.job_id, kind, dead)

    def __iter__(self) -> Iterator[Batch]:
        return iter(self._by_id.values())

    def __bool__(self) -> bool:
        return bool(self._by_id)


def current_batch() -> Batch | None:
    """The batch of the job that is being performed; ``with current_batch():`` adds jobs to it."""
    delivery = current.current_delivery.get()
    if delivery is None:
        return None
    batches: Batches | None = getattr(current.current_backend(), "batches", None)
    return None if batches is None else batches.find(delivery.envelope)

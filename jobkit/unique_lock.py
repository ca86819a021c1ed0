"""`unique`: a lock that keeps a second equal job out of the queue, or from running (spec: F.2 to F.4).

==========================  ===============  =======================  ====================================
lock                        taken            let go                   when the body raises
==========================  ===============  =======================  ====================================
until_executing             at enqueue       before the body          taken again, so the retry is protected
until_executed              at enqueue       after the body returned  kept through the retries
until_expired               at enqueue       by its ttl alone         kept
while_executing             before the body  after the body           let go
while_executing_reject      the same, and the second job goes to the dead set
until_and_while_executing   at enqueue, and  before the body; after   the first is taken again
                            before the body  the body
==========================  ===============  =======================  ====================================
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any, TypeVar

from jobkit import enqueueing, events
from jobkit.clock import seconds
from jobkit.definition import Declared, declare
from jobkit.errors import ConfigError, UniqueConflict
from jobkit.guards import Guard, Refusal
from jobkit.lock_identity import lock_key
from jobkit.outcome import Outcome, OutcomeKind
from jobkit.settings import Settings

if TYPE_CHECKING:
    from jobkit.backend import Backend
    from jobkit.stores.locks import Lock

T = TypeVar("T")
_log = logging.getLogger("jobkit.unique")

#: seconds until a job comes again that on_conflict="reschedule" put off, as sidekiq-unique-jobs' schedule_in
RESCHEDULE_IN = 5.0


class LockType(StrEnum):
    """When a lock is taken and let go."""

    UNTIL_EXECUTING = "until_executing"
    UNTIL_EXECUTED = "until_executed"
    UNTIL_EXPIRED = "until_expired"
    WHILE_EXECUTING = "while_executing"
    WHILE_EXECUTING_REJECT = "while_executing_reject"
    UNTIL_AND_WHILE_EXECUTING = "until_and_while_executing"


_ALIASES = {
    "while_enqueued": LockType.UNTIL_EXECUTING,
    "until_performed": LockType.UNTIL_EXECUTED,
    "until_completed": LockType.UNTIL_EXECUTED,
    "until_processed": LockType.UNTIL_EXECUTED,
    "until_successfully_completed": LockType.UNTIL_EXECUTED,
    "around_perform": LockType.WHILE_EXECUTING,
    "while_busy": LockType.WHILE_EXECUTING,
    "while_working": LockType.WHILE_EXECUTING,
}
_AT_PUSH = frozenset(LockType) - {LockType.WHILE_EXECUTING, LockType.WHILE_EXECUTING_REJECT}
_AT_RUN = {LockType.WHILE_EXECUTING, LockType.WHILE_EXECUTING_REJECT, LockType.UNTIL_AND_WHILE_EXECUTING}
_FREED_BEFORE = {LockType.UNTIL_EXECUTING, LockType.UNTIL_AND_WHILE_EXECUTING}
_ENDED = {OutcomeKind.DISCARDED, OutcomeKind.HALTED, OutcomeKind.RESCUED}
STRATEGIES = (None, "log", "raise", "reject", "replace", "reschedule")


class UniqueLock(Guard):
    """The guard behind `unique`, whose arguments it takes."""

    def __init__(
        self,
        lock: str,
        key: Callable[..., Any] | None,
        ttl: float | timedelta | None,
        on_conflict: str | None,
        limit: int,
        across_queues: bool,
        across_jobs: bool,
    ) -> None:
        known = {**_ALIASES, **{kind.value: kind for kind in LockType}}
        if lock not in known:
            raise ConfigError(f"unique(lock={lock!r}): there is no such lock; there are {', '.join(known)}")
        if on_conflict not in STRATEGIES:
            raise ConfigError(f"unique(on_conflict={on_conflict!r}): give one of {', '.join(map(str, STRATEGIES))}")
        if limit < 1:
            raise ConfigError(f"unique(limit={limit!r}): at least one job has to hold the lock")
        self.type = known[lock]
        self.strategy = "reject" if self.type is LockType.WHILE_EXECUTING_REJECT else on_conflict
        self._key = key
        self._ttl = None if ttl is None else seconds(ttl)
        self._limit = limit
        self._across = across_queues, across_jobs

    def key(self, job: Any) -> str:
        """The key of `job`'s lock in `Engine.locks`."""
        return lock_key(job, self._key, *self._across)

    def at_push(self, job: Any, backend: Backend) -> Refusal | None:
        if self.type not in _AT_PUSH or _skips(job):
            return None
        key = self.key(job)
        job.extras["lock"] = key
        held = self._acquire(job, backend, key)
        if held is None:
            return None
        return self._conflict_at_push(job, backend, held)

    def _acquire(self, job: Any, backend: Backend, key: str) -> Lock | None:
        ttl = self._ttl
        if ttl is not None and job.scheduled_at is not None:
            # The time to live begins when the job is due.
            ttl += max(0.0, job.scheduled_at.timestamp() - backend.clock.time())
        return backend.locks.acquire(key, job.job_id, self._limit, ttl, self.type is LockType.UNTIL_EXPIRED)

    def _conflict_at_push(self, job: Any, backend: Backend, held: Lock) -> Refusal | None:
        reason = self._tell(job, backend, held)
        match self.strategy:
            case "raise":
                raise UniqueConflict(reason)
            case "replace":
                backend.discard_locked(held.key)
                backend.locks.delete(held.key)
                return None if self._acquire(job, backend, held.key) is None else Refusal(reason)
            case "reschedule":
                self._reschedule(job, backend)
                return Refusal(f"{reason}; it was put off by {RESCHEDULE_IN:g} s")
            case "reject":
                return Refusal(reason, bury=True)
        return Refusal(reason)

    def at_start(self, job: Any, backend: Backend) -> Refusal | None:
        key = self.key(job)
        locks = backend.locks
        if self.type in _FREED_BEFORE:
            if not _skips(job) and not locks.release(key, job.job_id):
                return Refusal(f"its lock {key} is held by job {locks.holder(key)} now")
        elif self.type in _AT_PUSH and not _skips(job):
            held = self._acquire(job, backend, key)
            if held is not None:
                # The lock lapsed and another job took it: no strategy is asked (spec: F.3, corner 1).
                return Refusal(f"its lock {key} lapsed, and job {next(iter(held.holders))} holds it now")
        if self.type in _AT_RUN:
            held = locks.acquire(f"{key}:RUN", job.job_id, self._limit, self._ttl)
            if held is not None:
                return self._conflict_at_start(job, backend, held)
        return None

    def _conflict_at_start(self, job: Any, backend: Backend, held: Lock) -> Refusal:
        reason = self._tell(job, backend, held)
        match self.strategy:
            case "raise":
                return Refusal(reason, Outcome(OutcomeKind.FAILED, error=UniqueConflict(reason), reason=reason))
            case "reject":
                return Refusal(reason, bury=True)
            case "reschedule":
                self._reschedule(job, backend)
                return Refusal(f"{reason}; it was put off by {RESCHEDULE_IN:g} s")
        return Refusal(reason)

    def at_success(self, job: Any, backend: Backend) -> None:
        if self.type is LockType.UNTIL_EXECUTED:
            backend.locks.release(self.key(job), job.job_id)
        self._leave(job, backend)

    def at_error(self, job: Any, backend: Backend, error: BaseException) -> None:
        self._leave(job, backend)
        if self.type in _FREED_BEFORE:
            self._acquire(job, backend, self.key(job))

    def at_end(self, job: Any, backend: Backend, outcome: Outcome) -> None:
        if outcome.kind in _ENDED:
            backend.locks.release_all(job.job_id)

    def _leave(self, job: Any, backend: Backend) -> None:
        if self.type in _AT_RUN:
            backend.locks.release(f"{self.key(job)}:RUN", job.job_id)

    def _tell(self, job: Any, backend: Backend, held: Lock) -> str:
        holder = next(iter(held.holders), None)
        backend.emit(events.Conflict(job, backend.clock.time(), held.key, self.strategy or "none", holder))
        reason = f"{job} is a duplicate: job {holder} holds its lock ({self.type}, key {held.key})"
        if self.strategy == "log":
            _log.info(reason)
        return reason

    def _reschedule(self, job: Any, backend: Backend) -> None:
        twin = type(job)(*job.arguments, **job.kwarguments)
        twin.extras["skip_lock"] = True
        twin.configure(Settings(wait=RESCHEDULE_IN))
        enqueueing.enqueue(twin, backend)


def _skips(job: Any) -> bool:
    return bool(job.extras.get("skip_lock"))


def unique(
    *,
    lock: str = "until_executed",
    key: Callable[..., Any] | None = None,
    ttl: float | timedelta | None = None,
    on_conflict: str | None = None,
    limit: int = 1,
    across_queues: bool = False,
    across_jobs: bool = False,
) -> Callable[[T], T]:
    """Let only one of equal jobs be enqueued, or run, at a time, as sidekiq-unique-jobs' ``lock``.

    Args:
        lock: when the lock is taken and let go: until_executing, until_executed, until_expired, while_executing,
            while_executing_reject, until_and_while_executing, or one of their aliases there.
        key: called with the job's arguments, returns what makes jobs equal; None takes all arguments.
        ttl: seconds (or a timedelta) after which the lock ends by itself, counted from when the job is due.
        on_conflict: what happens to the second job: None drops it, "log" says so, "raise" raises `UniqueConflict`,
            "reject" puts it into the dead set, "replace" takes the first one out of its queue, "reschedule"
            tries it again in 5 seconds, once without the lock.
        limit: how many jobs may hold the lock.
        across_queues, across_jobs: whether the queue, or the job class, makes no difference.

    Raises:
        ConfigError: an argument is of no use.
    """
    guard = UniqueLock(lock, key, ttl, on_conflict, limit, across_queues, across_jobs)
    return lambda target: declare(target, "unique", Declared(guards=[guard]))

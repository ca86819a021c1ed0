"""Who holds the `unique` lock of a job, and for how long."""

from __future__ import annotations

from dataclasses import dataclass

from jobkit import ConfigError, Engine, Job
from jobkit.unique_lock import UniqueLock

#: pytest leaves these frames out of tracebacks: an error is about the line of the test that leads here
__tracebackhide__ = True


@dataclass(frozen=True, slots=True)
class LockState:
    """The lock that a job would need, as it is now.

    Attributes:
        key: of the lock, as in `Engine.locks`.
        holders: ids of the jobs that hold it, first come first.
        ttl: seconds until it ends by itself; None if it does not, or nobody holds it.
        running: ids of the jobs that hold it while they run.
    """

    key: str
    holders: tuple[str, ...]
    ttl: float | None
    running: tuple[str, ...] = ()

    @property
    def is_held(self) -> bool:
        """Whether anybody holds it."""
        return bool(self.holders or self.running)


def lock_of(engine: Engine, job: Job) -> LockState:
    """The state of the lock of `job`, enqueued or merely built (``SyncUser.build(1)``).

    Raises:
        ConfigError: the job has no `unique` lock.
    """
    guard = next((guard for guard in job.definition.guards if isinstance(guard, UniqueLock)), None)
    if guard is None:
        raise ConfigError(f"{job.definition.shown} has no @unique lock, so nobody can hold it")
    key = guard.key(job)
    lock, running = engine.locks.get(key), engine.locks.get(f"{key}:RUN")
    ttl = None if lock is None or lock.expires_at is None else lock.expires_at - engine.clock.time()
    return LockState(key, tuple(lock.holders) if lock else (), ttl, tuple(running.holders) if running else ())

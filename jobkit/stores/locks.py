"""Who holds which lock: a set of job ids for each key, with a limit and a time to live (spec: F.1, F.2)."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field


@dataclass(slots=True)
class Lock:
    """One lock.

    Attributes:
        key: what it is about.
        holders: the ids of the jobs that hold it, with the instants at which they took it.
        expires_at: when it ends by itself (epoch seconds); None if it does not.
        keeps: whether it outlives its jobs, and only time ends it (``until_expired``).
    """

    key: str
    holders: dict[str, float] = field(default_factory=dict)
    expires_at: float | None = None
    keeps: bool = False


class Locks:
    """The locks of one engine. Nothing waits for a lock: it is had at once or not at all."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._locks: dict[str, Lock] = {}
        # the threads of a worker take and release at the same time
        self._mutex = threading.RLock()

    def acquire(
        self, key: str, job_id: str, limit: int = 1, ttl: float | None = None, keeps: bool = False
    ) -> Lock | None:
        """Let `job_id` hold `key`; None on success, or where it held it before; else the lock that is in the way.

        Args:
            limit: how many jobs may hold it at once.
            ttl: seconds until it ends by itself.
        """
        with self._mutex:
            lock = self.get(key)
            if lock is None:
                lock = self._locks[key] = Lock(key)
            if job_id in lock.holders:
                return None
            if len(lock.holders) >= limit:
                return lock
            now = self._now()
            lock.holders[job_id] = now
            lock.keeps = keeps
            if ttl is not None:
                lock.expires_at = now + ttl
            return None

    def release(self, key: str, job_id: str) -> bool:
        """Let go of `key`; False if another job holds it now."""
        with self._mutex:
            lock = self.get(key)
            if lock is None:
                return True
            if lock.holders.pop(job_id, None) is None:
                return not lock.holders
            if not lock.holders:
                del self._locks[key]
            return True

    def release_all(self, job_id: str) -> None:
        """Let go of everything that a finished or dead job holds, but for locks that only time ends."""
        for lock in list(self._locks.values()):
            if job_id in lock.holders and not lock.keeps:
                self.release(lock.key, job_id)

    def delete(self, key: str) -> None:
        """Forget a lock, whoever holds it."""
        self._locks.pop(key, None)

    def get(self, key: str) -> Lock | None:
        """The lock of that key, if somebody holds it and its time is not over."""
        with self._mutex:
            lock = self._locks.get(key)
            if lock is not None and lock.expires_at is not None and lock.expires_at <= self._now():
                del self._locks[key]
                return None
            return lock

    def holder(self, key: str) -> str | None:
        """The id of a job that holds `key`."""
        lock = self.get(key)
        return None if lock is None else next(iter(lock.holders), None)

    def reap(self, is_alive: Callable[[str], bool], grace: float) -> list[str]:
        """Remove the holders that are neither waiting nor running and took their lock more than `grace` seconds ago.

        As sidekiq-unique-jobs' reaper: the way in which the lock of a killed worker ends. Returns the freed keys.
        """
        before = self._now() - grace
        freed = []
        for lock in list(self):
            if lock.keeps:
                continue
            for job_id, taken in list(lock.holders.items()):
                if taken < before and not is_alive(job_id):
                    self.release(lock.key, job_id)
                    freed.append(lock.key)
        return freed

    def __iter__(self) -> Iterator[Lock]:
        """All locks that are held."""
        return iter([lock for key in list(self._locks) if (lock := self.get(key)) is not None])

    def __len__(self) -> int:
        return sum(1 for _ in self)

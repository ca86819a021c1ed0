"""The dead set: jobs that have finally failed, oldest first, capped by age and by number (spec: C.8)."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

from jobkit.record import JobRecord


class DeadSet:
    """Keeps the newest dead jobs.

    Args:
        max_jobs: Sidekiq's ``dead_max_jobs``, 10,000 by default; as there, one fewer than this number is kept.
        timeout: seconds after its death at which a job is dropped, 180 days by default.
    """

    def __init__(self, max_jobs: int = 10_000, timeout: float = 180 * 86_400) -> None:
        self._max_jobs = max_jobs
        self._timeout = timeout
        self._records: deque[JobRecord] = deque()

    def add(self, record: JobRecord, now: float) -> list[JobRecord]:
        """Add a job that died at `now`; returns the jobs that the caps pushed out."""
        self._records.append(record)
        dropped = []
        while self._records and (self._records[0].finished or 0.0) < now - self._timeout:
            dropped.append(self._records.popleft())
        while len(self._records) > self._max_jobs - 1:
            dropped.append(self._records.popleft())
        return dropped

    def remove(self, job_id: str) -> JobRecord | None:
        """Take the newest dead job with this id out of the set."""
        for record in reversed(self._records):
            if record.job_id == job_id:
                self._records.remove(record)
                return record
        return None

    def __iter__(self) -> Iterator[JobRecord]:
        return iter(self._records)

    def __len__(self) -> int:
        return len(self._records)

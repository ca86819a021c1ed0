"""A job store in the process that tells of each job that is planned."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import Any

from apscheduler.job import Job  # type: ignore[import-untyped]  # APScheduler has no types
from apscheduler.jobstores.base import BaseJobStore  # type: ignore[import-untyped]
from apscheduler.jobstores.memory import MemoryJobStore  # type: ignore[import-untyped]

_MemoryJobStore: Any = MemoryJobStore


class EngineStore(_MemoryJobStore):  # type: ignore[misc]  # a class without types
    """Stands in for one store of a scheduler.

    Args:
        real: the scheduler's own store. One in memory holds live objects, and its jobs are taken over; every other
            one would pickle them, so they are pickled here, and it is not asked.
        alias: its name; scheduler: whose it is.
        planned: called with this and a job that was added or given another time.
    """

    def __init__(
        self, real: BaseJobStore, alias: str, scheduler: Any, planned: Callable[[EngineStore, Any], None]
    ) -> None:
        super().__init__()
        self.scheduler = scheduler
        self.alias = alias
        self._pickles = not isinstance(real, MemoryJobStore)
        self._scheduler, self._alias = scheduler, alias
        if not self._pickles:
            for job in real.get_all_jobs():
                super().add_job(_twin(job))
        self._planned = planned
        self._times: dict[str, Any] = {}

    def start(self, scheduler: Any, alias: str) -> None:
        self._scheduler, self._alias = scheduler, alias

    def add_job(self, job: Any) -> None:
        job = self._stored(job)
        super().add_job(job)
        self._plan(job)

    def update_job(self, job: Any) -> None:
        job = self._stored(job)
        super().update_job(job)
        self._plan(job)

    def remove_job(self, job_id: str) -> None:
        super().remove_job(job_id)
        self._times.pop(job_id, None)

    def _plan(self, job: Any) -> None:
        # a scheduler changes the stored job itself, so that its former time has to be remembered
        if self._times.get(job.id) != job.next_run_time:
            self._times[job.id] = job.next_run_time
            self._planned(self, _twin(job))

    def _stored(self, job: Any) -> Any:
        """The job as the store gives it back: read from its bytes, or the same object."""
        return self.job_of(self.body(job), job) if self._pickles else _twin(job)

    def body(self, job: Any) -> bytes:
        """The job's state as bytes; of one that only a store in memory can hold, its name."""
        if self._pickles or job.func_ref:
            try:
                return pickle.dumps(job.__getstate__(), pickle.HIGHEST_PROTOCOL)
            except Exception:
                if self._pickles:
                    raise
        return str(job.name).encode()

    def job_of(self, body: str | bytes, job: Any) -> Any:
        """The job that a worker would have: from the bytes if the store makes bytes, else the live one."""
        if not self._pickles:
            return job
        read = Job.__new__(Job)
        read.__setstate__(pickle.loads(body if isinstance(body, bytes) else body.encode()))
        read._scheduler, read._jobstore_alias = self.scheduler, self.alias
        return read

    def take(self, job: Any) -> bool:
        """Take a job out as the scheduler does before it runs; whether it was there, with the same time."""
        known = self.lookup_job(job.id)
        if known is None or known.next_run_time != job.next_run_time:
            return False
        self.scheduler.remove_job(job.id, self.alias)
        return True


def _twin(job: Any) -> Any:
    """The job as it is now: the scheduler goes on changing its own."""
    twin = Job.__new__(Job)
    for name in Job.__slots__:
        if name != "__weakref__" and hasattr(job, name):
            setattr(twin, name, getattr(job, name))
    return twin

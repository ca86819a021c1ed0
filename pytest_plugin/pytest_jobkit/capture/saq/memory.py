"""What a queue of SAQ asks of Redis or PostgreSQL, answered from memory."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable
from typing import Any

from saq import Job, Queue, Status
from saq.job import TERMINAL_STATUSES

Stored = Callable[[Queue, Job, float | None, bool], None]


class QueueMemory:
    """The jobs of every queue of one test, as the texts that would have been stored.

    Args:
        now: the engine's instant, in epoch seconds.
        stored: called with the queue, the job, when it is due (or None) and whether it is a retry.
    """

    def __init__(self, now: Callable[[], float], stored: Stored) -> None:
        self._now = now
        self._stored = stored
        self._jobs: dict[tuple[str, str], tuple[str | bytes, Status]] = {}
        #: what the next `dequeue` hands out
        self.next: Job | None = None

    def stand_ins(self) -> dict[str, Callable[..., Any]]:
        """By name, what takes the place of a queue's methods."""

        async def nothing(queue: Queue, *arguments: Any, **options: Any) -> None:
            """No connection, no upkeep."""

        async def _enqueue(queue: Queue, job: Job) -> Job | None:
            known = self.status(queue, job.key)
            if known is not None and known not in TERMINAL_STATUSES:
                return None
            self.keep(queue, job)
            self._stored(queue, job, job.scheduled or None, False)
            return job

        async def dequeue(queue: Queue, *arguments: Any, **options: Any) -> Job | None:
            return self.next

        async def _retry(queue: Queue, job: Job, error: str | None) -> None:
            delay = job.next_retry_delay()
            self.keep(queue, job)
            self._stored(queue, job, self._now() + delay if delay else None, True)

        async def _finish(queue: Queue, job: Job, status: Status, **result: Any) -> None:
            self.keep(queue, job)

        async def _update(queue: Queue, job: Job, status: Status | None = None, **changes: Any) -> None:
            if status is not None:
                job.status = Status(status)
            self.keep(queue, job)

        async def job(queue: Queue, job_key: str) -> Job | None:
            return self.read(queue, job_key)

        async def jobs(queue: Queue, job_keys: Iterable[str]) -> list[Job | None]:
            return [self.read(queue, key) for key in job_keys]

        async def iter_jobs(queue: Queue, statuses: Any = tuple(Status), batch_size: int = 100) -> AsyncIterator[Job]:
            for name, key in list(self._jobs):
                found = self.read(queue, key) if name == queue.name else None
                if found is not None and found.status in statuses:
                    yield found

        async def abort(queue: Queue, job: Job, error: str, ttl: float = 5) -> None:
            job.status, job.error = Status.ABORTED, error
            self.keep(queue, job)

        async def count(queue: Queue, kind: str) -> int:
            wanted = {"active": (Status.ACTIVE,), "queued": (Status.QUEUED,)}.get(kind, (Status.ACTIVE, Status.QUEUED))
            return sum(status in wanted for (name, _), (_, status) in self._jobs.items() if name == queue.name)

        names = ("connect", "disconnect", "schedule", "sweep", "write_worker_info", "notify", "finish_abort")
        return {
            **dict.fromkeys(names, nothing),
            **{one.__name__: one for one in (_enqueue, dequeue, _retry, _finish, _update, job, jobs, abort, count)},
            "iter_jobs": iter_jobs,
        }

    def keep(self, queue: Queue, job: Job) -> None:
        """Store the job as it stands."""
        self._jobs[queue.name, job.key] = queue.serialize(job), job.status

    def read(self, queue: Queue, key: str) -> Job | None:
        """The job as it was stored last."""
        known = self._jobs.get((queue.name, key))
        return None if known is None else queue.deserialize(known[0], known[1])

    def status(self, queue: Queue, key: str) -> Status | None:
        """How the job stands; None for one that is not known."""
        known = self._jobs.get((queue.name, key))
        return None if known is None else known[1]

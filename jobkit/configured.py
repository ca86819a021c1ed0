"""A job class or function with options for one enqueue applied: what `set` returns."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Generic, ParamSpec, TypeVar

from jobkit import current, enqueueing, executor
from jobkit.settings import Settings

if TYPE_CHECKING:
    from jobkit.job import Job

P = ParamSpec("P")
R = TypeVar("R")


class Configured(Generic[P, R]):
    """A job class with options for one enqueue: ``process_order.set(wait=60).perform_later(42)``."""

    def __init__(self, job_class: Callable[..., Job], settings: Settings) -> None:
        self._job_class = job_class
        self._settings = settings

    def build(self, *arguments: P.args, **kwarguments: P.kwargs) -> Job:
        """A job with the options, not enqueued."""
        job = self._job_class(*arguments, **kwarguments)
        job.configure(self._settings)
        return job

    def perform_later(self, *arguments: P.args, **kwarguments: P.kwargs) -> Job:
        """Enqueue a job with the options, as `Job.perform_later`."""
        job = self.build(*arguments, **kwarguments)
        enqueueing.enqueue(job, current.current_backend())
        return job

    def perform_now(self, *arguments: P.args, **kwarguments: P.kwargs) -> Any:
        """Perform at once with queue and priority set; a wait has no effect here."""
        return executor.perform_now(self.build(*arguments, **kwarguments), current.current_backend())

"""One job through the worker's own `_process_job`."""

from __future__ import annotations

from typing import Any

from procrastinate import App
from procrastinate.job_context import JobContext
from procrastinate.jobs import Job
from procrastinate.worker import Worker

from pytest_jobkit.capture.process_end import ends_the_process


class OneJobWorker(Worker):
    """A worker that is handed its jobs, and says how each ended.

    Attributes:
        result: what the job returned; error: what ended it.
    """

    result: Any = None
    error: BaseException | None = None

    def __init__(self, app: App) -> None:
        super().__init__(app, wait=False, install_signal_handlers=False, listen_notify=False, concurrency=1)

    async def process(self, job: Job, now: float) -> None:
        """Run `job`, and store what became of it.

        Raises:
            WorkerLost, KeyboardInterrupt, an outcome of pytest: passed through, as if the process had gone.
        """
        self.worker_id = await self.app.job_manager.register_worker()
        context = JobContext(
            app=self.app,
            worker_name=self.worker_name,
            worker_queues=None,
            additional_context={},
            job=job,
            abort_reason=lambda: None,
            start_timestamp=now,
        )
        await self._process_job(context)

    def _log_job_outcome(
        self, status: Any, context: Any, job_result: Any, job_retry: Any, exc_info: Any = False
    ) -> None:
        """Called when the job has ended and nothing of it is stored yet."""
        self.error = exc_info if isinstance(exc_info, BaseException) else None
        self.result = job_result.result
        if self.error is not None and ends_the_process(self.error):
            raise self.error
        super()._log_job_outcome(status, context, job_result, job_retry, exc_info)

"""RQ's own `SimpleWorker`, told to run one job on the test's thread, and what it then knows about it."""

from __future__ import annotations

import inspect
from types import TracebackType
from typing import Any

from rq import SimpleWorker
from rq.executions import Execution
from rq.job import Job
from rq.queue import Queue
from rq.timeouts import BaseDeathPenalty

from pytest_jobkit.capture.process_end import ends_the_process


class NoTimeout(BaseDeathPenalty):
    """The engine's clock does not move while a job runs, so none runs too long; SIGALRM stays the test's."""

    def setup_death_penalty(self) -> None:
        """Nothing to set up."""

    def cancel_death_penalty(self) -> None:
        """Nothing to cancel."""


class OneJobWorker(SimpleWorker):
    """A worker that runs the job that it is given, and is asked afterwards.

    Attributes:
        error: what the job, or its failure callback, raised.
        gone: what ended the process in the middle of the job.
    """

    death_penalty_class = NoTimeout
    log_result_lifespan = False

    error: BaseException | None = None
    gone: BaseException | None = None
    execution_begun: Execution | None = None

    def run(self, job: Job, queue: Queue) -> None:
        """Run `job` as a worker does that has just taken it from its queue.

        Raises:
            WorkerLost, KeyboardInterrupt, an outcome of pytest: passed through, as if the process had gone.
        """
        self.error = self.gone = None
        perform = job.perform

        def watched() -> Any:
            try:
                return perform()
            except BaseException as error:
                if ends_the_process(error):
                    self.gone = error
                raise

        job.perform = watched  # type: ignore[method-assign]  # on this instance only
        self.execute_job(job, queue)

    def lose(self, job: Job, queue: Queue, begun: bool) -> None:
        """What the parent process does when the one that runs `job` is killed: a retry if one is left, else failed.

        Args:
            begun: the body has run up to the kill; otherwise it is begun here.
        """
        if not begun:
            self.execution_begun = self.prepare_execution(job)
            self.prepare_job_execution(job)
        message = "Work-horse terminated unexpectedly; waitpid returned 9 (signal 9); "
        handle: Any = self.handle_job_failure
        if "execution" in inspect.signature(handle).parameters:  # since RQ 3
            handle(job, queue=queue, exc_string=message, execution=self.execution_begun)
        else:
            handle(job, queue=queue, exc_string=message)

    def prepare_execution(self, job: Job) -> Execution:
        self.execution_begun = super().prepare_execution(job)
        return self.execution_begun

    def handle_execution_ended(self, job: Job, queue: Queue, heartbeat_ttl: int) -> None:
        # The first thing after a job has ended, and before any callback: a killed process gets no further
        if self.gone is not None:
            raise self.gone
        super().handle_execution_ended(job, queue, heartbeat_ttl)

    def handle_exception(self, job: Job, *exc_info: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.error = next((one for one in exc_info if isinstance(one, BaseException)), None)
        super().handle_exception(job, *exc_info)

    def procline(self, message: str) -> None:
        """The title of the process is the test runner's."""

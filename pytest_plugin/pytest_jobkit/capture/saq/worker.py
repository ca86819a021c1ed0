"""One job through SAQ's own `Worker.process`, on the test's thread."""

from __future__ import annotations

import sys
from typing import Any

from saq import Job, Worker

from pytest_jobkit.capture.coroutines import SameThread
from pytest_jobkit.capture.process_end import ends_the_process
from pytest_jobkit.capture.saq.memory import QueueMemory
from pytest_jobkit.capture.saq.settings import WorkerSettings
from pytest_jobkit.capture.worker_life import WorkerLife


class WorkerPath:
    """The worker of one set of settings, with its start-up and shutdown hooks.

    Args:
        settings: what the worker is made with.
        memory: where its queue finds the job.
    """

    def __init__(self, settings: WorkerSettings, memory: QueueMemory) -> None:
        self._settings = settings
        self._memory = memory
        self._life = WorkerLife(self._start, _stop)

    async def run(self, job: Job) -> BaseException | None:
        """Run the job; returns what it raised."""
        worker = await self._life.worker()
        worker.functions = {name: one.function for name, one in self._settings.functions.items()}
        worker.error = None
        self._memory.next = job
        try:
            await worker.process()
        finally:
            self._memory.next = None
        return worker.error

    async def _start(self) -> _ObservedWorker:
        settings = self._settings
        worker = _ObservedWorker(settings.queue, [], **settings.options)
        worker.pool.shutdown()
        worker.pool = SameThread()  # type: ignore[assignment]  # an executor, which is all that is asked of it
        for hook in worker.startup or ():
            await hook(worker.context)
        return worker


class _ObservedWorker(Worker[Any]):
    """Says what a job raised; once the process has ended, no hook hears of it."""

    error: BaseException | None

    async def _after_process(self, ctx: Any) -> None:
        ending = sys.exc_info()[1]
        if ending is None or not ends_the_process(ending):
            self.error = ctx.get("exception")
            await super()._after_process(ctx)


async def _stop(worker: Worker[Any]) -> None:
    await worker.stop()

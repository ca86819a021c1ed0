"""One attempt of a job through arq's own `Worker.run_job`, and what came of it."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from functools import wraps
from typing import Any

from arq.connections import create_pool
from arq.constants import job_key_prefix
from arq.cron import CronJob
from arq.jobs import deserialize_result
from arq.worker import Worker

from jobkit.outcome import Outcome, OutcomeKind
from pytest_jobkit.capture.arq.settings import WorkerSettings
from pytest_jobkit.capture.arq.store import Store
from pytest_jobkit.capture.worker_life import WorkerLife


class Attempt:
    """What one delivery came to, as far as the job was run."""

    def __init__(self) -> None:
        self.begun = False
        self.result: Any = None
        self.error: BaseException | None = None


class WorkerPath:
    """The worker of one set of settings, with its start-up and shutdown hooks.

    Args:
        settings: what the worker is made with.
        store: the Redis of the test.
    """

    def __init__(self, settings: WorkerSettings, store: Store) -> None:
        self._settings = settings
        self._store = store
        self._attempt = Attempt()
        self._life = WorkerLife(self._start, _stop)

    async def run(self, job_id: str, queue: str, score: float) -> Outcome:
        """Run the job that the store has under `job_id`, and say what became of it."""
        worker = await self._life.worker()
        worker.queue_name = queue
        attempt = self._attempt = Attempt()
        expired = self._store.get(job_key_prefix + job_id) is None
        try:
            await worker.run_job(job_id, int(score))
        except Exception as error:
            return Outcome(
                OutcomeKind.FAILED, error=error, reason="a hook of the worker raised it, which ends the worker"
            )
        if self._store.score(queue, job_id) is not None:
            return Outcome(OutcomeKind.RETRIED, error=attempt.error)
        return _end(attempt, expired)

    async def _start(self) -> Worker:
        settings = self._settings
        pool = settings.options.get("redis_pool") or await create_pool(
            settings.options.get("redis_settings"),
            job_serializer=settings.option("job_serializer"),
            job_deserializer=settings.option("job_deserializer"),
            default_queue_name=settings.queue,
            expires_extra_ms=settings.option("expires_extra_ms"),
        )
        ctx = {**(settings.options.get("ctx") or {}), "redis": pool}
        options = {**settings.options, "handle_signals": False, "redis_pool": pool, "ctx": ctx}
        functions = [one for one in settings.functions.values() if not isinstance(one, CronJob)]
        worker = _ObservedWorker(functions=functions, **options)
        worker.refused = self._refused
        worker.functions = {name: self._watched(one) for name, one in settings.functions.items()}
        if worker.on_startup:
            await worker.on_startup(worker.ctx)
        return worker

    def _refused(self, error: BaseException) -> None:
        self._attempt.error = error

    def _watched(self, function: Any) -> Any:
        """The function, noting what its body gives; which body that is gets decided when it is called."""

        @wraps(function.coroutine)
        async def body(ctx: dict[Any, Any], *arguments: Any, **options: Any) -> Any:
            attempt = self._attempt
            attempt.begun = True
            try:
                attempt.result = await function.coroutine(ctx, *arguments, **options)
            except BaseException as error:
                attempt.error = error
                raise
            return attempt.result

        return replace(function, coroutine=body)


class _ObservedWorker(Worker):
    """Says why a job was given up before its body ran."""

    refused: Any

    async def finish_failed_job(self, job_id: str, result_data: bytes | None) -> None:
        await super().finish_failed_job(job_id, result_data)
        if result_data is not None:
            self.refused(deserialize_result(result_data, deserializer=self.job_deserializer).result)


async def _stop(worker: Worker) -> None:
    if worker.on_shutdown:
        await worker.on_shutdown(worker.ctx)


def _end(attempt: Attempt, expired: bool) -> Outcome:
    error = attempt.error
    if error is None:
        return Outcome(OutcomeKind.SUCCEEDED, attempt.result)
    if expired:
        return Outcome(OutcomeKind.DISCARDED, error=error, reason="its key had expired before it could run")
    if isinstance(error, asyncio.CancelledError):
        if not attempt.begun:
            return Outcome(OutcomeKind.DISCARDED, error=error, reason="it was aborted")
        return Outcome(OutcomeKind.FAILED, error=TimeoutError("the job ran longer than its timeout"))
    reason = "" if attempt.begun else "arq gave it up before its body"
    return Outcome(OutcomeKind.FAILED, error=error, reason=reason)

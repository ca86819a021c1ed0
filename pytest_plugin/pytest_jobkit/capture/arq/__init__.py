"""arq under the engine.

The capture point is `ArqRedis.enqueue_job`; all that arq asks of Redis is answered by a `store.Store` in memory, so
that unique job ids, expiry, results and the count of tries are arq's own. Execution is `worker.WorkerPath`.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import arq.connections
import arq.jobs
import arq.worker
from arq.connections import ArqRedis, create_pool
from arq.constants import job_key_prefix, retry_key_prefix
from arq.cron import CronJob, next_cron
from arq.worker import Function

from jobkit.envelope import AckMode, Call, Delivery, Envelope
from jobkit.errors import ConfigError
from jobkit.outcome import Outcome, OutcomeKind
from pytest_jobkit.capture.arq.client import keep_in_memory
from pytest_jobkit.capture.arq.settings import KnownSettings, WorkerSettings
from pytest_jobkit.capture.arq.store import Store
from pytest_jobkit.capture.arq.worker import WorkerPath
from pytest_jobkit.capture.base import Capture, Recurring
from pytest_jobkit.capture.coroutines import run_to_end
from pytest_jobkit.capture.network import forbidden

_CLIENT = "arq_client"
_RETRY_KEY_SECONDS = 88_400


class Enqueued(NamedTuple):
    """A message that lies in the store."""

    client: ArqRedis
    job_id: str
    function: str
    queue: str
    data: bytes
    retry: bool


class ArqCapture(Capture):
    """Every `ArqRedis` under the engine."""

    framework = "arq"
    label = "arq"
    distribution = "arq"
    known_versions = ("0.28",)

    def patch(self) -> None:
        self._store = Store(self.clock.time)
        self._settings = KnownSettings()
        self._paths: dict[int, WorkerPath] = {}
        self._begun: set[str] = set()
        self._busy: str | None = None
        self.replace(ArqRedis, "enqueue_job", self._enqueue_job(ArqRedis.enqueue_job))
        keep_in_memory(self.replace, self._store, forbidden(self, ArqRedis.execute_command, (), None))
        for module in (arq.connections, arq.jobs, arq.worker):
            self.replace(module, "timestamp_ms", self._milliseconds)
        self.replace(arq.jobs, "poll", _look_once)

    def _milliseconds(self) -> int:
        return round(self.clock.time() * 1000)

    def _enqueue_job(self, original: Callable[..., Any]) -> Callable[..., Any]:
        async def enqueue_job(client: ArqRedis, function: str, *arguments: Any, **options: Any) -> Any:
            self._busy, outer = function, self._busy
            try:
                job = await original(client, function, *arguments, **options)
            finally:
                self._busy = outer
            if job is not None:
                queue = options.get("_queue_name") or client.default_queue_name
                self.enqueue(Enqueued(client, job.job_id, function, queue, self._data(job.job_id), False))
            return job

        return enqueue_job

    def _data(self, job_id: str) -> bytes:
        return self._store.get(job_key_prefix + job_id) or b""

    def envelope(self, raw: Enqueued) -> Envelope:
        envelope = Envelope(raw.job_id, raw.function, raw.data, self, raw.queue, None, self.due(raw), raw.retry)
        envelope.headers = {_CLIENT: raw.client}
        return envelope

    def due(self, raw: Enqueued) -> float | None:
        score = self._store.score(raw.queue, raw.job_id)
        return None if score is None or score <= self._milliseconds() else score / 1000

    async def perform(self, delivery: Delivery) -> Outcome:  # type: ignore[override]  # an awaitable, as Performer has it
        envelope = delivery.envelope
        score = self._score(delivery)
        if score is None:
            return Outcome(OutcomeKind.DROPPED, reason="it was taken out of the queue before it ran")
        settings = self._settings.of(envelope.name, envelope.queue) or self._of_queue(envelope.queue)
        if settings is None:
            return Outcome(OutcomeKind.FAILED, error=_no_worker(envelope), reason="no worker reads this queue")
        path = self._paths.get(id(settings))
        if path is None:
            path = self._paths[id(settings)] = WorkerPath(settings, self._store)
        self._busy, outer = envelope.name, self._busy
        try:
            outcome = await path.run(envelope.job_id, envelope.queue, score)
        finally:
            self._busy = outer
        if outcome.kind is OutcomeKind.RETRIED:
            client = (envelope.headers or {})[_CLIENT]
            data = self._data(envelope.job_id)
            self.enqueue(Enqueued(client, envelope.job_id, envelope.name, envelope.queue, data, True))
        return outcome

    def _score(self, delivery: Delivery) -> float | None:
        """The job's place in the queue; a duplicate is put back into the store, as when two workers have it."""
        envelope = delivery.envelope
        score = self._store.score(envelope.queue, envelope.job_id)
        if score is None and envelope.job_id in self._begun:
            score = self._milliseconds()
            self._store.set(job_key_prefix + envelope.job_id, envelope.body)
            self._store.set(retry_key_prefix + envelope.job_id, delivery.number - 1, "EX", _RETRY_KEY_SECONDS)
            self._store.zadd(envelope.queue, score, envelope.job_id)
        self._begun.add(envelope.job_id)
        return score

    def _of_queue(self, queue: str) -> WorkerSettings | None:
        return next((one for one in self._settings if one.queue == queue), None)

    def lose(self, delivery: Delivery) -> Outcome:
        """The try was counted as it began; the job stays in the queue until its in-progress key expires."""
        job_id = delivery.envelope.job_id
        key = retry_key_prefix + job_id
        if job_id not in self._begun or int(self._store.get(key) or 0) < delivery.number:
            self._store.set(key, delivery.number, "EX", _RETRY_KEY_SECONDS)
        self._begun.add(job_id)
        return super().lose(delivery)

    def call(self, envelope: Envelope) -> Call:
        deserializer = (envelope.headers or {})[_CLIENT].job_deserializer
        if deserializer is None:
            settings = self._settings.of(envelope.name, envelope.queue)
            deserializer = settings and settings.options.get("job_deserializer")
        data = envelope.body if isinstance(envelope.body, bytes) else envelope.body.encode()
        job = arq.jobs.deserialize_job(data, deserializer=deserializer)
        return Call(job.function, job.args, job.kwargs)

    def target(self, envelope: Envelope) -> Function | CronJob | None:
        settings = self._settings.of(envelope.name, envelope.queue)
        return None if settings is None else settings.functions[envelope.name]

    def body(self, target: object) -> tuple[Any, str] | None:
        return (target, "coroutine") if isinstance(target, (Function, CronJob)) else None

    def job_name(self, job: object) -> str | None:
        """The name under which some worker has the function; a coroutine of no worker is no job."""
        if isinstance(job, (Function, CronJob)):
            return job.name
        if not inspect.iscoroutinefunction(job):
            return None
        found = (one for settings in self._settings for one in settings.functions.values() if one.coroutine is job)
        return next((one.name for one in found), None)

    def signature(self, target: object) -> inspect.Signature | None:
        function = target.coroutine if isinstance(target, (Function, CronJob)) else target
        if not inspect.iscoroutinefunction(function):
            return None
        signature = inspect.signature(function)
        return signature.replace(parameters=list(signature.parameters.values())[1:])  # without arq's ctx

    def send(self, target: object, arguments: Sequence[Any], kwarguments: dict[str, Any]) -> None:
        name = self.job_name(target)
        settings = None if name is None else self._settings.of(name)
        if name is None or settings is None:
            return super().send(target, arguments, kwarguments)
        run_to_end(self._send(settings, name, arguments, kwarguments))
        return None

    async def _send(self, settings: WorkerSettings, name: str, arguments: Any, kwarguments: Any) -> None:
        pool = settings.options.get("redis_pool") or await create_pool(
            settings.options.get("redis_settings"), default_queue_name=settings.queue
        )
        await pool.enqueue_job(name, *arguments, **kwarguments)

    def busy_with(self) -> str | None:
        return self._busy

    def ack_mode(self, envelope: Envelope) -> AckMode:
        return AckMode.LATE

    def visibility_timeout(self, envelope: Envelope) -> float | None:
        """A job that was begun is begun once more after the longest timeout of *all* functions of its worker."""
        settings = self._settings.of(envelope.name, envelope.queue)
        return None if settings is None else settings.in_progress_timeout

    def attempts_max(self, envelope: Envelope) -> int | None:
        """``max_tries``; arq takes the job up once more after them, only to give it up."""
        settings = self._settings.of(envelope.name, envelope.queue)
        return None if settings is None else settings.max_tries(envelope.name)

    def recurring(self) -> Iterator[Recurring]:
        """The cron jobs of every worker."""
        for settings in self._settings:
            for job in settings.cron_jobs:
                yield Recurring(job.name, _next_after(job, settings), self._firing(job, settings))

    def _firing(self, job: CronJob, settings: WorkerSettings) -> Callable[[], None]:
        return lambda: run_to_end(self._fire(job, settings))

    async def _fire(self, job: CronJob, settings: WorkerSettings) -> None:
        pool = settings.options.get("redis_pool") or await create_pool(settings.options.get("redis_settings"))
        own = f"{job.name}:{self._milliseconds()}" if job.unique else None
        await pool.enqueue_job(job.name, _job_id=job.job_id or own, _queue_name=settings.queue)


def _next_after(job: CronJob, settings: WorkerSettings) -> Callable[[float], float | None]:
    def next_after(instant: float) -> float | None:
        zone = settings.option("timezone")
        moment = datetime.fromtimestamp(instant, zone) if zone else datetime.fromtimestamp(instant).astimezone()
        at = next_cron(
            moment,
            month=job.month,
            day=job.day,
            weekday=job.weekday,
            hour=job.hour,
            minute=job.minute,
            second=job.second,
            microsecond=job.microsecond,
        )
        return at.timestamp()

    return next_after


async def _look_once(step: float = 0.5) -> Any:
    """In place of polling: nothing changes while this test waits."""
    yield 0.0
    raise TimeoutError("no job is performed while this waits for its result: drain the engine first")


def _no_worker(envelope: Envelope) -> ConfigError:
    return ConfigError(
        f"arq: {envelope.name} is in queue {envelope.queue!r}, but no worker settings of the imported modules have "
        "this function; import the module with the WorkerSettings class (or dict) whose `functions` lists it"
    )

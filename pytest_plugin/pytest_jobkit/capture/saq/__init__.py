"""SAQ under the engine.

The capture point is `_enqueue` and `_retry` of each queue class; what else a queue asks of its server is answered by
`memory.QueueMemory`. Execution is ``Worker.process``, with the functions that the worker settings list.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

import saq.queue.base
import saq.utils
from croniter import croniter  # type: ignore[import-untyped]  # it has no types
from saq import CronJob, Job, Queue, Status
from saq.job import TERMINAL_STATUSES

from jobkit.envelope import AckMode, Call, Delivery, Envelope
from jobkit.errors import ConfigError
from jobkit.outcome import Outcome, OutcomeKind
from pytest_jobkit.capture.base import Capture, Recurring
from pytest_jobkit.capture.class_tree import all_subclasses
from pytest_jobkit.capture.coroutines import run_to_end
from pytest_jobkit.capture.engine_time import loaded_modules
from pytest_jobkit.capture.saq.memory import QueueMemory
from pytest_jobkit.capture.saq.settings import KnownSettings, Registered, WorkerSettings
from pytest_jobkit.capture.saq.worker import WorkerPath

_QUEUE = "saq_queue"


class Stored(NamedTuple):
    """A job on its way into the queue."""

    queue: Queue
    job: Job
    due: float | None
    retry: bool


class SaqCapture(Capture):
    """Every queue of SAQ under the engine."""

    framework = "saq"
    label = "SAQ"
    distribution = "saq"
    known_versions = ("0.26",)

    def patch(self) -> None:
        self._memory = QueueMemory(self.clock.time, self._stored)
        self._settings = KnownSettings()
        self._paths: dict[int, WorkerPath] = {}
        self._begun: set[str] = set()
        self._retried = False
        self._busy: str | None = None
        self._taken: set[tuple[type[Queue], str]] = set()
        for kind in all_subclasses(Queue):
            self._take(kind)
        self._take_later_ones()
        self.forbid_connections("saq")
        for module in loaded_modules("saq"):
            for name, instead in (("now", self._milliseconds), ("now_seconds", self.clock.time)):
                if name in vars(module):
                    self.replace(module, name, instead)
        self.replace(saq.utils, "random", self.chance.random)
        self.replace(saq.queue.base, "asyncio", _NoWaiting())

    def _milliseconds(self) -> int:
        return round(self.clock.time() * 1000)

    def _take_later_ones(self) -> None:
        initialize = Queue.__init__

        def __init__(queue: Queue, *arguments: Any, **options: Any) -> None:
            self._take(type(queue))
            initialize(queue, *arguments, **options)

        self.replace(Queue, "__init__", __init__)

    def _take(self, kind: type[Queue]) -> None:
        """Capture the class of the line that first defines a method: what a subclass adds to it stays."""
        for name, stand_in in self._memory.stand_ins().items():
            definers = [one for one in kind.__mro__ if one is not Queue and name in vars(one)]
            if definers and (definers[-1], name) not in self._taken:
                self._taken.add((definers[-1], name))
                self.replace(definers[-1], name, stand_in)

    def _stored(self, queue: Queue, job: Job, due: float | None, retry: bool) -> None:
        self._retried = self._retried or retry
        self._busy, outer = job.function, self._busy
        try:
            self.enqueue(Stored(queue, job, due, retry))
        finally:
            self._busy = outer

    def envelope(self, raw: Stored) -> Envelope:
        queue, job, _, retry = raw
        body = queue.serialize(job)
        envelope = Envelope(job.key, job.function, body, self, queue.name, job.priority, self.due(raw), retry)
        envelope.headers = {_QUEUE: queue}
        return envelope

    def due(self, raw: Stored) -> float | None:
        return raw.due if raw.due is not None and raw.due > self.clock.time() else None

    async def perform(self, delivery: Delivery) -> Outcome:  # type: ignore[override]  # an awaitable, as in Performer
        envelope = delivery.envelope
        queue = _queue(envelope)
        status = self._memory.status(queue, envelope.job_id)
        if status is Status.ABORTED or (status in TERMINAL_STATUSES and envelope.job_id not in self._begun):
            return Outcome(OutcomeKind.DROPPED, reason="it was aborted before it ran")
        settings = self._settings.of(envelope.name, queue)
        if settings is None:
            return Outcome(OutcomeKind.FAILED, error=_no_worker(envelope), reason="no worker reads this queue")
        path = self._paths.get(id(settings))
        if path is None:
            path = self._paths[id(settings)] = WorkerPath(settings, self._memory)
        job = _job(envelope)
        job.attempts = delivery.number - 1
        self._begun.add(envelope.job_id)
        self._busy, outer = envelope.name, self._busy
        self._retried = False
        try:
            error = await path.run(job)
        finally:
            self._busy = outer
        return self._outcome(job, error)

    def _outcome(self, job: Job, error: BaseException | None) -> Outcome:
        if self._retried:
            return Outcome(OutcomeKind.RETRIED, error=error)
        if job.status is Status.ABORTED:
            return Outcome(OutcomeKind.DISCARDED, error=error, reason=f"it was aborted: {job.error}")
        if error is None:
            return Outcome(OutcomeKind.SUCCEEDED, job.result)
        return Outcome(OutcomeKind.FAILED, error=error)

    def call(self, envelope: Envelope) -> Call:
        return Call(envelope.name, (), _job(envelope).kwargs or {})

    def target(self, envelope: Envelope) -> Registered | None:
        settings = self._settings.of(envelope.name, _queue(envelope))
        return None if settings is None else settings.functions.get(envelope.name)

    def body(self, target: object) -> tuple[Any, str] | None:
        return (target, "function") if isinstance(target, Registered) else None

    def send(self, target: object, arguments: Sequence[Any], kwarguments: dict[str, Any]) -> None:
        name = self.job_name(target)
        queue = next((one.queue for one in self._settings if name in one.functions), None)
        if name is None or queue is None or arguments:
            super().send(target, arguments, kwarguments)
        else:
            run_to_end(queue.enqueue(name, **kwarguments))

    def job_name(self, job: object) -> str | None:
        """The name under which some worker has the function; a function of no worker is no job."""
        if isinstance(job, Registered):
            return job.name
        if not inspect.isfunction(job):
            return None
        found = (one for settings in self._settings for one in settings.functions.values() if one.function is job)
        return next((one.name for one in found), None)

    def signature(self, target: object) -> inspect.Signature | None:
        """Without SAQ's context."""
        function = target.function if isinstance(target, Registered) else target
        if not inspect.isfunction(function):
            return None
        signature = inspect.signature(function)
        return signature.replace(parameters=list(signature.parameters.values())[1:])

    def busy_with(self) -> str | None:
        return self._busy

    def ack_mode(self, envelope: Envelope) -> AckMode:
        """The sweep finds a lost worker's job, and retries it if it has attempts left; otherwise it is given up."""
        return AckMode.LATE if _job(envelope).retries > envelope.attempt else AckMode.EARLY

    def visibility_timeout(self, envelope: Envelope) -> float | None:
        """A job that runs longer than its timeout counts as stuck."""
        return float(_job(envelope).timeout) or None

    def attempts_max(self, envelope: Envelope) -> int | None:
        """``retries``: SAQ counts attempts by it."""
        return max(1, _job(envelope).retries)

    def recurring(self) -> Iterator[Recurring]:
        """The cron jobs of every worker."""
        for settings in self._settings:
            for cron_job in settings.cron_jobs:
                zone = settings.options.get("cron_tz", UTC)
                yield Recurring(
                    cron_job.function.__qualname__, _next_after(cron_job, zone), _firing(settings, cron_job)
                )


class _NoWaiting:
    """The module `asyncio` for SAQ's queues: whoever would poll for a result is told that none will come."""

    async def sleep(self, delay: float) -> None:
        raise TimeoutError("no job is performed while this waits for its result: drain the engine first")

    def __getattr__(self, name: str) -> Any:
        return getattr(sys.modules["asyncio"], name)


def _next_after(cron_job: CronJob[Any], zone: Any) -> Callable[[float], float | None]:
    def next_after(instant: float) -> float | None:
        return float(croniter(cron_job.cron, datetime.fromtimestamp(instant, zone)).get_next())

    return next_after


def _firing(settings: WorkerSettings, cron_job: CronJob[Any]) -> Callable[[], None]:
    name = cron_job.function.__qualname__
    fields = ("timeout", "heartbeat", "retries", "ttl", "kwargs")
    options = {field: getattr(cron_job, field) for field in fields if getattr(cron_job, field) is not None}
    if cron_job.unique:
        options["key"] = f"cron:{name}"

    def fire() -> None:
        run_to_end(settings.queue.enqueue(name, **options))

    return fire


def _no_worker(envelope: Envelope) -> ConfigError:
    return ConfigError(
        f"SAQ: {envelope.name} is in queue {envelope.queue!r}, but no settings dict of the imported modules has this "
        "queue; import the module with the worker's settings ({'queue': ..., 'functions': [...]})"
    )


def _job(envelope: Envelope) -> Job:
    job = _queue(envelope).deserialize(envelope.body)
    assert job is not None
    return job


def _queue(envelope: Envelope) -> Queue:
    queue: Queue = (envelope.headers or {})[_QUEUE]
    return queue

"""RQ under the engine.

The capture point is Redis itself: RQ gets one that lives in the process (`connections`, `redis_in_process`), and a job
is captured when its id enters a queue's list or the schedule. All of RQ's forms end there, scripts and pipelines
included, and what RQ keeps about a job (status, results, registries) is there to be read. Execution is RQ's own
`SimpleWorker` (`worker`).
"""

from __future__ import annotations

import inspect
import sys
import types
import zlib
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, NamedTuple

import redis.connection
import rq
import rq.utils
from rq.exceptions import AbandonedJobError, NoSuchJobError
from rq.job import Job, JobStatus
from rq.queue import Queue
from rq.serializers import resolve_serializer

from jobkit.envelope import AckMode, Call, Delivery, Envelope
from jobkit.outcome import Outcome, OutcomeKind
from pytest_jobkit.capture.base import Capture
from pytest_jobkit.capture.engine_time import loaded_modules
from pytest_jobkit.capture.rq.connections import Connections
from pytest_jobkit.capture.rq.redis_in_process import Server
from pytest_jobkit.capture.rq.worker import OneJobWorker

_QUEUE = "rq_queue"
_HASH = "rq_hash"
_ATTEMPTS = "rq_attempts_max"
_RATE_LIMITED = getattr(JobStatus, "RATE_LIMITED", None)  # since RQ 3


class Arrival(NamedTuple):
    """A job whose id has entered a queue or the schedule."""

    queue: Queue
    job_id: str
    due: float | None
    at_front: bool
    fields: dict[bytes, bytes]


class RQCapture(Capture):
    """Every queue of RQ under the engine."""

    framework = "rq"
    label = "RQ"
    distribution = "rq"
    known_versions = ("3.0",)

    def patch(self) -> None:
        self._queues: dict[tuple[Server, str], Queue] = {}
        self._workers: dict[Queue, OneJobWorker] = {}
        self._begun: set[str] = set()
        self._moving: str | None = None
        self._delivery: Delivery | None = None
        self._arrived: set[str] = set()
        self._lost: tuple[Delivery, Job] | None = None
        self._busy: str | None = None
        self._fronts = 0
        Connections(lambda: Server(self.clock, self.replace, self._job_arrived), self._notice).install(self.replace)
        self._read_the_engines_clock()
        self.forbid(redis.connection.AbstractConnection, "connect", only_from=("rq",), unless=_is_fake)

    def _notice(self, queue: Queue, server: Server) -> None:
        self._queues[server, queue.name] = queue

    def _read_the_engines_clock(self) -> None:
        stand_ins = {
            "now": (rq.utils.now, lambda: datetime.fromtimestamp(self.clock.time(), UTC)),
            "current_timestamp": (rq.utils.current_timestamp, lambda: int(self.clock.time())),
        }
        for module in loaded_modules("rq"):
            for name, (original, stand_in) in stand_ins.items():
                if vars(module).get(name) is original:
                    self.replace(module, name, stand_in)

    def _job_arrived(self, server: Server, queue_name: str, job_id: str, due: float | None, at_front: bool) -> None:
        if self._moving == job_id:
            return
        queue = self._queues[server, queue_name]
        fields = server.run(("HGETALL", queue.job_class.key_for(job_id)), {})
        self._arrived.add(job_id)
        self.enqueue(Arrival(queue, job_id, due, at_front, fields))

    def envelope(self, raw: Arrival) -> Envelope:
        queue, job_id, _, at_front, fields = raw
        delivery = self._delivery
        again = delivery is not None and delivery.envelope.job_id == job_id
        repeat = again and delivery is not None and fields.get(b"repeats_left") != _fields(delivery.envelope).get(
            b"repeats_left"
        )  # fmt: skip
        retry = again and not repeat
        attempt = delivery.number if retry and delivery is not None else 0
        if at_front:
            self._fronts -= 1
        envelope = Envelope(
            job_id,
            _name(queue, fields),
            fields.get(b"data", b""),
            self,
            queue.name,
            self._fronts if at_front else None,
            self.due(raw),
            retry,
            attempt,
        )
        left = int(fields.get(b"retries_left", 0))
        envelope.headers = {_QUEUE: queue, _HASH: fields, _ATTEMPTS: attempt + 1 + left}
        return envelope

    def due(self, raw: Arrival) -> float | None:
        return raw.due

    def perform(self, delivery: Delivery) -> Outcome:
        envelope = delivery.envelope
        queue: Queue = _header(envelope, _QUEUE)
        outer = self._delivery, self._arrived, self._busy
        self._delivery, self._arrived, self._busy = delivery, set(), envelope.name
        try:
            job = self._take(envelope, queue)
            if isinstance(job, Outcome):
                return job
            worker = self._worker(queue)
            self._begun.add(job.id)
            self._lost = delivery, job
            worker.run(job, queue)
            return self._outcome(worker, job)
        finally:
            self._delivery, self._arrived, self._busy = outer

    def _take(self, envelope: Envelope, queue: Queue) -> Job | Outcome:
        """Take the job out of the schedule and out of its queue; an `Outcome` where RQ would not run it."""
        job_id = envelope.job_id
        connection: Any = queue.connection
        begun_before = job_id in self._begun
        try:
            job = queue.job_class.fetch(job_id, connection=connection, serializer=queue.serializer)
        except NoSuchJobError:
            if not begun_before:
                return Outcome(OutcomeKind.DROPPED, reason="RQ has no such job any more: it expired or was deleted")
            connection.hset(queue.job_class.key_for(job_id), mapping=_fields(envelope))
            job = queue.job_class.fetch(job_id, connection=connection, serializer=queue.serializer)
        if self._leave_schedule(job, queue) and job.get_status(refresh=False) == _RATE_LIMITED:
            return Outcome(OutcomeKind.DROPPED, reason="it waits for its rate limit, and comes back with a free slot")
        if not connection.lrem(queue.key, 1, job_id) and not begun_before:
            status = job.get_status(refresh=False)
            return Outcome(OutcomeKind.DROPPED, reason=f"it was taken out of its queue before it ran ({status.value})")
        return job

    def _leave_schedule(self, job: Job, queue: Queue) -> bool:
        """Do with a scheduled job what RQ's scheduler does when it is due."""
        registry = queue.scheduled_job_registry
        if not registry.remove(job.id):
            return False
        self._moving = job.id
        try:
            if getattr(job, "has_rate_limit", False):  # since RQ 3
                queue._enqueue_rate_limited_job(job, at_front=_at_front(job))
            else:
                queue._enqueue_job(job, at_front=_at_front(job))
        finally:
            self._moving = None
        return True

    def _worker(self, queue: Queue) -> OneJobWorker:
        worker = self._workers.get(queue)
        if worker is None or worker.queues[0] is not queue:  # queues of one name are equal, whatever their Redis
            worker = self._workers[queue] = OneJobWorker(
                [queue],
                connection=queue.connection,
                job_class=queue.job_class,
                queue_class=type(queue),
                serializer=queue.serializer,
                prepare_for_work=False,
            )
        return worker

    def _outcome(self, worker: OneJobWorker, job: Job) -> Outcome:
        status = job.get_status(refresh=False)
        returned = job._result
        asked_for_retry = returned if isinstance(returned, rq.Retry) else None
        if worker.error is None and asked_for_retry is None:
            return Outcome(OutcomeKind.SUCCEEDED, returned)
        if job.id in self._arrived:
            return Outcome(OutcomeKind.RETRIED, error=worker.error, reason="returned Retry" if asked_for_retry else "")
        if asked_for_retry is not None and worker.error is None:
            return Outcome(OutcomeKind.FAILED, reason=f"returned Retry once more than its max ({asked_for_retry.max})")
        return Outcome(OutcomeKind.FAILED, error=worker.error, reason=f"in the failed registry ({status.value})")

    def lose(self, delivery: Delivery) -> Outcome:
        """The process that runs the job is killed; RQ's parent process then retries it, if a retry is left."""
        envelope = delivery.envelope
        queue: Queue = _header(envelope, _QUEUE)
        outer = self._delivery, self._arrived
        self._delivery, self._arrived = delivery, set()
        try:
            begun = self._lost is not None and self._lost[0] is delivery
            job = self._lost[1] if begun and self._lost is not None else self._take(envelope, queue)
            if isinstance(job, Outcome):
                return job
            self._begun.add(job.id)
            self._worker(queue).lose(job, queue, begun)
            error = AbandonedJobError("the work-horse was killed after the body had begun")
            if job.id in self._arrived:
                return Outcome(OutcomeKind.RETRIED, error=error, reason=f"{error}; RQ retries it")
            return Outcome(OutcomeKind.FAILED, error=error, reason=f"{error}, and no retry is left")
        finally:
            self._delivery, self._arrived = outer

    def call(self, envelope: Envelope) -> Call:
        _, _, arguments, options = _decoded(_header(envelope, _QUEUE), _fields(envelope))
        return Call(envelope.name, arguments, options)

    def target(self, envelope: Envelope) -> object | None:
        """The function; for a method that was enqueued with its object, that of the object as a worker has it."""
        try:
            function: object = rq.utils.import_attribute(envelope.name)
        except (ValueError, ImportError, AttributeError):
            return None
        if isinstance(function, types.FunctionType) and "." in function.__qualname__:
            _, instance, _, _ = _decoded(_header(envelope, _QUEUE), _fields(envelope))
            return function if instance is None else types.MethodType(function, instance)
        return function

    def job_name(self, job: object) -> str | None:
        if isinstance(job, types.MethodType) and not inspect.isclass(job.__self__):
            return _method_name(job.__self__, job.__name__)
        if isinstance(job, (types.FunctionType, types.BuiltinFunctionType, types.MethodType)):
            return f"{job.__module__}.{job.__qualname__}"
        return None

    def signature(self, target: object) -> inspect.Signature | None:
        return inspect.signature(target) if callable(target) else None

    def body(self, target: object) -> tuple[Any, str] | None:
        """RQ imports the function by its name each time."""
        name = self.job_name(target)
        if name is None or "<locals>" in name:
            return None
        owner, _, attribute = name.rpartition(".")
        holder = sys.modules.get(owner) or rq.utils.import_attribute(owner)
        return holder, attribute

    def send(self, target: object, arguments: Sequence[Any], kwarguments: dict[str, Any]) -> None:
        """As ``delay``, where the ``job`` decorator has said to which queue; RQ's retries are declared there too."""
        delay = getattr(target, "delay", None)
        if delay is None:
            return super().send(target, arguments, kwarguments)
        delay(*arguments, **kwarguments)

    def busy_with(self) -> str | None:
        return self._busy

    def ack_mode(self, envelope: Envelope) -> AckMode:
        """RQ takes a job out of its queue before it runs; a lost one comes back only as one of its own retries."""
        return AckMode.EARLY

    def attempts_max(self, envelope: Envelope) -> int | None:
        """``Retry(max)`` and one; 1 without a `Retry`, since only what the job returns can ask for more then."""
        most: int = _header(envelope, _ATTEMPTS)
        return most


def _decoded(queue: Queue, fields: dict[bytes, bytes]) -> tuple[str, Any, list[Any], dict[str, Any]]:
    """The function's name, the instance that it is a method of, and the arguments."""
    data = fields.get(b"data", b"")
    with suppress(zlib.error):  # RQ too reads jobs of old versions, which were not compressed
        data = zlib.decompress(data)
    decoded: tuple[str, Any, list[Any], dict[str, Any]] = resolve_serializer(queue.serializer).loads(data)
    return decoded


def _name(queue: Queue, fields: dict[bytes, bytes]) -> str:
    try:
        name, instance, _, _ = _decoded(queue, fields)
    except Exception:  # whatever a serializer raises: the job fails when it runs, as under RQ's worker
        return fields.get(b"description", b"?").decode().partition("(")[0]
    return name if instance is None else _method_name(instance, name)


def _method_name(instance: object, name: str) -> str:
    owner = instance if inspect.isclass(instance) else type(instance)  # the object of a class method is its class
    return f"{owner.__module__}.{owner.__qualname__}.{name}"


def _is_fake(connection: object) -> bool:
    return type(connection).__module__.startswith("fakeredis.")


def _fields(envelope: Envelope) -> dict[bytes, bytes]:
    fields: dict[bytes, bytes] = _header(envelope, _HASH)
    return fields


def _header(envelope: Envelope, name: str) -> Any:
    return (envelope.headers or {})[name]


def _at_front(job: Job) -> bool:
    """Where a job that leaves the schedule goes; before RQ 3 a job could say so for its enqueueing alone."""
    decides = getattr(job, "should_enqueue_at_front", None)
    return bool(job.enqueue_at_front if decides is None else decides())

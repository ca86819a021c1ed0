"""Huey under the engine.

The capture point is the storage: while a test runs each Huey instance has one in memory (`storage.EngineStorage`), and
``immediate`` mode is off, so that arguments are pickled, delays wait and retries happen. Execution is ``Huey.execute``,
after what the scheduler and the worker do before it.
"""

from __future__ import annotations

import gc
import inspect
import sys
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from huey.api import Huey, PeriodicTask, Task, TaskWrapper  # type: ignore[import-untyped]  # Huey has no types
from huey.exceptions import ResultTimeout  # type: ignore[import-untyped]  # Huey has no types

from jobkit.envelope import AckMode, Call, Delivery, Envelope
from jobkit.outcome import Outcome, OutcomeKind
from pytest_jobkit.capture.base import Capture, Recurring
from pytest_jobkit.capture.engine_time import EngineTime, loaded_modules
from pytest_jobkit.capture.huey.execution import Execution
from pytest_jobkit.capture.huey.storage import EngineStorage
from pytest_jobkit.capture.process_end import ends_the_process

_HUEY = "huey"
_STORAGE = "huey_storage"
_IN_SCHEDULE = "huey_in_schedule"
_ATTEMPTS = "huey_attempts_max"
_MINUTES_LOOKED_AHEAD = 366 * 24 * 60


class Stored(NamedTuple):
    """A message on its way into the storage."""

    instance: Any
    storage: EngineStorage
    data: bytes
    in_schedule: bool


class _HueyTime(EngineTime):
    """Time for Huey: whoever would poll for a result is told at once that none will come."""

    def sleep(self, seconds: float) -> None:
        raise ResultTimeout("no task is performed while this thread waits: drain the engine first")


class HueyCapture(Capture):
    """Every Huey instance under the engine."""

    framework = "huey"
    label = "Huey"
    distribution = "huey"
    known_versions = ("3.5",)

    def patch(self) -> None:
        # the instance beside its storage, so that its id stays taken
        self._storages: dict[int, tuple[Any, EngineStorage]] = {}
        self._begun: set[str] = set()
        self._execution: Execution | None = None
        self._moving = False
        self._moved = b""
        self._busy: str | None = None
        self._attempt = 0
        self.replace(Huey, "storage", self._storage_attribute())
        self.replace(Huey, "_immediate", _never_immediate())
        self.forbid_connections("huey")
        self._listen_to_signals()
        engine_time = _HueyTime(self.clock)
        for module in loaded_modules("huey"):
            if "utcnow" in vars(module):
                self.replace(module, "utcnow", self._utcnow)
            if inspect.ismodule(vars(module).get("time")):
                self.replace(module, "time", engine_time)
            if "close_old_connections" in vars(module):  # Django's, which would be the test's own connections here
                self.replace(module, "close_old_connections", lambda: None)

    def _utcnow(self) -> datetime:
        return datetime.fromtimestamp(self.clock.time(), UTC).replace(tzinfo=None)

    def _storage_attribute(self) -> property:
        def get(instance: Any) -> EngineStorage:
            known = self._storages.get(id(instance))
            if known is None:
                real = instance.__dict__["storage"]
                queued = self._stored(instance)
                storage = EngineStorage(real, self.clock, queued, queued)
                known = self._storages[id(instance)] = instance, storage
            return known[1]

        def put(instance: Any, storage: Any) -> None:
            instance.__dict__["storage"] = storage

        return property(get, put)

    def _stored(self, instance: Any) -> Callable[[EngineStorage, bytes, Any], bool]:
        """What a storage calls for each message; the message is kept where that says True."""

        def stored(storage: EngineStorage, data: bytes, priority_or_time: Any) -> bool:
            if self._moving:
                self._moved = data
                return False
            self.enqueue(Stored(instance, storage, data, isinstance(priority_or_time, datetime)))
            return True

        return stored

    def _listen_to_signals(self) -> None:
        emit = Huey._emit

        def _emit(instance: Any, signal: str, task: Any, *arguments: Any, **options: Any) -> None:
            execution = self._execution
            if execution is not None and execution.task_id == task.id:
                execution.signals.append(signal)
            emit(instance, signal, task, *arguments, **options)

        self.replace(Huey, "_emit", _emit)

    def envelope(self, raw: Stored) -> Envelope:
        instance, storage, data, in_schedule = raw
        message = instance.serializer.deserialize(data)
        execution = self._execution
        retry = execution is not None and execution.task_id == message.id
        if retry and execution is not None:
            execution.retried = True
        envelope = Envelope(
            message.id,
            message.name,
            data,
            self,
            instance.name,
            None if message.priority is None else -message.priority,  # Huey's highest number runs first
            self.due(raw),
            retry,
        )
        begun = self._attempt if retry else 0
        envelope.headers = {
            _HUEY: instance,
            _STORAGE: storage,
            _IN_SCHEDULE: in_schedule,
            _ATTEMPTS: begun + 1 + (message.retries or 0),
        }
        return envelope

    def due(self, raw: Stored) -> float | None:
        eta = raw.instance.serializer.deserialize(raw.data).eta
        if eta is None:
            return None
        instant = (eta.replace(tzinfo=UTC) if raw.instance.utc else eta.astimezone()).timestamp()
        return instant if instant > self.clock.time() else None

    def perform(self, delivery: Delivery) -> Outcome:
        envelope = delivery.envelope
        instance: Any = _header(envelope, _HUEY)
        if not _header(envelope, _STORAGE).take(envelope.body) and envelope.job_id not in self._begun:
            return Outcome(OutcomeKind.DROPPED, reason="it was taken out of the storage before it ran")
        self._begun.add(envelope.job_id)
        outer = self._execution, self._busy, self._attempt
        execution = self._execution = Execution(envelope.job_id)
        self._busy, self._attempt = envelope.name, delivery.number
        try:
            return self._execute(instance, envelope, execution)
        finally:
            self._execution, self._busy, self._attempt = outer

    def _execute(self, instance: Any, envelope: Envelope, execution: Execution) -> Outcome:
        try:
            task = instance.deserialize_task(envelope.body)
        except Exception as error:
            return Outcome(OutcomeKind.FAILED, error=error, reason="the consumer cannot read the message, and drops it")
        if envelope.due is not None:
            task = self._pass_the_schedule(instance, task, _header(envelope, _IN_SCHEDULE))
        _watch(task, execution)
        now = instance._get_timestamp()
        result = instance.execute(task, now if task.eta is None else max(now, task.eta))
        if execution.error is not None and ends_the_process(execution.error):
            raise execution.error
        return execution.outcome(result)

    def _pass_the_schedule(self, instance: Any, task: Any, scheduled: bool) -> Any:
        """What happens to a task that waits: a worker lays it into the schedule, the scheduler enqueues it again."""
        self._moving = True
        try:
            if not scheduled:
                instance.add_schedule(task)
                task = instance.deserialize_task(self._moved)
            instance.enqueue(task)
            return instance.deserialize_task(self._moved)
        finally:
            self._moving = False

    def lose(self, delivery: Delivery) -> Outcome:
        """The consumer is gone, and with it the message: Huey takes it out of the storage before it runs."""
        envelope = delivery.envelope
        _header(envelope, _STORAGE).take(envelope.body)
        self._begun.add(envelope.job_id)
        return super().lose(delivery)

    def call(self, envelope: Envelope) -> Call:
        message = _header(envelope, _HUEY).serializer.deserialize(envelope.body)
        return Call(envelope.name, message.args, message.kwargs)

    def target(self, envelope: Envelope) -> object | None:
        """The task as the application has it; its task class where that is not to be found."""
        task_class: type[Any] | None = _header(envelope, _HUEY)._registry._registry.get(envelope.name)
        if task_class is None:
            return None
        wrapper = getattr(sys.modules.get(task_class.__module__), task_class.__name__, None)
        return wrapper if isinstance(wrapper, TaskWrapper) else task_class

    def job_name(self, job: object) -> str | None:
        if isinstance(job, TaskWrapper):
            job = job.task_class
        if isinstance(job, Task):
            job = type(job)
        return f"{job.__module__}.{job.__name__}" if isinstance(job, type) and issubclass(job, Task) else None

    def signature(self, target: object) -> inspect.Signature | None:
        if not isinstance(target, TaskWrapper):
            return None
        signature = inspect.signature(target.func)
        if not target.context:
            return signature
        return signature.replace(
            parameters=[one for one in signature.parameters.values() if one.name != "task"]
        )  # fmt: skip

    def body(self, target: object) -> tuple[Any, str] | None:
        """The function itself is in a closure, so this is the method that calls it."""
        task_class = target.task_class if isinstance(target, TaskWrapper) else target
        return (task_class, "execute") if self.job_name(task_class) is not None else None

    def send(self, target: object, arguments: Sequence[Any], kwarguments: dict[str, Any]) -> None:
        """As the call of a task."""
        if not isinstance(target, TaskWrapper):
            return super().send(target, arguments, kwarguments)
        target(*arguments, **kwarguments)

    def busy_with(self) -> str | None:
        return self._busy

    def ack_mode(self, envelope: Envelope) -> AckMode:
        return AckMode.EARLY

    def attempts_max(self, envelope: Envelope) -> int | None:
        """``retries`` and one; a `RetryTask` adds to them as it is raised."""
        most: int = _header(envelope, _ATTEMPTS)
        return most

    def recurring(self) -> Iterator[Recurring]:
        """The periodic tasks of every Huey instance, looked at once a minute as Huey's scheduler does."""
        for instance in (one for one in gc.get_objects() if issubclass(type(one), Huey)):
            for task_class in instance._registry._periodic_tasks:
                yield Recurring(
                    f"{task_class.__module__}.{task_class.__name__}",
                    self._next_minute(instance, task_class),
                    _enqueuer(instance, task_class),
                )

    def _next_minute(self, instance: Any, task_class: type[PeriodicTask]) -> Callable[[float], float | None]:
        def next_after(instant: float) -> float | None:
            fires = task_class().validate_datetime
            minute = (int(instant) // 60 + 1) * 60
            for _ in range(_MINUTES_LOOKED_AHEAD):
                moment = datetime.fromtimestamp(minute, UTC if instance.utc else None).replace(tzinfo=None)
                if fires(moment):
                    return float(minute)
                minute += 60
            return None

        return next_after


def _watch(task: Any, execution: Execution) -> None:
    """Note what the body raises: Huey turns it into signals and a stored text."""
    execute = task.execute

    def watched() -> Any:
        try:
            return execute()
        except BaseException as error:
            execution.error = error
            raise

    task.execute = watched


def _enqueuer(instance: Any, task_class: type[PeriodicTask]) -> Callable[[], None]:
    def enqueue() -> None:
        instance.enqueue(task_class())

    return enqueue


def _never_immediate() -> property:
    def get(instance: Any) -> bool:
        return False

    def put(instance: Any, value: bool) -> None:
        instance.__dict__["_immediate"] = value

    return property(get, put)


def _header(envelope: Envelope, name: str) -> Any:
    return (envelope.headers or {})[name]

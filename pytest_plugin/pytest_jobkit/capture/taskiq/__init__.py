"""taskiq under the engine.

The capture point is `kick` of each broker class: middlewares, labels and the formatter have done their work by then.
Execution is `worker.WorkerPath`. What a schedule source is given for one moment is kept as the message that the
scheduler would send then.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Sequence
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any, NamedTuple

from taskiq import AsyncBroker, SimpleRetryMiddleware, SmartRetryMiddleware
from taskiq.acks import AcknowledgeType, parse_acknowledge_type
from taskiq.brokers.inmemory_broker import InmemoryResultBackend
from taskiq.brokers.shared_broker import AsyncSharedBroker
from taskiq.decor import AsyncTaskiqDecoratedTask
from taskiq.kicker import AsyncKicker
from taskiq.message import BrokerMessage, TaskiqMessage
from taskiq.scheduler.created_schedule import CreatedSchedule
from taskiq.scheduler.scheduled_task import ScheduledTask
from taskiq.task import AsyncTaskiqTask

from jobkit.current import current_delivery
from jobkit.envelope import AckMode, Call, Delivery, Envelope
from jobkit.outcome import Outcome, OutcomeKind
from pytest_jobkit.capture.base import Capture
from pytest_jobkit.capture.class_tree import all_subclasses
from pytest_jobkit.capture.coroutines import run_to_end
from pytest_jobkit.capture.taskiq.worker import Run, WorkerPath

_BROKER = "taskiq_broker"
_scheduled_for: ContextVar[float | None] = ContextVar("taskiq_scheduled_for", default=None)


class Kicked(NamedTuple):
    """A message at the capture point; `scheduled_for` where a schedule source was given it."""

    broker: AsyncBroker
    message: BrokerMessage
    scheduled_for: float | None


class TaskiqCapture(Capture):
    """Every broker of taskiq under the engine."""

    framework = "taskiq"
    label = "taskiq"
    distribution = "taskiq"
    known_versions = ("0.13",)

    def patch(self) -> None:
        self._paths: dict[AsyncBroker, WorkerPath] = {}
        self._retried: set[str] = set()
        self._busy: str | None = None
        self._taken: set[tuple[type[AsyncBroker], str]] = set()
        for broker_class in all_subclasses(AsyncBroker):
            self._take(broker_class)
        self._take_later_ones()
        self.replace(AsyncKicker, "schedule_by_time", _schedule_by_time)
        self.replace(AsyncTaskiqTask, "wait_result", _look_once(AsyncTaskiqTask.wait_result))
        smart_retry = sys.modules[SmartRetryMiddleware.__module__]
        self.replace(smart_retry, "random", self.chance)
        self.replace(SmartRetryMiddleware, "on_send", self._on_send())
        self.forbid_connections("taskiq", "taskiq_redis", "taskiq_aio_pika", "taskiq_nats")

    def _take_later_ones(self) -> None:
        initialize = AsyncBroker.__init__

        def __init__(broker: AsyncBroker, *arguments: Any, **options: Any) -> None:
            self._take(type(broker))
            initialize(broker, *arguments, **options)

        self.replace(AsyncBroker, "__init__", __init__)

    def _take(self, broker_class: type[AsyncBroker]) -> None:
        """Capture the class of the line that first defines a method: what a subclass adds to it stays."""
        if issubclass(broker_class, AsyncSharedBroker):
            return
        for name in ("kick", "startup", "shutdown"):
            definers = [one for one in broker_class.__mro__ if one is not AsyncBroker and name in vars(one)]
            if definers and (definers[-1], name) not in self._taken:
                self._taken.add((definers[-1], name))
                self.replace(definers[-1], name, self._stand_in(name))

    def _stand_in(self, name: str) -> Callable[..., Any]:
        async def kick(broker: AsyncBroker, message: BrokerMessage) -> None:
            self._path(broker)
            self._busy, outer = message.task_name, self._busy
            try:
                self.enqueue(Kicked(broker, message, _scheduled_for.get()))
            finally:
                self._busy = outer

        async def startup(broker: AsyncBroker) -> None:
            self._path(broker)
            await AsyncBroker.startup(broker)

        stand_ins: dict[str, Callable[..., Any]] = {"kick": kick, "startup": startup, "shutdown": AsyncBroker.shutdown}
        return stand_ins[name]

    def _path(self, broker: AsyncBroker) -> WorkerPath:
        path = self._paths.get(broker)
        if path is None:
            path = self._paths[broker] = WorkerPath(broker)
            self.replace(broker, "result_backend", InmemoryResultBackend(max_stored_results=-1))
        return path

    def _on_send(self) -> Callable[..., Any]:
        async def on_send(middleware: SmartRetryMiddleware, kicker: Any, message: TaskiqMessage, delay: float) -> None:
            """As `SmartRetryMiddleware.on_send`, with the moment reckoned on the engine's clock."""
            if middleware.schedule_source is None:
                await kicker.with_labels(delay=delay).kiq(*message.args, **message.kwargs)
                return
            moment = datetime.fromtimestamp(self.clock.time() + delay, UTC)
            await kicker.schedule_by_time(middleware.schedule_source, moment, *message.args, **message.kwargs)

        return on_send

    def envelope(self, raw: Kicked) -> Envelope:
        broker, message, _ = raw
        delivery = current_delivery.get()
        retry = delivery is not None and delivery.envelope.job_id == message.task_id
        if retry:
            self._retried.add(message.task_id)
        labels = _labels(broker, message.message)
        queue = labels.get("queue_name") or getattr(broker, "queue_name", None) or "taskiq"
        priority = labels.get("priority")
        envelope = Envelope(
            message.task_id,
            message.task_name,
            message.message,
            self,
            str(queue),
            None if priority is None else -int(priority),  # taskiq's brokers run the highest number first
            self.due(raw),
            retry,
        )
        envelope.headers = {_BROKER: broker}
        return envelope

    def due(self, raw: Kicked) -> float | None:
        """The moment of its schedule, or its ``delay`` label."""
        if raw.scheduled_for is not None:
            return raw.scheduled_for
        delay = float(_labels(raw.broker, raw.message.message).get("delay") or 0)
        return self.clock.time() + delay if delay > 0 else None

    async def perform(self, delivery: Delivery) -> Outcome:  # type: ignore[override]  # an awaitable, as in Performer
        envelope = delivery.envelope
        self._busy, outer = envelope.name, self._busy
        self._retried.discard(envelope.job_id)
        try:
            run = await self._path(_broker(envelope)).run(_data(envelope))
        finally:
            self._busy = outer
        return _outcome(run, envelope.job_id in self._retried)

    def call(self, envelope: Envelope) -> Call:
        message = _message(_broker(envelope), _data(envelope))
        return Call(message.task_name, tuple(message.args), message.kwargs)

    def target(self, envelope: Envelope) -> AsyncTaskiqDecoratedTask[Any, Any] | None:
        return _broker(envelope).find_task(envelope.name)

    def body(self, target: object) -> tuple[Any, str] | None:
        return (target, "original_func") if isinstance(target, AsyncTaskiqDecoratedTask) else None

    def send(self, target: object, arguments: Sequence[Any], kwarguments: dict[str, Any]) -> None:
        if isinstance(target, AsyncTaskiqDecoratedTask):
            run_to_end(target.kiq(*arguments, **kwarguments))
        else:
            super().send(target, arguments, kwarguments)

    def job_name(self, job: object) -> str | None:
        return job.task_name if isinstance(job, AsyncTaskiqDecoratedTask) else None

    def signature(self, target: object) -> inspect.Signature | None:
        """Without the parameters that taskiq fills in itself: those with a ``TaskiqDepends``."""
        if not isinstance(target, AsyncTaskiqDecoratedTask):
            return None
        signature = inspect.signature(target.original_func)
        given = [one for one in signature.parameters.values() if "TaskiqDepends" not in _kind_of(one)]
        return signature.replace(parameters=given)

    def busy_with(self) -> str | None:
        return self._busy

    def ack_mode(self, envelope: Envelope) -> AckMode:
        """Late unless the label ``ack_type`` says ``when_received``."""
        chosen = _labels(_broker(envelope), _data(envelope)).get("ack_type", AcknowledgeType.WHEN_SAVED)
        early = parse_acknowledge_type(chosen) is AcknowledgeType.WHEN_RECEIVED
        return AckMode.EARLY if early else AckMode.LATE

    def attempts_max(self, envelope: Envelope) -> int | None:
        """What the retry middleware allows; its count of retries includes the first attempt."""
        broker = _broker(envelope)
        kinds = (SimpleRetryMiddleware, SmartRetryMiddleware)
        middleware = next((one for one in broker.middlewares if isinstance(one, kinds)), None)
        if middleware is None:
            return 1
        labels = _labels(broker, _data(envelope))
        wanted = labels.get("retry_on_error", middleware.default_retry_label)
        if str(wanted).lower() != "true":
            return 1
        return max(1, int(labels.get("max_retries", middleware.default_retry_count)))


async def _schedule_by_time(kicker: Any, source: Any, time: datetime, *arguments: Any, **options: Any) -> Any:
    """As `AsyncKicker.schedule_by_time`, but the engine keeps the message instead of the source."""
    moment = time if time.tzinfo else time.replace(tzinfo=UTC)
    schedule_id = kicker.custom_schedule_id or kicker.broker.id_generator()
    labels = {**kicker.labels, "schedule_id": schedule_id}
    token = _scheduled_for.set(moment.timestamp())
    try:
        sender: AsyncKicker[Any, Any] = AsyncKicker(kicker.task_name, kicker.broker, labels)
        sent = await sender.with_task_id(kicker.custom_task_id).kiq(*arguments, **options)
    finally:
        _scheduled_for.reset(token)
    scheduled = ScheduledTask(
        schedule_id=schedule_id, task_name=kicker.task_name, labels=labels, args=list(arguments), kwargs=options,
        task_id=sent.task_id, time=moment,
    )  # fmt: skip
    return CreatedSchedule(kicker, source, scheduled)


def _look_once(wait_result: Callable[..., Any]) -> Callable[..., Any]:
    async def look(task: AsyncTaskiqTask[Any], *arguments: Any, **options: Any) -> Any:
        if not await task.is_ready():
            raise TimeoutError("no task is performed while this waits for its result: drain the engine first")
        return await wait_result(task, *arguments, **options)

    return look


def _outcome(run: Run, retried: bool) -> Outcome:
    if retried:
        return Outcome(OutcomeKind.RETRIED, error=run.error)
    if run.result is None:
        reason = "no task of this name is known, or the message cannot be read; taskiq acknowledges it and goes on"
        return Outcome(OutcomeKind.DISCARDED, reason=reason)
    if run.error is None:
        return Outcome(OutcomeKind.SUCCEEDED, run.result.return_value)
    if type(run.error).__name__ == "TaskRejectedError":
        return Outcome(OutcomeKind.DISCARDED, error=run.error, reason="the task rejected it")
    return Outcome(OutcomeKind.FAILED, error=run.error)


def _kind_of(parameter: inspect.Parameter) -> str:
    return f"{type(parameter.default).__name__} {parameter.annotation}".replace("Dependency", "TaskiqDepends")


def _message(broker: AsyncBroker, data: bytes) -> TaskiqMessage:
    message = broker.formatter.loads(data)
    message.parse_labels()
    return message


def _labels(broker: AsyncBroker, data: bytes) -> dict[str, Any]:
    return _message(broker, data).labels


def _broker(envelope: Envelope) -> AsyncBroker:
    broker: AsyncBroker = (envelope.headers or {})[_BROKER]
    return broker


def _data(envelope: Envelope) -> bytes:
    return envelope.body if isinstance(envelope.body, bytes) else envelope.body.encode()
